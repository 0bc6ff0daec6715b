"""The demonstration city: the same for a seed, valid, and everything where it says it is."""

import json
from collections import Counter
from typing import Any

import pytest
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from city.catalogue import profile
from city.frames import Frame, to_wgs84
from simulators.demo_city import POLES, city_file, generate
from simulators.poles import Pole
from simulators.stations import STATIONS
from simulators.surroundings import Surroundings

SQUARE_METRES = 111_000.0 * 85_000.0  # in a square degree, here


@pytest.fixture(scope="module", params=[1, 7])
def city(request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    """Features by key."""
    document = json.loads(city_file(request.param))
    return {feature["properties"]["key"]: feature for feature in document["features"]}


def having(city: dict[str, dict[str, Any]], **wanted: str) -> list[dict[str, Any]]:
    return [
        feature
        for feature in city.values()
        if all(feature["properties"].get(name) == value for name, value in wanted.items())
    ]


def outline(feature: dict[str, Any]) -> BaseGeometry:
    """In WGS 84, as the importer makes it."""
    frame = Frame(feature["properties"].get("frame", "WGS 84"))
    return to_wgs84(shape(feature["geometry"]), frame)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert city_file(1) == city_file(1)
    assert city_file(1) != city_file(2)


def test_keys_are_unique_and_stay_for_every_seed() -> None:
    keys = [
        [feature["properties"]["key"] for feature in generate(seed)["features"]] for seed in (1, 2)
    ]

    assert keys[0] == keys[1]
    assert len(set(keys[0])) == len(keys[0])


def test_it_has_districts_generated_parts_poles_and_stations(city: dict[str, Any]) -> None:
    counts = Counter(
        (feature["properties"]["kind"], feature["properties"]["class"]) for feature in city.values()
    )

    assert (
        counts.items()
        >= {
            ("A", "city"): 1,
            ("A", "district"): 16,
            ("A", "sub-district"): 96,
            ("A", "community"): 288,
            ("C", "smart-pole"): POLES,
            ("D", "smart-pole"): POLES,
            ("C", "air-station"): len(STATIONS),
            ("D", "air-station"): len(STATIONS),
        }.items()
    )


def test_every_geometry_is_valid(city: dict[str, Any]) -> None:
    invalid = [
        key
        for key, feature in city.items()
        if feature["geometry"] and not shape(feature["geometry"]).is_valid
    ]

    assert invalid == []


def test_every_feature_lies_in_the_area_it_names(city: dict[str, Any]) -> None:
    outside = []
    areas = {key: outline(feature) for key, feature in city.items() if key.count("district")}
    for key, feature in city.items():
        area = feature["properties"].get("area")
        if key.startswith(("demo:road-device:", "demo:junction:")) and area:
            # Said only of what lies in a gap between two districts' generalised borders.
            assert areas[area].distance(outline(feature)) * 111_000 < 300, key
        elif area and feature["geometry"]["type"] == "Point":
            if not areas[area].covers(outline(feature)):
                outside.append(key)
            district = city[area]["properties"].get("area")
            if district and district.startswith("demo:district"):
                assert areas[district].covers(outline(feature)), key

    assert outside == []


def test_sub_districts_tile_their_district(city: dict[str, Any]) -> None:
    for district in having(city, **{"class": "district"}):
        whole = outline(district)
        key = district["properties"]["key"]
        parts = [outline(each) for each in having(city, **{"class": "sub-district"}, area=key)]

        assert len(parts) == 6
        assert shapely.coverage_is_valid(parts), key
        missed = shapely.union_all(parts).symmetric_difference(whole)
        # Coordinates of 0.1 m along the border are all that may be off.
        border_m = whole.length * 111_000
        assert missed.area * SQUARE_METRES < 0.2 * border_m, key


def test_districts_are_left_as_they_were_given_with_their_frame(city: dict[str, Any]) -> None:
    for district in having(city, **{"class": "district"}):
        assert district["properties"]["frame"] == "GCJ-02"
        assert district["properties"]["aliases"]["gbt2260"].startswith("1101")


def test_what_is_generated_says_so_in_both_languages(city: dict[str, Any]) -> None:
    for part in having(city, **{"class": "sub-district"}):
        assert "生成" in part["properties"]["name"]["zh"]
        assert "generated" in part["properties"]["name"]["en"]
    for pole in having(city, kind="C", **{"class": "smart-pole"}):
        assert pole["properties"]["attributes"]["generated"] is True


def test_every_terminal_is_mounted_where_it_stands(city: dict[str, Any]) -> None:
    terminals = having(city, kind="D")

    for terminal in terminals:
        carrier = city[terminal["properties"]["mounted_on"]]
        assert carrier["properties"]["kind"] in "BCL"
        away = outline(terminal).distance(outline(carrier))
        assert away * 111_000 < 0.5, terminal["properties"]["key"]  # metres: rounded positions
    assert len({each["properties"]["mounted_on"] for each in terminals}) == len(terminals)


def test_every_terminal_can_be_simulated_and_every_district_measures_all(
    city: dict[str, Any],
) -> None:
    around = Surroundings(1)
    measured: dict[str, set[str]] = {}
    for terminal in having(city, kind="D", profile="smart-pole"):
        key, attributes = terminal["properties"]["key"], terminal["properties"]["attributes"]
        lon, lat = terminal["geometry"]["coordinates"]
        pole = Pole(around, code=key, lon=lon, lat=lat, attributes=attributes)
        measured.setdefault(key.split(":")[2][:6], set()).update(pole.metrics)

    everything = set(profile("smart-pole").index) - {"ev_state", "ev_energy_kwh"}
    assert len(measured) == 16
    assert all(everything <= metrics for metrics in measured.values())


def test_poles_stand_denser_in_the_centre_and_in_rows(city: dict[str, Any]) -> None:
    poles = having(city, kind="C", **{"class": "smart-pole"})
    places = [outline(pole) for pole in poles]
    tree = shapely.STRtree(places)
    nearest = [
        sorted(places[int(near)].distance(place) for near in tree.query(place.buffer(0.01)))[1]
        for place in places
    ]

    in_the_centre = sum("11010" in pole["properties"]["key"] for pole in poles)
    assert in_the_centre > 0.6 * len(poles)
    assert sorted(nearest)[len(nearest) // 2] * 100_000 < 450  # metres: steps along a street


def test_stations_stand_at_their_places(city: dict[str, Any]) -> None:
    stations = having(city, kind="D", profile="air-station")

    assert {each["properties"]["attributes"]["station"] for each in stations} == set(STATIONS)
    for station in stations:
        _, lon, lat = STATIONS[station["properties"]["attributes"]["station"]]
        assert station["geometry"]["coordinates"] == [lon, lat]
