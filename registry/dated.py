"""What is true for a while: whether a row holds at an instant, and how a relation or alias ends."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, LiteralString

from psycopg import AsyncConnection, sql

_END = """
    WITH ending AS (
        SELECT d.{key}, lower(d.valid) AS since
        FROM {table} d
        WHERE upper_inf(d.valid)
          AND {which}
    ),
    taken_back AS (
        DELETE FROM {table} d
        USING ending e
        WHERE d.{key} = e.{key}
          AND e.since >= %(at)s
        RETURNING d.{key}
    ),
    closed AS (
        UPDATE {table} d
        SET valid = tstzrange(e.since, %(at)s)
        FROM ending e
        WHERE d.{key} = e.{key}
          AND e.since < %(at)s
        RETURNING d.{key}
    )
    SELECT (SELECT count(*) FROM taken_back) + (SELECT count(*) FROM closed)
"""


def holds(table: str, at: datetime | None) -> sql.Composed:
    """The condition that a row of `table` holds: now, or where `at` is given at ``%(at)s``."""
    valid = sql.Identifier(table, "valid")
    if at is None:
        return sql.SQL("upper_inf({})").format(valid)
    return sql.SQL("{} @> %(at)s::timestamptz").format(valid)


async def end(
    conn: AsyncConnection[Any],
    table: Literal["relation", "alias"],
    which: LiteralString,
    facts: Mapping[str, object],
) -> int:
    """End what holds now and fits a condition on the row `d`, from ``facts["at"]`` on; how many.

    What held for no time is not history: it is taken back instead of closed.
    """
    query = sql.SQL(_END).format(
        table=sql.Identifier("registry", table),
        key=sql.Identifier(f"{table}_key"),
        which=sql.SQL(which),
    )
    row = await (await conn.execute(query, facts)).fetchone()
    assert row is not None  # noqa: S101 - the statement has one row
    ended: int = row[0]
    return ended
