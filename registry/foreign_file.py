"""Somebody else's GeoJSON, read as a city file: which property is the key, which one the name.

In: a FeatureCollection with properties of its own. Out: a city file in which every feature has the
kind and class it is said to have, and all its own properties as attributes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from city.codes import Kind
from city.errors import InvalidValue
from registry.errors import BadCityFile, Problem

_SHOWN_PROPERTIES = 20
# Names that old GeoJSON gives for longitude and latitude in WGS 84, or in CGCS2000, which differs
# from it by centimetres.
_DEGREES = ("CRS84", "EPSG::4326", "EPSG:4326", "EPSG::4490", "EPSG:4490")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a foreign file is to be read.

    Attributes:
        kind: what all its features are.
        class_: the class of all of them; of devices, their profile.
        source: what the file is called in keys: they read ``source:value``. The same thing must
            come under the same name every time.
        key_from: the property that tells its features apart for ever; None: their GeoJSON id.
        name_from: the property that names them; None: they get no name.
        language: of those names.
    """

    kind: Kind
    class_: str
    source: str
    key_from: str | None = None
    name_from: str | None = None
    language: str = "zh"


def as_city_file(document: object, reading: Reading) -> dict[str, object]:
    """A city file with the same features in the same order.

    What is wrong with single features is left for the import to find: it knows the rules.

    Raises:
        BadCityFile: it is no FeatureCollection.
        InvalidValue: no feature has the property of that name, or coordinates are no degrees.
    """
    features = document.get("features") if isinstance(document, Mapping) else None
    if not isinstance(document, Mapping) or not isinstance(features, list):
        raise BadCityFile([Problem(-1, "type", "", "must be a GeoJSON FeatureCollection")])
    _require_degrees(document.get("crs"))
    _require_properties(features, reading)
    read = [_read(feature, reading) for feature in features]
    frame = {"frame": document["frame"]} if "frame" in document else {}
    return {"type": document.get("type"), **frame, "features": read}


def _read(feature: object, reading: Reading) -> object:
    if not isinstance(feature, Mapping):
        return feature
    own = _own(feature)
    properties: dict[str, object] = {
        "key": _key(feature, reading),
        "kind": reading.kind.value,
        "class": reading.class_,
        "attributes": {name: _plain(value) for name, value in own.items()},
    }
    if reading.kind is Kind.DEVICE:
        properties["profile"] = reading.class_
    name = _text(own.get(reading.name_from)) if reading.name_from else None
    if name:
        properties["name"] = {reading.language: name}
    return {
        "type": feature.get("type"),
        "geometry": feature.get("geometry"),
        "properties": properties,
    }


def _key(feature: Mapping[object, object], reading: Reading) -> str | None:
    value = feature.get("id") if reading.key_from is None else _own(feature).get(reading.key_from)
    text = _text(value)
    return f"{reading.source}:{text}" if text else None


def _text(value: object) -> str | None:
    """A text, or a whole number as one: geographic tools like to make 4711.0 of an id."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else None


def _plain(value: object) -> object:
    """NaN is what tools write for no number; JSON has a word for that."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _own(feature: Mapping[object, object]) -> Mapping[str, object]:
    properties = feature.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _require_degrees(crs: object) -> None:
    """RFC 7946 knows no other frame; files of the older specification may name one."""
    named = crs.get("properties") if isinstance(crs, Mapping) else None
    name = named.get("name") if isinstance(named, Mapping) else None
    if name is not None and not str(name).endswith(_DEGREES):
        rule = "must be longitude and latitude, WGS 84 (EPSG:4326) or CGCS2000 (EPSG:4490)"
        raise InvalidValue("crs", name, rule)


def _require_properties(features: Sequence[object], reading: Reading) -> None:
    """A property that no feature has is a slip of the pen, not thousands of bad features."""
    found = [feature for feature in features if isinstance(feature, Mapping)]
    known = sorted({str(name) for feature in found for name in _own(feature)})
    listed = ", ".join(known[:_SHOWN_PROPERTIES]) or "none"
    for option, name in (("key-from", reading.key_from), ("name-from", reading.name_from)):
        if found and name is not None and name not in known:
            raise InvalidValue(option, name, f"is no property of any feature; they have: {listed}")
    if found and reading.key_from is None and not any("id" in feature for feature in found):
        rule = f"is needed: no feature has an id of its own; their properties are: {listed}"
        raise InvalidValue("key-from", "", rule)
