"""How readings are brought together in SQL, against the arithmetic done by hand."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from city.catalogue import profile
from city.profiles import Profile
from store.hypertables import telemetry_table
from store.series import Series, buckets

ROAD = profile("road")
METER = profile("energy-meter")
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
DEVICE = 7
Conn = psycopg.AsyncConnection[Any]


async def stored(conn: Conn, of: Profile, rows: Iterable[Mapping[str, float]]) -> None:
    """One row a minute."""
    for minute, row in enumerate(rows):
        columns: dict[str, Any] = {
            "device_key": DEVICE,
            "batch_id": 1,
            "ts": START + timedelta(minutes=minute),
        }
        values = columns | dict(row)
        await conn.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                telemetry_table(of),
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join(map(sql.Placeholder, values)),
            ),
            values,
        )


async def one_bucket(conn: Conn, of: Profile, metric: str) -> Series:
    end = START + timedelta(hours=1)
    return await buckets(conn, of, DEVICE, metric, START, end, 3600)


async def value(conn: Conn, of: Profile, metric: str) -> float:
    (point,) = (await one_bucket(conn, of, metric)).points
    return point.value


async def test_speed_is_distance_over_time_of_all_vehicles(conn: Conn) -> None:
    rows = [{"flow_veh_h": 1800, "speed_kmh": 60}, {"flow_veh_h": 600, "speed_kmh": 20}]
    await stored(conn, ROAD, rows)
    # 2,400 vehicles on one kilometre: 1800/60 h + 600/20 h = 60 h; the plain mean would say 40.
    assert await value(conn, ROAD, "speed_kmh") == pytest.approx(2400 / 60)


async def test_who_stands_and_is_not_counted_does_not_weigh(conn: Conn) -> None:
    rows = [{"flow_veh_h": 0, "speed_kmh": 0}, {"flow_veh_h": 900, "speed_kmh": 45}]
    await stored(conn, ROAD, rows)
    assert await value(conn, ROAD, "speed_kmh") == pytest.approx(45)


async def test_a_queue_that_stands_has_speed_nought(conn: Conn) -> None:
    await stored(conn, ROAD, [{"flow_veh_h": 0, "speed_kmh": 0}] * 3)
    assert await value(conn, ROAD, "speed_kmh") == 0


async def test_speeds_without_any_count_are_averaged(conn: Conn) -> None:
    await stored(conn, ROAD, [{"speed_kmh": 40}, {"speed_kmh": 60}])
    assert await value(conn, ROAD, "speed_kmh") == pytest.approx(50)


async def test_a_failed_flow_weighs_nothing(conn: Conn) -> None:
    flow_failed = 1 << ROAD.metric("flow_veh_h").bit
    rows = [
        {"flow_veh_h": 17_999, "speed_kmh": 5, "failed": flow_failed},
        {"flow_veh_h": 900, "speed_kmh": 45},
    ]
    await stored(conn, ROAD, rows)
    assert await value(conn, ROAD, "speed_kmh") == pytest.approx(45)


async def test_a_failed_speed_is_not_there(conn: Conn) -> None:
    speed_failed = 1 << ROAD.metric("speed_kmh").bit
    rows = [
        {"flow_veh_h": 900, "speed_kmh": 251, "failed": speed_failed},
        {"flow_veh_h": 900, "speed_kmh": 45},
    ]
    await stored(conn, ROAD, rows)
    (point,) = (await one_bucket(conn, ROAD, "speed_kmh")).points
    assert point.value == pytest.approx(45)
    assert point.readings == 1


async def test_a_door_open_for_a_moment_is_open_in_the_bucket(conn: Conn) -> None:
    tunnel = profile("utility-tunnel")
    await stored(conn, tunnel, [{"door_state": 0}, {"door_state": 1}, {"door_state": 0}])
    assert await value(conn, tunnel, "door_state") == 1


@pytest.mark.parametrize(
    ("readings", "increase"),
    [
        ((10.0, 11.5, 14.0), 4.0),
        ((999_990.0, 999_998.0, 4.0, 10.0), 20.0),  # rolled over at 1,000,000
        ((500_000.0, 500_002.0, 0.0, 3.0), 5.0),  # half full: somebody put in a new meter
    ],
    ids=["rises", "rolls over", "is reset"],
)
async def test_a_register_only_ever_adds(
    conn: Conn, readings: tuple[float, ...], increase: float
) -> None:
    await stored(conn, METER, [{"water_m3": reading} for reading in readings])
    assert await value(conn, METER, "water_m3") == pytest.approx(increase)
