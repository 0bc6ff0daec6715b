"""Issuing codes: in order within a block, never the same one twice, whoever else is minting.

A block of 923,521 codes of one kind belongs to an authority. Its row is locked while indexes are
taken, so concurrent minters queue and a minter that dies leaves no trace: what it took rolls back
with everything it had recorded. Codes count as issued when the transaction commits; print none
before that.
"""

from collections.abc import Iterator
from typing import Any

from psycopg import AsyncConnection

from city.codes import ALPHABET, SERIALS_PER_BLOCK, Kind, block_name, entity_code
from city.errors import InvalidValue
from registry.classes import REGISTERED_KINDS

DEFAULT_AUTHORITY = "city"
MAX_AT_ONCE = 1_000_000

# The alphabet has vowels, so codes can spell. An index whose code holds one of these is not issued.
OFFENSIVE = ("CNM", "CUNT", "FUCK", "KKK", "NMB", "RAPE", "TMD", "WHRE", "1488")

# Block 000 is never opened: its codes are the examples in documents and tests.
_FIRST_BLOCK = 1

_ROOM = """
    SELECT block, next_index
    FROM registry.block
    WHERE kind = %(kind)s
      AND authority = %(authority)s
      AND next_index < %(size)s
    ORDER BY block
    LIMIT 1
    FOR UPDATE
"""


async def mint(
    conn: AsyncConnection[Any],
    kind: Kind,
    count: int = 1,
    *,
    authority: str = DEFAULT_AUTHORITY,
) -> list[str]:
    """Issue codes of a kind; they are ``minted``: known here, and naming nothing yet.

    Inside a caller's transaction the block stays locked until that ends.

    Args:
        conn: outside a transaction, or in one that is to include the minting.
        kind: one of the registry's kinds; events, persons and test codes are not minted here.
        count: how many, 1 to 1,000,000.
        authority: whose block they come from; a first block is opened as needed.

    Raises:
        InvalidValue: naming the argument that breaks its rule.
    """
    _check_kind(kind)
    if not 1 <= count <= MAX_AT_ONCE:
        raise InvalidValue("count", count, f"must be from 1 to {MAX_AT_ONCE}")
    codes: list[str] = []
    async with conn.transaction():
        while len(codes) < count:
            codes += await _take(conn, kind, authority, count - len(codes))
        async with conn.cursor().copy("COPY registry.entity (code) FROM STDIN") as copy:
            await copy.write("".join(f"{code}\n" for code in codes))
    return codes


async def open_block(conn: AsyncConnection[Any], kind: Kind, authority: str) -> str:
    """Give an authority the next free block of a kind; its name.

    Raises:
        InvalidValue: for a kind without blocks here, an empty authority, or when all are taken.
    """
    _check_kind(kind)
    if not authority.strip():
        raise InvalidValue("authority", authority, "must not be empty")
    async with conn.transaction():
        await _lock_kind(conn, kind)
        cursor = await conn.execute(
            "SELECT max(block) FROM registry.block WHERE kind = %s", [kind.value]
        )
        row = await cursor.fetchone()
        highest = row[0] if row else None
        block = block_name(_block_number(highest) + 1 if highest else _FIRST_BLOCK)
        await conn.execute(
            "INSERT INTO registry.block (kind, block, authority) VALUES (%s, %s, %s)",
            [kind.value, block, authority],
        )
    return block


def is_offensive(code: str) -> bool:
    """Whether the printed code would spell something no plate should carry."""
    return any(word in code for word in OFFENSIVE)


def _check_kind(kind: Kind) -> None:
    if kind not in REGISTERED_KINDS:
        raise InvalidValue("kind", kind.value, "is not minted here: E, P and X are coded apart")


async def _take(conn: AsyncConnection[Any], kind: Kind, authority: str, wanted: int) -> list[str]:
    """Up to `wanted` codes from one block; the indexes passed over are burnt."""
    block, first = await _room(conn, kind, authority)
    codes: list[str] = []
    following = first
    for index, code in _issue(kind, block, first):
        codes.append(code)
        following = index + 1
        if len(codes) == wanted:
            break
    else:
        following = SERIALS_PER_BLOCK
    await conn.execute(
        "UPDATE registry.block SET next_index = %s WHERE kind = %s AND block = %s",
        [following, kind.value, block],
    )
    return codes


def _issue(kind: Kind, block: str, first: int) -> Iterator[tuple[int, str]]:
    """The block's codes from an index on, without those that offend."""
    for index in range(first, SERIALS_PER_BLOCK):
        code = entity_code(kind, block, index)
        if not is_offensive(code):
            yield index, code


async def _room(conn: AsyncConnection[Any], kind: Kind, authority: str) -> tuple[str, int]:
    """The authority's first block with room, locked, and its next index."""
    facts = {"kind": kind.value, "authority": authority, "size": SERIALS_PER_BLOCK}
    row = await (await conn.execute(_ROOM, facts)).fetchone()
    if row is None:
        # Look again under the lock: whoever held it may just have opened a block for us both.
        await _lock_kind(conn, kind)
        row = await (await conn.execute(_ROOM, facts)).fetchone()
    if row is None:
        return await open_block(conn, kind, authority), 0
    return row[0], row[1]


async def _lock_kind(conn: AsyncConnection[Any], kind: Kind) -> None:
    """Let one transaction at a time open blocks of a kind."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtext('registry.block'), ascii(%s))", [kind.value]
    )


def _block_number(block: str) -> int:
    number = 0
    for character in block:
        number = number * len(ALPHABET) + ALPHABET.index(character)
    return number
