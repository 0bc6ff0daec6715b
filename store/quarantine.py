"""What could not be admitted: kept with its raw bytes, searchable, never in the way of the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

SEARCH_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reading, or one whole message, that was not admitted.

    Attributes:
        received_at: when the message came in.
        topic: as received; what a database text can't hold is escaped here.
        raw: the payload's bytes; None when an earlier refusal of the same message carries them.
        reason: stable, see ``city.readings.REASONS``.
        detail: the field, the value and the rule, for people.
        reading_index: which reading of the message, from 0; None for the whole message.
        message: which message of its batch, from 0.
    """

    received_at: datetime
    topic: str
    raw: bytes | None
    reason: str
    detail: str
    reading_index: int | None
    message: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A refusal as it is kept."""

    id: int
    received_at: datetime
    topic: str
    raw: bytes
    reason: str
    detail: str
    reading_index: int | None
    batch_id: int
    replayed_at: datetime | None


_COPY = """
COPY store.quarantine
    (received_at, topic, raw, reason, detail, reading_index, batch_id, message)
FROM STDIN (FORMAT binary)
"""
_TYPES = ["timestamptz", "text", "bytea", "text", "text", "int4", "int8", "int4"]

# Index: quarantine_received (received_at, id); quarantine_message finds the raw bytes.
_SEARCH = """
SELECT
    q.id, q.received_at, q.topic, coalesce(q.raw, first.raw) AS raw, q.reason, q.detail,
    q.reading_index, q.batch_id, q.replayed_at
FROM store.quarantine AS q
LEFT JOIN store.quarantine AS first
    ON q.raw IS NULL
   AND first.raw IS NOT NULL
   AND first.batch_id = q.batch_id
   AND first.message = q.message
WHERE q.received_at >= %(start)s
  AND q.received_at < %(end)s
  AND q.id > %(after)s
ORDER BY q.id
LIMIT %(limit)s
"""

_COUNTS = """
SELECT reason, count(*)
FROM store.quarantine
WHERE received_at >= %s
  AND received_at < %s
GROUP BY reason
"""


def put(cur: psycopg.Cursor[Any], refusals: Sequence[Refusal], batch_id: int) -> int:
    """Write refusals in the caller's transaction; how many rows they made."""
    if not refusals:
        return 0
    with cur.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for refusal in refusals:
            copy.write_row(
                (
                    refusal.received_at,
                    storable_text(refusal.topic),
                    refusal.raw,
                    refusal.reason,
                    storable_text(refusal.detail),
                    refusal.reading_index,
                    batch_id,
                    refusal.message,
                )
            )
    return len(refusals)


async def search(
    conn: psycopg.AsyncConnection[Any],
    *,
    start: datetime,
    end: datetime,
    after: int = 0,
    limit: int = 100,
) -> list[Quarantined]:
    """Refusals received in [start, end), oldest first.

    Args:
        conn: to read from.
        start: first instant of receipt.
        end: first instant of receipt no longer asked for.
        after: the id of the last one of the page before.
        limit: at most so many, and never more than `SEARCH_LIMIT`.
    """
    parameters = {
        "start": start,
        "end": end,
        "after": after,
        "limit": min(limit, SEARCH_LIMIT),
    }
    async with conn.cursor(row_factory=class_row(Quarantined)) as cur:
        await cur.execute(_SEARCH, parameters)
        return await cur.fetchall()


async def counts(
    conn: psycopg.AsyncConnection[Any], start: datetime, end: datetime
) -> dict[str, int]:
    """Refusals received in [start, end), by reason."""
    cursor = await conn.execute(_COUNTS, [start, end])
    return dict(await cursor.fetchall())


def storable_text(text: str) -> str:
    r"""The text as the database takes it: printable, all else as ``\x00`` or ``\ud800``.

    A device's topic may hold characters that a ``text`` column refuses; a backslash is doubled, so
    that the escaping can be undone.
    """
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    return character if character.isprintable() else ascii(character)[1:-1]
