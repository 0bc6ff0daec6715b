"""GeoJSON that nobody made for us: roads with properties of their own."""

import json
from typing import Any

import psycopg
import pytest

from city.codes import Kind
from city.errors import InvalidValue
from devices.city_import import import_city
from registry.errors import BadCityFile
from registry.foreign_file import Reading, as_city_file

Conn = psycopg.AsyncConnection[Any]
MANY = 20_000

ROADS = Reading(
    kind=Kind.LINK, class_="road-segment", source="osm", key_from="fid", name_from="NAME"
)


def road(**properties: Any) -> dict[str, Any]:
    line = {"type": "LineString", "coordinates": [[116.3, 39.9, 44.0], [116.31, 39.9, 45.0]]}
    return {"type": "Feature", "geometry": line, "properties": properties}


def collection(*features: Any, **more: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", **more, "features": list(features)}


def read(*features: Any, reading: Reading = ROADS, **more: Any) -> list[dict[str, Any]]:
    made = as_city_file(collection(*features, **more), reading)["features"]
    assert isinstance(made, list)
    return [feature["properties"] for feature in made]


def test_every_property_of_its_own_becomes_an_attribute() -> None:
    own = {"fid": 4711, "NAME": " 长安街 ", "fclass": "primary", "maxspeed": 60, "bridge": None}
    assert read(road(**own)) == [
        {
            "key": "osm:4711",
            "kind": "L",
            "class": "road-segment",
            "name": {"zh": "长安街"},
            "attributes": own,
        }
    ]


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (4711, "osm:4711"),
        (4711.0, "osm:4711"),
        ("way/12", "osm:way/12"),
        ("", None),
        (None, None),
        (True, None),
        (0.5, None),
        ([1], None),
    ],
)
def test_a_key_is_a_text_or_a_whole_number(value: object, key: str | None) -> None:
    (properties,) = read(road(fid=value, NAME=None))
    assert properties["key"] == key


def test_without_a_key_property_the_features_own_id_is_taken() -> None:
    reading = Reading(kind=Kind.LINK, class_="road-segment", source="osm")
    (properties,) = read(road() | {"id": "w12"}, reading=reading)
    assert properties["key"] == "osm:w12"
    assert "name" not in properties


def test_a_number_that_is_none_is_null() -> None:
    document = json.loads(json.dumps(collection(road(fid=1, NAME="x", width=float("nan")))))
    (properties,) = read(*document["features"])
    assert properties["attributes"]["width"] is None


@pytest.mark.parametrize(
    ("reading", "field", "hint"),
    [
        (Reading(kind=Kind.LINK, class_="r", source="s", key_from="FID"), "key-from", "NAME, fid"),
        (
            Reading(kind=Kind.LINK, class_="r", source="s", key_from="fid", name_from="Name"),
            "name-from",
            "NAME, fid",
        ),
        (Reading(kind=Kind.LINK, class_="r", source="s"), "key-from", "is needed"),
    ],
)
def test_a_property_that_no_feature_has_is_refused_at_once(
    reading: Reading, field: str, hint: str
) -> None:
    with pytest.raises(InvalidValue, match=hint) as caught:
        as_city_file(collection(road(fid=1, NAME="x")), reading)
    assert caught.value.field == field


@pytest.mark.parametrize("document", [[], {}, {"type": "FeatureCollection"}, {"features": {}}, 7])
def test_what_is_no_collection_is_refused(document: object) -> None:
    with pytest.raises(BadCityFile, match="FeatureCollection"):
        as_city_file(document, ROADS)


@pytest.mark.parametrize(
    ("name", "is_fine"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", True),
        ("urn:ogc:def:crs:EPSG::4490", True),
        ("EPSG:3857", False),
        ("urn:ogc:def:crs:EPSG::4547", False),
    ],
)
def test_coordinates_must_be_degrees(name: str, is_fine: bool) -> None:
    crs = {"type": "name", "properties": {"name": name}}
    if is_fine:
        assert read(road(fid=1, NAME="x"), crs=crs)
    else:
        with pytest.raises(InvalidValue, match="crs"):
            read(road(fid=1, NAME="x"), crs=crs)


async def test_a_feature_that_breaks_a_rule_is_named_by_its_place(conn: Conn) -> None:
    document = as_city_file(
        collection(road(fid=1, NAME="x"), road(NAME="y"), road(fid=1, NAME="z"), None), ROADS
    )
    with pytest.raises(BadCityFile) as caught:
        await import_city(conn, document)
    assert [(each.feature, each.field) for each in caught.value.problems] == [
        (1, "properties.key"),
        (3, "type"),
    ]
    done = await import_city(conn, document, skip_bad=True)
    assert done.created == 1
    assert [each.feature for each in done.skipped] == [1, 2, 3]


@pytest.mark.timeout(600)
async def test_twenty_thousand_segments_go_in_with_progress_and_keep_their_attributes(
    conn: Conn,
) -> None:
    features = [_segment(number) for number in range(MANY)]
    steps: list[tuple[str, int, int]] = []
    document = as_city_file(collection(*features), ROADS)
    done = await import_city(conn, document, progress=lambda *step: steps.append(step))
    assert done.created == MANY
    assert {step for step, _, _ in steps} == {"reading", "checking", "writing"}
    assert len(steps) > MANY / 1000
    cursor = await conn.execute(
        "SELECT attributes, names FROM registry.entity_now WHERE external_key = 'osm:12345'"
    )
    assert await cursor.fetchall() == [(features[12_345]["properties"], {"zh": "路 12345"})]


def _segment(number: int) -> dict[str, Any]:
    lon, lat = 116.0 + number % 200 / 200, 39.5 + number // 200 / 100
    line = [[lon, lat], [lon + 0.003, lat + 0.001], [lon + 0.005, lat]]
    own = {"fid": number, "NAME": f"路 {number}", "oneway": "F", "layer": 0, "width": 7.5}
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": line},
        "properties": own,
    }
