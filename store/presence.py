"""Which instants are stored of which devices: to compare with what was sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from city.profiles import Profile
from store.hypertables import telemetry_table


class Span(NamedTuple):
    """A stretch of one device's readings, both ends included."""

    device_key: int
    first: datetime
    last: datetime


class Present(NamedTuple):
    """What is stored of a `Span`.

    Attributes:
        device_key: whose.
        rows: all of them.
        instants: different ones; the unique key makes it the same number.
        sum_ms: of all rows, milliseconds after the span's first instant.
    """

    device_key: int
    rows: int
    instants: int
    sum_ms: int


# The unique index (device_key, ts), one range a device.
_COUNTED = sql.SQL("""
SELECT
    wanted.device_key,
    count(row.ts),
    count(DISTINCT row.ts),
    coalesce(sum(round(extract(epoch FROM row.ts - wanted.first) * 1000)), 0)::bigint
FROM unnest(%(keys)s::int4[], %(firsts)s::timestamptz[], %(lasts)s::timestamptz[])
    AS wanted (device_key, first, last)
LEFT JOIN {table} AS row
    ON row.device_key = wanted.device_key
   AND row.ts >= wanted.first
   AND row.ts <= wanted.last
   AND row.batch_id > %(after)s
GROUP BY wanted.device_key, wanted.first
""")

_INSTANTS = sql.SQL("""
SELECT ts
FROM {table}
WHERE device_key = %(key)s
  AND ts >= %(first)s
  AND ts <= %(last)s
  AND batch_id > %(after)s
""")

_BEFORE = """
SELECT coalesce(max(batch_id), 0)
FROM store.ingest_batch
WHERE committed_at < %s
"""


async def last_batch_before(conn: psycopg.AsyncConnection[Any], instant: datetime) -> int:
    """The newest batch that was committed before an instant; 0 without any."""
    row = await (await conn.execute(_BEFORE, [instant])).fetchone()
    return 0 if row is None else int(row[0])


async def present(
    conn: psycopg.AsyncConnection[Any],
    profile: Profile,
    spans: Sequence[Span],
    *,
    after_batch: int = 0,
) -> dict[int, Present]:
    """How much later batches have stored of each span, by device key; one span a device."""
    query = _COUNTED.format(table=telemetry_table(profile))
    parameters = {
        "keys": [span.device_key for span in spans],
        "firsts": [span.first for span in spans],
        "lasts": [span.last for span in spans],
        "after": after_batch,
    }
    cursor = await conn.execute(query, parameters)
    return {row[0]: Present(*row) for row in await cursor.fetchall()}


async def instants(
    conn: psycopg.AsyncConnection[Any], profile: Profile, span: Span, *, after_batch: int = 0
) -> set[datetime]:
    """Every instant that later batches have stored of one span."""
    query = _INSTANTS.format(table=telemetry_table(profile))
    parameters = {
        "key": span.device_key,
        "first": span.first,
        "last": span.last,
        "after": after_batch,
    }
    cursor = await conn.execute(query, parameters)
    return {row[0] for row in await cursor.fetchall()}
