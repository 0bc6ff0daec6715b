"""The fleet file follows the registry: places and attributes change, secrets stay."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from devices.city_import import import_city
from devices.enrolment import described, enrol, revoke
from devices.fleet_file import follow_registry, read_fleet, write_fleet

Connection = psycopg.AsyncConnection[Any]
Feature = dict[str, Any]
Collection = Callable[[list[Feature]], dict[str, Any]]


async def test_a_device_that_moved_and_changed_keeps_its_secret(
    conn: Connection,
    street: list[Feature],
    collection: Collection,
    codes: dict[str, str],
    tmp_path: Path,
) -> None:
    fleet = tmp_path / "fleet.json"
    before = {each.code: each for each in await enrol(conn)}
    write_fleet(fleet, list(before.values()))
    assert follow_registry(fleet, await described(conn)) == 0

    street[1]["geometry"]["coordinates"] = [116.5, 39.4]
    street[3]["properties"]["attributes"] = {"lamp_rated_w": 250}
    await import_city(conn, collection(street))

    assert follow_registry(fleet, await described(conn)) == 1
    after = {each.code: each for each in read_fleet(fleet)}
    moved = after[codes["device/1"]]
    assert (moved.lon, moved.lat, moved.attributes) == (116.5, 39.4, {"lamp_rated_w": 250})
    assert {code: each.secret for code, each in after.items()} == {
        code: each.secret for code, each in before.items()
    }
    assert after[codes["device/2"]] == before[codes["device/2"]]


async def test_a_device_whose_credential_has_ended_is_left_out(
    conn: Connection, codes: dict[str, str], tmp_path: Path
) -> None:
    fleet = tmp_path / "fleet.json"
    write_fleet(fleet, await enrol(conn))
    await revoke(conn, [codes["station"]])
    assert follow_registry(fleet, await described(conn)) == 1
    assert {each.code for each in read_fleet(fleet)} == {codes["device/1"], codes["device/2"]}
