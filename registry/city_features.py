"""The edge of the city file: a GeoJSON feature, not trusted in anything, becomes a typed one.

In: the parsed document. Out: the features that obey every rule that needs no look at the others or
at the registry, their geometries in WGS 84, and a list of what is wrong with the rest.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import shapely
from shapely.geometry.base import BaseGeometry

from city.catalogue import PROFILES
from city.codes import Kind, parse_code
from city.errors import BadCode, InvalidValue, shortened
from city.frames import Frame, frame_named, to_wgs84
from registry.aliases import alias_fault
from registry.classes import REGISTERED_KINDS, class_fault
from registry.errors import BadCityFile, Problem
from registry.geometries import geometry_fault, read_geometry, shown
from registry.stated_relations import Stated, read_relations

MAX_KEY_LENGTH = 200
MAX_NAME_LENGTH = 200
MAX_ATTRIBUTES_BYTES = 16 * 1024

PROPERTIES = frozenset(
    {
        "key",
        "kind",
        "class",
        "name",
        "code",
        "area",
        "mounted_on",
        "owner",
        "profile",
        "relations",
        "aliases",
        "attributes",
        "frame",
    }
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_PROGRESS_EVERY = 1000

Progress = Callable[[str, int, int], None]
"""Called with the step's name, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing of a city file that is well formed by itself.

    Attributes:
        index: its place in the file, from 0.
        key: what its source calls it; the same thing has the same key in every file.
        geometry: WGS 84, lon before lat.
        area, mounted_on, owner: keys or codes of others, not yet looked up.
        relations: all that hold of it; None where the file does not say.
    """

    index: int
    key: str
    kind: Kind
    class_: str
    names: Mapping[str, str]
    geometry: BaseGeometry | None
    frame: Frame
    code: str | None
    area: str | None
    mounted_on: str | None
    owner: str | None
    profile: str | None
    relations: tuple[Stated, ...] | None
    aliases: Mapping[str, str]
    attributes: Mapping[str, object]

    @property
    def references(self) -> dict[str, str]:
        """Property → key or code of another thing."""
        stated = {"area": self.area, "mounted_on": self.mounted_on, "owner": self.owner}
        return {name: value for name, value in stated.items() if value is not None}


def read_features(
    document: object, *, frame: Frame | None, progress: Progress
) -> tuple[list[Feature], list[Problem]]:
    """The well-formed features of a parsed city file, and everything wrong with the others.

    Args:
        document: a GeoJSON FeatureCollection.
        frame: what its coordinates refer to, where neither feature nor file says; None → WGS 84.
        progress: told every thousand features.

    Raises:
        BadCityFile: when it is no FeatureCollection at all.
    """
    raw_features, default = _collection(document, frame)
    features: list[Feature] = []
    problems: list[Problem] = []
    for index, raw in enumerate(raw_features):
        reader = _Reader(index)
        feature = reader.read(raw, default)
        if reader.problems or feature is None:
            problems += reader.problems
        else:
            features.append(feature)
        if index % _PROGRESS_EVERY == 0:
            progress("reading", index, len(raw_features))
    progress("reading", len(raw_features), len(raw_features))
    return _in_wgs84(features), problems


def _collection(document: object, frame: Frame | None) -> tuple[Sequence[object], Frame]:
    """The raw features, and the frame of those that state none."""
    if not isinstance(document, Mapping) or document.get("type") != "FeatureCollection":
        raise BadCityFile([Problem(-1, "type", "", "must be a GeoJSON FeatureCollection")])
    features = document.get("features")
    if not isinstance(features, list):
        raise BadCityFile([Problem(-1, "features", "", "must be a list")])
    stated = document.get("frame")
    if stated is None:
        return features, frame or Frame.WGS84
    try:
        return features, frame_named(str(stated))
    except InvalidValue as error:
        raise BadCityFile([Problem(-1, "frame", shown(stated), error.rule)]) from None


def _in_wgs84(features: list[Feature]) -> list[Feature]:
    """Convert what is in another frame, as one collection: one by one is a hundred times slower."""
    moved = [i for i, each in enumerate(features) if each.geometry and each.frame != Frame.WGS84]
    for frame in {features[i].frame for i in moved}:
        those = [i for i in moved if features[i].frame is frame]
        together = shapely.GeometryCollection([features[i].geometry for i in those])
        for i, part in zip(those, shapely.get_parts(to_wgs84(together, frame)), strict=True):
            features[i] = replace(features[i], geometry=part)
    return features


class _Reader:
    """Reads one feature and keeps what is wrong with it: all of it, not the first thing only."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.problems: list[Problem] = []

    def read(self, raw: object, default: Frame) -> Feature | None:
        if not isinstance(raw, Mapping) or raw.get("type") != "Feature":
            self._refuse("type", raw, "must be a GeoJSON Feature")
            return None
        properties = raw.get("properties")
        if not isinstance(properties, Mapping):
            self._refuse("properties", properties, "must be an object")
            return None
        for name in properties.keys() - PROPERTIES:
            self._refuse(f"properties.{name}", properties[name], "is not a known property")
        kind = self._kind(properties.get("kind"))
        if kind is None:
            return None
        profile = self._profile(kind, properties.get("profile"))
        return Feature(
            index=self.index,
            key=self._text("key", properties.get("key"), MAX_KEY_LENGTH),
            kind=kind,
            class_=self._class(kind, properties.get("class"), profile),
            names=self._names(properties.get("name")),
            geometry=self._geometry(kind, raw.get("geometry")),
            frame=self._frame(properties.get("frame"), default),
            code=self._code(kind, properties.get("code")),
            area=self._reference("area", properties.get("area")),
            mounted_on=self._mounted_on(kind, properties.get("mounted_on")),
            owner=self._reference("owner", properties.get("owner")),
            profile=profile,
            relations=self._relations(kind, properties.get("relations")),
            aliases=self._aliases(properties.get("aliases")),
            attributes=self._attributes(properties.get("attributes")),
        )

    def _refuse(self, field: str, value: object, rule: str) -> None:
        self.problems.append(Problem(self.index, field, shown(value), rule))

    def _text(self, name: str, value: object, longest: int) -> str:
        if isinstance(value, str) and 0 < len(value) <= longest and value.isprintable():
            return value
        rule = f"must be a printable text of 1 to {longest} characters"
        self._refuse(f"properties.{name}", value, rule)
        return ""

    def _reference(self, name: str, value: object) -> str | None:
        return None if value is None else self._text(name, value, MAX_KEY_LENGTH)

    def _kind(self, value: object) -> Kind | None:
        if isinstance(value, str) and value in REGISTERED_KINDS:
            return Kind(value)
        known = " ".join(sorted(REGISTERED_KINDS))
        self._refuse("properties.kind", value, f"is none of {known}")
        return None

    def _class(self, kind: Kind, value: object, profile: str | None) -> str:
        if value is None and kind is Kind.DEVICE and profile is not None:
            return profile
        fault = class_fault(kind, value)
        if fault:
            self._refuse("properties.class", value, fault)
            return ""
        return str(value)

    def _profile(self, kind: Kind, value: object) -> str | None:
        if kind is not Kind.DEVICE:
            if value is not None:
                self._refuse("properties.profile", value, "is for devices (kind D) only")
            return None
        if isinstance(value, str) and value in PROFILES:
            return value
        self._refuse("properties.profile", value, f"is no profile: {', '.join(PROFILES)}")
        return None

    def _mounted_on(self, kind: Kind, value: object) -> str | None:
        if value is not None and kind is not Kind.DEVICE:
            self._refuse("properties.mounted_on", value, "is for devices (kind D) only")
            return None
        return self._reference("mounted_on", value)

    def _relations(self, kind: Kind, value: object) -> tuple[Stated, ...] | None:
        if value is None:
            return None
        stated, faults = read_relations(kind, value)
        for fault in faults:
            self._refuse(f"properties.relations{fault.where}", fault.value, fault.rule)
        return tuple(stated)

    def _names(self, value: object) -> dict[str, str]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self._refuse("properties.name", value, "must be an object of language and text")
            return {}
        for language, name in value.items():
            if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
                self._refuse("properties.name", language, "is no language tag")
            else:
                self._text(f"name.{language}", name, MAX_NAME_LENGTH)
        return dict(value)

    def _code(self, kind: Kind, value: object) -> str | None:
        if value is None:
            return None
        try:
            code = parse_code(value if isinstance(value, str) else "")
        except BadCode as error:
            self._refuse("properties.code", value, f"is no city code: {error.detail}")
            return None
        if code.kind is not kind:
            self._refuse("properties.code", value, f"is a code of kind {code.kind}, not {kind}")
        return code.text

    def _aliases(self, value: object) -> dict[str, str]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self._refuse("properties.aliases", value, "must be an object of scheme and value")
            return {}
        for scheme, alias in value.items():
            fault = alias_fault(str(scheme), alias)
            if fault:
                self._refuse(f"properties.aliases.{shortened(scheme)}", alias, fault)
        return dict(value)

    def _attributes(self, value: object) -> dict[str, object]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self._refuse("properties.attributes", value, "must be an object")
            return {}
        fault = _attributes_fault(value)
        if fault:
            self._refuse("properties.attributes", value, fault)
        return dict(value)

    def _frame(self, value: object, default: Frame) -> Frame:
        if value is None:
            return default
        try:
            return frame_named(value if isinstance(value, str) else "")
        except InvalidValue as error:
            self._refuse("properties.frame", value, error.rule)
            return default

    def _geometry(self, kind: Kind, value: object) -> BaseGeometry | None:
        if value is None:
            return None
        try:
            geometry = read_geometry(value)
        except ValueError as error:
            self._refuse("geometry", value, str(error))
            return None
        fault = geometry_fault(kind, geometry)
        if fault:
            self._refuse("geometry", geometry.wkt, fault)
        return geometry


def _attributes_fault(value: Mapping[str, object]) -> str | None:
    """What PostgreSQL's jsonb, or a sane size, would not bear."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except UnicodeEncodeError:
        return "have half a surrogate pair, which is no text"
    except (TypeError, ValueError, RecursionError):
        return "must be plain JSON, without NaN or infinity"
    if "\\u0000" in text:
        return "have a NUL character, which can't be stored"
    if size > MAX_ATTRIBUTES_BYTES:
        return f"are larger than {MAX_ATTRIBUTES_BYTES} bytes"
    return None
