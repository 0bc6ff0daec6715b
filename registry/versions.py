"""Descriptions with valid time: the one path by which a version is closed and another opened.

What is to be true from an instant on is collected in a session's table of changes, one row per
entity, and applied at once: equal to what holds already → nothing; begun at that very instant →
overwritten, because a description that held for no time is not history; else the open version is
closed at the instant and a new one opened. One entity or fifty thousand go the same way.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from city.errors import InvalidValue

_CHANGES = """
    CREATE TEMP TABLE IF NOT EXISTS registry_change (
        entity_key     bigint   PRIMARY KEY,
        names          jsonb    NOT NULL,
        class          text     NOT NULL,
        geometry       geometry,
        follows_mount  boolean  NOT NULL DEFAULT false,
        area_key       bigint,
        area_source    text     NOT NULL DEFAULT 'none',
        owner_key      bigint,
        attributes     jsonb    NOT NULL,
        source_frame   text     NOT NULL
    ) ON COMMIT DELETE ROWS
"""

_CHANGES_BY_POINT = """
    CREATE INDEX IF NOT EXISTS registry_change_point
        ON registry_change USING gist (ST_PointOnSurface(geometry))
"""

_DROP_EQUAL = """
    DELETE FROM registry_change c
    USING registry.entity_version v
    WHERE v.entity_key = c.entity_key
      AND upper_inf(v.valid)
      AND (v.names, v.class, v.geometry, v.follows_mount, v.area_key, v.area_source,
           v.owner_key, v.attributes, v.source_frame)
          IS NOT DISTINCT FROM
          (c.names, c.class, c.geometry, c.follows_mount, c.area_key, c.area_source,
           c.owner_key, c.attributes, c.source_frame)
"""

_OVERWRITE = """
    WITH overwritten AS (
        UPDATE registry.entity_version v
        SET names = c.names,
            class = c.class,
            geometry = c.geometry,
            follows_mount = c.follows_mount,
            area_key = c.area_key,
            area_source = c.area_source,
            owner_key = c.owner_key,
            attributes = c.attributes,
            source_frame = c.source_frame
        FROM registry_change c
        WHERE v.entity_key = c.entity_key
          AND upper_inf(v.valid)
          AND lower(v.valid) >= %(at)s
        RETURNING v.entity_key
    )
    DELETE FROM registry_change c
    USING overwritten o
    WHERE o.entity_key = c.entity_key
"""

_CLOSE = """
    UPDATE registry.entity_version v
    SET valid = tstzrange(lower(v.valid), %(at)s)
    FROM registry_change c
    WHERE v.entity_key = c.entity_key
      AND upper_inf(v.valid)
"""

_OPEN = """
    INSERT INTO registry.entity_version (
        entity_key, valid, names, class, geometry, follows_mount, area_key, area_source,
        owner_key, attributes, source_frame
    )
    SELECT
        entity_key, tstzrange(%(at)s, NULL), names, class, geometry, follows_mount, area_key,
        area_source, owner_key, attributes, source_frame
    FROM registry_change
    ORDER BY entity_key
"""


@dataclass(frozen=True, slots=True)
class Applied:
    """How many entities were described for the first time, anew, or as they already were."""

    created: int
    changed: int
    unchanged: int


async def write_alone(conn: AsyncConnection[Any]) -> None:
    """Until the transaction ends, no one else changes descriptions: for imports and areas."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('registry.write'))")


async def write_among_others(conn: AsyncConnection[Any]) -> None:
    """Until the transaction ends, no one writes alone; single entities are locked by their rows."""
    await conn.execute("SELECT pg_advisory_xact_lock_shared(hashtext('registry.write'))")


async def prepare_changes(conn: AsyncConnection[Any]) -> None:
    """Make sure the session has an empty table of changes; inside a transaction."""
    await conn.execute("SET LOCAL client_min_messages = warning")
    await conn.execute(_CHANGES)
    await conn.execute(_CHANGES_BY_POINT)
    await conn.execute("DELETE FROM registry_change")


async def apply_changes(conn: AsyncConnection[Any], at: datetime) -> Applied:
    """Make the collected changes true from `at` on, and empty the table.

    The caller holds the entities' row locks, so that no one else changes them meanwhile.
    """
    unchanged = (await conn.execute(_DROP_EQUAL)).rowcount
    overwritten = (await conn.execute(_OVERWRITE, {"at": at})).rowcount
    closed = (await conn.execute(_CLOSE, {"at": at})).rowcount
    opened = (await conn.execute(_OPEN, {"at": at})).rowcount
    await conn.execute("DELETE FROM registry_change")
    return Applied(opened - closed, overwritten + closed, unchanged)


async def instant(conn: AsyncConnection[Any], since: datetime | None = None) -> datetime:
    """The instant from which something shall hold: `since`, or the database's clock now.

    Raises:
        InvalidValue: when `since` has no offset, or lies in the future.
    """
    cursor = await conn.execute("SELECT clock_timestamp()")
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101 - the statement has one row
    now: datetime = row[0]
    if since is None:
        return now
    if since.tzinfo is None:
        raise InvalidValue("since", since.isoformat(), "must have an offset from UTC")
    if since > now:
        raise InvalidValue("since", since.isoformat(), "must not lie in the future")
    return since
