"""The ledger is followed in commit order, and nobody is ever passed over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from store import ledger
from store.ledger import Batch, Cursor, HourCount, Span
from store.telemetry import MergeCounts

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

WHOLE = (
    "SELECT member, messages, readings, stored, merged, duplicate, conflict, quarantined, counts,"
    " min_late_s, max_late_s FROM store.ingest_batch"
)


def batch(number: int, **changes: Any) -> Batch:
    return Batch(batch_id=number, member="ingest-0", messages=1, **changes)


async def test_an_entry_reads_back_as_written(
    conn: psycopg.AsyncConnection[Any], cur: psycopg.Cursor[Any]
) -> None:
    written = batch(
        ledger.next_batch_id(cur),
        counts=MergeCounts(5, 2, 1, 1),
        quarantined=3,
        spans=(Span("smart-pole", NOON, NOON + timedelta(seconds=1), 9),),
        hours=(HourCount(NOON, "110101", "smart-pole", 9),),
        min_late_s=0.5,
        max_late_s=1.5,
    )
    ledger.append_batch(cur, written)
    cur.connection.commit()
    cursor = await conn.execute(WHOLE)
    assert await cursor.fetchall() == [
        (
            "ingest-0",
            1,
            9,
            *written.counts,
            3,
            {"2026-11-22T12:00Z": {"smart-pole": {"110101": 9}}},
            0.5,
            1.5,
        )
    ]
    (entry,) = await ledger.tail(conn, Cursor())
    assert entry.batch_id == written.batch_id
    assert entry.readings == 9
    assert entry.spans == written.spans
    assert await ledger.head(conn) == entry.cursor
    assert await ledger.tail(conn, entry.cursor) == []


async def test_a_batch_that_began_first_and_commits_last_is_waited_for(
    database_url: str, conn: psycopg.AsyncConnection[Any]
) -> None:
    with psycopg.connect(database_url) as slow, psycopg.connect(database_url) as quick:
        ledger.append_batch(slow.cursor(), batch(1))
        ledger.append_batch(quick.cursor(), batch(2))
        quick.commit()
        assert await ledger.tail(conn, Cursor()) == []
        assert await ledger.head(conn) == Cursor()
        slow.commit()
    assert [entry.batch_id for entry in await ledger.tail(conn, Cursor())] == [1, 2]


async def test_following_in_pieces_sees_every_batch_once_in_commit_order(
    database_url: str, conn: psycopg.AsyncConnection[Any]
) -> None:
    seen: list[int] = []
    place = Cursor()
    with psycopg.connect(database_url) as one, psycopg.connect(database_url) as other:
        writers = [one, other]
        for number in range(20):
            # Batch ids and transaction ids go against each other, and commits overlap.
            writer = writers[number % 2]
            ledger.append_batch(writer.cursor(), batch(100 - number))
            writers[(number + 1) % 2].commit()
            for entry in await ledger.tail(conn, place, limit=3):
                seen.append(entry.batch_id)
                assert entry.cursor > place
                place = entry.cursor
        one.commit()
        other.commit()
    while entries := await ledger.tail(conn, place, limit=3):
        seen += [entry.batch_id for entry in entries]
        place = entries[-1].cursor
    assert seen == [100 - number for number in range(20)]


def test_a_batch_is_committed_once(cur: psycopg.Cursor[Any]) -> None:
    ledger.append_batch(cur, batch(1))
    cur.connection.commit()
    assert ledger.is_committed(cur, 1)
    assert not ledger.is_committed(cur, 2)
    with pytest.raises(psycopg.errors.UniqueViolation):
        ledger.append_batch(cur, batch(1))


async def test_the_books_are_sums(
    conn: psycopg.AsyncConnection[Any], cur: psycopg.Cursor[Any]
) -> None:
    hour = HourCount(NOON, "110101", "smart-pole", 3)
    ledger.append_batch(cur, batch(1, counts=MergeCounts(1, 1, 1, 0), hours=[hour]))
    ledger.append_batch(cur, batch(2, counts=MergeCounts(3, 0, 0, 0), hours=[hour], quarantined=1))
    cur.connection.commit()
    totals = await ledger.totals(conn, datetime.now(UTC) - timedelta(hours=1))
    assert totals[:6] == (2, 4, 1, 1, 0, 1)
    assert totals.last_commit_at is not None
    after = totals.last_commit_at + timedelta(microseconds=1)
    assert await ledger.totals(conn, after) == (0, 0, 0, 0, 0, 0, None)
    rows = await conn.execute("SELECT hour, district, profile, readings FROM store.ingest_hour")
    assert await rows.fetchall() == [(NOON, "110101", "smart-pole", 6)]


def test_a_place_prints_as_an_event_id() -> None:
    assert str(Cursor(12, 3)) == "12-3"
