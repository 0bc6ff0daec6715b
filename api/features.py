"""GeoJSON: entities as features, geometry as PostGIS gave it."""

from typing import Any

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from registry.search import Found


def geometry(shape: BaseGeometry | None) -> msgspec.Raw | None:
    """Return a geometry as GeoJSON (RFC 7946), encoded already."""
    return None if shape is None else msgspec.Raw(shapely.to_geojson(shape).encode())


def feature(found: Found, properties: dict[str, Any]) -> dict[str, Any]:
    """Return an entity as a feature whose id is its code."""
    head = {"code": found.code, "kind": found.kind, "class": found.class_, "name": found.names}
    return {
        "type": "Feature",
        "id": found.code,
        "geometry": geometry(found.geometry),
        "properties": {**head, "area": found.area, **properties},
    }


def collection(features: list[dict[str, Any]], links: list[dict[str, str]]) -> dict[str, Any]:
    """Return features as a collection."""
    return {"type": "FeatureCollection", "features": features, "links": links}
