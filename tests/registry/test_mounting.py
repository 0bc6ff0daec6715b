"""A device stands on something, is where that is, and may move to something else."""

from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from shapely import Point, box

from city.codes import Kind
from city.errors import InvalidValue
from registry.describing import Description
from registry.entities import describe, mount
from registry.resolve import resolve

Connection = psycopg.AsyncConnection[Any]
Bound = Callable[..., Awaitable[str]]

POLE = Description("smart-pole", {"en": "Pole"}, Point(116.3, 39.9))
DEVICE = Description("smart-pole")


async def test_a_device_without_a_place_is_where_its_mount_is(
    conn: Connection, bound: Bound
) -> None:
    west = await bound("west", Kind.AREA, Description("district", {}, box(116, 39, 117, 40)))
    east = await bound("east", Kind.AREA, Description("district", {}, box(117, 39, 118, 40)))
    pole = await bound("pole/1", Kind.COMPONENT, POLE)
    device = await bound("device/1", Kind.DEVICE, DEVICE, mounted_on=pole)

    async def place(code: str) -> tuple[object, list[str]]:
        version = (await resolve(conn, code)).version
        assert version is not None
        return version.geometry, [area.code for area in version.areas]

    assert await place(device) == (Point(116.3, 39.9), [west])
    await describe(conn, pole, Description("smart-pole", {}, Point(117.3, 39.9)))
    assert await place(device) == (Point(117.3, 39.9), [east])


async def test_a_device_moves_to_another_pole_and_its_past_stays(
    conn: Connection, bound: Bound
) -> None:
    first = await bound("pole/1", Kind.COMPONENT, POLE)
    second = await bound("pole/2", Kind.COMPONENT, Description("smart-pole", {}, Point(117, 39)))
    device = await bound("device/1", Kind.DEVICE, DEVICE, mounted_on=first)
    before = (await resolve(conn, device)).version

    assert await mount(conn, device, second)
    assert not await mount(conn, device, second)

    now = (await resolve(conn, device)).version
    assert before is not None and now is not None
    assert (before.mounted_on, now.mounted_on) == (first, second)
    assert now.geometry == Point(117, 39)
    then = (await resolve(conn, device, before.valid_from)).version
    assert then is not None and then.mounted_on == first
    pole = (await resolve(conn, second)).version
    assert pole is not None and pole.devices == (device,)


async def test_only_devices_are_mounted_and_only_on_fixed_things(
    conn: Connection, bound: Bound
) -> None:
    pole = await bound("pole/1", Kind.COMPONENT, POLE)
    device = await bound("device/1", Kind.DEVICE, DEVICE, mounted_on=pole)
    office = await bound("office", Kind.ORGANISATION, Description("agency"))
    with pytest.raises(InvalidValue, match="mounted_on"):
        await mount(conn, pole, pole)
    with pytest.raises(InvalidValue, match="mounted_on"):
        await mount(conn, device, office)
