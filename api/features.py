"""GeoJSON: entities as features, geometry as PostGIS gave it."""

from typing import Any

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from registry.search import Found


def geometry(shape: BaseGeometry | None) -> msgspec.Raw | None:
    """Return a geometry as GeoJSON (RFC 7946), encoded already."""
    return None if shape is None else msgspec.Raw(shapely.to_geojson(shape).encode())


def feature(members: dict[str, Any]) -> dict[str, Any]:
    """Return what has a code and a geometry as a feature: its other members are properties."""
    properties = {name: value for name, value in members.items() if name != "geometry"}
    return {
        "type": "Feature",
        "id": members["code"],
        "geometry": members["geometry"],
        "properties": properties,
    }


def entity(found: Found, more: dict[str, Any]) -> dict[str, Any]:
    """Return an entity as a feature, with more properties than every entity has."""
    return feature(
        {
            "code": found.code,
            "kind": found.kind,
            "class": found.class_,
            "name": found.names,
            "geometry": geometry(found.geometry),
            "area": found.area,
            **more,
        }
    )


def collection(features: list[dict[str, Any]], links: list[dict[str, str]]) -> dict[str, Any]:
    """Return features as a collection."""
    return {"type": "FeatureCollection", "features": features, "links": links}
