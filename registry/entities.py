"""The life of an entity: a minted code is bound to a thing, described over time, and retired.

Every verb here is one transaction (or a savepoint in the caller's) and names entities by code. What
a description leaves out is found or left empty; what it says replaces the description before.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from city.codes import Kind
from city.errors import InvalidValue
from registry.classes import MOUNTS
from registry.describing import Description, write_description
from registry.errors import AreaInUse, CodeTaken, KeyTaken, WrongState
from registry.locking import (
    Locked,
    bound_reference,
    hold_name,
    lock,
    lock_bound,
    next_instant,
)
from registry.places import settle_areas, settle_mounted
from registry.relations import end_dated, mount_of, set_mount, supersede
from registry.versions import instant

__all__ = ["Description", "bind", "describe", "mount", "retire", "void"]

_BIND = """
    UPDATE registry.entity
    SET state = 'bound', external_key = %s, bound_at = %s
    WHERE entity_key = %s
"""

_RETIRE = """
    UPDATE registry.entity
    SET state = 'retired', ended_at = %s, end_reason = %s
    WHERE entity_key = %s
"""

_VOID = """
    UPDATE registry.entity
    SET state = 'void', ended_at = clock_timestamp(), end_reason = %s
    WHERE entity_key = %s
"""

# Index: entity_version_current_area.
_LYING_IN = """
    SELECT count(*)
    FROM registry.entity_version
    WHERE area_key = %s
      AND upper_inf(valid)
"""


async def bind(
    conn: AsyncConnection[Any],
    code: str,
    description: Description,
    *,
    key: str,
    mounted_on: str | None = None,
    since: datetime | None = None,
) -> bool:
    """Let a minted code name a thing. The first bind wins; the same key again changes nothing.

    Args:
        conn: where to.
        code: canonical, issued here.
        description: how the thing is.
        key: what the thing is called in the system it comes from: one thing, one key.
        mounted_on: code of what it stands on; devices only.
        since: from when on it holds; None means now.

    Returns:
        Whether this bound it: False when it was bound to the same key already.

    Raises:
        BadCode, UnassignedCode: no such code, or none that this registry issued.
        CodeTaken, KeyTaken: the code names another thing, or the thing has another code.
        CodeEnded: the code was retired or voided.
        InvalidValue: naming the part of the description that breaks a rule.
    """
    _check_text("key", key)
    async with conn.transaction():
        entity = await lock(conn, code, "bound")
        if not await _may_bind(conn, entity, key):
            return False
        at = await instant(conn, since)
        await conn.execute(_BIND, [key, at, entity.entity_key])
        if mounted_on is not None:
            await set_mount(conn, entity.entity_key, await _mount_key(conn, entity, mounted_on), at)
        await write_description(conn, entity, description, at, is_mounted=mounted_on is not None)
    return True


async def describe(
    conn: AsyncConnection[Any],
    code: str,
    description: Description,
    *,
    since: datetime | None = None,
) -> bool:
    """Say anew how a bound thing is: closes the version before, opens one; whether it differed.

    Raises:
        BadCode, UnassignedCode, WrongState: there is no such bound thing.
        InvalidValue: naming the part that breaks a rule, or a `since` before what is known already.
    """
    async with conn.transaction():
        entity = await lock_bound(conn, code, "described")
        at = await next_instant(conn, entity, since)
        is_mounted = await mount_of(conn, entity.entity_key) is not None
        applied = await write_description(conn, entity, description, at, is_mounted=is_mounted)
    return applied.unchanged == 0


async def mount(
    conn: AsyncConnection[Any],
    code: str,
    on: str,
    *,
    since: datetime | None = None,
) -> bool:
    """Put a device on another component, junction, link or building; whether it was elsewhere.

    Raises:
        BadCode, UnassignedCode, WrongState: one of the two is no bound thing.
        InvalidValue: what is mounted is no device, or it can't be mounted on that.
    """
    async with conn.transaction():
        entity = await lock_bound(conn, code, "mounted")
        at = await next_instant(conn, entity, since)
        mount_key = await _mount_key(conn, entity, on)
        moved = await set_mount(conn, entity.entity_key, mount_key, at)
        if moved:
            await settle_mounted(conn, at, [mount_key])
    return moved


async def retire(
    conn: AsyncConnection[Any],
    code: str,
    reason: str,
    *,
    successors: Sequence[str] = (),
    since: datetime | None = None,
) -> None:
    """End a bound thing: its code answers with a tombstone from then on and is never reused.

    Raises:
        BadCode, UnassignedCode, WrongState: there is no such bound thing.
        AreaInUse: it is an area that things are said to lie in.
        InvalidValue: an empty reason, or a `since` before what is known already.
    """
    _check_text("reason", reason)
    async with conn.transaction():
        entity = await lock_bound(conn, code, "retired")
        at = await next_instant(conn, entity, since, ends=True)
        await conn.execute(_RETIRE, [at, reason, entity.entity_key])
        await end_dated(conn, entity.entity_key, at)
        for successor in successors:
            other = await bound_reference(conn, "successors", successor, [entity.kind])
            await supersede(conn, entity.entity_key, other.entity_key, at)
        if entity.kind is Kind.AREA:
            await settle_areas(conn, at, [entity.entity_key])
            await _check_unused(conn, entity)


async def void(conn: AsyncConnection[Any], code: str, reason: str) -> None:
    """Withdraw a code that was issued and never bound: misprinted, lost, or burnt.

    Raises:
        BadCode, UnassignedCode, WrongState: there is no such minted code.
        InvalidValue: an empty reason.
    """
    _check_text("reason", reason)
    async with conn.transaction():
        entity = await lock(conn, code, "voided")
        if entity.state != "minted":
            raise WrongState(code, entity.state, "voided")
        await conn.execute(_VOID, [reason, entity.entity_key])


def _check_text(field: str, text: str) -> None:
    if not text.strip():
        raise InvalidValue(field, text, "must not be empty")


async def _may_bind(conn: AsyncConnection[Any], entity: Locked, key: str) -> bool:
    """Whether the code is free for this key: False when it is bound to it already."""
    if entity.state == "bound":
        if entity.external_key == key:
            return False
        raise CodeTaken(entity.code, key)
    await hold_name(conn, "key", key)
    cursor = await conn.execute("SELECT code FROM registry.entity WHERE external_key = %s", [key])
    holder = await cursor.fetchone()
    if holder:
        raise KeyTaken(key, entity.code, holder[0])
    return True


async def _mount_key(conn: AsyncConnection[Any], entity: Locked, on: str) -> int:
    if entity.kind is not Kind.DEVICE:
        raise InvalidValue("mounted_on", on, "is for devices: nothing else is mounted on things")
    return (await bound_reference(conn, "mounted_on", on, MOUNTS)).entity_key


async def _check_unused(conn: AsyncConnection[Any], area: Locked) -> None:
    row = await (await conn.execute(_LYING_IN, [area.entity_key])).fetchone()
    if row and row[0]:
        raise AreaInUse(area.code, row[0])
