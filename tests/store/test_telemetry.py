"""Rows in: the bare COPY, and the merge that decides what became of each reading."""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from city.catalogue import PROFILES
from store.telemetry import MergeCounts, Rows, copy_rows, merge_rows, repeats

MakeRows = Callable[..., Rows]
ROWS = (
    "SELECT device_key, pm25, no2, ev_state, energy_kwh, suspect, failed, batch_id"
    " FROM store.smart_pole ORDER BY device_key, ts"
)
CONFLICTS = "SELECT device_key, metric, kept, refused FROM store.conflict ORDER BY id"


def test_a_copied_row_reads_back_as_sent(cur: psycopg.Cursor[Any], make_rows: MakeRows) -> None:
    rows = make_rows(
        (2, 0, {"pm25": 35.25, "ev_state": 2}),
        (1, 0, {"energy_kwh": 1234.56789, "no2": 1.5}),
        suspect=1 << 62,
    )
    assert copy_rows(cur, rows, 7) == MergeCounts(stored=2)
    assert cur.execute(ROWS).fetchall() == [
        (1, None, 1.5, None, 1234.56789, 1 << 62, 0, 7),
        (2, 35.25, None, 2, None, 1 << 62, 0, 7),
    ]


def test_copying_an_instant_that_is_there_is_refused_as_a_whole(
    cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    copy_rows(cur, make_rows((1, 0, {"pm25": 1})), 1)
    cur.connection.commit()
    with pytest.raises(psycopg.errors.UniqueViolation):
        copy_rows(cur, make_rows((2, 0, {"pm25": 1}), (1, 0, {"pm25": 1})), 2)


def test_the_same_reading_again_changes_nothing(
    cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    rows = make_rows((1, 0, {"pm25": 35.2}))
    merge_rows(cur, rows, 1)
    assert merge_rows(cur, rows, 2) == MergeCounts(duplicate=1)
    ((_, _, _, _, _, _, _, batch),) = cur.execute(ROWS).fetchall()
    assert batch == 1


def test_a_second_subset_of_metrics_fills_the_row_and_marks_it_as_changed(
    cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    merge_rows(cur, make_rows((1, 0, {"pm25": 5}), suspect=0), 1)
    counts = merge_rows(cur, make_rows((1, 0, {"no2": 6, "ev_state": 3}), suspect=0), 2)
    assert counts == MergeCounts(merged=1)
    assert cur.execute(ROWS).fetchall() == [(1, 5, 6, 3, None, 0, 0, 2)]


def test_a_different_second_value_is_recorded_and_the_first_kept(
    cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    merge_rows(cur, make_rows((1, 0, {"pm25": 5})), 1)
    assert merge_rows(cur, make_rows((1, 0, {"pm25": 7, "no2": 6})), 2) == MergeCounts(conflict=1)
    assert cur.execute(ROWS).fetchall() == [(1, 5, 6, None, None, 0, 0, 2)]
    assert cur.execute(CONFLICTS).fetchall() == [(1, "pm25", 5.0, 7.0)]


def test_quality_bits_come_with_the_metrics_that_are_taken_only(
    cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    pm25, no2 = 0, 3
    merge_rows(cur, make_rows((1, 0, {"pm25": 5})), 1)
    merge_rows(cur, make_rows((1, 0, {"pm25": 7, "no2": 6}), suspect=1 << pm25 | 1 << no2), 2)
    ((_, _, _, _, _, suspect, _, _),) = cur.execute(ROWS).fetchall()
    assert suspect == 1 << no2


def test_repeats_within_a_batch_are_merged_in_order(
    cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    counts = merge_rows(
        cur,
        make_rows(
            (1, 0, {"pm25": 5}),
            (2, 0, {"pm25": 1}),
            (1, 0, {"no2": 6}),
            (1, 0, {"pm25": 5}),
            (1, 0, {"pm25": 9}),
        ),
        1,
    )
    assert counts == MergeCounts(stored=2, merged=1, duplicate=1, conflict=1)
    assert cur.execute(CONFLICTS).fetchall() == [(1, "pm25", 5.0, 9.0)]


def test_a_session_merges_again_after_a_rollback_and_after_a_commit(
    cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    for end in (cur.connection.rollback, cur.connection.commit, cur.connection.commit):
        merge_rows(cur, make_rows((1, 0, {"pm25": 5})), 1)
        end()
    assert len(cur.execute(ROWS).fetchall()) == 1


def test_of_two_writers_at_once_one_stores_and_the_other_merges(
    database_url: str, cur: psycopg.Cursor[Any], make_rows: MakeRows
) -> None:
    merge_rows(cur, make_rows((1, 0, {"pm25": 5})), 1)
    counts: list[MergeCounts] = []

    def second() -> None:
        with psycopg.connect(database_url) as conn, conn.cursor() as other:
            counts.append(merge_rows(other, make_rows((1, 0, {"pm25": 7, "no2": 6})), 2))

    thread = threading.Thread(target=second)
    thread.start()
    _until_one_waits(database_url)
    cur.connection.commit()
    thread.join(20)
    assert counts == [MergeCounts(conflict=1)]
    assert cur.execute(ROWS).fetchall() == [(1, 5, 6, None, None, 0, 0, 2)]


def _until_one_waits(database_url: str) -> None:
    """For the row that another session holds."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + 20
    with psycopg.connect(database_url, autocommit=True) as conn:
        while conn.execute(waiting).fetchone() == (0,):
            assert time.monotonic() < deadline
            time.sleep(0.01)


@settings(deadline=None)
@given(
    keys=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3))),
)
def test_repeats_counts_earlier_occurrences_of_a_key(
    keys: list[tuple[int, int]],
) -> None:
    keys = sorted(keys)
    rows = Rows(
        PROFILES["smart-pole"],
        np.array([device for device, _ in keys], np.int32),
        np.array([at for _, at in keys], np.int64),
        np.zeros((0, len(keys))),
        np.zeros(len(keys), np.int64),
        np.zeros(len(keys), np.int64),
    )
    assert repeats(rows).tolist() == [keys[:at].count(key) for at, key in enumerate(keys)]


@pytest.mark.parametrize("seed", range(8))
def test_merging_agrees_with_a_dictionary(
    cur: psycopg.Cursor[Any], make_rows: MakeRows, seed: int
) -> None:
    random = np.random.default_rng(seed)
    model: dict[tuple[int, int], dict[str, float]] = {}
    expected = [0, 0, 0, 0]
    batches = []
    for _ in range(4):
        batch = []
        for _ in range(int(random.integers(1, 30))):
            device, after = int(random.integers(1, 4)), int(random.integers(0, 4))
            names = [name for name in ("pm25", "no2", "ev_state") if random.random() < 0.5]
            reading = {name: float(random.integers(0, 3)) for name in names or ["pm25"]}
            batch.append((device, after, reading))
        batches.append(batch)
    total = MergeCounts()
    for number, batch in enumerate(batches):
        for device, after, reading in batch:
            expected[_fate(model, (device, after), reading)] += 1
        total = total.plus(merge_rows(cur, make_rows(*batch), number))
    assert list(total) == expected
    stored = cur.execute(
        "SELECT pm25, no2, ev_state FROM store.smart_pole ORDER BY device_key, ts"
    ).fetchall()
    assert stored == [
        tuple(model[key].get(name) for name in ("pm25", "no2", "ev_state")) for key in sorted(model)
    ]


def _fate(
    model: dict[tuple[int, int], dict[str, float]], key: tuple[int, int], reading: dict[str, float]
) -> int:
    """Which of stored, merged, duplicate, conflict; the model takes the reading."""
    if key not in model:
        model[key] = dict(reading)
        return 0
    kept = model[key]
    is_conflict = any(kept.get(name, value) != value for name, value in reading.items())
    is_merged = any(name not in kept for name in reading)
    model[key] = {**reading, **kept}
    return 3 if is_conflict else 1 if is_merged else 2
