"""Readings out: one metric of one device over time, thinned on the server, and a batch's rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from city.profiles import Aggregation, Metric, Profile
from store.aggregates import expression, rise, weight
from store.errors import BadRange
from store.hypertables import telemetry_table
from store.ledger import Entry

MAX_POINTS = 10_000
LOOK_BACK = timedelta(days=1)
"""How far before a range the counter reading is looked for that its first increase counts from."""

_NICE_BUCKETS_S = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200, 86_400),
)


class Point(NamedTuple):
    """A reading, or what several readings in a bucket come to.

    Attributes:
        ts: the reading's instant, or the bucket's start.
        value: as the metric is brought together: of a counter, the increase within the bucket.
        low: smallest reading.
        high: largest reading.
        readings: how many of them.
    """

    ts: datetime
    value: float
    low: float
    high: float
    readings: int


@dataclass(frozen=True, slots=True)
class Series:
    """A metric over [start, end), in its unit; a bucket without readings has no point.

    Attributes:
        metric: what was measured.
        start: first instant asked for.
        end: first instant no longer asked for.
        bucket_s: seconds in a bucket; None when these are the readings themselves, of a counter
            then its own readings and not increases.
        points: in order of time.
    """

    metric: Metric
    start: datetime
    end: datetime
    bucket_s: int | None
    points: tuple[Point, ...]


class StoredRow(NamedTuple):
    """One telemetry row; ``values`` in the order of its profile's metrics, None where absent."""

    device_key: int
    ts: datetime
    batch_id: int
    suspect: int
    failed: int
    values: tuple[float | None, ...]

    def measured(self, profile: Profile) -> Iterator[tuple[Metric, float]]:
        """The metrics that are there, with their values."""
        for metric, value in zip(profile.metrics, self.values, strict=True):
            if value is not None:
                yield metric, value


# The unique index (device_key, ts) carries all three: one stretch of it, in one chunk or a few.
_RAW = sql.SQL("""
SELECT ts, {metric}::double precision
FROM {table}
WHERE device_key = %(device_key)s
  AND ts >= %(start)s
  AND ts < %(end)s
  AND {metric} IS NOT NULL
  AND failed & {bit}::bigint = 0
ORDER BY ts
LIMIT %(limit)s
""")

_BUCKETS = sql.SQL("""
WITH reading AS (
    SELECT ts, {metric}::double precision AS v, {weight} AS w
    FROM {table}
    WHERE device_key = %(device_key)s
      AND ts >= %(from)s
      AND ts < %(end)s
      AND {metric} IS NOT NULL
      AND failed & {bit}::bigint = 0
), rising AS (
    SELECT ts, v, w, {rise} AS rise
    FROM reading
    WINDOW by_time AS (ORDER BY ts)
)
SELECT time_bucket(%(bucket)s, ts) AS bucket, {aggregate}, min(v), max(v), count(*)
FROM rising
WHERE ts >= %(start)s
GROUP BY bucket
ORDER BY bucket
""")

# BRIN on batch_id; the times only leave out chunks.
_BATCHES = sql.SQL("""
SELECT device_key, ts, batch_id, suspect, failed, {metrics}
FROM {table}
WHERE batch_id BETWEEN %(first)s AND %(last)s
  AND batch_id = ANY(%(batches)s)
  AND ts BETWEEN %(start)s AND %(end)s
ORDER BY batch_id, ts
""")


async def series(
    conn: psycopg.AsyncConnection[Any],
    profile: Profile,
    device_key: int,
    metric: str,
    start: datetime,
    end: datetime,
    points: int = 500,
) -> Series:
    """One metric of one device in [start, end): the readings where they fit, else buckets.

    Values flagged failed are left out; suspect ones are not.

    Raises:
        BadRange: end not after start, or more points than `MAX_POINTS`.
        UnknownMetric: the profile has none of this name.
    """
    _check(start, end, points)
    measured = profile.metric(metric)
    parameters = {"device_key": device_key, "start": start, "end": end, "limit": points + 1}
    cursor = await conn.execute(_RAW.format(**_parts(profile, measured)), parameters)
    rows = await cursor.fetchall()
    if len(rows) <= points:
        raw = tuple(Point(ts, value, value, value, 1) for ts, value in rows)
        return Series(measured, start, end, None, raw)
    bucket_s = bucket_seconds(start, end, points)
    return await buckets(conn, profile, device_key, metric, start, end, bucket_s)


async def buckets(
    conn: psycopg.AsyncConnection[Any],
    profile: Profile,
    device_key: int,
    metric: str,
    start: datetime,
    end: datetime,
    bucket_s: int,
) -> Series:
    """One metric of one device in [start, end), brought together in buckets of this length.

    Buckets are aligned to UTC midnight; the first and the last may be cut by the range.

    Raises:
        BadRange: see `series`.
        UnknownMetric: the profile has none of this name.
    """
    _check(start, end, 1)
    measured = profile.metric(metric)
    is_counter = measured.aggregation is Aggregation.COUNTER_DIFFERENCE
    statement = _BUCKETS.format(
        **_parts(profile, measured),
        aggregate=expression(measured),
        weight=weight(profile, measured),
        rise=rise(measured),
    )
    parameters = {
        "device_key": device_key,
        "from": start - LOOK_BACK if is_counter else start,
        "start": start,
        "end": end,
        "bucket": timedelta(seconds=bucket_s),
    }
    cursor = await conn.execute(statement, parameters)
    return Series(
        measured, start, end, bucket_s, tuple(Point(*row) for row in await cursor.fetchall())
    )


async def rows_in_batches(
    conn: psycopg.AsyncConnection[Any], profile: Profile, entries: Iterable[Entry]
) -> list[StoredRow]:
    """The rows that these commits wrote or changed last, for followers of the ledger.

    A row that a later commit has changed since is found under the later one only.
    """
    spans = [
        (entry.batch_id, span)
        for entry in entries
        for span in entry.spans
        if span.profile == profile.name
    ]
    if not spans:
        return []
    batches = [batch for batch, _ in spans]
    statement = _BATCHES.format(
        table=telemetry_table(profile),
        metrics=sql.SQL(", ").join(sql.Identifier(metric.name) for metric in profile.metrics),
    )
    parameters = {
        "first": min(batches),
        "last": max(batches),
        "batches": batches,
        "start": min(span.start for _, span in spans),
        "end": max(span.end for _, span in spans),
    }
    cursor = await conn.execute(statement, parameters)
    return [_stored(row) for row in await cursor.fetchall()]


def _stored(row: tuple[Any, ...]) -> StoredRow:
    device_key, ts, batch_id, suspect, failed, *values = row
    return StoredRow(device_key, ts, batch_id, suspect, failed, tuple(values))


def bucket_seconds(start: datetime, end: datetime, points: int) -> int:
    """The shortest bucket of a customary length that gives at most ``points`` of them."""
    wanted = (end - start).total_seconds() / max(points - 1, 1)  # one more: the cut ones
    for bucket_s in _NICE_BUCKETS_S:
        if bucket_s >= wanted:
            return bucket_s
    return -(-int(wanted + 1) // _NICE_BUCKETS_S[-1]) * _NICE_BUCKETS_S[-1]


def _check(start: datetime, end: datetime, points: int) -> None:
    if start.tzinfo is None or end.tzinfo is None:
        raise BadRange("from, to", (start, end), "must be times with an offset")
    if end <= start:
        raise BadRange("to", end.isoformat(), f"must be after from ({start.isoformat()})")
    if not 1 <= points <= MAX_POINTS:
        raise BadRange("points", points, f"must be from 1 to {MAX_POINTS}")


def _parts(profile: Profile, metric: Metric) -> dict[str, sql.Composable]:
    return {
        "table": telemetry_table(profile),
        "metric": sql.Identifier(metric.name),
        "bit": sql.Literal(1 << metric.bit),
    }
