"""Follows the batch ledger in commit order: newest values to `store.latest`, hours that are due.

In: commits of ingest after a durable place in the ledger. Out: one row a device, hours marked.
Place, values and marks move in one transaction, so that a stop at any point repeats or loses
nothing; what is repeated changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from city.catalogue import PROFILES
from city.profiles import Metric, Profile
from store import latest, ledger, series
from store.latest import DeviceState, LatestValue, Quality
from store.ledger import Cursor, Entry
from store.series import StoredRow
from vitals import hours

NAME = "latest"
ENTRIES_AT_ONCE = 200
# Bounds the rows held in memory; one batch larger than this is still taken whole.
READINGS_AT_ONCE = 20_000

GOOD: Quality = 1
SUSPECT: Quality = 3
FAILED: Quality = 4

_PLACE = "SELECT xid, batch_id FROM vitals.follower WHERE name = %s"
_MOVE = """
INSERT INTO vitals.follower (name, xid, batch_id)
VALUES (%s, %s, %s)
ON CONFLICT (name) DO UPDATE
SET xid = excluded.xid,
    batch_id = excluded.batch_id,
    followed_at = now()
"""


@dataclass(frozen=True, slots=True)
class Followed:
    """What one step took up."""

    entries: int
    readings: int
    devices: int


async def place(conn: AsyncConnection[Any]) -> Cursor:
    """Return how far the ledger has been followed; the beginning if never."""
    row = await (await conn.execute(_PLACE, [NAME])).fetchone()
    return Cursor() if row is None else Cursor(*row)


async def lag(conn: AsyncConnection[Any], limit: int = 1000) -> int:
    """Return how many commits have not been followed yet, counting at most `limit`."""
    return len(await ledger.tail(conn, await place(conn), limit))


async def follow(conn: AsyncConnection[Any], now: datetime) -> Followed:
    """Take up the next commits, in one transaction; nothing is done when there are none."""
    async with conn.transaction():
        entries = _bounded(await ledger.tail(conn, await place(conn), ENTRIES_AT_ONCE))
        if not entries:
            return Followed(0, 0, 0)
        committed = {entry.batch_id: entry.committed_at for entry in entries}
        fresh: dict[int, DeviceState] = {}
        for profile in _profiles_of(entries):
            rows = await series.rows_in_batches(conn, profile, entries)
            fresh |= newest(profile, rows, committed)
            await hours.mark_due(conn, profile, (row.ts for row in rows), now)
        kept = await latest.latest_of(conn, list(fresh))
        await latest.upsert(conn, (newer(kept.get(key), state) for key, state in fresh.items()))
        await conn.execute(_MOVE, [NAME, *entries[-1].cursor])
    return Followed(len(entries), sum(entry.readings for entry in entries), len(fresh))


def _bounded(entries: list[Entry]) -> list[Entry]:
    readings = 0
    for count, entry in enumerate(entries):
        readings += entry.readings
        if readings > READINGS_AT_ONCE and count > 0:
            return entries[:count]
    return entries


def _profiles_of(entries: Iterable[Entry]) -> list[Profile]:
    names = {span.profile for entry in entries for span in entry.spans}
    return [profile for name, profile in PROFILES.items() if name in names]


def newest(
    profile: Profile, rows: Iterable[StoredRow], committed: Mapping[int, datetime]
) -> dict[int, DeviceState]:
    """Return each device's newest value per metric among `rows`, which may be in any order."""
    states: dict[int, DeviceState] = {}
    for row in rows:
        values = {
            metric.name: LatestValue(value, row.ts, quality(metric, row))
            for metric, value in row.measured(profile)
        }
        state = DeviceState(row.device_key, row.ts, committed[row.batch_id], values)
        states[row.device_key] = newer(states.get(row.device_key), state)
    return states


def quality(metric: Metric, row: StoredRow) -> Quality:
    """Return a metric's QARTOD flag by the row's masks."""
    bit = 1 << metric.bit
    if row.failed & bit:
        return FAILED
    return SUSPECT if row.suspect & bit else GOOD


def newer(kept: DeviceState | None, state: DeviceState) -> DeviceState:
    """Return both states of a device as one, the newer value of each metric winning."""
    if kept is None:
        return state
    metrics = dict(kept.metrics)
    for name, value in state.metrics.items():
        if name not in metrics or value.ts >= metrics[name].ts:
            metrics[name] = value
    seen_at = max(kept.seen_at, state.seen_at)
    return DeviceState(state.device_key, max(kept.ts, state.ts), seen_at, metrics)
