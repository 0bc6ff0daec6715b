"""Roads and tunnels over HTTP: lines with their levels, signs of links, relations, the stream."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from api import models
from api.live_client import Wish

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def city(known_city: Any, now: datetime) -> Any:
    """The small city with its networks, the first link jammed and the second silent."""
    built = await known_city.with_networks()
    jam = {"flow_veh_h": 600, "speed_kmh": 10, "occupancy_pct": 50}
    built.put("road", built.codes["detector-1"], (now - MINUTE, jam))
    return built


async def _get(client: httpx.AsyncClient, path: str, **query: object) -> Any:
    answer = await client.get(path, params={name: str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_lines_of_a_district_come_coloured_in_one_call(
    client: httpx.AsyncClient, city: Any, vitals_done: Any
) -> None:
    await vitals_done()
    query = {"class": "road-segment", "include": "signs", "area": city.district("110101")}
    found = await _get(client, "/api/v1/entities", **query)
    models.EntityCollection.model_validate(found)
    lines = {each["id"]: each for each in found["features"]}
    assert lines.keys() == {city.codes["link-1"], city.codes["link-2"]}
    jammed = lines[city.codes["link-1"]]
    assert jammed["geometry"]["type"] == "LineString"
    assert jammed["properties"]["devices"] == [city.codes["detector-1"]]
    (sign,) = jammed["properties"]["signs"]
    assert (sign["indicator"], sign["level"], sign["colour"]) == ("traffic.index", 5, "#e60000")
    (silent,) = lines[city.codes["link-2"]]["properties"]["signs"]
    assert (silent["status"], silent["level"], silent["colour"]) == ("stale", None, "#b0b0b0")


async def test_lines_come_page_by_page(client: httpx.AsyncClient, city: Any) -> None:
    first = await _get(client, "/api/v1/entities", **{"class": "tunnel-segment", "limit": 1})
    (link,) = first["links"]
    second = (await client.get(link["href"])).json()
    ids = {each["id"] for page in (first, second) for each in page["features"]}
    assert ids == {city.codes["compartment-1"], city.codes["compartment-2"]}
    assert "signs" not in first["features"][0]["properties"]


async def test_signs_of_links_and_routes_are_asked_for_by_level(
    client: httpx.AsyncClient, city: Any, vitals_done: Any
) -> None:
    await vitals_done()
    found = await _get(client, "/api/v1/signs", level="link", indicator="traffic.index")
    models.SignList.model_validate(found)
    assert {s["entity"] for s in found["items"]} == {city.codes["link-1"], city.codes["link-2"]}
    assert {s["area"] for s in found["items"]} == {None}
    routes = await _get(client, "/api/v1/signs", level="route", area=city.district("110101"))
    assert {s["entity"] for s in routes["items"]} == {city.codes["road"], city.codes["tunnel"]}
    areas = await _get(client, "/api/v1/signs")
    assert all(s["area"] == s["entity"] for s in areas["items"])


async def test_the_history_of_a_link_is_told(
    client: httpx.AsyncClient, city: Any, now: datetime, vitals_done: Any
) -> None:
    await vitals_done(now - MINUTE / 2)
    link = city.codes["link-1"]
    found = await _get(client, f"/api/v1/entities/{link}/signs", indicator="traffic.index")
    assert [(s["entity"], s["level"]) for s in found["items"]] == [(link, 5)]
    unknown = await client.get("/api/v1/entities/L001FFFF7/signs")
    assert unknown.status_code == 404


async def test_an_entity_tells_its_relations(client: httpx.AsyncClient, city: Any) -> None:
    found = await _get(client, f"/api/v1/entities/{city.codes['link-1']}")
    models.RelatedDescription.model_validate(found)
    told = {(r["predicate"], r["inverse"], r["position"], r["code"]) for r in found["relations"]}
    assert told == {
        ("partOf", False, None, city.codes["road"]),
        ("connects", False, "from", city.codes["node-0"]),
        ("connects", False, "to", city.codes["node-1"]),
        ("above", False, None, city.codes["compartment-1"]),
        ("mountedOn", True, None, city.codes["detector-1"]),
    }
    assert found["relations_complete"]
    below = await _get(client, f"/api/v1/entities/{city.codes['compartment-1']}")
    inverse = {(r["predicate"], r["code"]) for r in below["relations"] if r["inverse"]}
    assert ("above", city.codes["link-1"]) in inverse


async def test_devices_are_found_by_what_they_stand_on(
    client: httpx.AsyncClient, city: Any
) -> None:
    found = await _get(client, "/api/v1/devices", on=city.codes["compartment-2"])
    assert [item["code"] for item in found["items"]] == [city.codes["tunnel-device-2"]]


def test_a_wish_for_an_area_takes_in_the_links_in_it() -> None:
    link, district = "L7K3K4WTE", "A0000HGF4"
    wish = Wish(area=district)
    assert wish.wants_signs_of(link, {district, "A0010000P"})
    assert wish.wants_signs_of(district, ())
    assert not wish.wants_signs_of(link, {"A0010000P"})
    assert not Wish(device="D7K3K4WTH").wants_signs_of(link, {district})
