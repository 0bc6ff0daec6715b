"""An entity's life: bound once, described over time, retired, and never anyone else."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from shapely import LineString, Point, box

from city.codes import Kind
from city.errors import BadCode, InvalidValue
from registry.aliases import code_of, set_alias
from registry.describing import Description
from registry.entities import bind, describe, mount, retire, void
from registry.errors import (
    AreaInUse,
    CodeEnded,
    CodeTaken,
    KeyTaken,
    RegistryError,
    UnassignedCode,
    WrongState,
)
from registry.minting import mint
from registry.resolve import resolve

Connection = psycopg.AsyncConnection[Any]
Bound = Callable[..., Awaitable[str]]

POLE = Description("smart-pole", {"en": "Pole"}, Point(116.3, 39.9))
DEVICE = Description("smart-pole")


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


async def test_only_what_is_bound_can_be_described(conn: Connection) -> None:
    (code,) = await mint(conn, Kind.COMPONENT)
    with pytest.raises(WrongState):
        await describe(conn, code, POLE)


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


async def test_a_line_lies_where_a_point_on_it_lies(conn: Connection, bound: Bound) -> None:
    west = await bound("west", Kind.AREA, Description("district", {}, box(116, 39, 117, 40)))
    line = LineString([(116.1, 39.1), (116.9, 39.9), (117.2, 39.9)])
    road = await bound("road", Kind.LINK, Description("road-segment", {}, line))
    version = (await resolve(conn, road)).version
    assert version is not None and [area.code for area in version.areas] == [west]
