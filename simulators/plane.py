"""A flat map of the city in kilometres, on which networks are drawn; and the way back to degrees.

x runs east and y north from a centre. Good to half a per cent over the hundred kilometres of the
demonstration city: lengths that matter are measured on the sphere afterwards.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

CENTRE_LON, CENTRE_LAT = 116.391, 39.906
_KM_PER_DEGREE = 111.195  # of latitude, mean sphere
_KM_PER_DEGREE_EAST = _KM_PER_DEGREE * math.cos(math.radians(CENTRE_LAT))
_EARTH_RADIUS_M = 6_371_000.0
_DECIMALS = 6  # of a degree: about 0.1 m

Position = tuple[float, float]
"""Longitude and latitude, WGS 84, to 0.1 m."""


class Place(NamedTuple):
    """A point of the flat map, km east and north of its centre."""

    x: float
    y: float


Path = tuple[Place, ...]
"""Points in order, two or more."""


def place_of(lon: float, lat: float) -> Place:
    """Where a position lies on the flat map."""
    return Place((lon - CENTRE_LON) * _KM_PER_DEGREE_EAST, (lat - CENTRE_LAT) * _KM_PER_DEGREE)


def position_of(place: Place) -> Position:
    """Where a place of the flat map lies on the earth."""
    lon = CENTRE_LON + place.x / _KM_PER_DEGREE_EAST
    lat = CENTRE_LAT + place.y / _KM_PER_DEGREE
    return round(lon, _DECIMALS), round(lat, _DECIMALS)


def positions(path: Path) -> list[Position]:
    """The path on the earth."""
    return [position_of(place) for place in path]


def metres(line: Sequence[Position]) -> float:
    """Length of a line on the mean sphere, m."""
    return sum(_haversine_m(start, end) for start, end in pairwise(line))


def straight(start: Place, end: Place, *, steps: int, bend_km: float = 0.0) -> Path:
    """From one place to another, swerving to the left by so much in the middle."""
    along = Place(end.x - start.x, end.y - start.y)
    length = math.hypot(*along)
    places = [start]
    for step in range(1, steps):
        part = step / steps
        left_km = bend_km * math.sin(math.pi * part)
        places.append(
            Place(
                start.x + along.x * part - along.y / length * left_km,
                start.y + along.y * part + along.x / length * left_km,
            )
        )
    return (*places, end)


def beside(path: Path, right_km: float) -> Path:
    """The same path, moved to its right-hand side."""
    return tuple(
        Place(place.x + normal.x * right_km, place.y + normal.y * right_km)
        for place, normal in zip(path, _right_normals(path), strict=True)
    )


def length_km(path: Path) -> float:
    """Length on the flat map."""
    return sum(math.dist(start, end) for start, end in pairwise(path))


def cut(path: Path, from_km: float, to_km: float) -> Path:
    """The part of a path between two distances from its beginning."""
    inner: list[Place] = []
    walked = 0.0
    for start, end in pairwise(path):
        if from_km < walked < to_km:
            inner.append(start)
        walked += math.dist(start, end)
    return (at(path, from_km), *inner, at(path, to_km))


def at(path: Path, km: float) -> Place:
    """The place so far along a path; its end for more than its length."""
    for start, end in pairwise(path):
        step = math.dist(start, end)
        if km <= step:
            part = max(0.0, km / step)
            return Place(start.x + (end.x - start.x) * part, start.y + (end.y - start.y) * part)
        km -= step
    return path[-1]


def heading(path: Path, km: float) -> float:
    """Direction of a path so far along it, radians from east, counter-clockwise."""
    behind, ahead = at(path, max(0.0, km - 0.01)), at(path, km + 0.01)
    return math.atan2(ahead.y - behind.y, ahead.x - behind.x)


def _right_normals(path: Path) -> list[Place]:
    """At each point of a path, the unit vector to its right."""
    normals = []
    last = len(path) - 1
    for number in range(len(path)):
        before, after = path[max(0, number - 1)], path[min(last, number + 1)]
        east, north = after.x - before.x, after.y - before.y
        length = math.hypot(east, north)
        normals.append(Place(north / length, -east / length))
    return normals


def _haversine_m(start: Position, end: Position) -> float:
    lon1, lat1, lon2, lat2 = map(math.radians, (*start, *end))
    half = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * _EARTH_RADIUS_M * math.asin(math.sqrt(half))
