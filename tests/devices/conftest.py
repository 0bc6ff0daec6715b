"""A few devices in a district, ready to be enrolled."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from devices.city_import import import_city

Connection = psycopg.AsyncConnection[Any]
Feature = dict[str, Any]


def _feature(key: str, kind: str, class_: str, geometry: Any, **more: Any) -> Feature:
    properties = {"key": key, "kind": kind, "class": class_, **more}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _point(lon: float, lat: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [lon, lat]}


@pytest.fixture
def street() -> list[Feature]:
    """A district with two poles and a device on each; a station outside of any district."""
    ring = [[116.0, 39.0], [117.0, 39.0], [117.0, 40.0], [116.0, 40.0], [116.0, 39.0]]
    district = {"type": "Polygon", "coordinates": [ring]}
    return [
        _feature("west", "A", "district", district, aliases={"gbt2260": "110101"}),
        _feature("pole/1", "C", "smart-pole", _point(116.3, 39.3)),
        _feature("pole/2", "C", "smart-pole", _point(116.4, 39.3)),
        _feature(
            "device/1",
            "D",
            "smart-pole",
            None,
            profile="smart-pole",
            mounted_on="pole/1",
            attributes={"lamp_rated_w": 100},
        ),
        _feature("device/2", "D", "smart-pole", None, profile="smart-pole", mounted_on="pole/2"),
        _feature("station", "D", "air-station", _point(118.0, 39.3), profile="air-station"),
    ]


@pytest.fixture
def collection() -> Callable[[list[Feature]], dict[str, Any]]:
    """A FeatureCollection of features."""
    return lambda features: {"type": "FeatureCollection", "features": features}


@pytest.fixture
async def codes(conn: Connection, street: list[Feature]) -> dict[str, str]:
    """Key → code of the street, imported."""
    document = {"type": "FeatureCollection", "features": street}
    return dict((await import_city(conn, document)).codes)
