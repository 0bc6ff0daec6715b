"""Energy meters: registers only rise, roll over, and are the integral of what flows."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from city.catalogue import profile
from city.errors import InvalidValue
from simulators.clock import DAY_S, HOUR_S, LOCAL_OFFSET_S
from simulators.meters import USES, Meter
from simulators.seasons import FIRST_DAY, DayTemperatures
from simulators.surroundings import Surroundings

MIDNIGHT_S = 20_780 * DAY_S - LOCAL_OFFSET_S
REGISTERS = {
    "energy_kwh": "power_kw",
    "heat_kwh": "heat_power_kw",
    "gas_m3": "gas_flow_m3_h",
    "water_m3": "water_flow_m3_h",
}
TEMPERATURES = Surroundings(1).temperatures
METRICS = profile("energy-meter")


def meter(code: str = "D1", seed: int = 1, **attributes: object) -> Meter:
    return Meter(seed, TEMPERATURES, code=code, attributes=attributes)


@given(
    t_s=st.floats(FIRST_DAY * DAY_S, MIDNIGHT_S + 400 * DAY_S),
    later_s=st.floats(0, 40 * DAY_S),
    building=st.sampled_from(USES),
)
@settings(max_examples=80, deadline=None)
def test_what_has_gone_through_never_falls(t_s: float, later_s: float, building: str) -> None:
    meters = meter(building, use=building)
    for register in REGISTERS:
        assert meters.used(register, t_s + later_s) >= meters.used(register, t_s)


@pytest.mark.parametrize("register", list(REGISTERS))
def test_the_register_is_the_integral_of_the_rate(register: str) -> None:
    meters, step_s = meter(), 300
    begin = MIDNIGHT_S + 20 * HOUR_S
    rates = [meters.reading(begin + step_s * (k + 0.5), 0)[REGISTERS[register]] for k in range(144)]
    used = meters.used(register, begin + 144 * step_s) - meters.used(register, begin)
    assert sum(rates) * step_s / HOUR_S == pytest.approx(used, rel=2e-3)


def test_an_old_register_rolls_over_and_loses_nothing() -> None:
    rolled = 0
    for number in range(8):
        meters = meter(f"D{number}", use="mall", floor_area_m2=60_000)
        instants = [MIDNIGHT_S + k * 5 * DAY_S for k in range(140)]
        shown = [meters.reading(t, 0)["energy_kwh"] for t in instants]
        used = [meters.used("energy_kwh", t) for t in instants]
        for before, after, early, late in zip(shown, shown[1:], used, used[1:], strict=False):
            assert (after - before) % 10**7 == pytest.approx(late - early, abs=0.01)
            rolled += after < before
    assert rolled


def test_readings_lie_in_the_ranges_of_the_catalogue_below_the_roll_over() -> None:
    for building in USES:
        meters = meter(building, use=building)
        for step in range(40):
            for name, value in meters.reading(MIDNIGHT_S + step * 97_003, 0).items():
                metric = METRICS.metric(name)
                assert metric.low <= value <= metric.high
                if metric.rolls_over_at:
                    assert value < metric.rolls_over_at


@pytest.mark.parametrize("building", USES)
def test_a_year_uses_about_what_the_building_s_kind_does(building: str) -> None:
    meters = [meter(f"{building}{n}", use=building) for n in range(12)]
    year = 365 * DAY_S
    yearly = [
        m.used("energy_kwh", MIDNIGHT_S + year) - m.used("energy_kwh", MIDNIGHT_S) for m in meters
    ]
    usual = {"residential": 30, "office": 90, "mall": 150, "school": 45, "hospital": 140}[building]
    geometric = math.exp(sum(math.log(each) for each in yearly) / len(yearly))
    assert geometric / 6_000 == pytest.approx(usual, rel=0.45)


def test_offices_rest_at_the_weekend_and_homes_do_not() -> None:
    def day(meters: Meter, number: int) -> float:
        begin = MIDNIGHT_S + number * DAY_S
        return meters.used("energy_kwh", begin + DAY_S) - meters.used("energy_kwh", begin)

    office, home = meter(use="office"), meter(use="residential")
    saturdays = [5, 12, 19, 26]
    tuesdays = [1, 8, 15, 22]
    assert sum(day(office, n) for n in saturdays) < 0.6 * sum(day(office, n) for n in tuesdays)
    assert sum(day(home, n) for n in saturdays) > sum(day(home, n) for n in tuesdays)


def test_heat_is_used_when_it_is_cold_and_the_pipe_is_hot_then(made_skies: Any) -> None:
    def reading(temperature_c: float) -> dict[str, float]:
        temperatures = DayTemperatures(made_skies(temperature_c))
        return Meter(1, temperatures, code="D1", attributes={}).reading(MIDNIGHT_S, 0)

    winter, summer = reading(-5.0), reading(26.0)
    assert winter["heat_power_kw"] > 0
    assert winter["heat_supply_c"] > winter["heat_return_c"] + 4
    assert summer["heat_power_kw"] == 0
    assert summer["heat_supply_c"] == summer["heat_return_c"]
    assert summer["power_kw"] > 1.1 * winter["power_kw"]  # cooled


def test_the_same_seed_code_and_instant_give_the_same_reading_in_any_order() -> None:
    instants = [MIDNIGHT_S + 86_399 * k for k in range(-200, 200, 7)]
    first, second = meter(), meter()
    forward = [first.reading(t, 0) for t in instants]
    assert [second.reading(t, 0) for t in reversed(instants)] == forward[::-1]
    assert meter(seed=2).reading(MIDNIGHT_S, 0) != meter().reading(MIDNIGHT_S, 0)


def test_before_they_are_counted_registers_stand_still() -> None:
    early = meter().reading(0, 0)
    assert early["energy_kwh"] == meter().reading(1_000_000, 0)["energy_kwh"]
    assert early["power_kw"] == 0


@pytest.mark.parametrize(
    "attributes", [{"use": "castle"}, {"floor_area_m2": -1}, {"fitted": ["pm25"]}]
)
def test_a_building_that_can_not_be_is_refused(attributes: dict[str, object]) -> None:
    with pytest.raises(InvalidValue, match="attributes"):
        meter(**attributes)  # type: ignore[arg-type]  # any attribute, on purpose
