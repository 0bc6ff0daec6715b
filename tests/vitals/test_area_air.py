"""The AQI of an area from its devices' hours."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitals import area_air
from vitals.aqi import POLLUTANTS
from vitals.aqi_reports import HOUR
from vitals.area_air import AreaAir, Withheld

H = datetime(2026, 11, 23, 8, tzinfo=UTC)
NOW = H + timedelta(minutes=20)
CLEAN = {"pm25": 30, "pm10": 40, "so2": 5, "no2": 20, "o3": 60, "co": 0}

Concentrations = dict[str, Fraction | None]


def _air(**changes: float | None) -> Concentrations:
    values = {**CLEAN, **changes}
    return {name: None if v is None else Fraction(str(v)) for name, v in values.items()}


def _assess(*devices: dict[datetime, Concentrations], now: datetime = NOW) -> AreaAir:
    return area_air.assess(range(len(devices)), dict(enumerate(devices)), now)


def test_the_index_is_that_of_the_mean_concentrations() -> None:
    found = _assess({H: _air(pm25=20)}, {H: _air(pm25=100)})
    assert (found.value, found.status, found.coverage, found.hour) == (80 + 20, "ok", 1.0, H)


def test_an_area_without_devices_is_not_monitored() -> None:
    found = _assess()
    assert (found.value, found.status, found.reason) == (
        None,
        "not-monitored",
        Withheld.NO_DEVICES,
    )


def test_data_of_more_than_three_hours_ago_is_stale() -> None:
    assert _assess({H: _air()}, now=H + 3 * HOUR).status == "ok"
    late = _assess({H: _air()}, now=H + 3 * HOUR + timedelta(seconds=1))
    assert (late.status, late.value) == ("stale", None)


def test_a_missing_pollutant_withholds_a_normal_index() -> None:
    found = _assess({H: _air(no2=None)})
    assert (found.value, found.status, found.reason) == (None, "na", Withheld.POLLUTANT_MISSING)


def test_a_missing_pollutant_does_not_withhold_an_alarm() -> None:
    found = _assess({H: _air(no2=None, pm25=80)})
    assert (found.value, found.status) == (119, "ok")


def test_less_than_three_quarters_of_the_data_withholds_a_normal_index() -> None:
    enough = _assess({H: _air()}, {H: _air()}, {H: _air()}, {})
    assert (enough.status, enough.coverage) == ("ok", 0.75)
    few = _assess({H: _air()}, {H: _air()}, {}, {})
    assert (few.status, few.reason, few.coverage) == ("na", Withheld.COVERAGE, 0.5)


def test_an_hour_that_lacks_one_report_waits_for_it_up_to_an_hour() -> None:
    both, one = {H - HOUR: _air(), H: _air(pm25=35)}, {H - HOUR: _air()}
    assert _assess(both, one).hour == H - HOUR
    later = {**both, H + HOUR: _air()}
    assert _assess(later, one, now=NOW + HOUR).hour == H + HOUR


def test_a_silent_device_that_alarmed_last_withholds_a_normal_index() -> None:
    loud = {H - 5 * HOUR: _air(pm25=480)}
    found = _assess({H: _air()}, {H: _air()}, {H: _air()}, {H: _air()}, loud)
    assert (found.value, found.reason) == (None, Withheld.SILENT_ALARM)


HOURLY = st.fixed_dictionaries(
    {name: st.none() | st.fractions(0, 1200, max_denominator=10) for name in POLLUTANTS}
)
FLEET = st.lists(HOURLY, min_size=1, max_size=6)


@given(FLEET, st.data())
def test_losing_sensors_never_turns_an_area_alarm_into_a_normal_index(
    fleet: list[Concentrations], data: st.DataObject
) -> None:
    before = _assess(*({H: hour} for hour in fleet))
    keys = range(len(fleet))
    lost = data.draw(st.sets(st.tuples(st.sampled_from(keys), st.sampled_from(POLLUTANTS))))
    silent_h = data.draw(st.integers(1, 23))
    after_h = H + silent_h * HOUR
    after = _assess(
        *(
            {H: hour, after_h: {p: None if (key, p) in lost else hour[p] for p in POLLUTANTS}}
            for key, hour in zip(keys, fleet, strict=True)
        ),
        now=after_h + timedelta(minutes=20),
    )
    if before.value is not None and before.value > 100:
        assert after.value is None or after.value > 100


@pytest.mark.parametrize(
    ("hours_later", "status"), [(1, "ok"), (2, "ok"), (3, "stale"), (4, "stale"), (23, "stale")]
)
def test_an_alarm_whose_only_sensor_falls_silent_becomes_stale_and_not_normal(
    hours_later: int, status: str
) -> None:
    found = _assess({H: _air(pm25=200)}, now=NOW + hours_later * HOUR)
    assert found.status == status
    assert found.value is None or found.value > 100
