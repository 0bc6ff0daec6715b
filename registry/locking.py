"""Taking hold of an entity for the length of a transaction, in a state that allows the verb."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row

from city.codes import Kind, parse_code
from city.errors import BadCode, InvalidValue
from registry.errors import CodeEnded, UnassignedCode, WrongState
from registry.versions import instant, write_alone, write_among_others

# Not FOR UPDATE: that would wait for every version, relation or device that refers to the entity.
_LOCK = """
    SELECT entity_key, code, state, external_key
    FROM registry.entity
    WHERE code = %s
    FOR NO KEY UPDATE
"""

_REFERENCE = """
    SELECT e.entity_key, v.class AS class_
    FROM registry.entity e
    JOIN registry.entity_version v
        ON v.entity_key = e.entity_key AND upper_inf(v.valid)
    WHERE e.code = %s
      AND e.state = 'bound'
    FOR SHARE OF e
"""

_BEGUN = """
    SELECT lower(valid)
    FROM registry.entity_version
    WHERE entity_key = %s
      AND upper_inf(valid)
"""


@dataclass(frozen=True, slots=True)
class Locked:
    """An entity whose row this transaction holds."""

    entity_key: int
    code: str
    state: str
    external_key: str | None

    @property
    def kind(self) -> Kind:
        """What it is."""
        return Kind(self.code[0])


@dataclass(frozen=True, slots=True)
class Reference:
    """A bound entity that a description refers to."""

    entity_key: int
    class_: str


async def lock(conn: AsyncConnection[Any], code: str, action: str) -> Locked:
    """Hold the entity; an area holds all writing, because what lies in it depends on it.

    Raises:
        BadCode, UnassignedCode: there is no such entity.
        CodeEnded: it has ended, so it can't be what `action` says, such as ``bound``.
    """
    parse_code(code)
    await (write_alone(conn) if code[0] == Kind.AREA else write_among_others(conn))
    async with conn.cursor(row_factory=class_row(Locked)) as cursor:
        entity = await (await cursor.execute(_LOCK, [code])).fetchone()
    if entity is None:
        raise UnassignedCode(code)
    if entity.state in ("retired", "void"):
        raise CodeEnded(code, entity.state, action)
    return entity


async def lock_bound(conn: AsyncConnection[Any], code: str, action: str) -> Locked:
    """Hold an entity that is bound.

    Raises:
        BadCode, UnassignedCode, WrongState, CodeEnded: it is not there, or not bound.
    """
    entity = await lock(conn, code, action)
    if entity.state != "bound":
        raise WrongState(code, entity.state, action)
    return entity


async def bound_reference(
    conn: AsyncConnection[Any], field: str, code: str, kinds: Collection[Kind]
) -> Reference:
    """The bound entity of one of these kinds that `field` refers to; it stays bound meanwhile.

    Raises:
        InvalidValue: naming the field.
    """
    try:
        kind = parse_code(code).kind
    except BadCode as error:
        raise InvalidValue(field, code, f"is no city code: {error.detail}") from None
    if kind not in kinds:
        raise InvalidValue(field, code, f"must be of kind {', '.join(sorted(kinds))}")
    async with conn.cursor(row_factory=class_row(Reference)) as cursor:
        reference = await (await cursor.execute(_REFERENCE, [code])).fetchone()
    if reference is None:
        raise InvalidValue(field, code, "names nothing that is bound now")
    return reference


async def hold_name(conn: AsyncConnection[Any], scheme: str, name: str) -> None:
    """Until the transaction ends, nobody else gives this key or alias to anything."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtext('registry.name'), hashtext(%s))",
        [f"{scheme}:{name}"],
    )


async def next_instant(
    conn: AsyncConnection[Any], entity: Locked, since: datetime | None, *, ends: bool = False
) -> datetime:
    """From when on a change of a bound entity holds: not before what is known already.

    What `ends` is later by a microsecond at least, so that a tombstone has a last description.

    Raises:
        InvalidValue: when `since` is in the future, has no offset, or is too early.
    """
    at = await instant(conn, since)
    row = await (await conn.execute(_BEGUN, [entity.entity_key])).fetchone()
    begun: datetime = row[0] if row else at
    earliest = begun + timedelta(microseconds=1) if ends else begun
    if since is not None and since < earliest:
        rule = f"must not be before {earliest.isoformat()}: there is a later description"
        raise InvalidValue("since", since.isoformat(), rule)
    # The clock may have been set back: history may not.
    return max(at, earliest)
