"""Roads of the generated city as features: junctions, routes, one link a direction, detectors.

A link's attributes are what `simulators.road_network.link_of` reads, with keys of other links for
``downstream``. Its detector carries them too, so that a fleet file alone holds the whole network.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from city.catalogue import profile
from simulators.chance import Dice
from simulators.features import Feature, feature, joins, line, point, relation
from simulators.network_owners import ROADS
from simulators.network_plan import Junction, Leg, Plan, Road
from simulators.plane import (
    Position,
    at,
    beside,
    length_km,
    metres,
    place_of,
    position_of,
    positions,
)

_LANES = {"expressway": 3, "arterial": 3, "highway": 2}
_WIDER = {"ring3": 4, "ring4": 4, "axis-west-east": 4}
_FREE_SPEED_KMH = {"expressway": 80, "arterial": 60, "highway": 80}
_LEAVING = {"expressway": 0.2, "arterial": 0.25, "highway": 0.1}
_TIDE = {"expressway": 0.0, "arterial": 0.6, "highway": 0.8}
_CYCLES_S = {"90": 0.3, "120": 0.5, "150": 0.2}
_GREEN = (0.42, 0.58)  # of the cycle, for the through traffic
_WAVE_SPEED_MS = 14.0  # what a green wave is laid out for
_LANE_KM = 0.00375
_MEDIAN_KM = 0.004
_DETECTOR_PLACES = (0.35, 0.85)

_TRAFFIC = ("flow_veh_h", "speed_kmh", "occupancy_pct")
_SURFACE = ("surface_temperature_c", "surface_state", "water_film_mm")
_SURFACE_LIKELY, _VISIBILITY_LIKELY = 0.35, 0.2
_PROFILE = profile("road")


class Link(NamedTuple):
    """One direction of a leg, drawn.

    Attributes:
        key: of its feature.
        way: ``up`` as the road's legs run, ``down`` against them.
        from_km, to_km: the stretch of the road's path beside which it runs, in the road's sense.
        line: WGS 84, from its beginning to its stop line.
    """

    key: str
    road: Road
    way: str
    start: Junction
    end: Junction
    from_km: float
    to_km: float
    line: list[Position]


def junction_key(junction: Junction) -> str:
    """The key of a junction's feature."""
    return f"demo:junction:{junction.key}"


def road_key(road: Road) -> str:
    """The key of a road's feature."""
    return f"demo:road:{road.key}"


def roads(plan: Plan, seed: int) -> Iterator[Feature]:
    """Junctions, then each road with its links, then the detectors on them."""
    for junction in plan.junctions.values():
        yield _junction(junction)
    for road in plan.roads:
        yield _route(road)
        dice = Dice(seed, "road", road.key)
        cycle_s = int(dice.pick(_CYCLES_S))
        for chain in (links(road, "up"), links(road, "down")):
            followers = [*chain[1:], chain[0] if road.is_ring else None]
            into_m = 0.0
            for link, following in zip(chain, followers, strict=True):
                into_m += metres(link.line)
                attributes = _attributes(link, following, cycle_s, into_m, dice)
                yield _link(link, attributes)
                yield _detector(link, attributes, dice)


def links(road: Road, way: str) -> list[Link]:
    """The links of one direction in the order of driving."""
    bounds = [0.0]
    for leg in road.legs:
        bounds.append(bounds[-1] + length_km(leg.path))
    numbered = list(enumerate(zip(road.legs, pairwise(bounds), strict=True), start=1))
    if way == "down":
        numbered.reverse()
    return [_drawn(road, way, number, leg, span) for number, (leg, span) in numbered]


def _drawn(road: Road, way: str, number: int, leg: Leg, span: tuple[float, float]) -> Link:
    start, end, path = leg
    if way == "down":
        start, end, path = end, start, path[::-1]
    middle_km = _MEDIAN_KM / 2 + _lanes(road) * _LANE_KM / 2
    key = f"demo:link:{road.key}-{number:02d}-{way}"
    return Link(key, road, way, start, end, *span, positions(beside(path, middle_km)))


def _lanes(road: Road) -> int:
    return _WIDER.get(road.key, _LANES[road.road_class])


def _junction(junction: Junction) -> Feature:
    return feature(
        point(position_of(junction.place)),
        key=junction_key(junction),
        kind="J",
        class_="intersection",
        zh=junction.zh,
        en=junction.en,
        owner=ROADS,
        attributes={"form": junction.form, "signals": junction.has_signals},
    )


def _route(road: Road) -> Feature:
    return feature(
        line(positions(road.path)),
        key=road_key(road),
        kind="R",
        class_="road",
        zh=road.zh,
        en=road.en,
        owner=ROADS,
        relations=[relation("operatedBy", ROADS)],
        attributes={
            "road_class": road.road_class,
            "ring": road.is_ring,
            "length_m": round(metres(positions(road.path))),
        },
    )


def _attributes(
    link: Link, following: Link | None, cycle_s: int, into_m: float, dice: Dice
) -> dict[str, Any]:
    """What traffic on the link depends on; chance is drawn alike for every link."""
    road = link.road
    green = round(cycle_s * dice.uniform(*_GREEN))
    attributes: dict[str, Any] = {
        "length_m": round(metres(link.line), 1),
        "lanes": _lanes(road),
        "free_speed_kmh": _FREE_SPEED_KMH[road.road_class],
        "leaving": _LEAVING[road.road_class],
        # Roads run outward: who drives down, drives to the city in the morning.
        "tide": _TIDE[road.road_class] if link.way == "down" else 0 - _TIDE[road.road_class],
        "road_class": road.road_class,
    }
    if following is not None:
        attributes["downstream"] = following.key
    if link.end.has_signals:
        offset_s = round(into_m / _WAVE_SPEED_MS % cycle_s)
        attributes["signal"] = {"cycle_s": cycle_s, "green_s": green, "offset_s": offset_s}
    return attributes


def _link(link: Link, attributes: dict[str, Any]) -> Feature:
    zh, en = _names(link)
    return feature(
        line(link.line),
        key=link.key,
        kind="L",
        class_="road-segment",
        zh=zh,
        en=en,
        owner=ROADS,
        relations=[
            *joins(junction_key(link.start), junction_key(link.end)),
            relation("partOf", road_key(link.road)),
        ],
        attributes=attributes,
    )


def _detector(link: Link, attributes: dict[str, Any], dice: Dice) -> Feature:
    position = round(dice.uniform(*_DETECTOR_PLACES), 2)
    path = tuple(place_of(lon, lat) for lon, lat in link.line)
    zh, en = _names(link)
    return feature(
        point(position_of(at(path, position * length_km(path)))),
        key=link.key.replace("demo:link:", "demo:road-device:"),
        kind="D",
        class_="road",
        zh=f"{zh} 检测器",
        en=f"{en}, detector",
        mounted_on=link.key,
        profile="road",
        attributes=attributes
        | {"link": link.key, "position": position, "fitted": _fitted(link, dice)},
    )


def _fitted(link: Link, dice: Dice) -> list[str]:
    """All count vehicles; queue and signal where there are lights, weather stations on some."""
    names = set(_TRAFFIC) | {"queue_m"}
    if link.end.has_signals:
        names.add("signal_phase")
    if dice.happens(_SURFACE_LIKELY):
        names |= set(_SURFACE)
    if dice.happens(_VISIBILITY_LIKELY):
        names.add("visibility_m")
    return [metric.name for metric in _PROFILE.metrics if metric.name in names]


def _names(link: Link) -> tuple[str, str]:
    way = {"up": ("正向", "up"), "down": ("反向", "down")}[link.way]
    number = link.key.rsplit("-", 2)[1]
    return f"{link.road.zh} {number} {way[0]}", f"{link.road.en} {number} {way[1]}"
