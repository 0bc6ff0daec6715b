"""The quarantine keeps bytes as they came, once for each message."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from store import quarantine
from store.quarantine import Refusal, storable_text

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RAW = bytes(range(256)) * 4


def refusal(number: int, *, raw: bytes | None = RAW, **changes: Any) -> Refusal:
    given: dict[str, Any] = {
        "received_at": NOON,
        "topic": "city/v1/110101/smart-pole/X/telemetry",
        "raw": raw,
        "reason": "not-json",
        "detail": "what was wrong",
        "reading_index": None,
        "message": number,
    }
    return Refusal(**(given | changes))


async def test_raw_bytes_topic_and_reason_come_back_as_they_went_in(
    conn: psycopg.AsyncConnection[Any], cur: psycopg.Cursor[Any]
) -> None:
    assert quarantine.put(cur, [refusal(0)], 5) == 1
    cur.connection.commit()
    (found,) = await quarantine.search(conn, start=NOON, end=NOON + DAY)
    assert (found.raw, found.reason, found.batch_id) == (RAW, "not-json", 5)
    assert found.received_at == NOON
    assert found.replayed_at is None


async def test_refusals_of_one_message_share_its_bytes(
    conn: psycopg.AsyncConnection[Any], cur: psycopg.Cursor[Any]
) -> None:
    quarantine.put(
        cur,
        [
            refusal(0, reading_index=1),
            refusal(0, raw=None, reading_index=4),
            refusal(1, raw=b"other"),
        ],
        5,
    )
    cur.connection.commit()
    found = await quarantine.search(conn, start=NOON, end=NOON + DAY)
    assert [(row.raw, row.reading_index) for row in found] == [
        (RAW, 1),
        (RAW, 4),
        (b"other", None),
    ]


async def test_searching_pages_within_a_stretch_of_time(
    conn: psycopg.AsyncConnection[Any], cur: psycopg.Cursor[Any]
) -> None:
    quarantine.put(cur, [refusal(n, reason=f"r{n % 2}", topic=f"t/{n}") for n in range(6)], 1)
    cur.connection.commit()
    end = NOON + DAY
    first = await quarantine.search(conn, start=NOON, end=end, limit=2)
    assert [row.topic for row in first] == ["t/0", "t/1"]
    page = await quarantine.search(conn, start=NOON, end=end, after=first[1].id, limit=3)
    assert [row.topic for row in page] == ["t/2", "t/3", "t/4"]
    assert await quarantine.search(conn, start=NOON - DAY, end=NOON) == []
    assert await quarantine.counts(conn, NOON, end) == {"r0": 3, "r1": 3}


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        pytest.param("city/v1/区", "city/v1/区", id="printable text as it is"),
        pytest.param("a\x00b", "a\\x00b", id="NUL, which a text column refuses"),
        pytest.param("a\\b", "a\\\\b", id="a backslash, so that escapes are told apart"),
        pytest.param("\ud800", "\\ud800", id="half a surrogate pair"),
        pytest.param("\uffff", "\\uffff", id="no character"),
    ],
)
def test_texts_are_escaped_as_far_as_needed(text: str, stored: str) -> None:
    assert storable_text(text) == stored
