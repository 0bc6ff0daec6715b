"""Finding what is bound now: by area, box, kind and class, page by page in the order of codes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

import shapely
from psycopg import AsyncConnection, sql
from psycopg.rows import dict_row
from shapely.geometry.base import BaseGeometry

from city.codes import Kind, parse_code
from city.errors import BadCode, InvalidValue
from registry.locking import bound_reference

MAX_PAGE = 10_000
_MAX_LON, _MAX_LAT = 180.0, 90.0

# Indexes: entity.code for the order and the kind; entity_version_current_area for an area,
# entity_version_current_geometry for a box, entity_version_current_class for a class.
_FIND = """
    SELECT
        n.entity_key, n.code, n.kind, n.class AS class_, n.names,
        ST_AsBinary(n.geometry) AS geometry, n.area_code AS area, n.district_code AS district,
        n.owner_code AS owner, n.attributes, n.external_key AS key
    FROM registry.entity_now n
    WHERE {conditions}
    ORDER BY n.code
    LIMIT %(limit)s
"""

_CONDITIONS: Mapping[str, LiteralString] = {
    "kind": "n.kind = %(kind)s AND n.code >= %(kind)s AND n.code < chr(ascii(%(kind)s) + 1)",
    "class_": "n.class = %(class_)s",
    "after": "n.code > %(after)s",
    "area_key": """n.area_key IN (
        SELECT area_key FROM registry.area_nesting WHERE ancestor_key = %(area_key)s
    )""",
    "bbox": "ST_Intersects(n.geometry, ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326))",
}

_MOUNTED = """
    SELECT object_key, array_agg(subject_code ORDER BY subject_code)
    FROM registry.mounted_now
    WHERE object_key = ANY(%s)
    GROUP BY object_key
"""

_MOUNTS = """
    SELECT subject_key, object_code
    FROM registry.mounted_now
    WHERE subject_key = ANY(%s)
"""

_ALIASES = """
    SELECT entity_key, jsonb_object_agg(scheme, value)
    FROM registry.alias
    WHERE entity_key = ANY(%s)
      AND upper_inf(valid)
    GROUP BY entity_key
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A bound entity as it is now.

    Attributes:
        geometry: WGS 84, lon before lat.
        area: code of the smallest area it lies in; of an area, its parent's.
        district: GB/T 2260 code of its district; of a district, its own.
        mounted_on: code of what it stands on.
        devices: codes of what is mounted on it.
        aliases: scheme → value.
    """

    entity_key: int
    code: str
    kind: str
    class_: str
    names: dict[str, str]
    geometry: BaseGeometry | None
    area: str | None
    district: str | None
    owner: str | None
    attributes: dict[str, object]
    key: str
    mounted_on: str | None = None
    devices: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what was found.

    Attributes:
        items: in the order of codes.
        cursor: what to give as `after` for the next page; None when this is the last.
    """

    items: tuple[Found, ...]
    cursor: str | None


async def find(
    conn: AsyncConnection[Any],
    *,
    kind: Kind | None = None,
    class_: str | None = None,
    area: str | None = None,
    bbox: Sequence[float] | None = None,
    after: str | None = None,
    limit: int = 1000,
) -> Page:
    """A page of what is bound now and fits every condition given.

    Args:
        conn: where from.
        kind: of this kind only.
        class_: of this class only; an unknown class finds nothing.
        area: code of an area: what lies in it or in an area inside it, not the area itself.
        bbox: west, south, east, north in degrees: what touches the box.
        after: the cursor of the page before.
        limit: 1 to 10,000.

    Raises:
        InvalidValue: naming the condition that breaks its rule.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidValue("limit", limit, f"must be from 1 to {MAX_PAGE}")
    given: dict[str, object] = {"kind": kind, "class_": class_, "after": _cursor(after)}
    if area is not None:
        given["area_key"] = (await bound_reference(conn, "area", area, {Kind.AREA})).entity_key
    if bbox is not None:
        given["bbox"] = True
        given |= dict(zip("wsen", _box(bbox), strict=True))
    rows = await _rows(conn, given, limit + 1)
    items = await _with_surroundings(conn, rows[:limit])
    return Page(tuple(items), rows[limit - 1]["code"] if len(rows) > limit else None)


async def _rows(
    conn: AsyncConnection[Any], given: Mapping[str, object], limit: int
) -> list[dict[str, Any]]:
    conditions = [
        sql.SQL(text) for name, text in _CONDITIONS.items() if given.get(name) is not None
    ]
    query = sql.SQL(_FIND).format(
        conditions=sql.SQL("\n      AND ").join(conditions) if conditions else sql.SQL("true")
    )
    async with conn.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(query, {**given, "limit": limit})).fetchall()


async def _with_surroundings(
    conn: AsyncConnection[Any], rows: Sequence[Mapping[str, Any]]
) -> list[Found]:
    keys = [row["entity_key"] for row in rows]
    mounted = dict(await (await conn.execute(_MOUNTED, [keys])).fetchall())
    mounts = dict(await (await conn.execute(_MOUNTS, [keys])).fetchall())
    aliases = dict(await (await conn.execute(_ALIASES, [keys])).fetchall())
    shapes = shapely.from_wkb([row["geometry"] for row in rows])
    return [
        Found(
            **{
                **row,
                "geometry": shape,
                "mounted_on": mounts.get(key),
                "devices": tuple(mounted.get(key, ())),
                "aliases": aliases.get(key, {}),
            }
        )
        for key, row, shape in zip(keys, rows, shapes, strict=True)
    ]


def _cursor(after: str | None) -> str | None:
    if after is None:
        return None
    try:
        return parse_code(after).text
    except BadCode:
        raise InvalidValue("cursor", after, "is not one that a page gave") from None


def _box(bbox: Sequence[float]) -> tuple[float, float, float, float]:
    if len(bbox) != len("wsen") or not all(math.isfinite(edge) for edge in bbox):
        raise InvalidValue("bbox", list(bbox), "must be west, south, east, north in degrees")
    west, south, east, north = bbox
    if not (-_MAX_LON <= west <= east <= _MAX_LON and -_MAX_LAT <= south <= north <= _MAX_LAT):
        rule = "must have west ≤ east within ±180 and south ≤ north within ±90"
        raise InvalidValue("bbox", list(bbox), rule)
    return west, south, east, north
