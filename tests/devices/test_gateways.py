"""Gateways: named in the city file, given their members' rights, on a real Mosquitto too."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from devices.broker_files import acl_file, gateway_members, rights_are_current
from devices.city_import import import_city
from devices.enrolment import enrol, revoke, rotate
from devices.fleet_file import read_fleet, write_fleet
from devices.private_files import write_private
from registry.errors import BadCityFile

Connection = psycopg.AsyncConnection[Any]
Feature = dict[str, Any]
Collection = Callable[[list[Feature]], dict[str, Any]]


def _with_gateway(street: list[Feature], gateway: object) -> list[Feature]:
    """The street, where device 2 has no line of its own."""
    for feature in street:
        if feature["properties"]["key"] == "device/2":
            feature["properties"]["attributes"] = {"gateway": gateway}
    return street


async def test_a_gateway_is_named_by_key_or_code_and_known_by_its_code(
    conn: Connection, street: list[Feature], collection: Collection, tmp_path: Path
) -> None:
    codes = (await import_city(conn, collection(_with_gateway(street, "device/1")))).codes
    issued = await enrol(conn)
    write_fleet(tmp_path / "fleet.json", issued)
    attributes = {each.code: each.attributes for each in read_fleet(tmp_path / "fleet.json")}
    assert attributes[codes["device/2"]] == {"gateway": codes["device/1"]}
    await import_city(conn, collection(_with_gateway(street, codes["device/1"])))
    (rotated,) = await rotate(conn, [codes["device/2"]])
    assert rotated.attributes == {"gateway": codes["device/1"]}


@pytest.mark.parametrize("gateway", ["nobody", "pole/1", "device/2", "", 7])
async def test_a_gateway_that_is_no_other_device_is_refused(
    conn: Connection, street: list[Feature], collection: Collection, gateway: object
) -> None:
    with pytest.raises(BadCityFile) as caught:
        await import_city(conn, collection(_with_gateway(street, gateway)))
    (problem,) = caught.value.problems
    assert (problem.feature, problem.field) == (4, "properties.attributes.gateway")
    rows = await (await conn.execute("SELECT count(*) FROM devices.device")).fetchone()
    assert rows == (0,)


async def test_the_broker_has_to_be_told_only_when_somebody_speaks_for_somebody_else(
    conn: Connection, street: list[Feature], collection: Collection, tmp_path: Path
) -> None:
    acl = tmp_path / "acl"
    await import_city(conn, collection(street))
    await enrol(conn)
    assert not await rights_are_current(conn, acl)
    write_private(acl, acl_file(members=await gateway_members(conn)))
    assert await rights_are_current(conn, acl)
    await import_city(conn, collection(_with_gateway(street, "device/1")))
    assert not await rights_are_current(conn, acl)


async def test_a_gateway_without_its_members_credential_speaks_for_nobody(
    conn: Connection, street: list[Feature], collection: Collection
) -> None:
    codes = (await import_city(conn, collection(_with_gateway(street, "device/1")))).codes
    await enrol(conn)
    members = "SELECT gateway_code, member_code FROM devices.gateway_now"
    assert await (await conn.execute(members)).fetchall() == [
        (codes["device/1"], codes["device/2"])
    ]
    await revoke(conn, [codes["device/2"]])
    assert codes["device/1"] not in await _acl(conn)


def test_the_rules_of_gateways_stand_before_the_patterns() -> None:
    text = acl_file((), {"G": ["M"]})
    assert text.splitlines()[:3] == [
        "user G",
        "topic write city/v1/+/+/M/telemetry",
        "topic write city/v1/+/+/M/status",
    ]
    assert text.index("topic read city/v1/+/+/M/command") < text.index("pattern ")


async def _acl(conn: Connection) -> str:
    return acl_file((), await gateway_members(conn))
