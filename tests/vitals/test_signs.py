"""Signs over a real database: air from stations and poles, lamps, history."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from vitals import areas, evaluate, follow, networks, signs
from vitals.signs import Sign

Connection = psycopg.AsyncConnection[Any]

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
H = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOW = H + 20 * MINUTE
CLEAN = {"pm25": 30.0, "pm10": 40.0, "so2": 5.0, "no2": 20.0, "o3": 60.0, "co": 0.4}
# Dongcheng has no reference station; Guanyuan stands in Xicheng, two stations in Haidian.
DONGCHENG, XICHENG, HAIDIAN = "110101", "110102", "110108"


async def _evaluate(conn: Connection, now: datetime = NOW) -> dict[tuple[str, str], Sign]:
    while (await follow.follow(conn, now)).entries:
        pass
    found = await evaluate.evaluate(conn, await areas.load(conn), await networks.load(conn), now)
    await signs.write(conn, found)
    current = await signs.current(conn)
    return {(sign.entity, sign.indicator): sign for sign in current}


def _minutes(count: int, start: datetime, values: dict[str, float]) -> list[Any]:
    return [(start + n * MINUTE, values) for n in range(count)]


async def test_a_district_takes_its_reference_station_and_its_poles_not(
    conn: Connection, known_city: Any
) -> None:
    known_city.put("air-station", known_city.station("Guanyuan"), (H, {**CLEAN, "pm25": 60.5}))
    pole = known_city.pole(XICHENG)
    known_city.put("smart-pole", pole, *_minutes(60, H - HOUR, {**CLEAN, "pm25": 400}))
    sign = (await _evaluate(conn))[known_city.district(XICHENG), "air.aqi"]
    assert (sign.value, sign.status, sign.level) == (100, "ok", 2)
    assert sign.detail["basis"] == "reference"
    assert sign.detail["inputs"] == {known_city.station("Guanyuan"): {**CLEAN, "pm25": 60.5}}
    assert sign.norm == "HJ 633-2026"


async def test_what_a_sign_is_made_of_is_told_without_the_noise_of_single_precision(
    conn: Connection, known_city: Any
) -> None:
    station = known_city.station("Guanyuan")
    known_city.put("air-station", station, (H, {**CLEAN, "co": 0.39916667}))
    sign = (await _evaluate(conn))[known_city.district(XICHENG), "air.aqi"]
    assert sign.detail["inputs"][station]["co"] == 0.3992


async def test_a_district_without_a_station_has_an_indicative_index_from_its_poles(
    conn: Connection, known_city: Any
) -> None:
    for number, pm25 in ((1, 20), (2, 100)):
        pole = known_city.pole(DONGCHENG, number)
        readings = _minutes(60, H - HOUR, {**CLEAN, "pm25": pm25})
        known_city.put("smart-pole", pole, *readings)
    sign = (await _evaluate(conn))[known_city.district(DONGCHENG), "air.aqi"]
    assert (sign.value, sign.coverage) == (100, 1.0)
    assert sign.detail["basis"] == "indicative"
    assert datetime.fromisoformat(sign.detail["hour"]) == H - HOUR


@pytest.mark.parametrize(("minutes", "status"), [(44, "stale"), (45, "ok")])
async def test_an_hour_of_a_pole_needs_45_minutes_of_data(
    conn: Connection, known_city: Any, minutes: int, status: str
) -> None:
    for number in (1, 2):
        readings = _minutes(minutes, H - HOUR, CLEAN)
        known_city.put("smart-pole", known_city.pole(DONGCHENG, number), *readings)
    sign = (await _evaluate(conn))[known_city.district(DONGCHENG), "air.aqi"]
    assert sign.status == status


async def test_a_failed_value_has_no_part_in_the_index(conn: Connection, known_city: Any) -> None:
    station = known_city.station("Guanyuan")
    known_city.put("air-station", station, (H, {**CLEAN, "pm25": 999}), failed="pm25")
    sign = (await _evaluate(conn))[known_city.district(XICHENG), "air.aqi"]
    assert (sign.value, sign.reason) == (None, "pollutant-missing")


async def test_late_data_of_an_hour_changes_the_index(conn: Connection, known_city: Any) -> None:
    station, district = known_city.station("Guanyuan"), known_city.district(XICHENG)
    known_city.put("air-station", station, (H, {"pm25": 30}))
    assert (await _evaluate(conn))[district, "air.aqi"].status == "na"
    known_city.put("air-station", station, (H, {k: v for k, v in CLEAN.items() if k != "pm25"}))
    sign = (await _evaluate(conn, NOW + MINUTE))[district, "air.aqi"]
    assert (sign.value, sign.status) == (43, "ok")


async def test_the_city_takes_the_mean_of_all_its_stations(
    conn: Connection, known_city: Any
) -> None:
    for name in ("Aotizhongxin", "Dingling", "Guanyuan", "Huairou", "Shunyi", "Wanliu"):
        known_city.put("air-station", known_city.station(name), (H, CLEAN))
    known_city.put("air-station", known_city.station("Wanliu"), (H + HOUR, CLEAN))
    found = await _evaluate(conn)
    city = found[known_city.codes["demo:city:110000"], "air.aqi"]
    assert (city.value, city.detail["devices"], city.detail["reporting"]) == (43, 6, 6)


async def test_every_area_has_every_sign_and_says_why_it_has_no_value(
    conn: Connection, known_city: Any
) -> None:
    found = await _evaluate(conn)
    assert len(found) == 2 * (1 + 16 + 96)
    assert {sign.status for sign in found.values()} <= {"stale", "not-monitored"}
    assert all(sign.reason for sign in found.values())


def _lamp(dim: float, power: float) -> dict[str, float]:
    return {"lamp_dim_pct": dim, "lamp_power_w": power}


async def test_the_lit_rate_counts_lamps_that_burn_among_those_commanded_on(
    conn: Connection, known_city: Any
) -> None:
    first, second = known_city.pole(DONGCHENG, 1), known_city.pole(DONGCHENG, 2)
    known_city.put("smart-pole", first, *_minutes(2, NOW - 2 * MINUTE, _lamp(100, 500)))
    known_city.put("smart-pole", second, *_minutes(2, NOW - 2 * MINUTE, _lamp(100, 0.4)))
    sign = (await _evaluate(conn))[known_city.district(DONGCHENG), "lighting.lit-rate"]
    assert (sign.value, sign.level, sign.coverage) == (50, 3, 1.0)
    assert sign.detail["inputs"]["failed"] == [second]


async def test_an_index_and_a_rate_are_written_in_one_round(
    conn: Connection, known_city: Any
) -> None:
    known_city.put("air-station", known_city.station("Guanyuan"), (H, CLEAN))
    for number in (1, 2):
        pole = known_city.pole(DONGCHENG, number)
        known_city.put("smart-pole", pole, (NOW - MINUTE, _lamp(100, 500)))
    current = await _evaluate(conn)
    assert current[known_city.district(XICHENG), "air.aqi"].value == 43
    assert current[known_city.district(DONGCHENG), "lighting.lit-rate"].value == 100


async def test_lamps_that_are_off_by_schedule_give_no_rate(
    conn: Connection, known_city: Any
) -> None:
    for number in (1, 2):
        pole = known_city.pole(DONGCHENG, number)
        known_city.put("smart-pole", pole, (NOW - MINUTE, _lamp(0, 0.4)))
    sign = (await _evaluate(conn))[known_city.district(DONGCHENG), "lighting.lit-rate"]
    assert (sign.value, sign.status, sign.reason) == (None, "na", "off-by-schedule")
    assert sign.detail["counts"]["off"] == 2


async def test_a_silent_lamp_is_shown_and_not_counted(conn: Connection, known_city: Any) -> None:
    known_city.put("smart-pole", known_city.pole(DONGCHENG, 1), (NOW, _lamp(100, 500)))
    old = NOW - 10 * MINUTE
    known_city.put("smart-pole", known_city.pole(DONGCHENG, 2), (old, _lamp(100, 500)))
    sign = (await _evaluate(conn))[known_city.district(DONGCHENG), "lighting.lit-rate"]
    assert (sign.value, sign.reason, sign.coverage) == (None, "coverage", 0.5)
    assert sign.detail["inputs"]["unknown"] == [known_city.pole(DONGCHENG, 2)]


async def test_history_keeps_changes_and_one_row_an_hour(conn: Connection, known_city: Any) -> None:
    station, district = known_city.station("Guanyuan"), known_city.district(XICHENG)
    known_city.put("air-station", station, (H, CLEAN))
    for minutes in (0, 1, 2):
        await _evaluate(conn, NOW + minutes * MINUTE)
    known_city.put("air-station", station, (H + HOUR, {**CLEAN, "pm25": 80}))
    await _evaluate(conn, NOW + HOUR)
    kept = await signs.history(
        conn, district, indicator="air.aqi", start=H, end=NOW + 2 * HOUR, limit=100
    )
    assert [(sign.ts, sign.value) for sign in kept] == [(NOW, 43), (NOW + HOUR, 119)]


async def test_only_signs_that_changed_are_told_anew(conn: Connection, known_city: Any) -> None:
    known_city.put("air-station", known_city.station("Guanyuan"), (H, CLEAN))
    await _evaluate(conn)
    await _evaluate(conn, NOW + MINUTE)
    assert await signs.current(conn, changed_after=NOW) == []
    known_city.put("air-station", known_city.station("Guanyuan"), (H + HOUR, CLEAN | {"pm25": 90}))
    await _evaluate(conn, NOW + HOUR)
    changed = await signs.current(conn, changed_after=NOW, indicator="air.aqi")
    assert known_city.district(XICHENG) in {sign.area for sign in changed}
