from typing import Any

import pytest

from city.catalogue import PROFILES, profile
from city.errors import InvalidValue, UnknownMetric, UnknownProfile
from city.profiles import HIGHEST_BIT, Aggregation, Metric, Profile, Storage

COUNTER = Aggregation.COUNTER_DIFFERENCE
NAMES = {"zh": "测", "en": "test"}

# A bit in the stored quality masks means this metric for ever: a change here corrupts history.
PUBLISHED_BITS = {
    "smart-pole": "pm25 pm10 so2 no2 o3 co noise_db temperature_c humidity_pct pressure_hpa "
    "wind_speed_ms wind_direction_deg rain_mm illuminance_lx lamp_power_w lamp_dim_pct energy_kwh "
    "crowd_count tilt_deg ev_state ev_energy_kwh",
    "air-station": "pm25 pm10 so2 no2 o3 co temperature_c dew_point_c pressure_hpa rain_mm "
    "wind_direction_deg wind_speed_ms",
    "road": "flow_veh_h speed_kmh occupancy_pct queue_m surface_temperature_c surface_state "
    "water_film_mm visibility_m signal_phase",
    "utility-tunnel": "o2_pct ch4_lel_pct h2s co temperature_c humidity_pct water_level_m "
    "cable_temperature_c water_pressure_mpa water_flow_m3_h gas_pressure_mpa gas_flow_m3_h "
    "heat_pressure_mpa heat_flow_m3_h settlement_mm door_state intrusion_state fan_state "
    "pump_state power_kw",
    "energy-meter": "energy_kwh power_kw heat_kwh heat_power_kw gas_m3 gas_flow_m3_h water_m3 "
    "water_flow_m3_h heat_supply_c heat_return_c",
}
# What means danger (norm's limit, and beyond) must reach the alarms as a good value.
ALARMING = {
    "o2_pct": (0, 17.9, 19.4, 23.6),
    "ch4_lel_pct": (20, 25, 100),
    "h2s": (10.1, 100),
    "co": (20.1, 30.1, 500),
    "temperature_c": (40.1, 100),
    "cable_temperature_c": (90.1, 250),
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
        for limit in (each.suspect_low, each.suspect_high):
            assert limit is None or each.low <= limit <= each.high


def test_every_profile_has_published_its_bits() -> None:
    assert set(PUBLISHED_BITS) == set(PROFILES)


@pytest.mark.parametrize("name", ALARMING)
def test_a_value_that_means_danger_in_a_tunnel_is_no_doubtful_one(name: str) -> None:
    measured = profile("utility-tunnel").metric(name)
    for value in ALARMING[name]:
        assert measured.low <= value <= measured.high
        assert measured.suspect_low is None or value >= measured.suspect_low
        assert measured.suspect_high is None or value <= measured.suspect_high


@pytest.mark.parametrize("entry", PROFILES.values(), ids=PROFILES)
def test_states_of_a_code_list_are_all_inside_the_range(entry: Profile) -> None:
    for each in entry.metrics:
        assert all(each.low <= code <= each.high for code in each.states)


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
        ({"aggregation": Aggregation.FLOW_HARMONIC_MEAN}, "x.weight"),
        ({"weight": "y"}, "x.weight"),
        ({"rolls_over_at": 1.0}, "x.rolls_over_at"),
        ({"aggregation": COUNTER, "rolls_over_at": 2.0}, "x.rolls_over_at"),
        ({"aggregation": COUNTER, "rolls_over_at": 0.0}, "x.rolls_over_at"),
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


def test_a_weight_that_the_profile_does_not_measure_is_refused() -> None:
    speed = metric(aggregation=Aggregation.FLOW_HARMONIC_MEAN, weight="flow")
    with pytest.raises(InvalidValue, match="is none of its metrics"):
        Profile(name="p", names=NAMES, metrics=(speed,), interval_s=1, chunk_days=1)


def test_a_profile_whose_name_can_not_be_a_table_is_refused() -> None:
    with pytest.raises(InvalidValue):
        Profile(name="a.b", names=NAMES, metrics=(metric(),), interval_s=1, chunk_days=1)


def test_what_the_catalogue_lacks_is_refused_by_name() -> None:
    with pytest.raises(UnknownProfile, match="smart-pole, air-station"):
        profile("smart-pool")
    with pytest.raises(UnknownMetric, match="pm99"):
        profile("smart-pole").metric("pm99")
    assert profile("smart-pole").metric("pm25").unit == "ug/m3"
