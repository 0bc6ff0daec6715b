"""Buildings of the generated city, with a meter each; those along the tunnel are fed from it."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import shapely
from shapely.geometry.base import BaseGeometry

from city.catalogue import profile
from simulators.chance import Dice
from simulators.features import Feature, feature, point
from simulators.network_owners import ESTATES
from simulators.network_plan import Plan
from simulators.network_tunnel import (
    MEDIA,
    PIECE_SECTIONS,
    SECTION_KM,
    SECTIONS,
    piece_key,
    tunnel_path,
)
from simulators.plane import Place, at, heading, position_of

BUILDINGS = 130
_ALONG_TUNNEL = 34
_APART_KM = 0.12
_TRIES = 200
_SPREADS_FURTHER = 1.01  # with each try
_BESIDE_TUNNEL_KM = (0.07, 0.35)

_USES = {"residential": 0.45, "office": 0.25, "school": 0.12, "mall": 0.10, "hospital": 0.08}
_ZH = {
    "residential": "住宅楼",
    "office": "办公楼",
    "school": "学校",
    "mall": "商场",
    "hospital": "医院",
}
# Storeys, and half length and half width of the ground plan, m.
_SIZES = {
    "residential": ((6, 28), (25, 45), (8, 10)),
    "office": ((8, 36), (20, 35), (18, 30)),
    "school": ((3, 6), (30, 55), (10, 14)),
    "mall": ((4, 8), (45, 70), (35, 55)),
    "hospital": ((6, 20), (35, 55), (15, 25)),
}
# What is metered, and how likely beside electricity and water, which all have.
_GAS_LIKELY = {"residential": 0.95, "office": 0.2, "school": 0.7, "mall": 0.8, "hospital": 0.8}
_METERED = {
    "power": ("energy_kwh", "power_kw"),
    "heat": ("heat_kwh", "heat_power_kw", "heat_supply_c", "heat_return_c"),
    "gas": ("gas_m3", "gas_flow_m3_h"),
    "water": ("water_m3", "water_flow_m3_h"),
}
_HEAT_LIKELY = 0.9
_PROFILE = profile("energy-meter")


class Neighbourhood(NamedTuple):
    """Where buildings gather: a district's town.

    Attributes:
        code: GB/T 2260.
        outline: WGS 84.
        centre: on the flat map.
        spread_km: how widely.
        share: of the buildings, relative to the others.
    """

    code: str
    zh: str
    en: str
    outline: BaseGeometry
    centre: Place
    spread_km: float
    share: int


class _Site(NamedTuple):
    """Where a building stands: `feeder` is the piece, from 1, of the mains it is near to."""

    key: str
    zh: str
    en: str
    place: Place
    turned: float
    feeder: int | None


def buildings(
    neighbourhoods: list[Neighbourhood], plan: Plan, seed: int
) -> tuple[list[Feature], dict[str, list[str]]]:
    """Buildings with their meters; and by key of a main's piece, whom it feeds."""
    features: list[Feature] = []
    fed: dict[str, list[str]] = {}
    for site in _sites(neighbourhoods, plan, seed):
        dice = Dice(seed, "building", site.key)
        attributes = _attributes(dice)
        features += _building(site, attributes, dice)
        if site.feeder is not None:
            for medium in MEDIA:
                if medium.key in attributes["metered"]:
                    fed.setdefault(piece_key(medium, site.feeder), []).append(_key(site))
    return features, fed


def _sites(neighbourhoods: list[Neighbourhood], plan: Plan, seed: int) -> Iterator[_Site]:
    taken: list[Place] = []
    path = tunnel_path(plan)
    dice = Dice(seed, "buildings", "tunnel")
    for number in range(1, _ALONG_TUNNEL + 1):
        # One in each stretch of equal length, so that every piece of the mains feeds somebody.
        km = SECTIONS * SECTION_KM * (number - dice.uniform(0.2, 0.8)) / _ALONG_TUNNEL
        turned = heading(path, km)
        beside_km = dice.uniform(*_BESIDE_TUNNEL_KM) * (1 if number % 2 else -1)
        place = at(path, km)
        place = Place(
            place.x + beside_km * math.sin(turned), place.y - beside_km * math.cos(turned)
        )
        taken.append(place)
        feeder = int(km // (PIECE_SECTIONS * SECTION_KM)) + 1
        yield _Site(
            f"tunnel-{number:03d}",
            f"管廊旁生成建筑 {number:03d}",
            f"Generated building by the tunnel {number:03d}",
            place,
            turned,
            feeder,
        )
    for each, count in _shared(neighbourhoods, BUILDINGS - _ALONG_TUNNEL):
        dice = Dice(seed, "buildings", each.code)
        for number in range(1, count + 1):
            place = _free_place(each, taken, dice)
            taken.append(place)
            yield _Site(
                f"{each.code}-{number:03d}",
                f"{each.zh}生成建筑 {number:03d}",
                f"{each.en} generated building {number:03d}",
                place,
                dice.normal(0.1),
                None,
            )


def _shared(neighbourhoods: list[Neighbourhood], count: int) -> Iterator[tuple[Neighbourhood, int]]:
    """So many buildings, shared out by weight without losing one to rounding."""
    total = sum(each.share for each in neighbourhoods)
    weight = given = 0
    for each in neighbourhoods:
        weight += each.share
        upto = round(count * weight / total)
        yield each, upto - given
        given = upto


def _free_place(around: Neighbourhood, taken: list[Place], dice: Dice) -> Place:
    spread_km = around.spread_km
    for _ in range(_TRIES):
        place = Place(
            around.centre.x + dice.normal(spread_km), around.centre.y + dice.normal(spread_km)
        )
        spread_km *= _SPREADS_FURTHER
        is_free = all(math.dist(place, other) > _APART_KM for other in taken)
        if is_free and shapely.contains_xy(around.outline, *position_of(place)):
            return place
    raise RuntimeError(f"found no room for a building in district {around.code}")


def _attributes(dice: Dice) -> dict[str, Any]:
    use = dice.pick(_USES)
    storeys, length, width = (dice.uniform(*bounds) for bounds in _SIZES[use])
    metered = ["power", "water"]
    if dice.happens(_HEAT_LIKELY):
        metered.append("heat")
    if dice.happens(_GAS_LIKELY[use]):
        metered.append("gas")
    return {
        "use": use,
        "storeys": round(storeys),
        "length_m": round(2 * length),
        "width_m": round(2 * width),
        "floor_area_m2": round(4 * length * width) * round(storeys),
        "metered": sorted(metered),
    }


def _building(site: _Site, attributes: Mapping[str, Any], dice: Dice) -> Iterator[Feature]:
    use = attributes["use"]
    owner = ESTATES[int(dice.uniform(0, len(ESTATES)))]
    outline = _ground_plan(site, attributes["length_m"] / 2000, attributes["width_m"] / 2000)
    yield feature(
        {"type": "Polygon", "coordinates": [outline]},
        key=_key(site),
        kind="B",
        class_="building",
        zh=f"{site.zh}（{_ZH[use]}）",
        en=f"{site.en} ({use})",
        owner=owner,
        relations=[{"type": "operatedBy", "to": owner}],
        attributes=attributes,
    )
    measured = {name for kind in attributes["metered"] for name in _METERED[kind]}
    yield feature(
        point(position_of(site.place)),
        key=f"demo:meter-device:{site.key}",
        kind="D",
        class_="energy-meter",
        zh=f"{site.zh} 计量终端",
        en=f"{site.en} meters",
        mounted_on=_key(site),
        profile="energy-meter",
        attributes={
            "use": use,
            "floor_area_m2": attributes["floor_area_m2"],
            "metered": attributes["metered"],
            "fitted": [metric.name for metric in _PROFILE.metrics if metric.name in measured],
        },
    )


def _ground_plan(site: _Site, half_length_km: float, half_width_km: float) -> list[list[float]]:
    """A rectangle around its place, counter-clockwise and closed."""
    cosine, sine = math.cos(site.turned), math.sin(site.turned)
    corners = []
    for length, width in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)):
        x, y = length * half_length_km, width * half_width_km
        corner = Place(site.place.x + x * cosine - y * sine, site.place.y + x * sine + y * cosine)
        corners.append(list(position_of(corner)))
    return corners


def _key(site: _Site) -> str:
    return f"demo:building:{site.key}"
