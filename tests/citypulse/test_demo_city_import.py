"""The whole demonstration city goes into a real registry, and again without any change."""

from typing import Any

import psycopg
import pytest

from devices.city_import import import_city
from simulators.demo_city import generate

Conn = psycopg.AsyncConnection[Any]

DEVICES = """
    SELECT profile, count(*), count(district_code), count(mounted_on_code), count(lon)
    FROM devices.device_now
    GROUP BY profile
    ORDER BY profile
"""
RELATED = "SELECT predicate, count(*) FROM registry.relation_now GROUP BY predicate"
HOMELESS = """
    SELECT external_key
    FROM registry.entity_now
    WHERE kind NOT IN ('A', 'G')
      AND district_code IS NULL
"""


@pytest.mark.timeout(600)
async def test_the_city_is_taken_in_once_and_every_device_has_its_district(conn: Conn) -> None:
    document = generate(1)
    done = await import_city(conn, document)
    assert done.created == len(document["features"])
    devices = await (await conn.execute(DEVICES)).fetchall()
    assert [(profile, count) for profile, count, *_ in devices] == [
        ("air-station", 6),
        ("energy-meter", 130),
        ("road", 526),
        ("smart-pole", 600),
        ("utility-tunnel", 240),
    ]
    for _, count, *known in devices:
        assert known == [count] * 3
    assert await (await conn.execute(HOMELESS)).fetchall() == []
    related = dict(await (await conn.execute(RELATED)).fetchall())
    assert related.pop("mountedOn") == 1502
    assert sum(related.values()) == done.relations

    again = await import_city(conn, document)
    assert (again.created, again.changed, again.mounts, again.relations) == (0, 0, 0, 0)
