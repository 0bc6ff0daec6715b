"""Who is in the directory, and with which facts."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from devices.city_import import import_city
from devices.directory import NO_DISTRICT, load, load_sync, lookup
from registry.entities import retire
from registry.errors import BadCityFile

Connection = psycopg.AsyncConnection[Any]
Codes = dict[str, str]
Feature = dict[str, Any]


async def test_every_device_in_service_is_listed_by_its_code(
    conn: Connection, codes: Codes
) -> None:
    entries = await load(conn)
    assert entries.keys() == {codes[key] for key in ("device/1", "device/2", "station")}
    device, station = entries[codes["device/1"]], entries[codes["station"]]
    assert (device.code, device.profile, device.district) == (
        codes["device/1"],
        "smart-pole",
        "110101",
    )
    assert (station.profile, station.district) == ("air-station", NO_DISTRICT)
    assert len({entry.device_key for entry in entries.values()}) == 3


async def test_the_blocking_variants_say_the_same(
    conn: Connection, codes: Codes, database_url: str
) -> None:
    entries = await load(conn)
    with psycopg.connect(database_url) as blocking, blocking.cursor() as cur:
        assert load_sync(cur) == entries
        asked = [codes["device/1"], "D1Q26HRM8", "nonsense"]
        assert lookup(cur, asked) == {codes["device/1"]: entries[codes["device/1"]]}
        assert lookup(cur, []) == {}


async def test_a_retired_device_is_no_longer_there(conn: Connection, codes: Codes) -> None:
    await retire(conn, codes["device/1"], "scrapped")
    assert codes["device/1"] not in await load(conn)


async def test_keys_stay_when_the_city_is_imported_again(
    conn: Connection, codes: Codes, street: list[Feature], collection: Callable[..., Any]
) -> None:
    before = await load(conn)
    await import_city(conn, collection(street))
    assert await load(conn) == before


async def test_a_device_never_changes_its_profile(
    conn: Connection, codes: Codes, street: list[Feature], collection: Callable[..., Any]
) -> None:
    before = await load(conn)
    street[-1]["properties"] |= {"profile": "smart-pole", "class": "smart-pole"}

    with pytest.raises(BadCityFile) as caught:
        await import_city(conn, collection(street))

    assert [(each.feature, each.field) for each in caught.value.problems] == [
        (5, "properties.profile")
    ]
    assert await load(conn) == before


async def test_the_published_view_says_where_a_device_is(conn: Connection, codes: Codes) -> None:
    cursor = await conn.execute(
        """
        SELECT lon, lat, district_code, area_code, mounted_on_code, attributes
        FROM devices.device_now
        WHERE code = %s
        """,
        [codes["device/1"]],
    )
    assert await cursor.fetchone() == (
        116.3,
        39.3,
        "110101",
        codes["west"],
        codes["pole/1"],
        {"lamp_rated_w": 100},
    )
