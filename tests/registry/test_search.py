"""Finding what is bound now, page by page."""

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest
from shapely import Point

from city.codes import Kind
from city.errors import InvalidValue
from registry.city_file import DeviceFound, import_city
from registry.entities import retire
from registry.search import find

Connection = psycopg.AsyncConnection[Any]
Codes = dict[str, str]
Feature = dict[str, Any]


async def _no_devices(conn: Connection, found: Sequence[DeviceFound]) -> None:
    """Devices as equipment are not what these tests are about."""


@pytest.fixture
async def codes(
    conn: Connection, small_city: list[Feature], collection: Callable[..., dict[str, Any]]
) -> Codes:
    """Key → code of the small city, imported."""
    return dict((await import_city(conn, collection(small_city), on_devices=_no_devices)).codes)


async def _keys(conn: Connection, **conditions: Any) -> set[str]:
    page = await find(conn, **conditions)
    assert page.cursor is None
    return {found.key for found in page.items}


async def test_each_condition_narrows(conn: Connection, codes: Codes) -> None:
    assert await _keys(conn) == set(codes)
    assert await _keys(conn, kind=Kind.COMPONENT) == {"pole/1", "pole/2"}
    assert await _keys(conn, class_="district") == {"west", "east"}
    assert await _keys(conn, area=codes["west"]) == {"west/1", "pole/1", "device/1"}
    assert await _keys(conn, bbox=(117.4, 39.4, 117.6, 39.6), kind=Kind.DEVICE) == {"device/2"}
    assert await _keys(conn, area=codes["city"], kind=Kind.DEVICE) == {"device/1", "device/2"}
    assert await _keys(conn, class_="no-such-class") == set()


async def test_pages_cover_everything_once_and_in_order(conn: Connection, codes: Codes) -> None:
    seen: list[str] = []
    after: str | None = None
    for _ in range(5):
        page = await find(conn, limit=2, after=after)
        seen += [found.code for found in page.items]
        after = page.cursor
    assert after is None
    assert seen == sorted(codes.values())


async def test_what_is_found_says_what_is_around_it(conn: Connection, codes: Codes) -> None:
    (pole,) = (await find(conn, kind=Kind.COMPONENT, area=codes["west"])).items
    assert pole.geometry == Point(116.3, 39.3)
    assert (pole.area, pole.district, pole.owner) == (codes["west/1"], "110101", codes["owner"])
    assert pole.devices == (codes["device/1"],)
    (device,) = (await find(conn, kind=Kind.DEVICE, area=codes["west"])).items
    assert device.mounted_on == codes["pole/1"]
    west = next(each for each in (await find(conn, class_="district")).items if each.key == "west")
    assert (west.aliases, west.district, west.area) == (
        {"gbt2260": "110101"},
        "110101",
        codes["city"],
    )


async def test_what_is_retired_is_not_found(conn: Connection, codes: Codes) -> None:
    await retire(conn, codes["pole/2"], "felled")
    assert await _keys(conn, kind=Kind.COMPONENT) == {"pole/1"}


BAD_CONDITIONS = [
    pytest.param({"limit": 0}, "limit", id="no limit"),
    pytest.param({"limit": 10_001}, "limit", id="too high a limit"),
    pytest.param({"area": "110101"}, "area", id="an alias as area"),
    pytest.param({"area": "A00AQW0UF"}, "area", id="an area nobody bound"),
    pytest.param({"area": "C7K3K4WTB"}, "area", id="a component as area"),
    pytest.param({"after": "x"}, "cursor", id="a made-up cursor"),
    pytest.param({"bbox": (116, 39)}, "bbox", id="half a box"),
    pytest.param({"bbox": (117, 39, 116, 40)}, "bbox", id="west and east swapped"),
    pytest.param({"bbox": (39, 116, 40, 117)}, "bbox", id="latitude before longitude"),
    pytest.param({"bbox": (float("nan"), 39, 116, 40)}, "bbox", id="not a number"),
]


@pytest.mark.parametrize(("conditions", "field"), BAD_CONDITIONS)
async def test_a_bad_condition_is_named(
    conn: Connection, conditions: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        await find(conn, **conditions)
    assert caught.value.field == field
