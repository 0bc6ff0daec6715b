from typing import Any

import pytest

from city.catalogue import PROFILES, profile
from city.errors import InvalidValue, UnknownMetric, UnknownProfile
from city.profiles import HIGHEST_BIT, Metric, Profile, Storage

NAMES = {"zh": "测", "en": "test"}

# A bit in the stored quality masks means this metric for ever: a change here corrupts history.
PUBLISHED_BITS = {
    "smart-pole": "pm25 pm10 so2 no2 o3 co noise_db temperature_c humidity_pct pressure_hpa "
    "wind_speed_ms wind_direction_deg rain_mm illuminance_lx lamp_power_w lamp_dim_pct energy_kwh "
    "crowd_count tilt_deg ev_state ev_energy_kwh",
    "air-station": "pm25 pm10 so2 no2 o3 co temperature_c dew_point_c pressure_hpa rain_mm "
    "wind_direction_deg wind_speed_ms",
}


def metric(**changes: Any) -> Metric:
    fields: dict[str, Any] = {"name": "x", "bit": 0, "names": NAMES, "unit": "1"}
    return Metric(**(fields | {"low": 0, "high": 1, "resolution": 1} | changes))


@pytest.mark.parametrize("name", PUBLISHED_BITS)
def test_bits_once_published_never_change(name: str) -> None:
    bits = {each.name: each.bit for each in PROFILES[name].metrics}
    for bit, published in enumerate(PUBLISHED_BITS[name].split()):
        assert bits[published] == bit


@pytest.mark.parametrize("entry", PROFILES.values(), ids=PROFILES)
def test_limits_for_suspicion_lie_inside_the_instruments_range(entry: Profile) -> None:
    for each in entry.metrics:
        for limit in (each.suspect_low, each.suspect_high, each.detection_floor):
            assert limit is None or each.low <= limit <= each.high


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "Pm25"}, "metric name"),
        ({"name": "pm 25"}, "metric name"),
        ({"name": 'x"; DROP TABLE'}, "metric name"),
        ({"bit": -1}, "x.bit"),
        ({"bit": HIGHEST_BIT + 1}, "x.bit"),
        ({"low": 1.0, "high": 1.0}, "x.low"),
        ({"storage": Storage.STATE}, "x.states"),
        ({"states": {0: NAMES}}, "x.states"),
        ({"names": {"en": "only"}}, "x.names"),
    ],
)
def test_an_entry_that_tables_could_not_carry_is_refused(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        metric(**changes)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "metrics", [(metric(), metric(bit=1)), (metric(), metric(name="y"))], ids=["name", "bit"]
)
def test_a_profile_with_a_name_or_bit_twice_is_refused(metrics: tuple[Metric, ...]) -> None:
    with pytest.raises(InvalidValue):
        Profile(name="p", names=NAMES, metrics=metrics, interval_s=1, chunk_days=1)


def test_a_profile_whose_name_can_not_be_a_table_is_refused() -> None:
    with pytest.raises(InvalidValue):
        Profile(name="a.b", names=NAMES, metrics=(metric(),), interval_s=1, chunk_days=1)


def test_what_the_catalogue_lacks_is_refused_by_name() -> None:
    with pytest.raises(UnknownProfile, match="smart-pole, air-station"):
        profile("smart-pool")
    with pytest.raises(UnknownMetric, match="pm99"):
        profile("smart-pole").metric("pm99")
    assert profile("smart-pole").metric("pm25").unit == "ug/m3"
