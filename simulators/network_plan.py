"""The plan of the generated road network: four rings, roads that radiate, and where they meet.

Which junctions there are, and what joins them, is the same for every seed: keys are for ever. A
seed only bends the roads a little.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from simulators.chance import Dice
from simulators.plane import Path, Place, straight

# Half-widths of the rings, km east and north: rounded squares, about as wide as Beijing's.
_RINGS = {2: (4.0, 4.3), 3: (6.6, 6.5), 4: (9.2, 8.8), 5: (14.2, 13.8)}
_SQUARENESS = 4  # exponent of the superellipse
_RING_STEP_KM = 2.6  # an expressway is split below 3 km (GB/T 33171-2016)
_STREET_STEP_KM = 1.5
_HIGHWAY_STEP_KM = 5.0
_SHAPE_STEP_KM = 0.25
_BEND = 0.012  # how far a leg swerves, of its length

# Roads that radiate from ring 2. An angle (degrees from east, counter-clockwise), or the district
# whose town the road leads to.
_RADIALS: Mapping[str, tuple[str, str, float | str]] = {
    "tongzhou": ("通州", "Tongzhou", "110112"),
    "airport": ("东北", "Northeast", 24.0),
    "shunyi": ("顺义", "Shunyi", "110113"),
    "north": ("北", "North", 90.0),
    "changping": ("昌平", "Changping", "110114"),
    "northwest": ("西北", "Northwest", 144.0),
    "mentougou": ("门头沟", "Mentougou", "110109"),
    "fangshan": ("房山", "Fangshan", "110111"),
    "daxing": ("大兴", "Daxing", "110115"),
    "southeast": ("东南", "Southeast", 300.0),
    "east": ("东", "Southeast by East", 330.0),
}
# Roads that go on from another one's junction to a further town.
_ONWARD = (
    ("huairou", "怀柔", "Huairou", "ring5-north", "110116"),
    ("miyun", "密云", "Miyun", "town-110113", "110118"),
    ("pinggu", "平谷", "Pinggu", "town-110113", "110117"),
    ("yanqing", "延庆", "Yanqing", "town-110114", "110119"),
)
_AXES = (
    ("axis-west-east", "东西轴", "West-East Axis", "ring2-mentougou", "ring2-tongzhou"),
    ("axis-north-south", "南北轴", "North-South Axis", "ring2-north", "ring2-daxing"),
)
_AXIS_LEGS = 3  # on either side of the centre


class Junction(NamedTuple):
    """Where roads meet.

    Attributes:
        key: without the city file's prefix.
        form: ``interchange``, ``crossing`` or ``town``.
    """

    key: str
    zh: str
    en: str
    place: Place
    form: str

    @property
    def has_signals(self) -> bool:
        """Whether traffic lights rule it: where roads pass over each other, none do."""
        return self.form != "interchange"


class Leg(NamedTuple):
    """A stretch of road between two junctions, to be driven both ways."""

    start: Junction
    end: Junction
    path: Path


@dataclass(frozen=True, slots=True)
class Road:
    """A road with a name: a route of legs, one after the other.

    Attributes:
        key: without the city file's prefix.
        road_class: ``expressway``, ``arterial`` or ``highway``.
        is_ring: whether the last leg ends where the first begins.
    """

    key: str
    zh: str
    en: str
    road_class: str
    legs: tuple[Leg, ...]
    is_ring: bool = False

    @property
    def path(self) -> Path:
        """All of it, from the beginning on."""
        first, *others = (leg.path for leg in self.legs)
        return first + tuple(place for path in others for place in path[1:])


class Plan:
    """All roads and junctions.

    Args:
        towns: GB/T 2260 code of a district → its town on the flat map.
        seed: bends the roads.
    """

    def __init__(self, towns: Mapping[str, Place], seed: int) -> None:
        self._towns = towns
        self._dice = Dice(seed, "roads")
        self.junctions: dict[str, Junction] = {}
        self.roads: tuple[Road, ...] = tuple(self._drawn())

    def road(self, key: str) -> Road:
        """The road of this key; KeyError when there is none."""
        return {road.key: road for road in self.roads}[key]

    def _drawn(self) -> Iterator[Road]:
        angles = {key: self._angle(towards) for key, (_, _, towards) in _RADIALS.items()}
        for number in _RINGS:
            yield self._ring(number, angles)
        for key, angle in angles.items():
            yield from self._radial(key, angle)
        for key, zh, en, start, end in _AXES:
            yield self._axis(key, zh, en, start, end)
        for key, zh, en, start, town in _ONWARD:
            yield self._highway(key, zh, en, self.junctions[start], self._town(town, zh, en))

    def _angle(self, towards: float | str) -> float:
        if isinstance(towards, str):
            town = self._towns[towards]
            return math.atan2(town.y, town.x) % (2 * math.pi)
        return math.radians(towards)

    def _met(self, key: str, zh: str, en: str, place: Place, form: str) -> Junction:
        """The junction of this key, made when it is first met."""
        return self.junctions.setdefault(key, Junction(key, zh, en, place, form))

    def _town(self, code: str, zh: str, en: str) -> Junction:
        place = self._towns[code]
        return self._met(f"town-{code}", f"{zh}生成路口", f"{en} generated crossing", place, "town")

    def _ring(self, number: int, angles: Mapping[str, float]) -> Road:
        zh, en = f"生成{'零一二三四五'[number]}环路", f"Generated Ring Road {number}"
        crossings = sorted((angle, key) for key, angle in angles.items())
        around: list[tuple[float, Junction]] = []
        following = [*crossings[1:], (crossings[0][0] + 2 * math.pi, crossings[0][1])]
        for (angle, key), (next_angle, _) in zip(crossings, following, strict=True):
            along = f"{_RADIALS[key][0]}路", f"{_RADIALS[key][1]} Road"
            here = _on_ring(number, angle)
            around.append(
                (
                    angle,
                    self._met(
                        f"ring{number}-{key}",
                        f"{zh}·{along[0]}立交",
                        f"{en} at {along[1]}",
                        here,
                        "interchange",
                    ),
                )
            )
            arc = _arc(number, angle, next_angle)
            pieces = _pieces(arc, _RING_STEP_KM)
            for piece in range(1, pieces):
                part = angle + (next_angle - angle) * piece / pieces
                name = f"{zh}·{along[0]}后 {piece}", f"{en} after {along[1]}, {piece}"
                stop = self._met(
                    f"ring{number}-{key}-{piece}", *name, _on_ring(number, part), "interchange"
                )
                around.append((part, stop))
        around.append((around[0][0] + 2 * math.pi, around[0][1]))
        legs = tuple(
            Leg(start, end, _arc(number, from_angle, to_angle))
            for (from_angle, start), (to_angle, end) in pairwise(around)
        )
        return Road(f"ring{number}", zh, en, "expressway", legs, is_ring=True)

    def _radial(self, key: str, angle: float) -> Iterator[Road]:
        zh, en, towards = _RADIALS[key]
        name = f"生成{zh}路", f"Generated {en} Road"
        stops = [self.junctions[f"ring{number}-{key}"] for number in _RINGS]
        legs = self._legs(key, *name, stops, _STREET_STEP_KM)
        yield Road(key, *name, "arterial", legs)
        if isinstance(towards, str):
            yield self._highway(f"{key}-outer", zh, en, stops[-1], self._town(towards, zh, en))

    def _axis(self, key: str, zh: str, en: str, start: str, end: str) -> Road:
        centre = self._met(
            "centre", "中心生成路口", "Centre generated crossing", Place(0, 0.4), "crossing"
        )
        stops = [self.junctions[start], centre, self.junctions[end]]
        legs = self._legs(key, f"生成{zh}", f"Generated {en}", stops, pieces=_AXIS_LEGS)
        return Road(key, f"生成{zh}", f"Generated {en}", "arterial", legs)

    def _highway(self, key: str, zh: str, en: str, start: Junction, end: Junction) -> Road:
        name = f"生成{zh}公路", f"Generated {en} Highway"
        return Road(key, *name, "highway", self._legs(key, *name, [start, end], _HIGHWAY_STEP_KM))

    def _legs(
        self,
        key: str,
        zh: str,
        en: str,
        stops: Sequence[Junction],
        step_km: float = 0.0,
        *,
        pieces: int | None = None,
    ) -> tuple[Leg, ...]:
        """Straight from stop to stop, with crossings at about even steps between them."""
        all_stops = [stops[0]]
        form = "crossing" if step_km < _HIGHWAY_STEP_KM else "interchange"
        for start, end in pairwise(stops):
            between = (start.place, end.place)
            count = pieces or _pieces(between, step_km)
            for piece in range(1, count):
                place = straight(*between, steps=count)[piece]
                at = 1 + sum(stop.key.startswith(f"{key}-at-") for stop in all_stops)
                all_stops.append(
                    self._met(
                        f"{key}-at-{at}", f"{zh}路口 {at}", f"{en}, crossing {at}", place, form
                    )
                )
            all_stops.append(end)
        return tuple(self._leg(start, end) for start, end in pairwise(all_stops))

    def _leg(self, start: Junction, end: Junction) -> Leg:
        length = math.dist(start.place, end.place)
        bend = max(-1.5, min(1.5, self._dice.normal())) * _BEND * length
        steps = max(2, round(length / _SHAPE_STEP_KM))
        return Leg(start, end, straight(start.place, end.place, steps=steps, bend_km=bend))


def _on_ring(number: int, angle: float) -> Place:
    east, north = _RINGS[number]
    across = (
        abs(math.cos(angle) / east) ** _SQUARENESS + abs(math.sin(angle) / north) ** _SQUARENESS
    )
    radius = across ** (-1 / _SQUARENESS)
    return Place(radius * math.cos(angle), radius * math.sin(angle))


def _arc(number: int, from_angle: float, to_angle: float) -> Path:
    """Counter-clockwise along a ring."""
    about_km = sum(_RINGS[number]) / 2 * (to_angle - from_angle)
    steps = max(2, round(about_km / _SHAPE_STEP_KM))
    turn = (to_angle - from_angle) / steps
    return tuple(_on_ring(number, from_angle + turn * step) for step in range(steps + 1))


def _pieces(path: Sequence[Place], step_km: float) -> int:
    length = sum(math.dist(start, end) for start, end in pairwise(path))
    return max(1, math.ceil(length / step_km))
