"""A city comes in whole or not at all, in any order, as often as one likes."""

import asyncio
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from city.codes import Kind
from city.frames import wgs84_to_gcj02
from registry.city_file import DeviceFound, Imported, import_city, load_city_file
from registry.entities import retire
from registry.errors import BadCityFile
from registry.minting import mint
from registry.resolve import resolve

Connection = psycopg.AsyncConnection[Any]
Feature = dict[str, Any]
MakeFeature = Callable[..., Feature]
Collection = Callable[..., dict[str, Any]]
Square = Callable[[float, float, float], dict[str, Any]]


async def _no_devices(conn: Connection, found: Sequence[DeviceFound]) -> None:
    """Devices as equipment are not what these tests are about."""


async def _import(conn: Connection, features: list[Any], **options: Any) -> Imported:
    document = {"type": "FeatureCollection", "features": features}
    return await import_city(conn, document, on_devices=_no_devices, **options)


async def _counts(conn: Connection) -> tuple[int, ...]:
    tables = ("entity", "entity_version", "relation", "alias", "block", "area_nesting")
    counts = []
    for table in tables:
        cursor = await conn.execute(f"SELECT count(*) FROM registry.{table}")  # noqa: S608 - six names above
        row = await cursor.fetchone()
        assert row is not None
        counts.append(row[0])
    return tuple(counts)


async def _state(conn: Connection) -> dict[str, tuple[Any, ...]]:
    """Everything the registry says now, in terms of keys: codes don't matter."""
    cursor = await conn.execute(
        """
        SELECT
            n.external_key, n.kind, n.class, n.names, ST_AsText(n.geometry), area.external_key,
            n.district_code, owner.external_key, n.attributes, n.source_frame, mount.external_key,
            n.code
        FROM registry.entity_now n
        LEFT JOIN registry.entity area ON area.entity_key = n.area_key
        LEFT JOIN registry.entity owner ON owner.entity_key = n.owner_key
        LEFT JOIN registry.mounted_now m ON m.subject_key = n.entity_key
        LEFT JOIN registry.entity mount ON mount.entity_key = m.object_key
        """
    )
    return {row[0]: row[1:] for row in await cursor.fetchall()}


def _of(features: list[Feature], key: str) -> Feature:
    return next(each for each in features if each["properties"]["key"] == key)


async def test_a_small_city_comes_in(conn: Connection, small_city: list[Feature]) -> None:
    done = await _import(conn, small_city)

    assert (done.created, done.changed, done.unchanged) == (9, 0, 0)
    assert (done.mounts, done.aliases, done.skipped) == (2, 2, ())
    device = (await resolve(conn, done.codes["device/1"])).version
    assert device is not None
    assert device.mounted_on == done.codes["pole/1"]
    assert [area.code for area in device.areas] == [
        done.codes[key] for key in ("west/1", "west", "city")
    ]
    state = await _state(conn)
    assert state["device/2"][5] == "110102"
    assert state["pole/1"][6] == "owner"


async def test_importing_again_changes_nothing(conn: Connection, small_city: list[Feature]) -> None:
    await _import(conn, small_city)
    before = await _counts(conn)

    done = await _import(conn, small_city)

    assert (done.created, done.changed, done.unchanged) == (0, 0, 9)
    assert (done.mounts, done.aliases) == (0, 0)
    assert await _counts(conn) == before


async def test_a_changed_attribute_opens_a_new_version(
    conn: Connection, small_city: list[Feature]
) -> None:
    first = await _import(conn, small_city)
    before = (await resolve(conn, first.codes["pole/2"])).version
    _of(small_city, "pole/2")["properties"]["attributes"] = {"height_m": 9}

    done = await _import(conn, small_city)

    assert (done.created, done.changed, done.unchanged) == (0, 1, 8)
    assert done.codes == first.codes
    now = (await resolve(conn, first.codes["pole/2"])).version
    assert before is not None and now is not None
    assert now.attributes == {"height_m": 9}
    then = (await resolve(conn, first.codes["pole/2"], before.valid_from)).version
    assert then is not None and then.attributes == {"height_m": 8}
    assert then.valid_to == now.valid_from


async def test_a_pole_that_moved_takes_its_device_along(
    conn: Connection, small_city: list[Feature]
) -> None:
    await _import(conn, small_city)
    moved = _of(small_city, "pole/1") | {
        "geometry": {"type": "Point", "coordinates": [117.1, 39.1]}
    }

    done = await _import(conn, [moved])

    assert done.changed == 1
    state = await _state(conn)
    assert state["device/1"][3:5] == ("POINT(117.1 39.1)", "east")


async def test_a_device_on_another_pole_is_mounted_there(
    conn: Connection, small_city: list[Feature]
) -> None:
    await _import(conn, small_city)
    _of(small_city, "device/1")["properties"]["mounted_on"] = "pole/2"

    done = await _import(conn, small_city)

    assert (done.changed, done.mounts) == (1, 1)
    assert (await _state(conn))["device/1"][9] == "pole/2"


async def test_things_that_came_before_their_area_find_it(
    conn: Connection, small_city: list[Feature]
) -> None:
    areas = [each for each in small_city if each["properties"]["kind"] == "A"]
    others = [each for each in small_city if each["properties"]["kind"] != "A"]
    await _import(conn, others)
    await _import(conn, areas)
    in_two = await _state(conn)

    assert in_two["pole/1"][4] == in_two["device/1"][4] == "west/1"
    assert in_two["pole/2"][4] == "east"


async def test_areas_that_swap_an_alias_keep_one_each(
    conn: Connection, small_city: list[Feature]
) -> None:
    await _import(conn, small_city)
    _of(small_city, "west")["properties"]["aliases"]["gbt2260"] = "110102"
    _of(small_city, "east")["properties"]["aliases"]["gbt2260"] = "110101"

    done = await _import(conn, small_city)

    assert done.aliases == 2
    assert (await _state(conn))["pole/2"][5] == "110101"


async def test_map_coordinates_are_converted_and_marked(
    conn: Connection, feature: MakeFeature
) -> None:
    lon, lat = (float(each) for each in wgs84_to_gcj02(116.3, 39.9))

    await _import(conn, [feature("tree/1", "C", "tree", (lon, lat), frame="GCJ-02")])

    row = await (
        await conn.execute(
            """
            SELECT source_frame, ST_Distance(geometry::geography, ST_Point(116.3, 39.9)::geography)
            FROM registry.entity_now
            """
        )
    ).fetchone()
    assert row is not None and row[0] == "GCJ-02"
    assert row[1] < 0.001  # metres; uncorrected it would be some 600


async def test_a_printed_code_can_be_given(conn: Connection, feature: MakeFeature) -> None:
    (code,) = await mint(conn, Kind.COMPONENT)
    raw = feature("tree/1", "C", "tree", (116.3, 39.9), code=code)

    assert (await _import(conn, [raw])).codes == {"tree/1": code}
    assert (await _import(conn, [raw])).unchanged == 1


async def test_what_is_known_already_can_be_referred_to_by_key_or_code(
    conn: Connection, small_city: list[Feature], feature: MakeFeature
) -> None:
    codes = (await _import(conn, small_city)).codes
    by_key = feature("tree/1", "C", "tree", None, area="west/1")
    by_code = feature("tree/2", "C", "tree", None, area=codes["west/1"])

    await _import(conn, [by_key, by_code])

    state = await _state(conn)
    assert state["tree/1"][4] == state["tree/2"][4] == "west/1"


def _change(key: str, **properties: Any) -> Callable[[list[Feature]], None]:
    def apply(features: list[Feature]) -> None:
        _of(features, key)["properties"].update(properties)

    return apply


def _repeat(key: str) -> Callable[[list[Feature]], None]:
    def apply(features: list[Feature]) -> None:
        features.append(deepcopy(_of(features, key)))

    return apply


BAD_LINKS = [
    pytest.param(_repeat("pole/1"), "properties.key", "earlier", id="a key used twice"),
    pytest.param(
        _change("east", aliases={"gbt2260": "110101"}),
        "properties.aliases.gbt2260",
        "earlier",
        id="an alias used twice",
    ),
    pytest.param(
        _change("pole/1", area="nowhere"), "properties.area", "nothing", id="a dangling area"
    ),
    pytest.param(
        _change("device/1", mounted_on="pole/9"),
        "properties.mounted_on",
        "nothing",
        id="a dangling mount",
    ),
    pytest.param(
        _change("device/1", mounted_on="C7K3K4WTB"),
        "properties.mounted_on",
        "nothing",
        id="a code that nobody issued",
    ),
    pytest.param(
        _change("device/1", mounted_on="owner"),
        "properties.mounted_on",
        "kind G",
        id="on an office",
    ),
    pytest.param(_change("pole/1", area="owner"), "properties.area", "kind G", id="in an office"),
    pytest.param(_change("pole/1", owner="west"), "properties.owner", "kind A", id="area as owner"),
    pytest.param(_change("city", area="west"), "properties.area", "coarser", id="city in district"),
    pytest.param(_change("west", area="west"), "properties.area", "coarser", id="in itself"),
    pytest.param(
        _change("pole/1", code="C7K3K4WTB"), "properties.code", "never issued", id="unissued code"
    ),
]


@pytest.mark.parametrize(("spoil", "field", "words"), BAD_LINKS)
async def test_a_bad_link_refuses_the_file_and_writes_nothing(
    conn: Connection,
    small_city: list[Feature],
    spoil: Callable[[list[Feature]], None],
    field: str,
    words: str,
) -> None:
    spoil(small_city)
    with pytest.raises(BadCityFile) as caught:
        await _import(conn, small_city)
    assert [problem.field for problem in caught.value.problems] == [field]
    assert words in caught.value.problems[0].rule
    assert await _counts(conn) == (0,) * 6


async def test_what_contradicts_the_registry_is_refused(
    conn: Connection, small_city: list[Feature], feature: MakeFeature
) -> None:
    codes = (await _import(conn, small_city)).codes
    (unused,) = await mint(conn, Kind.COMPONENT)
    await retire(conn, codes["device/2"], "scrapped")
    contradictions = [
        feature("pole/1", "B", "building", None),
        feature("pole/2", "C", "smart-pole", None, code=unused),
        feature("tree/1", "C", "tree", None, code=codes["pole/1"]),
        feature("tree/2", "C", "tree", None, aliases={"gbt2260": "110101"}),
        feature("device/2", "D", "smart-pole", None, profile="smart-pole"),
    ]

    with pytest.raises(BadCityFile) as caught:
        await _import(conn, contradictions)

    assert [(problem.feature, problem.field) for problem in caught.value.problems] == [
        (0, "properties.kind"),
        (1, "properties.code"),
        (2, "properties.code"),
        (3, "properties.aliases.gbt2260"),
        (4, "properties.key"),
    ]


async def test_bad_features_can_be_left_out_with_all_that_hangs_on_them(
    conn: Connection, small_city: list[Feature]
) -> None:
    _of(small_city, "pole/1")["geometry"] = {"type": "Point", "coordinates": [39.3, 116.3]}

    done = await _import(conn, small_city, skip_bad=True)

    assert done.created == 7
    assert [(problem.feature, problem.field) for problem in done.skipped] == [
        (5, "geometry"),
        (7, "properties.mounted_on"),
    ]
    assert {"pole/1", "device/1"}.isdisjoint(await _state(conn))


async def test_a_dry_run_counts_and_writes_nothing(
    conn: Connection, small_city: list[Feature]
) -> None:
    done = await _import(conn, small_city, dry_run=True)
    assert (done.created, done.dry_run) == (9, True)
    assert await _counts(conn) == (0,) * 6


async def test_an_import_that_fails_late_writes_nothing(
    conn: Connection, small_city: list[Feature], collection: Collection
) -> None:
    async def refuse(conn: Connection, found: Sequence[DeviceFound]) -> None:
        raise RuntimeError("the equipment store is full")

    with pytest.raises(RuntimeError, match="full"):
        await import_city(conn, collection(small_city), on_devices=refuse)
    assert await _counts(conn) == (0,) * 6


async def test_progress_is_told_and_ends_at_the_end(
    conn: Connection, small_city: list[Feature]
) -> None:
    told: list[tuple[str, int, int]] = []
    await _import(conn, small_city, progress=lambda *step: told.append(step))
    assert [step for step, done, total in told if done == total == 9][-1] == "writing"
    assert {step for step, _, _ in told} == {"reading", "checking", "writing"}


async def test_several_imports_fit_in_one_transaction(
    conn: Connection, small_city: list[Feature]
) -> None:
    async with conn.transaction():
        await _import(conn, small_city[:4])
        await _import(conn, small_city)
    assert len(await _state(conn)) == 9


async def test_an_empty_city_is_no_error(conn: Connection) -> None:
    assert (await _import(conn, [])).created == 0


async def test_two_imports_at_once_come_out_as_one(
    conn: Connection, database_url: str, small_city: list[Feature]
) -> None:
    async def once() -> Imported:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as own:
            return await _import(own, small_city)

    outcomes = await asyncio.gather(once(), once(), once())

    assert sorted(each.created for each in outcomes) == [0, 0, 9]
    assert sorted(each.unchanged for each in outcomes) == [0, 9, 9]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(9)))
async def test_the_order_of_features_does_not_matter(
    conn: Connection, small_city: list[Feature], order: list[int]
) -> None:
    async with conn.transaction(force_rollback=True):
        await _import(conn, small_city)
        straight = await _state(conn)
    async with conn.transaction(force_rollback=True):
        await _import(conn, [small_city[index] for index in order])
        shuffled = await _state(conn)
    assert shuffled == straight


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"type": "FeatureCollection"', b"\xff\xfe", b"[" * 10**6]
)
def test_a_file_that_is_not_json_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "city.geojson"
    path.write_bytes(text)
    with pytest.raises(BadCityFile, match="not JSON"):
        load_city_file(path)
