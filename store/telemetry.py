"""Telemetry rows into their hypertable: a bare COPY, or a merge where an instant may be there.

In: `Rows`, columns of one profile. Out: rows of ``store.<profile>``, and for a merge what became
of each. Both run in the caller's transaction.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg import sql

from city.profiles import Metric, Profile, Storage
from store.copy_binary import Column, encode
from store.hypertables import telemetry_table
from store.merge_sql import MergeStatements, statements

POSTGRES_EPOCH_US = 946_684_800_000_000
"""2000-01-01T00:00Z, from which PostgreSQL counts, in microseconds since 1970."""

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Float64s = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Readings of one profile as columns.

    Attributes:
        profile: whose table they go to.
        device_key: (n,).
        ts_us: (n,), microseconds since 1970-01-01T00:00Z.
        values: (n_metrics, n) in the order of the profile's metrics and in their units; NaN where
            not measured.
        suspect: (n,), bit mask by the metrics' bits.
        failed: (n,), likewise.
    """

    profile: Profile
    device_key: Int32s
    ts_us: Int64s
    values: Float64s
    suspect: Int64s
    failed: Int64s

    def __len__(self) -> int:
        """How many readings there are."""
        return len(self.ts_us)

    def take(self, at: npt.NDArray[Any]) -> Self:
        """The rows at these positions, or where a mask is true, in that order."""
        return type(self)(
            self.profile,
            self.device_key[at],
            self.ts_us[at],
            self.values[:, at],
            self.suspect[at],
            self.failed[at],
        )


class MergeCounts(NamedTuple):
    """What became of readings; each is counted once.

    Attributes:
        stored: new rows.
        merged: readings that filled metrics still absent from their row.
        duplicate: readings that brought nothing new.
        conflict: readings with at least one value that differs from the one kept, whatever else
            they brought.
    """

    stored: int = 0
    merged: int = 0
    duplicate: int = 0
    conflict: int = 0

    def plus(self, other: "MergeCounts") -> "MergeCounts":
        """Both together."""
        return MergeCounts(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def readings(self) -> int:
        """All of them."""
        return sum(self)


def repeats(rows: Rows) -> Int64s:
    """How often each reading's (device, time) came before in these rows: (n,), 0 for the first.

    Args:
        rows: sorted by device, then time.
    """
    if len(rows) == 0:
        return np.zeros(0, np.int64)
    is_first = np.empty(len(rows), bool)
    is_first[0] = True
    is_first[1:] = (np.diff(rows.device_key) != 0) | (np.diff(rows.ts_us) != 0)
    at = np.arange(len(rows))
    return at - np.maximum.accumulate(np.where(is_first, at, 0))


def copy_rows(cur: psycopg.Cursor[Any], rows: Rows, batch_id: int) -> MergeCounts:
    """Append rows none of which may be there yet: the fast path.

    Raises:
        psycopg.errors.UniqueViolation: one was; the transaction is lost, `merge_rows` would do.
    """
    _copy(cur, telemetry_table(rows.profile), _columns(rows, batch_id), len(rows))
    return MergeCounts(stored=len(rows))


def merge_rows(cur: psycopg.Cursor[Any], rows: Rows, batch_id: int) -> MergeCounts:
    """Append rows, or fill what is absent where the instant is there; first values win.

    A value that differs from the one kept goes to ``store.conflict``. What became of a reading is
    decided by the database while it holds the row, so two writers can't both claim it.

    Args:
        cur: in a transaction.
        rows: in the order received; the same instant may come repeatedly.
        batch_id: marks new and changed rows, so that followers find them.
    """
    # In key order two writers never wait for each other in a circle.
    rows = rows.take(np.lexsort((rows.ts_us, rows.device_key)))
    rounds = repeats(rows)
    merge = statements(rows.profile)
    if cur.execute(merge.find_stage).fetchone() == (None,):
        cur.execute(merge.create_stage)
    cur.execute(merge.clear_stage)
    columns = [*_columns(rows, batch_id), Column("round", ">i4", rounds)]
    _copy(cur, merge.stage, columns, len(rows))
    total = MergeCounts()
    for this_round in range(int(rounds.max(initial=-1)) + 1):
        count = int(np.count_nonzero(rounds == this_round))
        total = total.plus(_merge_round(cur, merge, this_round, count))
    return total


def _merge_round(
    cur: psycopg.Cursor[Any], merge: MergeStatements, this_round: int, count: int
) -> MergeCounts:
    """One reading for each instant: upsert, then look which values the rows did not take."""
    written = cur.execute(merge.upsert, {"round": this_round}).fetchone()
    if written is None:
        raise AssertionError("an aggregate without GROUP BY gives one row")
    stored, changed_keys, changed_times = written
    if stored == count:
        return MergeCounts(stored=stored)
    changed = set(zip(changed_keys or (), changed_times or (), strict=True))
    # A statement of its own: it sees rows that others committed while the upsert waited for them.
    conflicts = set(cur.execute(merge.record_conflicts, {"round": this_round}).fetchall())
    merged = len(changed - conflicts)
    return MergeCounts(stored, merged, count - stored - merged - len(conflicts), len(conflicts))


def _copy(
    cur: psycopg.Cursor[Any], table: sql.Identifier, columns: list[Column], count: int
) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        table, sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    )
    with cur.copy(statement) as copy:
        copy.write(encode(columns, count))


def _columns(rows: Rows, batch_id: int) -> list[Column]:
    """The columns that hold anything; the others keep their defaults and cost no bytes."""
    columns = [
        Column("ts", ">i8", rows.ts_us - POSTGRES_EPOCH_US),
        Column("batch_id", ">i8", np.full(len(rows), batch_id)),
        Column("device_key", ">i4", rows.device_key),
    ]
    for name, mask in (("suspect", rows.suspect), ("failed", rows.failed)):
        if mask.any():
            columns.append(Column(name, ">i8", mask))
    absent = np.isnan(rows.values)
    for at, metric in enumerate(rows.profile.metrics):
        if not absent[at].all():
            columns.append(_metric_column(metric, rows.values[at], absent[at]))
    return columns


def _metric_column(metric: Metric, values: Float64s, absent: npt.NDArray[np.bool_]) -> Column:
    is_state = bool(metric.states)
    filled = np.where(absent, 0, values) if is_state else values
    return Column(
        metric.name, _WIRE_TYPES[metric.storage], filled, absent if absent.any() else None
    )


_WIRE_TYPES = {Storage.REAL: ">f4", Storage.DOUBLE: ">f8", Storage.STATE: ">i2"}
