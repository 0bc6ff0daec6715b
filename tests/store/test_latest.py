"""Newest values: one row a device, metrics kept until they are replaced."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from store import latest
from store.latest import DeviceState, LatestValue

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=5)


def state(key: int, ts: datetime, **metrics: float) -> DeviceState:
    values = {name: LatestValue(value, ts, 1) for name, value in metrics.items()}
    return DeviceState(key, ts, ts, values)


async def test_states_read_back_as_written(conn: psycopg.AsyncConnection[Any]) -> None:
    states = [state(2, NOON, pm25=1.5), state(1, LATER, no2=2.0)]
    await latest.upsert(conn, states)
    assert await latest.latest_of(conn, [1, 2]) == {2: states[0], 1: states[1]}
    assert await latest.latest_of(conn, [2, 9]) == {2: states[0]}
    assert await latest.newest_times(conn) == {2: NOON, 1: LATER}


async def test_a_metric_that_is_not_in_the_update_keeps_its_value(
    conn: psycopg.AsyncConnection[Any],
) -> None:
    await latest.upsert(conn, [state(1, NOON, pm25=1, no2=2)])
    await latest.upsert(conn, [state(1, LATER, pm25=3)])
    kept = (await latest.latest_of(conn, [1]))[1]
    assert kept.ts == LATER
    assert kept.metrics == {"pm25": LatestValue(3, LATER, 1), "no2": LatestValue(2, NOON, 1)}


async def test_nothing_to_write_is_nothing(conn: psycopg.AsyncConnection[Any]) -> None:
    await latest.upsert(conn, [])
    assert await latest.newest_times(conn) == {}
