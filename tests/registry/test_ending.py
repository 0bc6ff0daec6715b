"""A thing is retired, or an unused code voided: the code stays, and is never anyone else."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from shapely import Point, box

from city.codes import Kind
from city.errors import InvalidValue
from registry.describing import Description
from registry.entities import bind, describe, retire, void
from registry.errors import AreaInUse, CodeEnded, WrongState
from registry.minting import mint
from registry.resolve import resolve

Connection = psycopg.AsyncConnection[Any]
Bound = Callable[..., Awaitable[str]]

POLE = Description("smart-pole", {"en": "Pole"}, Point(116.3, 39.9))


async def test_a_retired_thing_leaves_a_tombstone(conn: Connection, bound: Bound) -> None:
    old = await bound("pole/1", Kind.COMPONENT, POLE)
    new = await bound("pole/2", Kind.COMPONENT, POLE)

    await retire(conn, old, "felled by a lorry", successors=[new])

    found = await resolve(conn, old)
    assert found.state == "retired"
    assert found.tombstone is not None
    assert (found.tombstone.reason, found.tombstone.successors) == ("felled by a lorry", (new,))
    assert found.version is not None and found.version.names == {"en": "Pole"}
    assert found.version.valid_to == found.tombstone.ended_at


async def test_what_was_true_stays_true_after_retirement(conn: Connection, bound: Bound) -> None:
    code = await bound("pole/1", Kind.COMPONENT, POLE)
    before = (await resolve(conn, code)).version
    await retire(conn, code, "felled")

    assert before is not None
    then = (await resolve(conn, code, before.valid_from)).version
    assert then is not None and then.names == before.names
    assert (await resolve(conn, code, datetime.now(UTC))).version is None


async def test_a_retired_code_is_never_used_again(conn: Connection, bound: Bound) -> None:
    code = await bound("pole/1", Kind.COMPONENT, POLE)
    await retire(conn, code, "felled")
    for attempt in (
        bind(conn, code, POLE, key="pole/9"),
        describe(conn, code, POLE),
        retire(conn, code, "again"),
        void(conn, code, "misprinted"),
    ):
        with pytest.raises(CodeEnded):
            await attempt


async def test_only_an_unused_code_can_be_voided(conn: Connection, bound: Bound) -> None:
    code = await bound("pole/1", Kind.COMPONENT, POLE)
    (unused,) = await mint(conn, Kind.COMPONENT)

    await void(conn, unused, "misprinted")

    assert (await resolve(conn, unused)).state == "void"
    with pytest.raises(WrongState):
        await void(conn, code, "misprinted")
    with pytest.raises(CodeEnded):
        await bind(conn, unused, POLE, key="pole/2")


async def test_a_reason_is_asked_for(conn: Connection, bound: Bound) -> None:
    code = await bound("pole/1", Kind.COMPONENT, POLE)
    with pytest.raises(InvalidValue, match="reason"):
        await retire(conn, code, " ")


async def test_an_area_that_things_are_said_to_lie_in_stays(conn: Connection, bound: Bound) -> None:
    area = await bound("west", Kind.AREA, Description("district", {}, box(116, 39, 117, 40)))
    said = await bound("tree/1", Kind.COMPONENT, Description("tree", area=area))
    with pytest.raises(AreaInUse):
        await retire(conn, area, "merged")
    assert (await resolve(conn, area)).state == "bound"

    await retire(conn, said, "felled")
    await retire(conn, area, "merged")

    assert (await resolve(conn, area)).state == "retired"
