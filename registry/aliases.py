"""Names that others have for an entity, dated: ``gbt2260`` 110101, ``uscc`` and the like."""

import re
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from city.errors import InvalidValue
from registry.dated import end
from registry.locking import hold_name, lock_bound, next_instant

_SCHEME = re.compile(r"[a-z][a-z0-9:._-]{0,63}", re.ASCII)
_FORMS = {
    "gbt2260": (re.compile(r"[0-9]{6}", re.ASCII), "six digits"),
    "area12": (re.compile(r"[0-9]{12}", re.ASCII), "twelve digits"),
    "gbt30428": (re.compile(r"[0-9]{16}", re.ASCII), "sixteen digits"),
    "cjt553": (re.compile(r"[0-9]{21}", re.ASCII), "twenty-one digits"),
    "gridcell-bj": (re.compile(r"[0-9]{15}", re.ASCII), "fifteen digits"),
}
MAX_VALUE_LENGTH = 200

_HOLDER = """
    SELECT e.code
    FROM registry.alias a
    JOIN registry.entity e USING (entity_key)
    WHERE a.scheme = %s
      AND a.value = %s
      AND a.valid @> COALESCE(%s::timestamptz, now())
"""

_IN_ITS_SCHEME = "d.entity_key = %(entity)s AND d.scheme = %(scheme)s"

_OPEN = """
    INSERT INTO registry.alias (scheme, value, entity_key, valid)
    VALUES (%(scheme)s, %(value)s, %(entity)s, tstzrange(%(at)s, NULL))
"""


def alias_fault(scheme: str, value: object) -> str | None:
    """What is wrong with an alias, in words; None when nothing is."""
    if not _SCHEME.fullmatch(scheme):
        return "has a scheme that is not lower-case letters, digits and :._-"
    if not isinstance(value, str) or not 0 < len(value) <= MAX_VALUE_LENGTH:
        return f"must be a text of 1 to {MAX_VALUE_LENGTH} characters"
    if not value.isprintable():
        return "has characters that can't be printed"
    form, words = _FORMS.get(scheme, (None, ""))
    if form and not form.fullmatch(value):
        return f"must be {words}"
    return None


async def code_of(
    conn: AsyncConnection[Any], scheme: str, value: str, at: datetime | None = None
) -> str | None:
    """The code of the entity that had this alias at an instant (now by default), if any had."""
    row = await (await conn.execute(_HOLDER, [scheme, value, at])).fetchone()
    return row[0] if row else None


async def set_alias(
    conn: AsyncConnection[Any],
    code: str,
    scheme: str,
    value: str,
    *,
    since: datetime | None = None,
) -> bool:
    """Give a bound entity an alias, in place of the one it has in that scheme; whether it is new.

    Raises:
        BadCode, UnassignedCode, WrongState: there is no such bound thing.
        InvalidValue: the alias is malformed, or another entity has it.
    """
    fault = alias_fault(scheme, value)
    if fault:
        raise InvalidValue(f"aliases.{scheme}", value, fault)
    async with conn.transaction():
        entity = await lock_bound(conn, code, "given an alias")
        await hold_name(conn, scheme, value)
        at = await next_instant(conn, entity, since)
        holder = await code_of(conn, scheme, value, at)
        if holder == code:
            return False
        if holder is not None:
            raise InvalidValue(f"aliases.{scheme}", value, f"is the alias of {holder}")
        facts = {"scheme": scheme, "value": value, "entity": entity.entity_key, "at": at}
        await end(conn, "alias", _IN_ITS_SCHEME, facts)
        await conn.execute(_OPEN, facts)
    return True
