"""Readings of many devices at once: hourly means for indices, and each device's newest rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from city.profiles import Metric, Profile
from store import aggregates
from store.hypertables import telemetry_table

SHORTEST_SLOT_S = 60


class HourMean(NamedTuple):
    """One device's hour.

    Attributes:
        device_key: whose.
        hour: its first instant.
        means: of each metric asked for, in its unit; None where nothing valid was measured.
        sampled_s: for each metric, seconds of the hour that measurements stand for.
    """

    device_key: int
    hour: datetime
    means: tuple[float | None, ...]
    sampled_s: tuple[int, ...]


class NewRow(NamedTuple):
    """One of a device's newest rows: its values of the metrics asked for, all of them there."""

    device_key: int
    ts: datetime
    values: tuple[float, ...]


class Aggregate(NamedTuple):
    """One device's metric over a span, and when the newest value of it was measured."""

    newest_at: datetime
    value: float


# Readings are first brought together by slot, so that a burst does not outweigh a quiet stretch.
# The unique index (device_key, ts) is used for a few devices, the chunks are scanned for all.
_HOURS = sql.SQL("""
WITH slot AS (
    SELECT device_key, time_bucket(%(slot)s, ts) AS ts, {slot_means}
    FROM {table}
    WHERE device_key = ANY(%(devices)s)
      AND ts >= %(start)s
      AND ts < %(end)s
    GROUP BY 1, 2
)
SELECT device_key, time_bucket('1 hour', ts) AS hour, {means}, {counts}
FROM slot
GROUP BY 1, 2
ORDER BY 1, 2
""")
_SLOT_MEAN = sql.SQL("avg({metric}) FILTER (WHERE failed & {bit}::bigint = 0) AS {metric}")

# The unique index (device_key, ts), or the newest chunks.
_OVER = sql.SQL("""
WITH reading AS (
    SELECT device_key, ts, {metric}::double precision AS v, {weight} AS w
    FROM {table}
    WHERE device_key = ANY(%(devices)s)
      AND ts >= %(from)s
      AND ts < %(end)s
      AND failed & {bit}::bigint = 0
      AND {metric} IS NOT NULL
),
risen AS (
    SELECT reading.*, {rise} AS rise
    FROM reading
    WINDOW by_time AS (PARTITION BY device_key ORDER BY ts)
)
SELECT device_key, max(ts) AS newest_at, {value} AS value
FROM risen
WHERE ts >= %(start)s
GROUP BY device_key
""")

# One descent of the unique index (device_key, ts) a device.
_NEWEST = sql.SQL("""
SELECT device.device_key, newest.*
FROM unnest(%(devices)s::integer[]) AS device (device_key)
CROSS JOIN LATERAL (
    SELECT ts, {metrics}
    FROM {table} AS reading
    WHERE reading.device_key = device.device_key
      AND reading.ts >= %(since)s
      AND reading.failed & {bits}::bigint = 0
      AND {are_there}
    ORDER BY reading.ts DESC
    LIMIT %(count)s
) AS newest
ORDER BY device.device_key, newest.ts DESC
""")


async def hour_means(
    conn: psycopg.AsyncConnection[Any],
    profile: Profile,
    metrics: Sequence[str],
    *,
    devices: Sequence[int],
    start: datetime,
    end: datetime,
) -> list[HourMean]:
    """Arithmetic means per device and hour of what was measured in [start, end).

    Values flagged failed are left out. A profile that measures hourly has one value an hour, which
    stands for all of it.

    Raises:
        UnknownMetric: the profile has none of such a name.
    """
    slot_s = max(SHORTEST_SLOT_S, profile.interval_s)
    wanted = [profile.metric(name) for name in metrics]
    names = [sql.Identifier(metric.name) for metric in wanted]
    statement = _HOURS.format(
        table=telemetry_table(profile),
        slot_means=_list(
            _SLOT_MEAN.format(metric=sql.Identifier(m.name), bit=_mask([m])) for m in wanted
        ),
        means=_list(sql.SQL("avg({})").format(name) for name in names),
        counts=_list(sql.SQL("count({})").format(name) for name in names),
    )
    parameters = {
        "devices": list(devices),
        "start": start,
        "end": end,
        "slot": timedelta(seconds=slot_s),
    }
    cursor = await conn.execute(statement, parameters)
    count = len(wanted)
    return [
        HourMean(row[0], row[1], row[2 : 2 + count], tuple(slot_s * n for n in row[2 + count :]))
        for row in await cursor.fetchall()
    ]


async def newest_rows(
    conn: psycopg.AsyncConnection[Any],
    profile: Profile,
    metrics: Sequence[str],
    *,
    devices: Sequence[int],
    since: datetime,
    count: int,
) -> list[NewRow]:
    """Each device's newest `count` rows since an instant that have all these metrics, newest first.

    Rows in which one of them is flagged failed are passed over.

    Raises:
        UnknownMetric: the profile has none of such a name.
    """
    wanted = [profile.metric(name) for name in metrics]
    there = (sql.SQL("{} IS NOT NULL").format(sql.Identifier(m.name)) for m in wanted)
    statement = _NEWEST.format(
        table=telemetry_table(profile),
        metrics=_list(sql.Identifier(metric.name) for metric in wanted),
        bits=_mask(wanted),
        are_there=sql.SQL(" AND ").join(there),
    )
    parameters = {"devices": list(devices), "since": since, "count": count}
    cursor = await conn.execute(statement, parameters)
    return [NewRow(row[0], row[1], row[2:]) for row in await cursor.fetchall()]


async def over(
    conn: psycopg.AsyncConnection[Any],
    profile: Profile,
    metric: str,
    *,
    devices: Sequence[int],
    start: datetime,
    end: datetime,
    look_back: timedelta = timedelta(0),
) -> dict[int, Aggregate]:
    """One metric of many devices over [start, end), brought together as its physics demands.

    Of a counter it is the increase, across resets and roll-overs, counted from a reading up to
    `look_back` before the start. Devices without a good value are left out.

    Raises:
        UnknownMetric: the profile has none of such a name.
    """
    wanted = profile.metric(metric)
    statement = _OVER.format(
        table=telemetry_table(profile),
        metric=sql.Identifier(wanted.name),
        weight=aggregates.weight(profile, wanted),
        bit=_mask([wanted]),
        rise=aggregates.rise(wanted),
        value=aggregates.expression(wanted),
    )
    parameters = {"devices": list(devices), "from": start - look_back, "start": start, "end": end}
    cursor = await conn.execute(statement, parameters)
    return {key: Aggregate(newest, value) for key, newest, value in await cursor.fetchall()}


def _mask(metrics: Sequence[Metric]) -> sql.Literal:
    return sql.Literal(sum(1 << metric.bit for metric in metrics))


def _list(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)
