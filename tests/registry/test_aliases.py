"""What others call a thing: one thing at a time has the name, and the past keeps who had it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from city.codes import Kind
from city.errors import InvalidValue
from registry.aliases import code_of, set_alias
from registry.describing import Description

Connection = psycopg.AsyncConnection[Any]
Bound = Callable[..., Awaitable[str]]


async def test_an_alias_leads_to_the_code_that_had_it_then(conn: Connection, bound: Bound) -> None:
    first = await bound("west", Kind.AREA, Description("district"))
    second = await bound("east", Kind.AREA, Description("district"))
    await set_alias(conn, first, "gbt2260", "110103")
    before = datetime.now(UTC)
    await set_alias(conn, first, "gbt2260", "110101")
    await set_alias(conn, second, "gbt2260", "110103")

    assert await code_of(conn, "gbt2260", "110103") == second
    assert await code_of(conn, "gbt2260", "110103", before) == first
    assert await code_of(conn, "gbt2260", "999999") is None


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        ("gbt2260", "11010"),
        ("gbt2260", "１１０１０１"),
        ("GBT", "1"),
        ("uscc", ""),
        ("uscc", "a\n"),
    ],
)
async def test_a_malformed_alias_is_refused(
    conn: Connection, bound: Bound, scheme: str, value: str
) -> None:
    code = await bound("west", Kind.AREA, Description("district"))
    with pytest.raises(InvalidValue, match="aliases"):
        await set_alias(conn, code, scheme, value)


async def test_an_alias_names_one_thing_at_a_time(conn: Connection, bound: Bound) -> None:
    first = await bound("west", Kind.AREA, Description("district"))
    second = await bound("east", Kind.AREA, Description("district"))
    assert await set_alias(conn, first, "gbt2260", "110101")
    assert not await set_alias(conn, first, "gbt2260", "110101")
    with pytest.raises(InvalidValue, match=first):
        await set_alias(conn, second, "gbt2260", "110101")


async def test_of_things_given_an_alias_at_once_exactly_one_gets_it(
    conn: Connection, database_url: str, bound: Bound
) -> None:
    async def attempt(code: str) -> bool | InvalidValue:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as own:
            try:
                return await set_alias(own, code, "uscc", "91350100M000100Y43")
            except InvalidValue as error:
                return error

    codes = [
        await bound(f"firm/{number}", Kind.ORGANISATION, Description("enterprise"))
        for number in range(4)
    ]
    outcomes = await asyncio.gather(*(attempt(code) for code in codes))

    assert outcomes.count(True) == 1
    assert sum(isinstance(outcome, InvalidValue) for outcome in outcomes) == 3


async def test_an_alias_that_was_had_for_no_time_is_not_history(
    conn: Connection, bound: Bound
) -> None:
    code = await bound("west", Kind.AREA, Description("district"))
    since = datetime.now(UTC)
    await set_alias(conn, code, "gbt2260", "110101", since=since)
    await set_alias(conn, code, "gbt2260", "110102", since=since)
    assert await code_of(conn, "gbt2260", "110101", since) is None
    assert await code_of(conn, "gbt2260", "110102", since) == code
