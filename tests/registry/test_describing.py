"""What is true of a thing changes over time: every instant has one description, and keeps it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from shapely import Point

from city.codes import Kind
from city.errors import InvalidValue
from registry.describing import Description
from registry.entities import bind, describe, retire
from registry.errors import WrongState
from registry.minting import mint
from registry.resolve import resolve

Connection = psycopg.AsyncConnection[Any]
Bound = Callable[..., Awaitable[str]]

POLE = Description("smart-pole", {"en": "Pole"}, Point(116.3, 39.9))


async def _versions(conn: Connection, code: str) -> list[tuple[dict[str, str], bool]]:
    cursor = await conn.execute(
        """
        SELECT v.names, upper_inf(v.valid)
        FROM registry.entity_version v
        JOIN registry.entity e USING (entity_key)
        WHERE e.code = %s
        ORDER BY lower(v.valid)
        """,
        [code],
    )
    return await cursor.fetchall()


async def test_a_new_description_closes_the_one_before(conn: Connection, bound: Bound) -> None:
    code = await bound("pole/1", Kind.COMPONENT, POLE)

    assert await describe(conn, code, Description("smart-pole", {"en": "Repainted"}))

    assert await _versions(conn, code) == [({"en": "Pole"}, False), ({"en": "Repainted"}, True)]


async def test_the_same_description_again_is_no_change(conn: Connection, bound: Bound) -> None:
    code = await bound("pole/1", Kind.COMPONENT, POLE)
    assert not await describe(conn, code, POLE)
    assert len(await _versions(conn, code)) == 1


async def test_a_code_resolves_as_of_an_instant(conn: Connection) -> None:
    (code,) = await mint(conn, Kind.COMPONENT)
    built, painted = datetime(2020, 5, 1, tzinfo=UTC), datetime(2024, 5, 1, tzinfo=UTC)
    await bind(conn, code, POLE, key="pole/1", since=built)
    await describe(conn, code, Description("smart-pole", {"en": "Repainted"}), since=painted)

    async def name(at: datetime) -> object:
        version = (await resolve(conn, code, at)).version
        return version.names["en"] if version else None

    a_moment = timedelta(microseconds=1)
    assert await name(built - a_moment) is None
    assert await name(built) == "Pole"
    assert await name(painted - a_moment) == "Pole"
    assert await name(painted) == "Repainted"
    assert await name(datetime.now(UTC)) == "Repainted"


async def test_history_is_not_rewritten(conn: Connection) -> None:
    (code,) = await mint(conn, Kind.COMPONENT)
    await bind(conn, code, POLE, key="pole/1", since=datetime(2024, 1, 1, tzinfo=UTC))
    early = datetime(2023, 1, 1, tzinfo=UTC)
    with pytest.raises(InvalidValue, match="since"):
        await describe(conn, code, Description("smart-pole"), since=early)
    with pytest.raises(InvalidValue, match="since"):
        await retire(conn, code, "felled", since=early)


BAD_INSTANTS = [
    pytest.param(datetime.now(UTC) + timedelta(days=1), id="the future"),
    pytest.param(datetime(2024, 1, 1), id="without an offset"),  # noqa: DTZ001 - the point of it
]


@pytest.mark.parametrize("since", BAD_INSTANTS)
async def test_an_instant_must_be_past_and_have_an_offset(
    conn: Connection, since: datetime
) -> None:
    (code,) = await mint(conn, Kind.COMPONENT)
    with pytest.raises(InvalidValue, match="since"):
        await bind(conn, code, POLE, key="pole/1", since=since)


async def test_what_held_for_no_time_is_not_history(conn: Connection) -> None:
    (code,) = await mint(conn, Kind.COMPONENT)
    since = datetime(2024, 1, 1, tzinfo=UTC)
    await bind(conn, code, POLE, key="pole/1", since=since)
    await describe(conn, code, Description("smart-pole", {"en": "Corrected"}), since=since)
    assert await _versions(conn, code) == [({"en": "Corrected"}, True)]


async def test_the_database_refuses_two_descriptions_for_one_instant(
    conn: Connection, bound: Bound
) -> None:
    await bound("pole/1", Kind.COMPONENT, POLE)
    with pytest.raises(psycopg.errors.ExclusionViolation):
        await conn.execute(
            """
            INSERT INTO registry.entity_version (entity_key, valid, class)
            SELECT entity_key, tstzrange('2020-01-01', NULL), 'tree'
            FROM registry.entity
            """
        )


async def test_concurrent_descriptions_leave_one_current_and_no_overlap(
    conn: Connection, database_url: str, bound: Bound
) -> None:
    code = await bound("pole/1", Kind.COMPONENT, POLE)

    async def painter(colour: str) -> None:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as own:
            for coat in range(5):
                await describe(own, code, Description("smart-pole", {"en": f"{colour} {coat}"}))

    await asyncio.gather(*(painter(colour) for colour in ("red", "green", "blue", "grey")))

    versions = await _versions(conn, code)
    assert [is_open for _, is_open in versions].count(True) == 1
    assert len(versions) == 1 + 4 * 5


async def test_only_what_is_bound_can_be_described(conn: Connection) -> None:
    (code,) = await mint(conn, Kind.COMPONENT)
    with pytest.raises(WrongState):
        await describe(conn, code, POLE)
