"""Areas: city, district, sub-district, community, each inside a coarser one."""

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection

from city.codes import Kind
from city.errors import InvalidValue
from registry.classes import AREA_LEVELS
from registry.search import Found, Page, find

_COUNTS = """
    SELECT nesting.ancestor_key, v.class, count(*)
    FROM registry.area_nesting nesting
    JOIN registry.entity_version v
        ON v.area_key = nesting.area_key AND upper_inf(v.valid)
    JOIN registry.entity e
        ON e.entity_key = v.entity_key AND e.kind = %(kind)s
    WHERE nesting.ancestor_key = ANY(%(areas)s)
      AND v.class = ANY(%(classes)s)
    GROUP BY nesting.ancestor_key, v.class
"""


async def areas(
    conn: AsyncConnection[Any],
    *,
    level: str | None = None,
    within: str | None = None,
    after: str | None = None,
    limit: int = 1000,
) -> Page:
    """A page of areas, of one level or all, inside an area or anywhere.

    Args:
        conn: where from.
        level: ``city``, ``district``, ``sub-district`` or ``community``.
        within: code of an area; it is not itself among them.
        after: the cursor of the page before.
        limit: 1 to 10,000.

    Raises:
        InvalidValue: naming the argument that breaks its rule.
    """
    if level is not None and level not in AREA_LEVELS:
        raise InvalidValue("level", level, f"must be one of {', '.join(AREA_LEVELS)}")
    return await find(conn, kind=Kind.AREA, class_=level, area=within, after=after, limit=limit)


async def count_inside(
    conn: AsyncConnection[Any], inside: Sequence[Found], kind: Kind, *classes: str
) -> dict[str, dict[str, int]]:
    """How many things of these classes and this kind lie in each area: code → class → count."""
    codes = {area.entity_key: area.code for area in inside}
    counts: dict[str, dict[str, int]] = {code: {} for code in codes.values()}
    facts = {"areas": list(codes), "classes": list(classes), "kind": kind.value}
    for key, class_, count in await (await conn.execute(_COUNTS, facts)).fetchall():
        counts[codes[key]][class_] = count
    return counts
