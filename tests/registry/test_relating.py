"""Relations by hand: said, replaced, ended, and asked for as of an instant."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from shapely import LineString, Point

from city.codes import Kind
from city.errors import InvalidValue
from registry.describing import Description
from registry.entities import retire
from registry.errors import WrongState
from registry.minting import mint
from registry.relating import relate, related, unrelate
from registry.vocabulary import Position, Predicate

Connection = psycopg.AsyncConnection[Any]
Bound = Callable[..., Awaitable[str]]

LINE = Description("road-segment", {"en": "Link"}, LineString([(116.3, 39.9), (116.4, 39.9)]))
CROSSING = Description("intersection", {"en": "Crossing"}, Point(116.3, 39.9))
ROAD = Description("road", {"en": "Road"})


async def said(conn: Connection, code: str, at: datetime | None = None) -> list[tuple[Any, ...]]:
    found = await related(conn, code, at)
    return [(each.predicate, each.position, each.is_subject, each.code) for each in found]


async def test_a_relation_is_seen_from_both_ends(conn: Connection, bound: Bound) -> None:
    link, road = await bound("l", Kind.LINK, LINE), await bound("r", Kind.ROUTE, ROAD)
    assert await relate(conn, link, Predicate.PART_OF, road)
    assert not await relate(conn, link, Predicate.PART_OF, road)
    assert await said(conn, link) == [("partOf", None, True, road)]
    assert await said(conn, road) == [("partOf", None, False, link)]
    (seen,) = await related(conn, link)
    assert (seen.class_, seen.names) == ("road", {"en": "Road"})


async def test_a_link_has_one_junction_at_each_end(conn: Connection, bound: Bound) -> None:
    link = await bound("l", Kind.LINK, LINE)
    first, second = [await bound(key, Kind.JUNCTION, CROSSING) for key in ("j1", "j2")]
    await relate(conn, link, Predicate.CONNECTS, first, position=Position.FROM)
    before = datetime.now(UTC)
    await relate(conn, link, Predicate.CONNECTS, second, position=Position.FROM)
    await relate(conn, link, Predicate.CONNECTS, first, position=Position.TO)
    assert await said(conn, link) == [
        ("connects", "from", True, second),
        ("connects", "to", True, first),
    ]
    assert await said(conn, link, before) == [("connects", "from", True, first)]


async def test_an_ended_relation_is_remembered(conn: Connection, bound: Bound) -> None:
    link, road = await bound("l", Kind.LINK, LINE), await bound("r", Kind.ROUTE, ROAD)
    await relate(conn, link, Predicate.PART_OF, road)
    before = datetime.now(UTC)
    assert await unrelate(conn, link, Predicate.PART_OF, road)
    assert not await unrelate(conn, link, Predicate.PART_OF, road)
    assert await said(conn, link) == []
    assert await said(conn, link, before) == [("partOf", None, True, road)]


async def test_relations_end_with_either_of_the_two(conn: Connection, bound: Bound) -> None:
    link, road = await bound("l", Kind.LINK, LINE), await bound("r", Kind.ROUTE, ROAD)
    await relate(conn, link, Predicate.PART_OF, road)
    await retire(conn, road, "torn up")
    assert await said(conn, link) == []
    with pytest.raises(InvalidValue, match="names nothing that is bound now"):
        await relate(conn, link, Predicate.PART_OF, road)


async def test_nothing_comes_to_be_part_of_itself(conn: Connection, bound: Bound) -> None:
    roads = [await bound(key, Kind.ROUTE, ROAD) for key in ("r1", "r2", "r3")]
    await relate(conn, roads[0], Predicate.PART_OF, roads[1])
    await relate(conn, roads[1], Predicate.PART_OF, roads[2])
    with pytest.raises(InvalidValue, match="partOf the thing itself"):
        await relate(conn, roads[2], Predicate.PART_OF, roads[0])
    with pytest.raises(InvalidValue, match="is the thing itself"):
        await relate(conn, roads[2], Predicate.PART_OF, roads[2])


async def test_what_is_not_bound_is_not_related(conn: Connection, bound: Bound) -> None:
    (code,) = await mint(conn, Kind.LINK)
    road = await bound("r", Kind.ROUTE, ROAD)
    with pytest.raises(WrongState):
        await relate(conn, code, Predicate.PART_OF, road)


@pytest.mark.parametrize(
    ("predicate", "position", "field"),
    [
        (Predicate.MOUNTED_ON, None, "predicate"),
        (Predicate.SUPERSEDED_BY, None, "predicate"),
        (Predicate.PART_OF, Position.TO, "position"),
        (Predicate.CONNECTS, None, "position"),
        (Predicate.CONNECTS, Position.TO, "to"),
        (Predicate.OBSERVED_BY, None, "to"),
    ],
)
async def test_what_the_vocabulary_does_not_join_is_refused(
    conn: Connection, bound: Bound, predicate: Predicate, position: Position | None, field: str
) -> None:
    link, road = await bound("l", Kind.LINK, LINE), await bound("r", Kind.ROUTE, ROAD)
    with pytest.raises(InvalidValue) as caught:
        await relate(conn, link, predicate, road, position=position)
    assert caught.value.field == field


async def test_the_past_of_a_relation_is_not_said_twice(conn: Connection, bound: Bound) -> None:
    link, road = await bound("l", Kind.LINK, LINE), await bound("r", Kind.ROUTE, ROAD)
    await relate(conn, link, Predicate.PART_OF, road)
    during = datetime.now(UTC)
    await unrelate(conn, link, Predicate.PART_OF, road)
    with pytest.raises(InvalidValue, match="since"):
        await relate(conn, link, Predicate.PART_OF, road, since=during - timedelta(microseconds=1))


async def test_a_relation_that_held_for_no_time_is_not_history(
    conn: Connection, bound: Bound
) -> None:
    link, road = await bound("l", Kind.LINK, LINE), await bound("r", Kind.ROUTE, ROAD)
    since = datetime.now(UTC)
    await relate(conn, link, Predicate.PART_OF, road, since=since)
    assert await unrelate(conn, link, Predicate.PART_OF, road, since=since)
    assert await said(conn, link) == []
    assert await said(conn, link, since) == []
