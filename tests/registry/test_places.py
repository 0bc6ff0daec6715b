"""Where a thing lies when nobody said: the smallest area that covers it, even as areas change."""

from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from shapely import LineString, Point, box

from city.codes import Kind
from city.errors import InvalidValue
from registry.areas import areas, count_inside
from registry.describing import Description
from registry.entities import describe, retire
from registry.resolve import resolve

Connection = psycopg.AsyncConnection[Any]
Bound = Callable[..., Awaitable[str]]


async def _areas(conn: Connection, code: str) -> list[str]:
    version = (await resolve(conn, code)).version
    assert version is not None
    return [area.code for area in version.areas]


def _tree(lon: float, lat: float) -> Description:
    return Description("tree", {}, Point(lon, lat))


async def test_the_smallest_area_wins_and_the_larger_follow(conn: Connection, bound: Bound) -> None:
    city = await bound("city", Kind.AREA, Description("city", {}, box(116, 39, 118, 41)))
    quarter = await bound(
        "west/1", Kind.AREA, Description("sub-district", {}, box(116.2, 39.2, 116.4, 39.4))
    )
    # Bound after the quarter that it holds: the quarter is given its parent then.
    west = await bound("west", Kind.AREA, Description("district", {}, box(116, 39, 117, 40)))

    assert await _areas(conn, quarter) == [west, city]
    assert await _areas(conn, await bound("a", Kind.COMPONENT, _tree(116.3, 39.3))) == [
        quarter,
        west,
        city,
    ]
    assert await _areas(conn, await bound("b", Kind.COMPONENT, _tree(116.5, 39.3))) == [west, city]
    assert await _areas(conn, await bound("c", Kind.COMPONENT, _tree(117.5, 39.3))) == [city]
    assert await _areas(conn, await bound("d", Kind.COMPONENT, _tree(119.0, 39.3))) == []


async def test_a_border_belongs_to_the_same_side_every_time(conn: Connection, bound: Bound) -> None:
    west = await bound("west", Kind.AREA, Description("district", {}, box(116, 39, 117, 40)))
    east = await bound("east", Kind.AREA, Description("district", {}, box(117, 39, 118, 40)))
    first = await _areas(conn, await bound("a", Kind.COMPONENT, _tree(117, 39.5)))
    second = await _areas(conn, await bound("b", Kind.COMPONENT, _tree(117, 39.6)))
    assert first == second == [min(west, east)]


async def test_what_is_said_is_not_overruled_by_geometry(conn: Connection, bound: Bound) -> None:
    west = await bound("west", Kind.AREA, Description("district", {}, box(116, 39, 117, 40)))
    east = await bound("east", Kind.AREA, Description("district", {}, box(117, 39, 118, 40)))
    tree = await bound("a", Kind.COMPONENT, Description("tree", {}, Point(116.5, 39.5), area=east))

    await describe(conn, west, Description("district", {}, box(116, 39, 116.9, 40)))

    assert await _areas(conn, tree) == [east]


async def test_a_moved_border_moves_what_was_placed_by_geometry(
    conn: Connection, bound: Bound
) -> None:
    west = await bound("west", Kind.AREA, Description("district", {}, box(116, 39, 117, 40)))
    tree = await bound("a", Kind.COMPONENT, _tree(117.2, 39.5))
    pole = await bound("p", Kind.COMPONENT, Description("smart-pole", {}, Point(117.2, 39.5)))
    device = await bound("d", Kind.DEVICE, Description("smart-pole"), mounted_on=pole)
    before = (await resolve(conn, tree)).version

    await describe(conn, west, Description("district", {}, box(116, 39, 118, 40)))

    assert [await _areas(conn, code) for code in (tree, pole, device)] == [[west]] * 3
    assert before is not None
    then = (await resolve(conn, tree, before.valid_from)).version
    assert then is not None and then.areas == ()


async def test_what_a_shrunken_or_retired_area_leaves_falls_to_the_next_larger(
    conn: Connection, bound: Bound
) -> None:
    city = await bound("city", Kind.AREA, Description("city", {}, box(116, 39, 118, 41)))
    west = await bound("west", Kind.AREA, Description("district", {}, box(116, 39, 117, 40)))
    far = await bound("far", Kind.COMPONENT, _tree(116.8, 39.5))
    near = await bound("near", Kind.COMPONENT, _tree(116.2, 39.5))

    await describe(conn, west, Description("district", {}, box(116, 39, 116.5, 40)))
    assert [await _areas(conn, code) for code in (far, near)] == [[city], [west, city]]

    await retire(conn, west, "merged")
    assert [await _areas(conn, code) for code in (far, near)] == [[city], [city]]


async def test_an_area_lies_in_a_coarser_one_only(conn: Connection, bound: Bound) -> None:
    west = await bound("west", Kind.AREA, Description("district", {}, box(116, 39, 117, 40)))
    with pytest.raises(InvalidValue, match="coarser"):
        await bound("east", Kind.AREA, Description("district", {}, area=west))


async def test_areas_are_listed_by_level_and_inside_another(conn: Connection, bound: Bound) -> None:
    city = await bound("city", Kind.AREA, Description("city", {}, box(116, 39, 118, 41)))
    west = await bound("west", Kind.AREA, Description("district", {}, box(116, 39, 117, 40)))
    quarter = await bound(
        "west/1", Kind.AREA, Description("sub-district", {}, box(116.2, 39.2, 116.4, 39.4))
    )

    async def listed(**conditions: Any) -> list[str]:
        return [each.code for each in (await areas(conn, **conditions)).items]

    assert await listed() == sorted([city, west, quarter])
    assert await listed(level="district") == [west]
    assert await listed(within=city) == sorted([west, quarter])
    assert await listed(within=west) == [quarter]
    assert await listed(within=quarter) == []
    with pytest.raises(InvalidValue, match="level"):
        await listed(level="province")


async def test_things_are_counted_in_every_area_around_them(conn: Connection, bound: Bound) -> None:
    city = await bound("city", Kind.AREA, Description("city", {}, box(116, 39, 118, 41)))
    west = await bound("west", Kind.AREA, Description("district", {}, box(116, 39, 117, 40)))
    for number, lon in enumerate((116.5, 116.6, 117.5)):
        await bound(f"tree/{number}", Kind.COMPONENT, _tree(lon, 39.5))

    page = await areas(conn)

    counts = await count_inside(conn, page.items, Kind.COMPONENT, "tree")
    assert counts == {city: {"tree": 3}, west: {"tree": 2}}


async def test_a_line_lies_where_a_point_on_it_lies(conn: Connection, bound: Bound) -> None:
    west = await bound("west", Kind.AREA, Description("district", {}, box(116, 39, 117, 40)))
    line = LineString([(116.1, 39.1), (116.9, 39.9), (117.2, 39.9)])
    road = await bound("road", Kind.LINK, Description("road-segment", {}, line))
    assert await _areas(conn, road) == [west]
