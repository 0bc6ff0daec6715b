"""A pole's readings: the same whatever is asked before, inside the catalogue, and believable."""

import math
import random
import statistics
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from city.errors import InvalidValue
from simulators.clock import DAY_S, HOUR_S
from simulators.lamps import Lamp, schedule_near
from simulators.poles import PROFILE, STREET_CLASSES, Pole
from simulators.records import LOCAL, read_record
from simulators.stations import STATIONS, station_files
from simulators.surroundings import Surroundings

ALL = [metric.name for metric in PROFILE.metrics]
AROUND = Surroundings(1)
RECORDS = {record.station: record for record in map(read_record, station_files())}
LON, LAT = 116.40, 39.91

instants = st.floats(
    datetime(2024, 1, 1, tzinfo=LOCAL).timestamp(), datetime(2034, 1, 1, tzinfo=LOCAL).timestamp()
)
codes = st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9)


def pole(code: str = "D00000001", *, around: Surroundings = AROUND, **attributes: object) -> Pole:
    equipment = {"fitted": ALL, "street_class": "arterial", **attributes}
    return Pole(around, code=code, lon=LON, lat=LAT, attributes=equipment)


def local(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL).timestamp()


def hourly(one: Pole, day: str, hours: int = 24) -> list[dict[str, float]]:
    start = local(day)
    return [one.reading(start + n * HOUR_S, start + (n - 1) * HOUR_S) for n in range(hours)]


def test_the_same_seed_code_and_instant_give_the_same_reading_in_any_order() -> None:
    times = [local("2026-11-23") + n * 977.123 for n in range(300)]
    forwards = {t: pole().reading(t, t - 60) for t in times}

    again = pole(around=Surroundings(1))
    shuffled = times.copy()
    random.Random(5).shuffle(shuffled)  # noqa: S311 - an order, no secret
    assert {t: again.reading(t, t - 60) for t in shuffled} == forwards


def test_poles_that_are_asked_in_turn_do_not_disturb_each_other() -> None:
    t = local("2026-07-01T12:00")
    alone = pole("D00000002").reading(t, t - 60)
    first, second = pole("D00000001"), pole("D00000002")
    for before in range(50):
        first.reading(t - before * 3000, t - before * 3000 - 60)

    assert second.reading(t, t - 60) == alone


def test_another_seed_or_another_pole_gives_other_readings() -> None:
    t = local("2026-11-23T12:00")
    here = pole().reading(t, t - 60)

    assert pole(around=Surroundings(2)).reading(t, t - 60) != here
    assert pole("D00000002").reading(t, t - 60) != here


@settings(max_examples=300, deadline=None)
@given(t=instants, code=codes, street=st.sampled_from(STREET_CLASSES), seed=st.integers(0, 3))
def test_values_lie_in_the_catalogues_ranges_on_its_steps(
    t: float, code: str, street: str, seed: int
) -> None:
    around = SEEDS.setdefault(seed, Surroundings(seed))
    reading = pole(code, around=around, street_class=street).reading(t, t - 60)

    assert list(reading) == ALL
    for metric in PROFILE.metrics:
        value = reading[metric.name]
        assert metric.low <= value <= metric.high
        steps = value / metric.resolution
        assert math.isclose(steps, round(steps), rel_tol=1e-9, abs_tol=1e-6), metric.name
        if metric.states:
            assert value in metric.states
        if metric.suspect_low is not None:
            assert value >= metric.suspect_low, metric.name
        if metric.suspect_high is not None:
            assert value <= metric.suspect_high, metric.name


SEEDS: dict[int, Surroundings] = {}


@settings(max_examples=200, deadline=None)
@given(t=instants, code=codes, later=st.floats(0, 400 * DAY_S))
def test_energy_counters_only_rise(t: float, code: str, later: float) -> None:
    one = pole(code)
    after, before = one.reading(t + later, t), one.reading(t, t - 60)  # the later one first

    for counter in ("energy_kwh", "ev_energy_kwh"):
        assert after[counter] >= before[counter]


def sound_lamp(code: str) -> Lamp:
    return Lamp(
        1,
        code,
        rated_w=240,
        base_w=18,
        since_s=local("2025-01-01"),
        schedule=schedule_near(LON, LAT, "arterial"),
    )


@pytest.mark.parametrize("code", [f"D{number:08d}" for number in range(5)])
def test_the_energy_meter_is_the_integral_of_the_lamps_power(code: str) -> None:
    lamp, start = sound_lamp(code), local("2026-11-20T09:00")
    step = 10
    watt_seconds = sum(
        (lamp.power_w(start + n * step + step / 2) + 18) * step for n in range(3 * 8640)
    )

    counted = lamp.energy_kwh(start + 3 * DAY_S) - lamp.energy_kwh(start)

    assert counted == pytest.approx(watt_seconds / 3.6e6, rel=1e-3)


def test_a_charger_counts_its_power_while_it_charges_and_nothing_else() -> None:
    one, start = pole(fitted=["ev_state", "ev_energy_kwh"], ev_rated_w=7000), local("2026-11-20")
    readings = [one.reading(start + n * 60, 0) for n in range(5 * 1440)]

    charging = sum(reading["ev_state"] == 2 for reading in readings)
    gained = readings[-1]["ev_energy_kwh"] - readings[0]["ev_energy_kwh"]
    assert charging > 100
    assert gained == pytest.approx(charging / 60 * 7, rel=0.03)
    for before, after in pairwise(readings):
        if before["ev_state"] == after["ev_state"] != 2:
            assert after["ev_energy_kwh"] == before["ev_energy_kwh"]


@pytest.mark.parametrize("day", ["2026-01-15", "2026-04-10", "2026-06-21", "2026-11-23"])
def test_lamps_burn_at_midnight_and_not_at_noon(day: str) -> None:
    lamps = [sound_lamp(f"D{number:08d}") for number in range(300)]
    midnight, noon = local(day), local(f"{day}T12:00")

    lit = sum(lamp.power_w(midnight) > 0.2 * 240 * lamp.dim_pct(midnight) / 100 for lamp in lamps)
    assert 0.94 < lit / len(lamps) < 1
    assert all(lamp.power_w(noon) < 1 for lamp in lamps)
    assert {lamp.dim_pct(midnight) for lamp in lamps} == {70}
    assert {lamp.dim_pct(noon) for lamp in lamps} == {0}


def test_lamps_switch_on_soon_after_sunset() -> None:
    """Sunset in Beijing on 2026-11-23 is at 16:54."""
    lamp = sound_lamp("D00000001")
    minutes = [local("2026-11-23T15:00") + 60 * n for n in range(240)]
    first = next(t for t in minutes if lamp.dim_pct(t) > 0)

    assert local("2026-11-23T16:54") < first < local("2026-11-23T17:20")


def test_a_failed_lamp_stays_commanded_and_draws_nothing() -> None:
    nights = [local("2026-11-01T20:00") + n * DAY_S for n in range(30)]
    lamps = [sound_lamp(f"D{number:08d}") for number in range(200)]

    dark = [(lamp, t) for lamp in lamps for t in nights if lamp.power_w(t) < 1]
    assert 0.005 < len(dark) / (200 * 30) < 0.05
    assert all(lamp.dim_pct(t) == 100 for lamp, t in dark)


def mean_of(metric: str, days: list[str], hour: int, street: str = "arterial") -> float:
    values = []
    for number in range(20):
        one = pole(f"D{number:08d}", street_class=street)
        for day in days:
            t = local(day) + hour * HOUR_S
            values.append(one.reading(t, t - 60)[metric])
    return statistics.fmean(values)


WEEK = ["2026-11-16", "2026-11-17", "2026-11-18", "2026-11-19", "2026-11-20"]
WEEKEND = ["2026-11-14", "2026-11-15", "2026-11-21", "2026-11-22"]


def test_rush_hour_is_louder_than_the_night_and_on_working_days_only() -> None:
    rush, night = mean_of("noise_db", WEEK, 8), mean_of("noise_db", WEEK, 3)

    assert 5 < rush - night < 20
    assert rush - mean_of("noise_db", WEEKEND, 8) > 2


def test_a_main_road_is_louder_and_busier_than_a_residential_street() -> None:
    assert mean_of("noise_db", WEEK, 14) > mean_of("noise_db", WEEK, 14, "residential") + 5
    assert mean_of("crowd_count", WEEK, 18) > mean_of("crowd_count", WEEK, 18, "residential")


def test_afternoons_are_warmer_than_mornings() -> None:
    assert mean_of("temperature_c", WEEK, 15) > mean_of("temperature_c", WEEK, 5) + 2


def test_illuminance_follows_the_sun_and_the_lamp() -> None:
    day = hourly(pole(), "2026-11-22")

    assert day[12]["illuminance_lx"] > 5_000
    assert day[0]["illuminance_lx"] < 50


def test_poles_share_their_air_and_differ_a_little() -> None:
    one, other = pole("D00000001"), pole("D00000002")
    first = [reading["pm25"] for reading in hourly(one, "2026-11-01", 480)]
    second = [reading["pm25"] for reading in hourly(other, "2026-11-01", 480)]

    assert statistics.correlation(first, second) > 0.85
    assert first != second
    assert max(first) > 2 * min(first)


def test_a_street_adds_its_traffic_to_the_recorded_air() -> None:
    main_road = mean_of("no2", WEEK, 18)
    back_street = mean_of("no2", WEEK, 18, "residential")

    assert 3 < main_road - back_street < 40
    assert mean_of("o3", WEEK, 18) <= mean_of("o3", WEEK, 18, "residential")


@pytest.mark.parametrize("station", STATIONS)
@pytest.mark.parametrize(
    ("metric", "alike", "bias"),
    [
        pytest.param("pm25", 0.97, 0.2, id="particles"),
        pytest.param("no2", 0.93, 0.3, id="nitrogen dioxide"),
        pytest.param("co", 0.95, 0.3, id="carbon monoxide"),
        pytest.param("temperature_c", 0.98, None, id="temperature"),
        pytest.param("pressure_hpa", 0.99, 0.01, id="pressure"),
        pytest.param("wind_speed_ms", 0.8, 0.3, id="wind"),
    ],
)
def test_a_pole_beside_a_station_measures_what_the_station_recorded(
    station: str, metric: str, alike: float, bias: float | None
) -> None:
    record, (_, lon, lat) = RECORDS[station], STATIONS[station]
    one = Pole(
        AROUND, code="D00000001", lon=lon, lat=lat, attributes={"street_class": "residential"}
    )
    hours = [hour for hour in record.hours[::3] if metric in hour.values]
    years_later = 140 * AROUND.region.recurrence.days * DAY_S
    measured = [one.reading(h.at_s + years_later, h.at_s + years_later - 60)[metric] for h in hours]
    recorded = [hour.values[metric] for hour in hours]

    assert statistics.correlation(measured, recorded) > alike
    if bias is not None:
        assert statistics.fmean(measured) == pytest.approx(statistics.fmean(recorded), rel=bias)


@pytest.mark.parametrize("station", STATIONS)
def test_humidity_beside_a_station_fits_its_temperature_and_dew_point(station: str) -> None:
    _, lon, lat = STATIONS[station]
    one = Pole(AROUND, code="D00000001", lon=lon, lat=lat, attributes={})

    for hour in RECORDS[station].hours[::7]:
        reading = one.reading(hour.at_s, hour.at_s - 60)
        warm, dew = hour.values["temperature_c"], hour.values["dew_point_c"]
        expected = 100 * math.exp(17.27 * dew / (237.7 + dew) - 17.27 * warm / (237.7 + warm))
        assert reading["humidity_pct"] == pytest.approx(min(100, expected), abs=18)


def test_only_what_is_fitted_is_measured() -> None:
    t = local("2026-11-23T12:00")
    reading = pole(fitted=["noise_db", "lamp_power_w"]).reading(t, t - 60)

    assert set(reading) == {"noise_db", "lamp_power_w"}


@pytest.mark.parametrize(
    ("attributes", "field"),
    [
        pytest.param({"fitted": ["smell"]}, "fitted", id="a metric that the profile has not"),
        pytest.param({"fitted": []}, "fitted", id="nothing at all"),
        pytest.param({"street_class": "alley"}, "street_class", id="an unknown street class"),
        pytest.param({"lamp_rated_w": 0}, "lamp_rated_w", id="a lamp without power"),
        pytest.param({"lamp_rated_w": "240"}, "lamp_rated_w", id="power as text"),
        pytest.param({"ev_rated_w": True}, "ev_rated_w", id="power as a truth value"),
        pytest.param({"ev_rated_w": math.nan}, "ev_rated_w", id="power that is no number"),
    ],
)
def test_attributes_that_make_no_sense_are_refused(attributes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue, match=field):
        pole(**attributes)
