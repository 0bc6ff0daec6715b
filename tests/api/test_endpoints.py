"""What the endpoints answer, over a real database with a small city."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from api import models
from city.catalogue import PROFILES
from city.codes import parse_code
from vitals.indicators import INDICATORS

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
CLEAN = {"pm25": 30.0, "pm10": 40.0, "so2": 5.0, "no2": 20.0, "o3": 60.0, "co": 0.4}


async def _get(client: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    answer = await client.get(path, params=parameters or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_districts_come_with_outline_parent_alias_and_counts(
    client: httpx.AsyncClient, known_city: Any
) -> None:
    found = await _get(client, "/api/v1/areas", level="district")
    models.AreaCollection.model_validate(found)
    assert len(found["features"]) == 16
    dongcheng = next(f for f in found["features"] if f["id"] == known_city.district("110101"))
    assert dongcheng["geometry"]["type"] in ("Polygon", "MultiPolygon")
    properties = dongcheng["properties"]
    assert properties["name"] == {"zh": "东城区", "en": "Dongcheng"}
    assert properties["aliases"]["gbt2260"] == "110101"
    assert properties["area"] == known_city.codes["demo:city:110000"]
    assert properties["counts"] == {"smart-pole": 2}


async def test_areas_inside_a_district_are_its_sub_districts(
    client: httpx.AsyncClient, known_city: Any
) -> None:
    found = await _get(client, "/api/v1/areas", within=known_city.district("110101"))
    assert {f["properties"]["class"] for f in found["features"]} == {"sub-district"}
    assert len(found["features"]) == 6


async def test_pages_follow_one_another_until_all_is_told(
    client: httpx.AsyncClient, known_city: Any
) -> None:
    seen: list[str] = []
    path = "/api/v1/entities?kind=C&limit=7"
    while path:
        page = await _get(client, path)
        seen += [feature["id"] for feature in page["features"]]
        path = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    assert seen == sorted(set(seen))
    assert len(seen) == 32 + 6


async def test_entities_in_a_box_of_a_class_name_their_devices(
    client: httpx.AsyncClient, known_city: Any
) -> None:
    found = await _get(
        client,
        "/api/v1/entities",
        kind="C",
        bbox="116.33,39.92,116.35,39.94",
        **{"class": "air-station"},
    )
    models.EntityCollection.model_validate(found)
    (feature,) = found["features"]
    assert feature["properties"]["devices"] == [known_city.station("Guanyuan")]
    assert feature["properties"]["district"] == known_city.district("110102")


async def test_entities_of_an_area_lie_in_it_at_any_depth(
    client: httpx.AsyncClient, known_city: Any
) -> None:
    found = await _get(client, "/api/v1/entities", kind="D", area=known_city.district("110101"))
    codes = {known_city.pole("110101", n) for n in (1, 2)}
    assert {feature["id"] for feature in found["features"]} == codes


async def test_one_entity_is_described_and_was_not_there_before(
    client: httpx.AsyncClient, known_city: Any
) -> None:
    code = known_city.pole("110101")
    found = await _get(client, f"/api/v1/entities/{code}")
    models.RelatedDescription.model_validate(found)
    assert (found["code"], found["keypad"]) == (code, parse_code(code).keypad)
    assert found["mounted_on"] == known_city.codes["demo:pole:110101-001"]
    before = await client.get(f"/api/v1/entities/{code}", params={"at": "2020-01-01T00:00:00Z"})
    assert before.status_code == 404


async def test_devices_carry_their_newest_values(
    client: httpx.AsyncClient, known_city: Any, now: datetime, vitals_done: Any
) -> None:
    code = known_city.pole("110101")
    known_city.put("smart-pole", code, (now - MINUTE, {"pm25": 35.2}))
    await vitals_done()
    found = await _get(client, "/api/v1/devices", area=known_city.district("110101"))
    models.DevicePage.model_validate(found)
    assert [item["code"] for item in found["items"]] == sorted(
        known_city.pole("110101", n) for n in (1, 2)
    )
    item = next(item for item in found["items"] if item["code"] == code)
    assert item["district"] == known_city.district("110101")
    assert item["mounted_on"] == known_city.codes["demo:pole:110101-001"]
    assert item["latest"]["age_s"] == 60
    assert item["latest"]["metrics"]["pm25"]["quality"] == "good"
    assert item["latest"]["metrics"]["pm25"]["value"] == 35.2


async def test_a_device_is_described_with_its_attributes(
    client: httpx.AsyncClient, known_city: Any
) -> None:
    found = await _get(client, f"/api/v1/devices/{known_city.pole('110101')}")
    models.DeviceDetail.model_validate(found)
    assert found["attributes"]["lamp_rated_w"] > 0


@pytest.mark.parametrize(("age_s", "stale"), [(180, False), (181, True)])
async def test_newest_values_go_stale_after_three_intervals(
    client: httpx.AsyncClient,
    known_city: Any,
    now: datetime,
    vitals_done: Any,
    age_s: int,
    stale: bool,
) -> None:
    code = known_city.pole("110101")
    known_city.put("smart-pole", code, (now - timedelta(seconds=age_s), {"co": 0.5}))
    await vitals_done()
    found = await _get(client, f"/api/v1/devices/{code}/latest")
    models.Latest.model_validate(found)
    assert (found["stale"], found["metrics"]["co"]["unit"]) == (stale, "mg/m3")


async def test_a_device_that_never_spoke_has_no_latest_values(
    client: httpx.AsyncClient, known_city: Any
) -> None:
    found = await _get(client, f"/api/v1/devices/{known_city.pole('110101')}/latest")
    assert (found["ts"], found["stale"], found["metrics"]) == (None, True, {})


async def test_telemetry_gives_the_readings_and_leaves_gaps(
    client: httpx.AsyncClient, known_city: Any, now: datetime
) -> None:
    code = known_city.pole("110101")
    times = [now - n * MINUTE for n in (50, 49, 20)]
    known_city.put("smart-pole", code, *((ts, {"pm25": 35.2}) for ts in times))
    found = await _get(client, f"/api/v1/devices/{code}/telemetry", metric="pm25")
    models.Telemetry.model_validate(found)
    assert (found["bucket_s"], found["unit"], found["complete"]) == (None, "ug/m3", True)
    assert [datetime.fromisoformat(p["ts"]) for p in found["points"]] == times
    assert {point["value"] for point in found["points"]} == {35.2}


async def test_telemetry_is_thinned_to_the_points_asked_for(
    client: httpx.AsyncClient, known_city: Any, now: datetime
) -> None:
    code = known_city.pole("110101")
    known_city.put("smart-pole", code, *((now - n * MINUTE, {"pm25": n}) for n in range(1, 60)))
    found = await _get(client, f"/api/v1/devices/{code}/telemetry", metric="pm25", points=10)
    assert found["bucket_s"] is not None
    assert 1 < len(found["points"]) <= 10
    assert sum(point["count"] for point in found["points"]) == 59


async def test_the_hourly_index_follows_the_edition_asked_for(
    client: httpx.AsyncClient, known_city: Any, now: datetime
) -> None:
    code, hour = known_city.station("Guanyuan"), now.replace(minute=0)
    known_city.put(
        "air-station", code, *((hour - n * HOUR, {**CLEAN, "pm25": 60.5}) for n in range(24))
    )
    path, last = f"/api/v1/devices/{code}/aqi", {"from": hour.isoformat()}
    by_date = await _get(client, path, **last)
    models.AqiSeries.model_validate(by_date)
    (item,) = by_date["items"]
    assert (by_date["norm"], by_date["basis"]) == ("by-date", "reference")
    assert (item["aqi"], item["level"], item["primary"]) == (100, 2, ["pm25"])
    (item,) = (await _get(client, path, **last, norm="2012"))["items"]
    assert item["aqi"] == 82


async def test_signs_are_current_with_labels_in_both_languages(
    client: httpx.AsyncClient, known_city: Any, now: datetime, vitals_done: Any
) -> None:
    hour = now.replace(minute=0)
    known_city.put("air-station", known_city.station("Guanyuan"), (hour, {**CLEAN, "pm25": 90}))
    await vitals_done()
    found = await _get(client, "/api/v1/signs", level="district", indicator="air.aqi")
    models.SignList.model_validate(found)
    assert len(found["items"]) == 16
    sign = next(s for s in found["items"] if s["area"] == known_city.district("110102"))
    assert (sign["value"], sign["level"], sign["colour"]) == (128, 3, "#ff7e00")
    assert sign["label"] == {"zh": "轻度污染", "en": "Lightly polluted"}
    unmonitored = next(s for s in found["items"] if s["area"] == known_city.district("110101"))
    assert (unmonitored["value"], unmonitored["reason"]) == (None, "no-data")


async def test_the_history_of_an_area_holds_its_signs(
    client: httpx.AsyncClient, known_city: Any, now: datetime, vitals_done: Any
) -> None:
    await vitals_done(now - HOUR)
    path = f"/api/v1/areas/{known_city.district('110101')}/signs"
    found = await _get(client, path, indicator="lighting.lit-rate")
    models.SignList.model_validate(found)
    assert [sign["indicator"] for sign in found["items"]] == ["lighting.lit-rate"]


async def test_the_catalogues_are_told(client: httpx.AsyncClient) -> None:
    profiles = await _get(client, "/api/v1/profiles")
    models.ProfileList.model_validate(profiles)
    assert {item["name"] for item in profiles["items"]} == set(PROFILES)
    indicators = await _get(client, "/api/v1/indicators")
    models.IndicatorList.model_validate(indicators)
    assert [item["indicator"] for item in indicators["items"]] == list(INDICATORS)
    assert len(indicators["items"][0]["levels"]) == 6


TAGGED = ["/api/v1/areas?level=district", "/api/v1/entities?limit=3", "/api/v1/profiles"]


@pytest.mark.parametrize("path", [*TAGGED, "/api/v1/indicators", "/api/v1/signs"])
async def test_what_the_client_has_is_not_sent_again(
    client: httpx.AsyncClient, known_city: Any, path: str
) -> None:
    first = await client.get(path)
    again = await client.get(path, headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = await client.get(path, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


async def test_health_tells_each_part(
    client: httpx.AsyncClient, known_city: Any, now: datetime, vitals_done: Any
) -> None:
    fresh = await _get(client, "/health")
    assert fresh["checks"]["ingest"]["status"] == "no-data"
    known_city.put("smart-pole", known_city.pole("110101"), (now, {"pm25": 1}))
    await vitals_done()
    found = await _get(client, "/health")
    models.Health.model_validate(found)
    assert found["checks"]["database"]["status"] == "ok"
    assert found["checks"]["vitals"]["behind"] == 0


async def test_metrics_count_requests_by_route_and_show_the_data(
    client: httpx.AsyncClient, known_city: Any, now: datetime, vitals_done: Any
) -> None:
    known_city.put("smart-pole", known_city.pole("110101"), (now, {"pm25": 1}))
    await vitals_done()
    await client.get(f"/c/{known_city.pole('110101')}")
    text = (await client.get("/metrics")).text
    assert 'citypulse_http_requests_total{method="GET",route="/c/{text}",status="200"} 1.0' in text
    assert 'citypulse_devices{profile="smart-pole",state="fresh"} 1.0' in text
    assert "citypulse_ledger_lag_batches 0.0" in text
    assert "citypulse_database_up 1.0" in text


async def test_head_answers_as_get_without_a_body(client: httpx.AsyncClient) -> None:
    answer = await client.head("/api/v1/profiles")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_every_answer_carries_the_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/api/v1/profiles", "/nothing", "/health", "/"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in headers["content-security-policy"]


async def test_other_origins_may_read_without_credentials(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/profiles", headers={"Origin": "https://elsewhere.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
