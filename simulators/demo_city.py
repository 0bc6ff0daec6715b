"""The demonstration city: Beijing's 16 districts, and on them what is openly generated.

Real are the districts (generalised, see data/SOURCES.md) and the six air stations' positions.
Generated, and named so, are sub-districts, communities, streets and poles; and what
`simulators.network` adds: roads, a utility tunnel, buildings, and organisations that own them.
"""

import json
import math
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, NamedTuple

import shapely
from shapely import Point
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from city.frames import Frame, to_wgs84
from simulators.chance import Dice
from simulators.equipment import pole_equipment
from simulators.features import Feature
from simulators.network import District, communities, network
from simulators.placement import Street, street, sub_districts, to_decimals
from simulators.stations import STATIONS

SUB_DISTRICTS = 6
POLES = 600
_POLES_ON_A_STREET = 9

# Poles per district, of 600, and how widely its streets gather around its centre (km): dense in
# the city, and around the district's own town further out.
_SHARE = {
    "110101": (70, 2.4),
    "110102": (80, 2.4),
    "110105": (85, 5.5),
    "110106": (60, 5.0),
    "110107": (30, 2.0),
    "110108": (75, 5.5),
    "110109": (15, 1.5),
    "110111": (20, 3.0),
    "110112": (35, 3.5),
    "110113": (25, 3.0),
    "110114": (30, 3.5),
    "110115": (30, 3.5),
    "110116": (12, 2.0),
    "110117": (12, 2.0),
    "110118": (11, 2.0),
    "110119": (10, 2.0),
}

_ATTRIBUTION = {
    "zh": "边界：据 Apache ECharts 4.9.0（Apache-2.0），已概化；灯杆与街道为生成",
    "en": "Boundaries: after Apache ECharts 4.9.0 (Apache-2.0), generalised; poles are generated",
}

_HEIGHT_M = {"arterial": 12, "secondary": 10, "branch": 8, "residential": 6}


class _Spot(NamedTuple):
    """Where a pole stands: its number in the district, its street's, its sub-district's."""

    number: int
    street: int
    street_class: str
    place: tuple[float, float]
    part: int


def generate(seed: int = 1) -> dict[str, Any]:
    """The demonstration city as a city file: a GeoJSON FeatureCollection, areas before contents.

    The same seed gives the same city; keys of features stay the same for every seed. Districts and
    the city carry ``frame: GCJ-02``, everything generated is in WGS 84.
    """
    source = _read("beijing_districts.geojson")
    features: list[Feature] = [_city(source)]
    features += [_district_feature(each) for each in source["features"]]
    districts = [_district(each) for each in source["features"]]
    for district in districts:
        features += _contents(district, seed)
    features += _stations(districts)
    features += network(districts, seed)
    return {
        "type": "FeatureCollection",
        "name": f"Beijing for demonstration, seed {seed}",
        "frame": Frame.WGS84.value,
        "features": features,
    }


def city_file(seed: int = 1) -> bytes:
    """`generate` as the bytes of a file: the same for the same seed."""
    text = json.dumps(generate(seed), ensure_ascii=False, separators=(",", ":"))
    return f"{text}\n".encode()


def device_keys() -> frozenset[str]:
    """Keys of the devices that `generate` makes: those, and no others, are ours to simulate."""
    properties = (feature["properties"] for feature in generate()["features"])
    return frozenset(each["key"] for each in properties if each["kind"] == "D")


def _read(name: str) -> dict[str, Any]:
    text = files("simulators").joinpath("data", name).read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _district(feature: Feature) -> District:
    names = feature["properties"]
    share, spread_km = _SHARE[names["code"]]
    centre = to_wgs84(Point(names["centre"]), Frame.GCJ02)
    area = to_wgs84(shape(feature["geometry"]), Frame.GCJ02)
    shapely.prepare(area)
    return District(
        names["code"],
        names["name_zh"],
        names["name_en"],
        Point(centre.coords[0]),
        area,
        spread_km,
        share,
    )


def _city(source: dict[str, Any]) -> Feature:
    joined = shapely.union_all([shape(each["geometry"]) for each in source["features"]])
    # The generalised districts leave gaps of up to 0.1 km² between them: no holes in the city.
    outlines = [shapely.Polygon(part.exterior) for part in shapely.get_parts(joined)]
    return _feature(
        to_decimals(shapely.union_all(outlines)),
        key="demo:city:110000",
        kind="A",
        **{"class": "city"},
        name={"zh": "北京市", "en": "Beijing"},
        aliases={"gbt2260": "110000"},
        attributes={"attribution": _ATTRIBUTION},  # the page shows it on the map
        frame=Frame.GCJ02.value,
    )


def _district_feature(source: Feature) -> Feature:
    names = source["properties"]
    feature = _feature(
        None,
        key=f"demo:district:{names['code']}",
        kind="A",
        **{"class": "district"},
        name={"zh": names["name_zh"], "en": names["name_en"]},
        area="demo:city:110000",
        aliases={"gbt2260": names["code"]},
        frame=Frame.GCJ02.value,
    )
    return feature | {"geometry": source["geometry"]}  # untouched: neighbours share its edges


def _contents(district: District, seed: int) -> Iterator[Feature]:
    parts = sub_districts(
        district.outline, SUB_DISTRICTS, Dice(seed, "sub-districts", district.code)
    )
    for number, part in enumerate(parts, start=1):
        yield _sub_district(district, number, part)
        yield from communities(
            part,
            f"{district.code}-{number}",
            f"{district.zh}街道 {number} ",
            f"{district.en} sub-district {number}",
            seed,
        )
    dice = Dice(seed, "poles", district.code)
    number = 0
    for street_number, grown in enumerate(_streets(district, dice), start=1):
        for place in grown.places:
            number += 1
            spot = _Spot(number, street_number, grown.street_class, place, _holding(parts, place))
            yield _pole(district, spot)
            yield _terminal(district, spot, pole_equipment(number, grown.street_class, dice))


def _sub_district(district: District, number: int, part: BaseGeometry) -> Feature:
    return _feature(
        part,
        key=f"demo:sub-district:{district.code}-{number}",
        kind="A",
        **{"class": "sub-district"},
        name={
            "zh": f"{district.zh}生成街道 {number}",
            "en": f"{district.en} generated sub-district {number}",
        },
        area=f"demo:district:{district.code}",
        attributes={"generated": True},
    )


def _streets(district: District, dice: Dice) -> Iterator[Street]:
    left = district.share
    for streets in range(math.ceil(left / _POLES_ON_A_STREET), 0, -1):
        poles = math.ceil(left / streets)
        yield street(
            district.outline,
            district.centre,
            spread_km=district.spread_km,
            poles=poles,
            dice=dice,
        )
        left -= poles


def _pole(district: District, spot: _Spot) -> Feature:
    zh, en = _pole_names(district, spot)
    return _feature(
        Point(spot.place),
        key=f"demo:pole:{district.code}-{spot.number:03d}",
        kind="C",
        **{"class": "smart-pole"},
        name={"zh": zh, "en": en},
        area=f"demo:sub-district:{district.code}-{spot.part}",
        attributes={
            "generated": True,
            "street": {
                "zh": f"{district.zh}生成道路 {spot.street}",
                "en": f"{district.en} generated street {spot.street}",
            },
            "street_class": spot.street_class,
            "height_m": _HEIGHT_M[spot.street_class],
        },
    )


def _terminal(district: District, spot: _Spot, equipment: dict[str, Any]) -> Feature:
    zh, en = _pole_names(district, spot)
    return _feature(
        Point(spot.place),
        key=f"demo:pole-device:{district.code}-{spot.number:03d}",
        kind="D",
        **{"class": "smart-pole"},
        name={"zh": f"{zh} 终端", "en": f"{en} terminal"},
        area=f"demo:sub-district:{district.code}-{spot.part}",
        mounted_on=f"demo:pole:{district.code}-{spot.number:03d}",
        profile="smart-pole",
        attributes=equipment,
    )


def _pole_names(district: District, spot: _Spot) -> tuple[str, str]:
    return f"{district.zh}灯杆 {spot.number:03d}", f"{district.en} pole {spot.number:03d}"


def _stations(districts: list[District]) -> Iterator[Feature]:
    for name, (zh, lon, lat) in STATIONS.items():
        place = Point(lon, lat)
        district = next(each for each in districts if each.outline.contains(place))
        key = name.lower()
        label = {"zh": f"{zh}空气质量监测站", "en": f"{name} air quality station"}
        area = f"demo:district:{district.code}"
        yield _feature(
            place,
            key=f"demo:air-station:{key}",
            kind="C",
            **{"class": "air-station"},
            name=label,
            area=area,
            attributes={"station": name},
        )
        yield _feature(
            place,
            key=f"demo:air-station-device:{key}",
            kind="D",
            **{"class": "air-station"},
            name={"zh": f"{zh}监测站分析仪", "en": f"{name} station analysers"},
            area=area,
            mounted_on=f"demo:air-station:{key}",
            profile="air-station",
            attributes={"station": name},
        )


def _holding(parts: list[BaseGeometry], place: tuple[float, float]) -> int:
    """The number, from 1, of the sub-district that holds a place or comes nearest to it."""
    distances = shapely.distance(parts, Point(place))
    return int(distances.argmin()) + 1


def _feature(geometry: BaseGeometry | None, **properties: Any) -> Feature:
    drawn = None if geometry is None else mapping(geometry)
    return {"type": "Feature", "geometry": drawn, "properties": properties}
