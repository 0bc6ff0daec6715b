"""A small city to import, and short ways to say what a test is about."""

from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest

from city.codes import Kind
from registry.describing import Description
from registry.entities import bind
from registry.minting import mint

Connection = psycopg.AsyncConnection[Any]
Feature = dict[str, Any]
MakeFeature = Callable[..., Feature]
Bound = Callable[..., Awaitable[str]]


def _square(west: float, south: float, size: float) -> dict[str, Any]:
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.fixture
def square() -> Callable[[float, float, float], dict[str, Any]]:
    """A GeoJSON square from its south-west corner and its size in degrees."""
    return _square


@pytest.fixture
def feature() -> MakeFeature:
    """A GeoJSON feature: geometry (or lon, lat) and properties."""

    def make(
        key: str, kind: str, class_: str | None = None, at: Any = None, **more: Any
    ) -> Feature:
        geometry = {"type": "Point", "coordinates": list(at)} if isinstance(at, tuple) else at
        properties = {"key": key, "kind": kind, **({"class": class_} if class_ else {}), **more}
        return {"type": "Feature", "geometry": geometry, "properties": properties}

    return make


@pytest.fixture
def small_city(feature: MakeFeature) -> list[Feature]:
    """Two districts in a city, a sub-district, two poles with a device each, an owner."""
    return [
        feature("city", "A", "city", _square(116.0, 39.0, 2.0), name={"zh": "小城", "en": "Small"}),
        feature("west", "A", "district", _square(116.0, 39.0, 1.0), aliases={"gbt2260": "110101"}),
        feature("east", "A", "district", _square(117.0, 39.0, 1.0), aliases={"gbt2260": "110102"}),
        feature("west/1", "A", "sub-district", _square(116.2, 39.2, 0.2), area="west"),
        feature("owner", "G", "agency", name={"en": "Lighting office"}),
        feature("pole/1", "C", "smart-pole", (116.3, 39.3), owner="owner"),
        feature("pole/2", "C", "smart-pole", (117.5, 39.5), attributes={"height_m": 8}),
        feature("device/1", "D", None, None, profile="smart-pole", mounted_on="pole/1"),
        feature("device/2", "D", None, None, profile="smart-pole", mounted_on="pole/2"),
    ]


@pytest.fixture
def collection() -> Callable[..., dict[str, Any]]:
    """A FeatureCollection of features."""

    def make(features: list[Feature], **members: Any) -> dict[str, Any]:
        return {"type": "FeatureCollection", "features": features, **members}

    return make


@pytest.fixture
def bound(conn: Connection) -> Bound:
    """Mint a code, bind it to a description under a key, and return it."""

    async def make(
        key: str, kind: Kind, description: Description, mounted_on: str | None = None
    ) -> str:
        (code,) = await mint(conn, kind)
        await bind(conn, code, description, key=key, mounted_on=mounted_on)
        return code

    return make
