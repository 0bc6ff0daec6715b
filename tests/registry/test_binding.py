"""A minted code is bound to one thing, once, by a description that keeps the rules."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from shapely import Point

from city.codes import Kind
from city.errors import BadCode, InvalidValue
from registry.describing import Description
from registry.entities import bind
from registry.errors import CodeTaken, KeyTaken, RegistryError, UnassignedCode
from registry.minting import mint
from registry.resolve import resolve

Connection = psycopg.AsyncConnection[Any]
Bound = Callable[..., Awaitable[str]]

POLE = Description("smart-pole", {"en": "Pole"}, Point(116.3, 39.9))


async def test_a_minted_code_names_nothing_yet(conn: Connection) -> None:
    (code,) = await mint(conn, Kind.COMPONENT)
    found = await resolve(conn, code)
    assert (found.state, found.version, found.tombstone) == ("minted", None, None)


async def test_a_bound_code_names_its_thing(conn: Connection) -> None:
    (code,) = await mint(conn, Kind.COMPONENT)

    assert await bind(conn, code, POLE, key="pole/1")

    found = await resolve(conn, code)
    assert (found.state, found.key, found.kind) == ("bound", "pole/1", "C")
    assert found.version is not None
    assert found.version.geometry == Point(116.3, 39.9)
    assert found.version.names == {"en": "Pole"}


async def test_binding_again_under_the_same_key_changes_nothing(conn: Connection) -> None:
    (code,) = await mint(conn, Kind.COMPONENT)
    await bind(conn, code, POLE, key="pole/1")

    assert not await bind(conn, code, Description("street-lamp"), key="pole/1")

    found = await resolve(conn, code)
    assert found.version is not None and found.version.class_ == "smart-pole"


async def test_the_first_bind_wins(conn: Connection) -> None:
    (code,) = await mint(conn, Kind.COMPONENT)
    await bind(conn, code, POLE, key="pole/1")
    with pytest.raises(CodeTaken):
        await bind(conn, code, POLE, key="pole/2")


async def test_of_two_that_bind_at_once_exactly_one_wins(
    conn: Connection, database_url: str
) -> None:
    (code,) = await mint(conn, Kind.COMPONENT)

    async def attempt(key: str) -> bool | RegistryError:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as own:
            try:
                return await bind(own, code, POLE, key=key)
            except CodeTaken as error:
                return error

    outcomes = await asyncio.gather(*(attempt(f"pole/{number}") for number in range(6)))

    assert outcomes.count(True) == 1
    assert sum(isinstance(outcome, CodeTaken) for outcome in outcomes) == 5


async def test_a_thing_has_one_code(conn: Connection) -> None:
    first, second = await mint(conn, Kind.COMPONENT, 2)
    await bind(conn, first, POLE, key="pole/1")
    with pytest.raises(KeyTaken) as caught:
        await bind(conn, second, POLE, key="pole/1")
    assert caught.value.holder == first


async def test_of_codes_bound_at_once_under_one_key_exactly_one_gets_it(
    conn: Connection, database_url: str
) -> None:
    async def attempt(code: str) -> bool | RegistryError:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as own:
            try:
                return await bind(own, code, POLE, key="pole/1")
            except KeyTaken as error:
                return error

    codes = await mint(conn, Kind.COMPONENT, 6)
    outcomes = await asyncio.gather(*(attempt(code) for code in codes))

    assert outcomes.count(True) == 1
    assert sum(isinstance(outcome, KeyTaken) for outcome in outcomes) == 5


async def test_a_code_that_was_never_issued_can_not_be_bound(conn: Connection) -> None:
    with pytest.raises(UnassignedCode):
        await bind(conn, "C7K3K4WTB", POLE, key="pole/1")
    with pytest.raises(UnassignedCode):
        await resolve(conn, "C7K3K4WTB")


async def test_a_code_that_is_none_is_refused_before_any_look_up(conn: Connection) -> None:
    await conn.close()
    with pytest.raises(BadCode):
        await resolve(conn, "C7K3K4WT0")


BAD_DESCRIPTIONS = [
    pytest.param(Kind.COMPONENT, Description("district"), "class", id="a class of another kind"),
    pytest.param(Kind.COMPONENT, Description("tower"), "class", id="a class nobody knows"),
    pytest.param(
        Kind.AREA, Description("city", {}, Point(116, 39)), "geometry", id="a point as an area"
    ),
    pytest.param(
        Kind.LINK, Description("pipe", {}, Point(116, 39)), "geometry", id="a point as a link"
    ),
    pytest.param(
        Kind.COMPONENT,
        Description("tree", {}, Point(39.9, 116.4)),
        "geometry",
        id="latitude before longitude",
    ),
    pytest.param(
        Kind.COMPONENT,
        Description("tree", {}, Point(float("nan"), 39)),
        "geometry",
        id="a coordinate that is not a number",
    ),
    pytest.param(
        Kind.COMPONENT, Description("tree", area="C7K3K4WTB"), "area", id="a component as area"
    ),
    pytest.param(Kind.COMPONENT, Description("tree", area="nowhere"), "area", id="no code as area"),
    pytest.param(
        Kind.COMPONENT, Description("tree", area="A00AQW0UF"), "area", id="an area nobody bound"
    ),
    pytest.param(
        Kind.COMPONENT, Description("tree", owner="A00AQW0UF"), "owner", id="an area as owner"
    ),
]


@pytest.mark.parametrize(("kind", "description", "field"), BAD_DESCRIPTIONS)
async def test_a_description_that_breaks_a_rule_is_refused(
    conn: Connection, kind: Kind, description: Description, field: str
) -> None:
    (code,) = await mint(conn, kind)
    with pytest.raises(InvalidValue) as caught:
        await bind(conn, code, description, key="thing")
    assert caught.value.field == field
    assert (await resolve(conn, code)).state == "minted"
