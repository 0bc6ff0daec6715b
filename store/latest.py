"""The newest value of each device and metric, one row a device.

Written by the follower of the ledger alone, about once a second: not by ingest, whose commits
would cost several times as much.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import psycopg
from psycopg.types.json import Jsonb

Quality = Literal[1, 3, 4]
"""QARTOD flags: 1 good, 3 suspect, 4 fail."""


@dataclass(frozen=True, slots=True)
class LatestValue:
    """The newest value of one metric.

    Attributes:
        value: in the catalogue's unit.
        ts: when it was measured.
        quality: its flag.
    """

    value: float
    ts: datetime
    quality: Quality


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What is newest of one device.

    Attributes:
        device_key: whose.
        ts: the newest reading's instant.
        seen_at: when the database committed it.
        metrics: by name; a metric that was never measured is absent.
    """

    device_key: int
    ts: datetime
    seen_at: datetime
    metrics: Mapping[str, LatestValue]


# Metrics of the row that is there and not among the new ones stay.
_UPSERT = """
INSERT INTO store.latest AS kept (device_key, ts, seen_at, metrics)
SELECT * FROM unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[], %s::jsonb[])
    AS fresh (device_key, ts, seen_at, metrics)
ORDER BY device_key
ON CONFLICT (device_key) DO UPDATE
SET ts = greatest(kept.ts, excluded.ts),
    seen_at = greatest(kept.seen_at, excluded.seen_at),
    metrics = kept.metrics || excluded.metrics
"""


async def upsert(conn: psycopg.AsyncConnection[Any], states: Iterable[DeviceState]) -> None:
    """Write the states of many devices, each device once.

    A metric given replaces the one that is there: the caller holds the newest.
    """
    rows = [
        (state.device_key, state.ts, state.seen_at, Jsonb(_to_json(state.metrics)))
        for state in states
    ]
    if rows:
        await conn.execute(_UPSERT, [list(column) for column in zip(*rows, strict=True)])


async def latest_of(
    conn: psycopg.AsyncConnection[Any], device_keys: Sequence[int]
) -> dict[int, DeviceState]:
    """The states of these devices, by key; those that never reported are left out."""
    query = "SELECT device_key, ts, seen_at, metrics FROM store.latest WHERE device_key = ANY(%s)"
    cursor = await conn.execute(query, [list(device_keys)])
    return {row[0]: _state(row) for row in await cursor.fetchall()}


async def newest_times(conn: psycopg.AsyncConnection[Any]) -> dict[int, datetime]:
    """The instant of each device's newest reading, by its key; values left aside."""
    return dict(await (await conn.execute("SELECT device_key, ts FROM store.latest")).fetchall())


def _to_json(metrics: Mapping[str, LatestValue]) -> dict[str, dict[str, object]]:
    return {
        name: {"v": latest.value, "ts": latest.ts.isoformat(), "q": latest.quality}
        for name, latest in metrics.items()
    }


def _state(row: tuple[Any, ...]) -> DeviceState:
    device_key, ts, seen_at, metrics = row
    return DeviceState(
        device_key,
        ts,
        seen_at,
        {
            name: LatestValue(entry["v"], datetime.fromisoformat(entry["ts"]), entry["q"])
            for name, entry in metrics.items()
        },
    )
