"""The generated networks: what joins what, and that a real city could look so."""

import json
from collections import Counter
from typing import Any

import pytest
import shapely
from shapely.geometry import shape

from city.frames import Frame, to_wgs84
from simulators.demo_city import city_file
from simulators.network_tunnel import SECTIONS
from simulators.plane import metres
from simulators.road_network import Network, link_of
from simulators.tunnel_plan import compartment_of

Feature = dict[str, Any]
City = dict[str, Feature]
KINDS_OF_RELATION = {"connects", "partOf", "above", "operatedBy", "locatedIn", "feeds"}


@pytest.fixture(scope="module", params=[1, 7])
def city(request: pytest.FixtureRequest) -> City:
    """Features by key."""
    document = json.loads(city_file(request.param))
    return {feature["properties"]["key"]: feature for feature in document["features"]}


def of_class(city: City, kind: str, class_: str) -> list[Feature]:
    return [
        feature
        for feature in city.values()
        if (feature["properties"]["kind"], feature["properties"]["class"]) == (kind, class_)
    ]


def related(feature: Feature, type_: str, position: str | None = None) -> list[str]:
    return [
        each["to"]
        for each in feature["properties"].get("relations", [])
        if each["type"] == type_ and each.get("position") == position
    ]


def attributes(feature: Feature) -> dict[str, Any]:
    found: dict[str, Any] = feature["properties"]["attributes"]
    return found


def test_there_are_about_1500_terminals_of_five_profiles(city: City) -> None:
    profiles = Counter(
        feature["properties"]["profile"]
        for feature in city.values()
        if feature["properties"]["kind"] == "D"
    )
    assert profiles == {
        "smart-pole": 600,
        "air-station": 6,
        "road": 526,
        "utility-tunnel": 240,
        "energy-meter": 130,
    }


def test_whatever_a_feature_refers_to_is_there(city: City) -> None:
    stated = set()
    for feature in city.values():
        properties = feature["properties"]
        for name in ("area", "owner", "mounted_on"):
            assert properties.get(name) is None or properties[name] in city
        for relation in properties.get("relations", []):
            stated.add(relation["type"])
            assert relation["to"] in city
    assert stated == KINDS_OF_RELATION


def test_all_of_it_lies_in_a_district_or_says_in_which(city: City) -> None:
    districts = [shape(each["geometry"]) for each in of_class(city, "A", "district")]
    whole = to_wgs84(shapely.union_all(districts), Frame.GCJ02)
    shapely.prepare(whole)
    outside = [
        key
        for key, feature in city.items()
        if feature["geometry"]
        and "area" not in feature["properties"]
        and feature["properties"]["kind"] != "A"
        and not whole.covers(shape(feature["geometry"]).point_on_surface())
    ]
    assert outside == []


def test_a_link_runs_from_its_junction_to_its_junction(city: City) -> None:
    for link in of_class(city, "L", "road-segment"):
        line = link["geometry"]["coordinates"]
        for position, end in (("from", line[0]), ("to", line[-1])):
            (junction,) = related(link, "connects", position)
            place = city[junction]["geometry"]["coordinates"]
            assert metres([tuple(place), tuple(end)]) < 25, link["properties"]["key"]


def test_every_junction_can_be_left_and_reached(city: City) -> None:
    roads = of_class(city, "L", "road-segment")
    starts = {to for road in roads for to in related(road, "connects", "from")}
    ends = {to for road in roads for to in related(road, "connects", "to")}
    junctions = {each["properties"]["key"] for each in of_class(city, "J", "intersection")}
    assert starts == ends == junctions


def test_the_roads_hang_together(city: City) -> None:
    beside: dict[str, set[str]] = {}
    for road in of_class(city, "L", "road-segment"):
        (start,), (end,) = related(road, "connects", "from"), related(road, "connects", "to")
        beside.setdefault(start, set()).add(end)
    pending, seen = ["demo:junction:centre"], {"demo:junction:centre"}
    while pending:
        more = beside[pending.pop()] - seen
        seen |= more
        pending += more
    assert seen == set(beside)


def test_traffic_leads_on_where_the_next_link_begins(city: City) -> None:
    for link in of_class(city, "L", "road-segment"):
        downstream = attributes(link).get("downstream")
        if downstream is not None:
            assert related(link, "connects", "to") == related(city[downstream], "connects", "from")
            assert related(link, "partOf") == related(city[downstream], "partOf")


def test_lengths_are_those_of_the_lines_and_no_link_is_too_long(city: City) -> None:
    for link in of_class(city, "L", "road-segment"):
        line = [(lon, lat) for lon, lat in link["geometry"]["coordinates"]]
        length_m = attributes(link)["length_m"]
        assert abs(metres(line) - length_m) < 0.1
        longest_m = 5_100 if attributes(link)["road_class"] == "highway" else 3_000
        assert 500 < length_m < longest_m


def test_lights_stand_where_roads_cross_and_none_on_a_ring(city: City) -> None:
    for link in of_class(city, "L", "road-segment"):
        (end,) = related(link, "connects", "to")
        assert ("signal" in attributes(link)) == attributes(city[end])["signals"]
        if attributes(link)["road_class"] == "expressway":
            assert "signal" not in attributes(link)


def test_traffic_can_be_simulated_from_the_links_and_from_the_detectors_alike(city: City) -> None:
    links = Network(
        [
            link_of(link["properties"]["key"], attributes(link))
            for link in of_class(city, "L", "road-segment")
        ]
    )
    detected = Network(
        [
            link_of(attributes(device)["link"], attributes(device))
            for device in of_class(city, "D", "road")
        ]
    )
    assert links.links == detected.links


def test_every_section_of_every_compartment_has_a_terminal_that_can_be_simulated(
    city: City,
) -> None:
    compartments = []
    for device in of_class(city, "D", "utility-tunnel"):
        key = device["properties"]["key"]
        compartments.append(compartment_of(key, attributes(device)))
    places = {(each.tunnel, each.kind, each.section) for each in compartments}
    assert places == {
        ("demo:tunnel:tongzhou", kind, section)
        for kind in ("gas", "water", "heat", "power")
        for section in range(1, SECTIONS + 1)
    }


def test_the_tunnel_is_twelve_kilometres_of_sections_below_roads(city: City) -> None:
    (tunnel,) = of_class(city, "R", "tunnel")
    assert abs(attributes(tunnel)["length_m"] - 12_000) < 100
    covered = Counter(
        below for link in of_class(city, "L", "road-segment") for below in related(link, "above")
    )
    segments = of_class(city, "L", "tunnel-segment")
    assert covered == {each["properties"]["key"]: 2 for each in segments}  # both ways
    for link in of_class(city, "L", "road-segment"):
        for below in related(link, "above"):
            away = shape(link["geometry"]).distance(shape(city[below]["geometry"]))
            assert away * 111_000 < 30  # metres


def test_a_main_lies_in_compartments_of_its_medium_and_feeds_who_is_metered(city: City) -> None:
    fed = set()
    for piece in (*of_class(city, "L", "pipe"), *of_class(city, "L", "cable")):
        medium = attributes(piece)["medium"]
        for compartment in related(piece, "locatedIn"):
            assert attributes(city[compartment])["compartment"] == medium
        for consumer in related(piece, "feeds"):
            if city[consumer]["properties"]["kind"] == "B":
                fed.add(consumer)
                assert medium in attributes(city[consumer])["metered"]
    assert len(fed) == 34


def test_buildings_do_not_stand_in_each_other(city: City) -> None:
    plans = [shape(each["geometry"]) for each in of_class(city, "B", "building")]
    tree = shapely.STRtree(plans)
    left, right = tree.query(plans, predicate="intersects")
    assert (left == right).all()


def test_a_meter_is_fitted_for_what_its_building_is_metered(city: City) -> None:
    for device in of_class(city, "D", "energy-meter"):
        fitted = set(attributes(device)["fitted"])
        metered = attributes(city[device["properties"]["mounted_on"]])["metered"]
        assert {"energy_kwh", "water_m3"} <= fitted
        assert ("gas_m3" in fitted) == ("gas" in metered)
        assert ("heat_kwh" in fitted) == ("heat" in metered)


def test_everything_generated_says_so(city: City) -> None:
    for key, feature in city.items():
        if key.split(":")[1] in ("link", "road", "junction", "tunnel", "building", "community"):
            assert attributes(feature)["generated"] is True
            assert "生成" in feature["properties"]["name"]["zh"]
            assert "enerated" in feature["properties"]["name"]["en"]
