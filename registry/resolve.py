"""From a code to what it names: now, as of an instant, or what is left of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import shapely
from psycopg import AsyncConnection, sql
from psycopg.rows import class_row, dict_row
from shapely.geometry.base import BaseGeometry

from city.codes import parse_code
from city.errors import InvalidValue
from registry.dated import holds
from registry.errors import UnassignedCode

_ENTITY = """
    SELECT entity_key, code, kind, state, external_key, minted_at, bound_at, ended_at, end_reason
    FROM registry.entity
    WHERE code = %s
"""

_CODE_OF_KEY = "SELECT code FROM registry.entity WHERE external_key = %s"

# Indexes: entity_version_current and its siblings for now; one_version_at_a_time for an instant.
_VERSION = """
    WITH RECURSIVE version AS (
        SELECT v.*
        FROM registry.entity_version v
        WHERE v.entity_key = %(entity)s
          AND {v_holds}
    ),
    lies_in (entity_key, class, names, parent_key, depth) AS (
        SELECT v.entity_key, v.class, v.names, v.area_key, 1
        FROM version
        JOIN registry.entity_version v ON v.entity_key = version.area_key AND {v_holds}
        UNION ALL
        SELECT v.entity_key, v.class, v.names, v.area_key, lies_in.depth + 1
        FROM lies_in
        JOIN registry.entity_version v ON v.entity_key = lies_in.parent_key AND {v_holds}
    )
    SELECT
        version.class AS class_,
        version.names,
        ST_AsBinary(version.geometry) AS geometry,
        (SELECT code FROM registry.entity WHERE entity_key = version.owner_key) AS owner,
        version.attributes,
        version.source_frame AS frame,
        lower(version.valid) AS valid_from,
        upper(version.valid) AS valid_to,
        (
            SELECT COALESCE(
                jsonb_agg(
                    jsonb_build_object('code', e.code, 'class_', l.class, 'names', l.names)
                    ORDER BY l.depth
                ),
                '[]'
            )
            FROM lies_in l
            JOIN registry.entity e USING (entity_key)
        ) AS areas,
        (
            SELECT COALESCE(jsonb_object_agg(a.scheme, a.value), '{{}}')
            FROM registry.alias a
            WHERE a.entity_key = version.entity_key
              AND {a_holds}
        ) AS aliases,
        (
            SELECT e.code
            FROM registry.relation r
            JOIN registry.entity e ON e.entity_key = r.object_key
            WHERE r.subject_key = version.entity_key
              AND r.predicate = 'mountedOn'
              AND {r_holds}
        ) AS mounted_on,
        (
            SELECT COALESCE(array_agg(e.code ORDER BY e.code), '{{}}')
            FROM registry.relation r
            JOIN registry.entity e ON e.entity_key = r.subject_key
            WHERE r.object_key = version.entity_key
              AND r.predicate = 'mountedOn'
              AND {r_holds}
        ) AS devices
    FROM version
"""

_SUCCESSORS = """
    SELECT e.code
    FROM registry.relation r
    JOIN registry.entity e ON e.entity_key = r.object_key
    WHERE r.subject_key = %s
      AND r.predicate = 'supersededBy'
    ORDER BY e.code
"""


@dataclass(frozen=True, slots=True)
class AreaAround:
    """An area that something lies in."""

    code: str
    class_: str
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Version:
    """What was true of an entity from `valid_from` until before `valid_to` (None: still is).

    Attributes:
        geometry: WGS 84, lon before lat.
        frame: what the geometry's source used.
        areas: those it lay in, from the smallest to the city.
        mounted_on: code of what it stood on.
        devices: codes of what was mounted on it.
        aliases: scheme → value.
    """

    class_: str
    names: dict[str, str]
    geometry: BaseGeometry | None
    owner: str | None
    attributes: dict[str, object]
    frame: str
    valid_from: datetime
    valid_to: datetime | None
    areas: tuple[AreaAround, ...]
    aliases: dict[str, str]
    mounted_on: str | None
    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of an entity that has ended."""

    ended_at: datetime
    reason: str
    successors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a code names.

    Attributes:
        state: ``minted`` (names nothing yet), ``bound``, ``retired`` or ``void``: the state now.
        key: what its source calls it; None until it is bound.
        version: as of the instant asked for; without one the current, or of the retired the last.
        tombstone: for the retired and the void.
    """

    code: str
    kind: str
    state: str
    key: str | None
    minted_at: datetime
    bound_at: datetime | None
    version: Version | None
    tombstone: Tombstone | None


@dataclass(frozen=True, slots=True)
class _Entity:
    entity_key: int
    code: str
    kind: str
    state: str
    external_key: str | None
    minted_at: datetime
    bound_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None


async def resolve(conn: AsyncConnection[Any], code: str, at: datetime | None = None) -> Resolution:
    """What a code in canonical form names, now or as of `at`.

    Raises:
        BadCode: it is no code; no database is read.
        UnassignedCode: this registry never issued it.
        InvalidValue: `at` has no offset.
    """
    parse_code(code)
    if at is not None and at.tzinfo is None:
        raise InvalidValue("at", at.isoformat(), "must have an offset from UTC")
    async with conn.cursor(row_factory=class_row(_Entity)) as cursor:
        entity = await (await cursor.execute(_ENTITY, [code])).fetchone()
    if entity is None:
        raise UnassignedCode(code)
    moment = at
    if moment is None and entity.ended_at is not None:
        moment = entity.ended_at - timedelta(microseconds=1)
    return Resolution(
        code=entity.code,
        kind=entity.kind,
        state=entity.state,
        key=entity.external_key,
        minted_at=entity.minted_at,
        bound_at=entity.bound_at,
        version=await _version(conn, entity.entity_key, moment),
        tombstone=await _tombstone(conn, entity),
    )


async def code_of_key(conn: AsyncConnection[Any], key: str) -> str | None:
    """The code of what its source calls `key`, bound or retired; None where nothing is."""
    row = await (await conn.execute(_CODE_OF_KEY, [key])).fetchone()
    return row[0] if row else None


async def _version(
    conn: AsyncConnection[Any], entity_key: int, at: datetime | None
) -> Version | None:
    query = sql.SQL(_VERSION).format(
        v_holds=holds("v", at), a_holds=holds("a", at), r_holds=holds("r", at)
    )
    async with conn.cursor(row_factory=dict_row) as cursor:
        row = await (await cursor.execute(query, {"entity": entity_key, "at": at})).fetchone()
    if row is None:
        return None
    read = {
        "geometry": shapely.from_wkb(row["geometry"]),
        "areas": tuple(AreaAround(**area) for area in row["areas"]),
        "devices": tuple(row["devices"]),
    }
    return Version(**row | read)


async def _tombstone(conn: AsyncConnection[Any], entity: _Entity) -> Tombstone | None:
    if entity.ended_at is None or entity.end_reason is None:
        return None
    successors = await (await conn.execute(_SUCCESSORS, [entity.entity_key])).fetchall()
    return Tombstone(entity.ended_at, entity.end_reason, tuple(row[0] for row in successors))
