"""What a city file says of how its things hang together, and what becomes of it over time."""

from typing import Any

import psycopg
import pytest

from devices.city_import import import_city
from registry.errors import BadCityFile

Conn = psycopg.AsyncConnection[Any]

HOLDS_NOW = """
    SELECT s.external_key, n.predicate, n.position, o.external_key
    FROM registry.relation_now n
    JOIN registry.entity s ON s.entity_key = n.subject_key
    JOIN registry.entity o ON o.entity_key = n.object_key
    ORDER BY 1, 2, 3, 4
"""
HELD = "SELECT count(*) FROM registry.relation WHERE NOT upper_inf(valid)"


def feature(key: str, kind: str, class_: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": None,
        "properties": {"key": key, "kind": kind, "class": class_} | properties,
    }


def link(key: str, start: str, end: str, *more: dict[str, str]) -> dict[str, Any]:
    ends = [
        {"type": "connects", "to": start, "position": "from"},
        {"type": "connects", "to": end, "position": "to"},
    ]
    return feature(key, "L", "road-segment", relations=[*ends, *more])


def city(*features: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


CROSSINGS = tuple(feature(key, "J", "intersection") for key in ("j1", "j2", "j3"))
ROAD = feature("road", "R", "road")
FIRST = link("l1", "j1", "j2", {"type": "partOf", "to": "road"})


async def held(conn: Conn) -> list[tuple[Any, ...]]:
    return await (await conn.execute(HOLDS_NOW)).fetchall()


async def test_relations_of_a_file_hold_from_its_import_on(conn: Conn) -> None:
    done = await import_city(conn, city(FIRST, *CROSSINGS, ROAD))
    assert done.relations == 3
    assert await held(conn) == [
        ("l1", "connects", "from", "j1"),
        ("l1", "connects", "to", "j2"),
        ("l1", "partOf", None, "road"),
    ]


async def test_the_same_file_again_changes_nothing(conn: Conn) -> None:
    await import_city(conn, city(FIRST, *CROSSINGS, ROAD))
    again = await import_city(conn, city(FIRST, *CROSSINGS, ROAD))
    assert (again.created, again.changed, again.relations) == (0, 0, 0)


async def test_what_is_no_longer_stated_ends_and_is_remembered(conn: Conn) -> None:
    await import_city(conn, city(FIRST, *CROSSINGS, ROAD))
    done = await import_city(conn, city(link("l1", "j1", "j3")))
    assert done.relations == 3  # two ended, one began
    assert await held(conn) == [
        ("l1", "connects", "from", "j1"),
        ("l1", "connects", "to", "j3"),
    ]
    assert await (await conn.execute(HELD)).fetchone() == (2,)


async def test_a_file_that_says_nothing_of_relations_leaves_them(conn: Conn) -> None:
    await import_city(conn, city(FIRST, *CROSSINGS, ROAD))
    done = await import_city(conn, city(feature("l1", "L", "road-segment", name={"en": "First"})))
    assert (done.changed, done.relations) == (1, 0)
    assert len(await held(conn)) == 3


async def test_a_ring_comes_back_to_where_it_began(conn: Conn) -> None:
    await import_city(conn, city(link("ring", "j1", "j1"), *CROSSINGS))
    assert len(await held(conn)) == 2


async def test_a_dry_run_relates_nothing(conn: Conn) -> None:
    done = await import_city(conn, city(FIRST, *CROSSINGS, ROAD), dry_run=True)
    assert done.relations == 3
    assert await held(conn) == []


def broken(*relations: Any) -> dict[str, Any]:
    return city(feature("l1", "L", "road-segment", relations=list(relations)), *CROSSINGS, ROAD)


@pytest.mark.parametrize(
    ("document", "field", "rule"),
    [
        (broken("x"), "relations[0]", "must be an object"),
        (broken({"type": "partOf"}), "relations[0].to", "key or code"),
        (broken({"type": "knows", "to": "j1"}), "relations[0].type", "is none of partOf"),
        (broken({"type": "mountedOn", "to": "j1"}), "relations[0].type", "is none of"),
        (broken({"type": "connects", "to": "j1"}), "relations[0].position", "must be from or to"),
        (
            broken({"type": "partOf", "to": "road", "position": "to"}),
            "relations[0].position",
            "is for connects only",
        ),
        (broken({"type": "partOf", "to": "road", "since": 1}), "relations[0].since", "known"),
        (broken({"type": "partOf", "to": "nowhere"}), "relations[0].to", "refers to nothing"),
        (broken({"type": "partOf", "to": "j1"}), "relations[0].to", "is of kind J"),
        (broken({"type": "partOf", "to": "l1"}), "relations[0].to", "is the thing itself"),
        (broken(*[{"type": "partOf", "to": "road"}] * 2), "relations", "is stated twice"),
        (
            city(link("l1", "j1", "j2", {"type": "connects", "to": "j3", "position": "to"})),
            "relations",
            "is stated twice",
        ),
        (
            city(feature("j1", "J", "intersection", relations=[{"type": "connects", "to": "x"}])),
            "relations[0].type",
            "is said of kinds L",
        ),
        (city(feature("j1", "J", "intersection", relations="x")), "relations", "must be a list"),
    ],
)
async def test_a_relation_that_makes_no_sense_is_refused(
    conn: Conn, document: dict[str, Any], field: str, rule: str
) -> None:
    with pytest.raises(BadCityFile) as caught:
        await import_city(conn, document)
    assert any(
        problem.field == f"properties.{field}" and rule in problem.rule
        for problem in caught.value.problems
    ), caught.value.problems


def parts(**parents: str) -> dict[str, Any]:
    return city(
        *(
            feature(key, "R", "road", relations=[{"type": "partOf", "to": parent}])
            for key, parent in parents.items()
        )
    )


async def test_nothing_is_part_of_itself_by_one_file(conn: Conn) -> None:
    with pytest.raises(BadCityFile, match="would come to be partOf itself"):
        await import_city(conn, parts(r1="r2", r2="r3", r3="r1"))


async def test_nothing_is_part_of_itself_by_two_files(conn: Conn) -> None:
    routes = city(*(feature(key, "R", "road") for key in ("r1", "r2", "r3")))
    await import_city(conn, routes)
    await import_city(conn, parts(r1="r2", r2="r3"))
    with pytest.raises(BadCityFile, match="part of itself"):
        await import_city(conn, parts(r3="r1"))
    assert len(await held(conn)) == 2


async def test_bad_relations_take_only_their_features_with_them(conn: Conn) -> None:
    bad = link("l2", "j1", "nowhere")
    done = await import_city(conn, city(FIRST, bad, *CROSSINGS, ROAD), skip_bad=True)
    assert [problem.feature for problem in done.skipped] == [1]
    assert len(await held(conn)) == 3
