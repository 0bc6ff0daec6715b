"""The batch ledger: one row for each commit of ingest, and how to follow it in commit order.

Everything that ingest does not do itself hangs on this: latest values, roll-ups, the live stream
and the books are made from the ledger and the rows it points to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from store.telemetry import MergeCounts


@dataclass(frozen=True, slots=True)
class Span:
    """What a batch wrote into one profile's table.

    Attributes:
        profile: its name.
        start: the first reading's instant.
        end: the last reading's instant, inclusive.
        rows: how many readings.
    """

    profile: str
    start: datetime
    end: datetime
    rows: int


class HourCount(NamedTuple):
    """Admitted readings of one hour of measurement, district and profile."""

    hour: datetime
    district: str
    profile: str
    readings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One commit, before it is written.

    Attributes:
        batch_id: from `next_batch_id`; the same again when a commit's outcome was unknown.
        member: which ingest process.
        messages: MQTT messages received for it.
        counts: what became of the admitted readings.
        quarantined: quarantine rows written with it.
        spans: one for each profile that has readings in it.
        hours: the admitted readings' books; hours in UTC.
        min_late_s: receipt less measurement, seconds, of the freshest reading (None: no reading).
        max_late_s: the same of the oldest.
    """

    batch_id: int
    member: str
    messages: int
    counts: MergeCounts = field(default_factory=MergeCounts)
    quarantined: int = 0
    spans: Sequence[Span] = ()
    hours: Sequence[HourCount] = ()
    min_late_s: float | None = None
    max_late_s: float | None = None


class Cursor(NamedTuple):
    """A place in the ledger, in commit order; ``Cursor()`` lies before everything."""

    xid: int = 0
    batch_id: int = 0

    def __str__(self) -> str:
        """As it stands in an event id: ``{xid}-{batch}``."""
        return f"{self.xid}-{self.batch_id}"


@dataclass(frozen=True, slots=True)
class Entry:
    """What followers need of one commit: where its rows are, and how many."""

    cursor: Cursor
    committed_at: datetime
    readings: int
    spans: tuple[Span, ...]

    @property
    def batch_id(self) -> int:
        """What its rows carry."""
        return self.cursor.batch_id


_APPEND = """
INSERT INTO store.ingest_batch (
    batch_id, member, messages, readings, stored, merged, duplicate, conflict, quarantined,
    spans, counts, min_late_s, max_late_s
) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

# A transaction that began earlier may still commit a smaller xid: only below the snapshot's xmin
# is the order final. Index: ingest_batch_tail (xid, batch_id).
_HEAD = """
SELECT xid::text::bigint, batch_id
FROM store.ingest_batch
WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid DESC, batch_id DESC
LIMIT 1
"""

_TAIL = """
SELECT xid::text::bigint, batch_id, committed_at, readings, spans
FROM store.ingest_batch
WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
  AND (xid, batch_id) > (%s::text::xid8, %s)
ORDER BY xid, batch_id
LIMIT %s
"""

_TOTALS = """
SELECT
    coalesce(sum(messages), 0)::bigint, coalesce(sum(stored), 0)::bigint,
    coalesce(sum(merged), 0)::bigint, coalesce(sum(duplicate), 0)::bigint,
    coalesce(sum(conflict), 0)::bigint, coalesce(sum(quarantined), 0)::bigint,
    max(committed_at)
FROM store.ingest_batch
WHERE committed_at >= %s
"""


# Index: the primary key, backwards; numbers are drawn just before a commit.
_LAST = "SELECT committed_at FROM store.ingest_batch ORDER BY batch_id DESC LIMIT 1"


class Totals(NamedTuple):
    """The books since some instant: sums over the ledger."""

    messages: int
    stored: int
    merged: int
    duplicate: int
    conflict: int
    quarantined: int
    last_commit_at: datetime | None


def next_batch_id(cur: psycopg.Cursor[Any]) -> int:
    """A number for a batch; a gap in them means nothing."""
    row = cur.execute("SELECT nextval('store.ingest_batch_id')").fetchone()
    assert row is not None  # noqa: S101 - nextval gives a row
    return int(row[0])


def is_committed(cur: psycopg.Cursor[Any], batch_id: int) -> bool:
    """Whether this batch was committed, for when the connection broke during COMMIT."""
    query = "SELECT 1 FROM store.ingest_batch WHERE batch_id = %s"
    return cur.execute(query, [batch_id]).fetchone() is not None


def append_batch(cur: psycopg.Cursor[Any], batch: Batch) -> None:
    """Write the one ledger row of a commit.

    Raises:
        psycopg.errors.UniqueViolation: this batch is committed already.
    """
    cur.execute(
        _APPEND,
        [
            batch.batch_id,
            batch.member,
            batch.messages,
            batch.counts.readings,
            *batch.counts,
            batch.quarantined,
            Jsonb([_span_json(span) for span in batch.spans]),
            Jsonb(_counts_json(batch.hours)),
            batch.min_late_s,
            batch.max_late_s,
        ],
    )


async def head(conn: psycopg.AsyncConnection[Any]) -> Cursor:
    """The last commit whose place in the order is final; ``Cursor()`` in an empty ledger."""
    cursor = await conn.execute(_HEAD)
    row = await cursor.fetchone()
    return Cursor() if row is None else Cursor(*row)


async def tail(conn: psycopg.AsyncConnection[Any], after: Cursor, limit: int = 100) -> list[Entry]:
    """Commits after a place, in commit order; none is ever passed over.

    A transaction that stays open, anywhere on the server, holds back what began after it.
    """
    cursor = await conn.execute(_TAIL, [str(after.xid), after.batch_id, limit])
    return [_entry(row) for row in await cursor.fetchall()]


async def totals(conn: psycopg.AsyncConnection[Any], since: datetime) -> Totals:
    """The books since an instant of commit."""
    row = await (await conn.execute(_TOTALS, [since])).fetchone()
    assert row is not None  # noqa: S101 - an aggregate gives a row
    return Totals(*row)


async def last_commit_at(conn: psycopg.AsyncConnection[Any]) -> datetime | None:
    """When ingest last committed; None in an empty ledger."""
    row = await (await conn.execute(_LAST)).fetchone()
    return None if row is None else row[0]


def _span_json(span: Span) -> dict[str, object]:
    return {
        "profile": span.profile,
        "from": span.start.isoformat(),
        "to": span.end.isoformat(),
        "rows": span.rows,
    }


def _counts_json(hours: Iterable[HourCount]) -> dict[str, dict[str, dict[str, int]]]:
    """Nested, because a list of objects would be the largest part of the ledger."""
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for hour, district, profile, readings in hours:
        key = f"{hour:%Y-%m-%dT%H:%MZ}"
        counts.setdefault(key, {}).setdefault(profile, {})[district] = readings
    return counts


def _entry(row: tuple[Any, ...]) -> Entry:
    xid, batch_id, committed_at, readings, spans = row
    return Entry(
        Cursor(xid, batch_id),
        committed_at,
        readings,
        tuple(
            Span(span["profile"], _time(span["from"]), _time(span["to"]), span["rows"])
            for span in spans
        ),
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
