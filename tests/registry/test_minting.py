"""Codes are issued once, in order, whoever else is minting and whoever dies meanwhile."""

import asyncio
from typing import Any

import psycopg
import pytest

from city.codes import SERIALS_PER_BLOCK, Kind, entity_code, parse_code
from city.errors import InvalidValue
from registry import minting
from registry.minting import is_offensive, mint, open_block

Connection = psycopg.AsyncConnection[Any]


async def _issued(conn: Connection) -> list[str]:
    cursor = await conn.execute("SELECT code FROM registry.entity ORDER BY entity_key")
    return [row[0] for row in await cursor.fetchall()]


async def test_codes_come_in_the_order_of_their_index(conn: Connection) -> None:
    codes = await mint(conn, Kind.COMPONENT, 3) + await mint(conn, Kind.COMPONENT, 2)

    block = parse_code(codes[0]).block
    assert codes == [entity_code(Kind.COMPONENT, block, index) for index in range(5)]
    assert await _issued(conn) == codes


async def test_block_000_is_left_to_examples(conn: Connection) -> None:
    (code,) = await mint(conn, Kind.AREA)
    assert parse_code(code).block == "001"


async def test_each_kind_and_each_authority_has_blocks_of_its_own(conn: Connection) -> None:
    ours = await mint(conn, Kind.COMPONENT)
    theirs = await mint(conn, Kind.COMPONENT, authority="water works")
    devices = await mint(conn, Kind.DEVICE)

    assert [parse_code(code).block for code in ours + theirs + devices] == ["001", "002", "001"]


async def test_concurrent_minters_never_repeat_a_code(database_url: str) -> None:
    async def minter() -> list[str]:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as own:
            return [code for _ in range(10) for code in await mint(own, Kind.COMPONENT, 7)]

    shares = await asyncio.gather(*(minter() for _ in range(8)))

    codes = [code for share in shares for code in share]
    assert len(set(codes)) == len(codes) == 8 * 10 * 7
    # Nobody failed, so nothing was burnt; and the first block was opened once.
    assert sorted(parse_code(code).index for code in codes) == list(range(len(codes)))
    assert {parse_code(code).block for code in codes} == {"001"}


async def test_a_minter_that_is_killed_takes_nothing_with_it(
    conn: Connection, database_url: str
) -> None:
    await mint(conn, Kind.COMPONENT, 3)
    doomed = await psycopg.AsyncConnection.connect(database_url)
    await doomed.execute("SELECT")  # begins a transaction that stays open: the block is locked
    await mint(doomed, Kind.COMPONENT, 5)
    waiting = asyncio.create_task(mint(conn, Kind.COMPONENT, 4))

    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as killer:
        await killer.execute("SELECT pg_terminate_backend(%s)", [doomed.info.backend_pid])
    codes = await asyncio.wait_for(waiting, 20)
    await doomed.close()

    assert [parse_code(code).index for code in codes] == [3, 4, 5, 6]
    assert len(await _issued(conn)) == 7


async def test_an_index_whose_code_would_offend_is_never_issued(conn: Connection) -> None:
    block = await open_block(conn, Kind.COMPONENT, "city")
    offensive = next(
        index
        for index in range(SERIALS_PER_BLOCK)
        if is_offensive(entity_code(Kind.COMPONENT, block, index))
    )
    await conn.execute("UPDATE registry.block SET next_index = %s", [offensive])

    codes = await mint(conn, Kind.COMPONENT, 2)

    assert [parse_code(code).index for code in codes] == [offensive + 1, offensive + 2]


async def test_a_full_block_is_followed_by_a_new_one(conn: Connection) -> None:
    block = await open_block(conn, Kind.COMPONENT, "city")
    await conn.execute("UPDATE registry.block SET next_index = %s", [SERIALS_PER_BLOCK - 2])

    codes = await mint(conn, Kind.COMPONENT, 5)

    assert [parse_code(code).block for code in codes] == [block, block, "002", "002", "002"]
    assert [parse_code(code).index for code in codes][2:] == [0, 1, 2]


@pytest.mark.parametrize("kind", [Kind.EVENT, Kind.PERSON, Kind.TEST])
async def test_kinds_that_are_coded_apart_are_not_minted(conn: Connection, kind: Kind) -> None:
    with pytest.raises(InvalidValue, match="kind"):
        await mint(conn, kind)


@pytest.mark.parametrize("count", [0, -1, minting.MAX_AT_ONCE + 1])
async def test_a_senseless_count_is_refused(conn: Connection, count: int) -> None:
    with pytest.raises(InvalidValue, match="count"):
        await mint(conn, Kind.COMPONENT, count)


async def test_an_authority_needs_a_name(conn: Connection) -> None:
    with pytest.raises(InvalidValue, match="authority"):
        await mint(conn, Kind.COMPONENT, authority=" ")


async def test_a_code_never_becomes_another_nor_its_kind(conn: Connection) -> None:
    await mint(conn, Kind.COMPONENT)
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        await conn.execute("UPDATE registry.entity SET code = 'B0010000H'")
    with pytest.raises(psycopg.errors.GeneratedAlways):
        await conn.execute("UPDATE registry.entity SET kind = 'B'")
