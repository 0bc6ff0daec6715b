"""Series: thinned as each metric's physics demands, failed values left out, gaps kept."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest

from city.catalogue import PROFILES
from city.errors import UnknownMetric
from store import ledger
from store.errors import BadRange
from store.ledger import Batch, Cursor, Span
from store.series import bucket_seconds, buckets, rows_in_batches, series
from store.telemetry import Rows, copy_rows, merge_rows

MakeRows = Callable[..., Rows]
POLE = PROFILES["smart-pole"]
START = datetime.fromtimestamp(1_704_067_200, UTC)
HOUR = timedelta(hours=1)
MINUTE_S = 60


def put(cur: psycopg.Cursor[Any], rows: Rows, batch_id: int = 1) -> None:
    copy_rows(cur, rows, batch_id)
    cur.connection.commit()


async def value_of(
    conn: psycopg.AsyncConnection[Any],
    cur: psycopg.Cursor[Any],
    make_rows: MakeRows,
    metric: str,
    values: list[float],
) -> float:
    """What readings a second apart come to in one bucket."""
    put(cur, make_rows(*((1, at, {metric: value}) for at, value in enumerate(values))))
    found = await buckets(conn, POLE, 1, metric, START, START + HOUR, 3600)
    (point,) = found.points
    assert (point.low, point.high, point.readings) == (min(values), max(values), len(values))
    return point.value


@pytest.mark.parametrize(
    ("metric", "values", "expected"),
    [
        pytest.param("pm25", [10, 20, 60], 30, id="a mean"),
        pytest.param(
            "noise_db", [60, 70], 10 * math.log10((1e6 + 1e7) / 2), id="an energy mean of decibels"
        ),
        pytest.param("wind_direction_deg", [350, 20], 5, id="a circular mean across north"),
        pytest.param("wind_direction_deg", [340, 350], 345, id="a circular mean below north"),
        pytest.param("tilt_deg", [1, 3, 2], 3, id="a maximum"),
        pytest.param("lamp_dim_pct", [50, 80, 20], 20, id="the last"),
        pytest.param("rain_mm", [0.5, 0.25], 0.75, id="a sum"),
        pytest.param("energy_kwh", [100, 103, 110], 10, id="a counter's increase"),
        pytest.param("energy_kwh", [100, 103, 2, 4], 7, id="a counter across its reset"),
    ],
)
async def test_a_bucket_brings_readings_together_as(
    conn: psycopg.AsyncConnection[Any],
    cur: psycopg.Cursor[Any],
    make_rows: MakeRows,
    metric: str,
    values: list[float],
    expected: float,
) -> None:
    value = await value_of(conn, cur, make_rows, metric, values)
    assert value == pytest.approx(expected, abs=1e-4)


async def test_a_counters_increase_counts_from_the_reading_before_the_range(
    conn: psycopg.AsyncConnection[Any], cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    put(cur, make_rows((1, -30, {"energy_kwh": 5}), (1, 30, {"energy_kwh": 8})))
    found = await buckets(conn, POLE, 1, "energy_kwh", START, START + HOUR, 3600)
    assert [point.value for point in found.points] == [3]


async def test_readings_that_fit_come_as_they_are(
    conn: psycopg.AsyncConnection[Any], cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    put(cur, make_rows(*((1, at * 10, {"pm25": at}) for at in range(5))))
    found = await series(conn, POLE, 1, "pm25", START, START + HOUR, points=5)
    assert found.bucket_s is None
    assert [point.value for point in found.points] == [0, 1, 2, 3, 4]
    assert found.points[1].ts == START + timedelta(seconds=10)


async def test_more_readings_than_points_are_thinned_and_none_is_lost(
    conn: psycopg.AsyncConnection[Any], cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    put(cur, make_rows(*((1, at * 10, {"pm25": at}) for at in range(360))))
    found = await series(conn, POLE, 1, "pm25", START, START + HOUR, points=20)
    assert found.bucket_s == 300
    assert len(found.points) <= 20
    assert sum(point.readings for point in found.points) == 360


async def test_a_gap_stays_a_gap(
    conn: psycopg.AsyncConnection[Any], cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    put(cur, make_rows((1, 0, {"pm25": 1}), (1, 600, {"pm25": 2})))
    found = await buckets(conn, POLE, 1, "pm25", START, START + HOUR, MINUTE_S)
    assert [point.ts for point in found.points] == [START, START + timedelta(minutes=10)]


async def test_failed_values_are_left_out_and_those_of_other_metrics_are_not(
    conn: psycopg.AsyncConnection[Any], cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    rows = make_rows((1, 0, {"pm25": 1, "no2": 5}), (1, 1, {"pm25": -9, "no2": 6}))
    rows.failed[1] = 1 << POLE.metric("pm25").bit
    put(cur, rows)
    pm25 = await series(conn, POLE, 1, "pm25", START, START + HOUR)
    no2 = await series(conn, POLE, 1, "no2", START, START + HOUR)
    assert [point.value for point in pm25.points] == [1]
    assert [point.value for point in no2.points] == [5, 6]


async def test_the_range_is_half_open_and_the_device_ones_own(
    conn: psycopg.AsyncConnection[Any], cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    put(cur, make_rows((1, 0, {"pm25": 1}), (1, 3600, {"pm25": 2}), (2, 5, {"pm25": 3})))
    found = await series(conn, POLE, 1, "pm25", START, START + HOUR)
    assert [point.value for point in found.points] == [1]


@pytest.mark.parametrize(
    ("end", "points", "rule"),
    [
        pytest.param(START, 10, "must be after from", id="an empty range"),
        pytest.param(START + HOUR, 0, "points: 0|points: '0'", id="no points"),
        pytest.param(START + HOUR, 10_001, "from 1 to 10000", id="too many points"),
        pytest.param(datetime(2027, 1, 1), 10, "with an offset", id="a naive time"),  # noqa: DTZ001
    ],
)
async def test_what_can_not_be_answered_is_refused(
    conn: psycopg.AsyncConnection[Any], end: datetime, points: int, rule: str
) -> None:
    with pytest.raises(BadRange, match=rule):
        await series(conn, POLE, 1, "pm25", START, end, points)


async def test_an_unknown_metric_is_refused(conn: psycopg.AsyncConnection[Any]) -> None:
    with pytest.raises(UnknownMetric):
        await series(conn, POLE, 1, "pm2.5", START, START + HOUR)


@pytest.mark.parametrize("points", [1, 2, 10, 499, 500, 10_000])
@pytest.mark.parametrize("days", [0.01, 1, 30, 3650])
def test_buckets_never_make_more_points_than_asked_for(points: int, days: float) -> None:
    span = timedelta(days=days)
    bucket_s = bucket_seconds(START, START + span, points)
    whole = span.total_seconds() / bucket_s
    assert math.ceil(whole) <= max(points, 1)


async def test_followers_get_the_rows_a_commit_wrote_or_changed_last(
    conn: psycopg.AsyncConnection[Any], cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    put(cur, make_rows((1, 0, {"pm25": 1}), (2, 0, {"pm25": 2})), batch_id=10)
    merge_rows(cur, make_rows((2, 0, {"no2": 3}), (3, 90_000, {"no2": 4})), 11)
    span = Span("smart-pole", START, START + timedelta(days=2), 2)
    for number in (10, 11):
        ledger.append_batch(cur, Batch(batch_id=number, member="m", messages=2, spans=[span]))
    cur.connection.commit()
    first, second = await ledger.tail(conn, Cursor())
    rows = await rows_in_batches(conn, POLE, [first])
    assert [row.device_key for row in rows] == [1]
    rows = await rows_in_batches(conn, POLE, [first, second])
    measured = [
        (row.device_key, {metric.name: value for metric, value in row.measured(POLE)})
        for row in rows
    ]
    assert measured == [(1, {"pm25": 1}), (2, {"pm25": 2, "no2": 3}), (3, {"no2": 4})]
    assert await rows_in_batches(conn, PROFILES["air-station"], [first]) == []


async def test_every_metric_of_every_profile_can_be_read(
    conn: psycopg.AsyncConnection[Any], cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    names = {metric.name: 1.0 for metric in POLE.metrics}
    put(cur, make_rows((1, 0, names), (1, 1, names)))
    for name in names:
        found = await series(conn, POLE, 1, name, START, START + HOUR, points=1)
        assert [point.readings for point in found.points] == [2]
        assert np.isfinite(found.points[0].value)
