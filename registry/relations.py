"""How entities hang together, dated: what is mounted on what, what took whose place."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, LiteralString

from psycopg import AsyncConnection, sql

from registry.dated import end

_MOUNT = """
    SELECT object_key
    FROM registry.relation
    WHERE subject_key = %s
      AND predicate = 'mountedOn'
      AND upper_inf(valid)
"""

_ITS_MOUNT = "d.subject_key = %(subject)s AND d.predicate = 'mountedOn'"

_STATE = """
    INSERT INTO registry.relation (subject_key, predicate, object_key, valid)
    VALUES (%s, %s, %s, tstzrange(%s, NULL))
"""

_END_DATED = """
    UPDATE {table} d
    SET valid = tstzrange(lower(d.valid), GREATEST(%(at)s, lower(d.valid) + '1 microsecond'))
    WHERE upper_inf(d.valid)
      AND {which}
"""

_SAID_OF_IT: Mapping[str, LiteralString] = {
    "entity_version": "d.entity_key = %(entity)s",
    "relation": """
        (d.subject_key = %(entity)s OR d.object_key = %(entity)s)
        AND d.predicate <> 'supersededBy'
    """,
    "alias": "d.entity_key = %(entity)s",
}


async def mount_of(conn: AsyncConnection[Any], subject_key: int) -> int | None:
    """The key of what a thing stands on now; None when it stands by itself."""
    row = await (await conn.execute(_MOUNT, [subject_key])).fetchone()
    return row[0] if row else None


async def set_mount(
    conn: AsyncConnection[Any], subject_key: int, object_key: int, at: datetime
) -> bool:
    """Let a thing stand on another from `at` on; whether it did not before."""
    if await mount_of(conn, subject_key) == object_key:
        return False
    await end(conn, "relation", _ITS_MOUNT, {"subject": subject_key, "at": at})
    await conn.execute(_STATE, [subject_key, "mountedOn", object_key, at])
    return True


async def supersede(
    conn: AsyncConnection[Any], retired_key: int, successor_key: int, at: datetime
) -> None:
    """Say which thing took a retired one's place."""
    await conn.execute(_STATE, [retired_key, "supersededBy", successor_key, at])


async def end_dated(conn: AsyncConnection[Any], entity_key: int, at: datetime) -> None:
    """Close what is said of an entity: its description, its relations either way, its aliases.

    A mount or an alias that began after a backdated end keeps a microsecond.
    """
    for table, which in _SAID_OF_IT.items():
        query = sql.SQL(_END_DATED).format(
            table=sql.Identifier("registry", table), which=sql.SQL(which)
        )
        await conn.execute(query, {"entity": entity_key, "at": at})
