"""Where things stand in the demonstration city: parts that tile a district, streets, poles."""

import math
from typing import NamedTuple

import numpy as np
import shapely
from shapely import MultiPoint, MultiPolygon, Point
from shapely.geometry.base import BaseGeometry

from simulators.chance import Dice

_KM_PER_DEGREE = 111.195  # of latitude, mean sphere
_DECIMALS = 6  # of a degree: about 0.1 m
_LLOYD_STEPS = 4
_STREET_TRIES = 400
_SPREAD_SHRINKS = 0.99  # with each try, so that a street is found in a narrow district as well
_BEND_RAD = 0.12
_CROOKED_KM = 0.004
_AS_IT_LIKES = 1 / 6

_STREET_CLASSES = {"arterial": 0.20, "secondary": 0.35, "branch": 0.30, "residential": 0.15}
# Between smart poles: some ten ordinary lamps apart, on long streets more than on short ones.
_POLE_STEP_KM = {"arterial": 0.42, "secondary": 0.34, "branch": 0.25, "residential": 0.16}


class Street(NamedTuple):
    """A generated street.

    Attributes:
        street_class: ``arterial``, ``secondary``, ``branch`` or ``residential``.
        places: lon, lat (WGS 84) of its poles, in order along it.
    """

    street_class: str
    places: list[tuple[float, float]]


def sub_districts(district: BaseGeometry, count: int, dice: Dice) -> list[BaseGeometry]:
    """Cut a district into compact parts that tile it: Voronoi cells around spread-out seeds.

    Neighbouring parts share their edges vertex by vertex, because all are faces of one and the
    same net of lines.

    Args:
        district: polygon or multipolygon, WGS 84.
        count: how many parts, 2 or more.
        dice: where the seeds come from.
    """
    seeds = _spread(district, count, dice)
    edges = shapely.union_all([cell.boundary for cell in _cells(seeds, district)])
    net = shapely.union_all([district.boundary, edges])
    parts: list[list[BaseGeometry]] = [[] for _ in seeds]
    for face in shapely.polygonize([net]).geoms:
        inside = face.representative_point()
        if district.contains(inside):
            parts[int(np.argmin(shapely.distance(seeds, inside)))].append(face)
    return [to_decimals(shapely.union_all(faces)) for faces in parts]


def to_decimals(geometry: BaseGeometry) -> BaseGeometry:
    """The geometry with degrees of six decimals; equal vertices stay equal."""
    return shapely.transform(geometry, lambda points: np.round(points, _DECIMALS))


def street(area: BaseGeometry, near: Point, *, spread_km: float, poles: int, dice: Dice) -> Street:
    """A street with its poles, all inside the area.

    Streets run mostly along the compass, as they do in Beijing, bend a little, and have their
    poles at even steps.

    Args:
        area: polygon or multipolygon, WGS 84.
        near: what streets gather around.
        spread_km: how widely.
        poles: how many poles the street has.
        dice: where chance comes from.

    Raises:
        RuntimeError: when the area is too small or too thin for a street.
    """
    for _ in range(_STREET_TRIES):
        grown = _grow(near, spread_km, poles, dice)
        if shapely.contains_xy(area, grown.places).all():
            return grown
        spread_km *= _SPREAD_SHRINKS
    raise RuntimeError(f"found no room for a street of {poles} poles near {near.wkt}")


def _spread(district: BaseGeometry, count: int, dice: Dice) -> list[Point]:
    """Points spread over a district: chance first, then Lloyd's relaxation."""
    seeds = _points_in(district, count, dice)
    for _ in range(_LLOYD_STEPS):
        seeds = [_middle(cell.intersection(district)) for cell in _cells(seeds, district)]
    return seeds


def _cells(seeds: list[Point], district: BaseGeometry) -> list[BaseGeometry]:
    cells = shapely.voronoi_polygons(MultiPoint(seeds), extend_to=district, ordered=True)
    return list(cells.geoms)


def _points_in(area: BaseGeometry, count: int, dice: Dice) -> list[Point]:
    west, south, east, north = area.bounds
    found: list[Point] = []
    while len(found) < count:
        place = Point(dice.uniform(west, east), dice.uniform(south, north))
        if area.contains(place):
            found.append(place)
    return found


def _middle(geometry: BaseGeometry) -> Point:
    """The centroid of the largest part, or, where that lies outside, a point that does not."""
    if isinstance(geometry, MultiPolygon):
        geometry = max(geometry.geoms, key=lambda part: part.area)
    return (
        geometry.centroid
        if geometry.contains(geometry.centroid)
        else geometry.representative_point()
    )


def _grow(near: Point, spread_km: float, poles: int, dice: Dice) -> Street:
    street_class = dice.pick(_STREET_CLASSES)
    heading, bend = _heading(dice), dice.normal(_BEND_RAD) / poles
    east_km, north_km = dice.normal(spread_km), dice.normal(spread_km)
    km_per_degree_east = _KM_PER_DEGREE * math.cos(math.radians(near.y))
    places = []
    for number in range(poles):
        east_km += _POLE_STEP_KM[street_class] * math.cos(heading + bend * number)
        north_km += _POLE_STEP_KM[street_class] * math.sin(heading + bend * number)
        lon = near.x + (east_km + dice.normal(_CROOKED_KM)) / km_per_degree_east
        lat = near.y + (north_km + dice.normal(_CROOKED_KM)) / _KM_PER_DEGREE
        places.append((round(lon, _DECIMALS), round(lat, _DECIMALS)))
    return Street(street_class, places)


def _heading(dice: Dice) -> float:
    """A compass direction, off by a few degrees; one street in six runs as it likes."""
    if dice.happens(_AS_IT_LIKES):
        return dice.uniform(0, 2 * math.pi)
    return math.pi / 2 * math.floor(dice.uniform(0, 4)) + dice.normal(0.06)
