"""What a geometry must be like to enter the registry: rules, as functions that name the fault."""

import sys
from collections.abc import Mapping

import shapely
import shapely.geometry
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from city.codes import Kind
from city.errors import shortened

MAX_VERTICES = 100_000
# How deep a type's lists of positions are nested (RFC 7946, section 3.1).
_DEPTH = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
_RING_POSITIONS = 4
_TYPES_OF_KIND = {
    Kind.AREA: ("Polygon", "MultiPolygon"),
    Kind.DEVICE: ("Point",),
    Kind.JUNCTION: ("Point",),
    Kind.LINK: ("LineString", "MultiLineString"),
}
_MAX_LON, _MAX_LAT = 180.0, 90.0


def geometry_fault(kind: Kind, geometry: BaseGeometry | None) -> str | None:
    """What is wrong with a geometry in degrees, lon before lat, in words; None when nothing is."""
    if geometry is None:
        return None
    allowed = _TYPES_OF_KIND.get(kind, tuple(_DEPTH))
    if geometry.geom_type not in allowed:
        return f"is no geometry for kind {kind}: {' or '.join(allowed)}"
    if geometry.is_empty:
        return "is empty"
    if shapely.get_num_coordinates(geometry) > MAX_VERTICES:
        return f"has more than {MAX_VERTICES} vertices"
    return _position_fault(geometry) or _shape_fault(geometry)


def read_geometry(document: object) -> BaseGeometry:
    """A GeoJSON geometry (RFC 7946) as a shape in two dimensions; heights are dropped.

    Raises:
        ValueError: saying which rule it breaks.
    """
    if not isinstance(document, dict):
        raise ValueError("must be a GeoJSON geometry or null")
    geometry_type, coordinates = document.get("type"), document.get("coordinates")
    if geometry_type not in _DEPTH:
        raise ValueError(f"has a type that is none of {', '.join(_DEPTH)}")
    if not isinstance(coordinates, list | tuple):
        raise ValueError("has no list of coordinates")
    _check_nesting(coordinates, _DEPTH[geometry_type], geometry_type)
    try:
        shape = shapely.geometry.shape(document)
    except (ShapelyError, ValueError, TypeError) as error:
        raise ValueError(f"makes no {geometry_type}: {error}") from None
    return shapely.force_2d(shape)


def shown(value: object) -> str:
    """A value from a file as a message may show it; of lists and objects only that they are."""
    if isinstance(value, Mapping):
        return "{…}"
    return "[…]" if isinstance(value, list | tuple) else shortened(value)


def _check_nesting(coordinates: object, depth: int, geometry_type: str) -> None:
    """Descend to the positions, so that shapely sees numbers only."""
    nodes: list[object] = [coordinates]
    for level in range(depth):
        if not all(isinstance(node, list | tuple) for node in nodes):
            raise ValueError(f"has coordinates nested unlike those of a {geometry_type}")
        if geometry_type.endswith("Polygon") and level == depth - 1:
            _check_rings(nodes)
        nodes = [child for node in nodes if isinstance(node, list | tuple) for child in node]
        if len(nodes) > MAX_VERTICES:
            raise ValueError(f"has more than {MAX_VERTICES} vertices")
    for position in nodes:
        _check_position(position)


def _check_rings(rings: list[object]) -> None:
    for ring in rings:
        if not isinstance(ring, list | tuple) or len(ring) < _RING_POSITIONS or ring[0] != ring[-1]:
            raise ValueError("has a ring that is not closed, or of fewer than four positions")


def _check_position(position: object) -> None:
    if not isinstance(position, list | tuple) or len(position) not in (2, 3):
        raise ValueError("has a position that is not [longitude, latitude]")
    for number in position:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ValueError(f"has a coordinate that is not a number: {shown(number)}")
        if not abs(number) <= sys.float_info.max:  # also False for NaN; integers have no bound
            raise ValueError(f"has a coordinate that is not finite: {shown(number)}")


def _position_fault(geometry: BaseGeometry) -> str | None:
    west, south, east, north = geometry.bounds
    if west >= -_MAX_LON and east <= _MAX_LON and south >= -_MAX_LAT and north <= _MAX_LAT:
        return None
    fault = "lies outside longitude -180 to 180, latitude -90 to 90"
    if south >= -_MAX_LON and north <= _MAX_LON and west >= -_MAX_LAT and east <= _MAX_LAT:
        return f"{fault}: latitude stands before longitude"
    return fault


def _shape_fault(geometry: BaseGeometry) -> str | None:
    if geometry.geom_type == "Point" or shapely.is_valid(geometry):
        return None
    return f"is not a valid shape: {shapely.is_valid_reason(geometry)}"
