"""The index against the published tables' vectors, and by property."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitals import aqi, aqi_reports
from vitals.aqi import CHINA, BadConcentration, Norm

NEW, OLD = Norm.HJ_633_2026, Norm.HJ_633_2012

VECTORS: list[tuple[str, list[float | str], list[int], list[int | None] | None]] = [
    ("pm25_24h", [0, 1, 35, 36], [0, 2, 50, 52], [0, 2, 50, 52]),
    ("pm25_24h", [50, 60, 61, 75], [80, 100, 101, 114], [69, 82, 83, 100]),
    ("pm25_24h", ["60.5", "61.5"], [100, 102], [82, 84]),
    ("pm25_24h", [115, 150, 200, 250, 300, 500, 650], [150, 200, 250, 300, 350, 500, 500], None),
    ("pm10_24h", [78, 120, 150, 600, 999], [70, 100, 112, 500, 500], [64, 85, 100, 500, 500]),
    ("so2_24h", [50, 150, 475], [50, 100, 150], None),
    ("so2_1h", [800, 801], [200, 200], [200, None]),
    ("no2_24h", [41], [52], None),
    ("no2_1h", [1201], [201], None),
    ("co_24h", ["2.2", "2.25"], [55, 55], None),
    ("co_1h", ["65.4", "66.9"], [218, 223], None),
    ("o3_8h", [160, 161, 800, 801], [100, 101, 300, 300], [100, 101, 300, None]),
    ("o3_1h", [200, 1200, 1300], [100, 500, 500], None),
]
CASES = [
    pytest.param(name, Fraction(c), norm, expected, id=f"{name} {c} by {norm.cited}")
    for name, values, new, old in VECTORS
    for norm, column in ((NEW, new), (OLD, new if old is None else old))
    for c, expected in zip(values, column, strict=True)
]


@pytest.mark.parametrize(("indicator", "concentration", "norm", "expected"), CASES)
def test_an_individual_index_equals_the_published_vector(
    indicator: str, concentration: Fraction, norm: Norm, expected: int | None
) -> None:
    assert aqi.iaqi(indicator, concentration, norm) == expected


def _day(norm: Norm, **concentrations: str) -> aqi.Aqi:
    given = {name: Fraction(value) for name, value in concentrations.items()}
    return aqi.index(given, aqi.daily_indicators(NEW), norm)


DAY_A = {"pm25_24h": "62", "pm10_24h": "118", "so2_24h": "12"} | {
    "no2_24h": "46",
    "co_24h": "0.9",
    "o3_8h": "171",
}


@pytest.mark.parametrize(
    ("norm", "pm25", "pm10"), [(NEW, 102, 99), (OLD, 84, 84)], ids=["2026", "2012"]
)
def test_day_a_is_light_pollution_by_ozone_in_both_editions(
    norm: Norm, pm25: int, pm10: int
) -> None:
    day = _day(norm, **DAY_A)
    assert dict(day.iaqi) == {"pm25": pm25, "pm10": pm10, "so2": 12, "no2": 58, "co": 23, "o3": 110}
    assert (day.aqi, day.primary, day.missing, day.status) == (110, ("o3",), (), "ok")
    assert day.level is not None
    assert day.level.name["zh"] == "轻度污染"


def test_pollutants_that_tie_are_primary_together() -> None:
    day = _day(
        NEW, pm25_24h="60", pm10_24h="120", so2_24h="10", no2_24h="80", co_24h="0.5", o3_8h="90"
    )
    assert (day.aqi, day.primary) == (100, ("pm25", "pm10", "no2"))


def test_no_pollutant_is_primary_up_to_fifty() -> None:
    day = _day(NEW, **dict.fromkeys(aqi.daily_indicators(NEW), "1"))
    assert day.primary == ()


@pytest.mark.parametrize("norm", list(Norm))
def test_with_a_pollutant_missing_an_index_up_to_100_is_not_published(norm: Norm) -> None:
    day = _day(norm, pm25_24h="40")
    assert (day.aqi, day.level, day.status, day.primary) == (None, None, "na", ())
    assert day.missing == ("pm10", "so2", "no2", "o3", "co")


def test_with_a_pollutant_missing_an_index_above_100_is_published() -> None:
    day = _day(NEW, pm25_24h="80")
    assert (day.aqi, day.status, day.primary) == (119, "ok", ("pm25",))


def test_the_2012_hourly_report_lets_24_h_so2_speak_above_800() -> None:
    hour = {name: Fraction(1) for name in aqi.realtime_indicators(OLD)}
    result = aqi.index(
        {**hour, "so2_1h": Fraction(900), "so2_24h": Fraction(475)},
        aqi.realtime_indicators(OLD),
        OLD,
    )
    assert (result.aqi, result.primary) == (150, ("so2",))


@pytest.mark.parametrize("norm", list(Norm))
@pytest.mark.parametrize(
    ("index", "number", "zh"),
    [
        (0, 1, "优"),
        (50, 1, "优"),
        (51, 2, "良"),
        (100, 2, "良"),
        (101, 3, "轻度污染"),
        (151, 4, "中度污染"),
        (201, 5, "重度污染"),
        (300, 5, "重度污染"),
        (301, 6, "严重污染"),
    ],
)
def test_levels_change_at_the_published_indices(
    norm: Norm, index: int, number: int, zh: str
) -> None:
    level = aqi.level_of(index)
    assert (level.number, level.name["zh"]) == (number, zh)


def test_the_edition_changes_on_the_first_of_march_2026_beijing_time() -> None:
    midnight = datetime(2026, 3, 1, tzinfo=CHINA).astimezone(UTC)
    assert aqi.edition(midnight) is NEW
    assert aqi.edition(midnight - timedelta(seconds=1)) is OLD


def test_a_stored_float4_is_read_as_the_decimal_that_was_measured() -> None:
    assert aqi.exact(float(np.float32(35.2))) == Fraction("35.2")
    assert aqi.exact(60.5) == Fraction("60.5")
    assert aqi.exact(float(np.float32(2.25))) == Fraction("2.25")


@given(st.decimals(0, 2000, places=1))
def test_every_decimal_a_device_sends_survives_the_float4_column(value: object) -> None:
    assert aqi.exact(float(np.float32(float(str(value))))) == Fraction(str(value))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_a_number_is_no_concentration(value: float) -> None:
    with pytest.raises(BadConcentration, match="not a concentration"):
        aqi.exact(value)


def test_a_negative_concentration_is_refused_by_name() -> None:
    with pytest.raises(BadConcentration, match="pm25_24h: -1"):
        aqi.iaqi("pm25_24h", Fraction(-1), NEW)


CONCENTRATION = st.none() | st.fractions(0, 4000, max_denominator=10)
REPORT = st.fixed_dictionaries(dict.fromkeys(aqi.INDICATORS, CONCENTRATION))


@given(REPORT, st.sampled_from(list(Norm)), st.sets(st.sampled_from(aqi.INDICATORS)))
def test_losing_an_input_never_turns_an_alarm_into_a_normal_index(
    report: dict[str, Fraction | None], norm: Norm, lost: set[str]
) -> None:
    indicators = aqi.realtime_indicators(norm)
    before = aqi.index(report, indicators, norm)
    after = aqi.index({k: None if k in lost else v for k, v in report.items()}, indicators, norm)
    if before.aqi is not None and before.aqi > 100:
        assert after.aqi is None or after.aqi > 100


@given(st.sampled_from(aqi.INDICATORS), st.fractions(0, 900), st.fractions(0, 900))
def test_more_of_a_pollutant_never_lowers_its_index(
    indicator: str, less: Fraction, more: Fraction
) -> None:
    low, high = sorted((less, more))
    first, second = aqi.iaqi(indicator, low, NEW), aqi.iaqi(indicator, high, NEW)
    assert first is not None
    assert second is not None
    assert first <= second


def _hours(start: datetime, count: int, **values: float) -> dict[datetime, dict[str, Fraction]]:
    concentrations = {name: Fraction(str(value)) for name, value in values.items()}
    return {start + aqi_reports.HOUR * n: dict(concentrations) for n in range(count)}


CLEAN = {"pm25": 30, "pm10": 40, "so2": 5, "no2": 20, "o3": 60, "co": 0.5}
MIDNIGHT = datetime(2026, 11, 22, tzinfo=CHINA)


def test_the_2026_hourly_report_takes_this_hour_alone() -> None:
    hours = _hours(MIDNIGHT, 1, **CLEAN)
    assert aqi_reports.realtime(hours, MIDNIGHT, NEW).aqi == 43
    assert aqi_reports.realtime(hours, MIDNIGHT, OLD).status == "na"


@pytest.mark.parametrize(("hours_present", "status"), [(19, "na"), (20, "ok"), (24, "ok")])
def test_the_2012_hourly_report_needs_20_of_24_hours(hours_present: int, status: str) -> None:
    last = MIDNIGHT + aqi_reports.HOUR * (hours_present - 1)
    hours = _hours(MIDNIGHT, hours_present, **CLEAN)
    assert aqi_reports.realtime(hours, last, OLD).status == status


def test_the_2012_hourly_report_averages_particles_over_24_hours_and_ozone_over_8() -> None:
    hours = _hours(MIDNIGHT, 24, **CLEAN)
    last = MIDNIGHT + aqi_reports.HOUR * 23
    hours[last] |= {"pm25": Fraction(30 + 24 * 45), "o3": Fraction(60 + 8 * 40)}
    result = aqi_reports.realtime(hours, last, OLD)
    # PM2.5: the mean is 75, not 1,110; ozone: 8-h mean 100 is 50, but 380 in this hour is 190.
    assert (result.iaqi["pm25"], result.iaqi["o3"]) == (100, 190)


def test_a_day_with_19_hours_of_a_pollutant_lacks_it() -> None:
    hours = _hours(MIDNIGHT, 24, **CLEAN)
    for offset in range(5):
        del hours[MIDNIGHT + aqi_reports.HOUR * offset]["no2"]
    result = aqi_reports.daily(hours, MIDNIGHT.date(), NEW)
    assert (result.status, result.missing) == ("na", ("no2",))


def test_a_whole_clean_day_is_published() -> None:
    hours = _hours(MIDNIGHT, 24, **CLEAN)
    assert aqi_reports.daily(hours, MIDNIGHT.date(), NEW).aqi == 43
    assert aqi_reports.daily(hours, MIDNIGHT.date(), OLD).missing == ()
