"""Relations by hand: say one, end one, and ask what a thing is related to, now or then."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import class_row

from city.codes import Kind
from city.errors import InvalidValue
from registry.dated import end, holds
from registry.locking import Locked, bound_reference, lock_bound, next_instant
from registry.versions import write_alone
from registry.vocabulary import RULES, STATED, Position, Predicate, subject_fault

_HOLDS = """
    SELECT
    FROM registry.relation
    WHERE subject_key = %(subject)s
      AND predicate = %(predicate)s
      AND position IS NOT DISTINCT FROM %(position)s
      AND object_key = %(object)s
      AND upper_inf(valid)
"""

# Of what connects, whatever junction is at that end now; of all else, this one object.
_SAID = """
    d.subject_key = %(subject)s
    AND d.predicate = %(predicate)s
    AND d.position IS NOT DISTINCT FROM %(position)s
    AND (d.object_key = %(object)s OR %(object)s::bigint IS NULL)
"""

_BEGIN = """
    INSERT INTO registry.relation (subject_key, predicate, position, object_key, valid)
    VALUES (%(subject)s, %(predicate)s, %(position)s, %(object)s, tstzrange(%(at)s, NULL))
"""

_ABOVE_ITSELF = """
    WITH RECURSIVE upward (entity_key) AS (
        SELECT %(object)s::bigint
        UNION
        SELECT r.object_key
        FROM upward
        JOIN registry.relation r ON r.subject_key = upward.entity_key
        WHERE r.predicate = %(predicate)s
          AND upper_inf(r.valid)
    )
    SELECT
    FROM upward
    WHERE entity_key = %(subject)s
"""

# Indexes: relation_of_subject and relation_of_object, for what holds now.
_RELATED = """
    WITH stated AS (
        SELECT r.predicate, r.position, true AS is_subject, r.object_key AS other_key, r.valid
        FROM registry.relation r
        JOIN registry.entity e ON e.entity_key = r.subject_key
        WHERE e.code = %(code)s
          AND {r_holds}
        UNION ALL
        SELECT r.predicate, r.position, false, r.subject_key, r.valid
        FROM registry.relation r
        JOIN registry.entity e ON e.entity_key = r.object_key
        WHERE e.code = %(code)s
          AND {r_holds}
    )
    SELECT
        s.predicate, s.position, s.is_subject, other.code, v.class AS class_, v.names,
        lower(s.valid) AS valid_from, upper(s.valid) AS valid_to
    FROM stated s
    JOIN registry.entity other ON other.entity_key = s.other_key
    LEFT JOIN registry.entity_version v
        ON v.entity_key = s.other_key
        AND {v_holds}
    WHERE s.predicate <> 'supersededBy'
    ORDER BY s.is_subject DESC, s.predicate, s.position, other.code
"""


@dataclass(frozen=True, slots=True)
class Related:
    """One relation of the thing that was asked about.

    Attributes:
        predicate: a `Predicate`.
        position: of what connects, which end.
        is_subject: whether it is said of the thing asked about; else the other is the subject.
        code: of the other.
        class_, names: of the other, at that time.
        valid_from, valid_to: while the relation held; `valid_to` None: it still does.
    """

    predicate: str
    position: str | None
    is_subject: bool
    code: str
    class_: str | None
    names: dict[str, str] | None
    valid_from: datetime
    valid_to: datetime | None


async def related(
    conn: AsyncConnection[Any], code: str, at: datetime | None = None
) -> list[Related]:
    """What a thing is related to, in both directions, now or as of `at`; mounts included."""
    query = sql.SQL(_RELATED).format(r_holds=holds("r", at), v_holds=holds("v", at))
    async with conn.cursor(row_factory=class_row(Related)) as cursor:
        return await (await cursor.execute(query, {"code": code, "at": at})).fetchall()


async def relate(
    conn: AsyncConnection[Any],
    code: str,
    predicate: Predicate,
    to: str,
    *,
    position: Position | None = None,
    since: datetime | None = None,
) -> bool:
    """Say that two bound things are related; whether they were not before.

    What connects takes the place of the junction that was at that end.

    Raises:
        BadCode, UnassignedCode, WrongState: there is no such bound thing.
        InvalidValue: the predicate does not join these two, or one would be part of itself.
    """
    async with conn.transaction():
        facts = await _facts(conn, code, predicate, to, position, since)
        if await (await conn.execute(_HOLDS, facts)).fetchone() is not None:
            return False
        if predicate is Predicate.CONNECTS:
            await end(conn, "relation", _SAID, facts | {"object": None})
        if RULES[predicate].nests:
            await _check_nesting(conn, facts, predicate, to)
        try:
            await conn.execute(_BEGIN, facts)
        except psycopg.errors.ExclusionViolation:
            rule = "lies before the end of the same relation"
            raise InvalidValue("since", facts["at"].isoformat(), rule) from None
    return True


async def unrelate(
    conn: AsyncConnection[Any],
    code: str,
    predicate: Predicate,
    to: str,
    *,
    position: Position | None = None,
    since: datetime | None = None,
) -> bool:
    """End a relation; whether there was one.

    Raises:
        BadCode, UnassignedCode, WrongState, InvalidValue: see `relate`.
    """
    async with conn.transaction():
        facts = await _facts(conn, code, predicate, to, position, since)
        return await end(conn, "relation", _SAID, facts) > 0


async def _facts(
    conn: AsyncConnection[Any],
    code: str,
    predicate: Predicate,
    to: str,
    position: Position | None,
    since: datetime | None,
) -> dict[str, Any]:
    if predicate not in STATED:
        raise InvalidValue("predicate", predicate, f"is none of {', '.join(STATED)}")
    if (predicate is Predicate.CONNECTS) != (position is not None):
        raise InvalidValue(
            "position", position, f"goes with {Predicate.CONNECTS}, and only with it"
        )
    if RULES[predicate].nests:
        await write_alone(conn)  # two that do not see each other could close a circle
    subject = await lock_bound(conn, code, "related")
    target = await bound_reference(conn, "to", to, _objects(subject, predicate))
    if target.entity_key == subject.entity_key:
        raise InvalidValue("to", to, "is the thing itself")
    return {
        "subject": subject.entity_key,
        "predicate": predicate.value,
        "position": position.value if position else None,
        "object": target.entity_key,
        "at": await next_instant(conn, subject, since),
    }


def _objects(subject: Locked, predicate: Predicate) -> frozenset[Kind]:
    fault = subject_fault(predicate, subject.kind)
    if fault:
        raise InvalidValue("predicate", predicate.value, fault)
    return RULES[predicate].pairs[subject.kind]


async def _check_nesting(
    conn: AsyncConnection[Any], facts: dict[str, Any], predicate: Predicate, to: str
) -> None:
    if await (await conn.execute(_ABOVE_ITSELF, facts)).fetchone() is not None:
        raise InvalidValue("to", to, f"is {predicate} the thing itself")
