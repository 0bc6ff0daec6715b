"""Tunnels: gas and water follow fans and pumps, days join, readings fit the catalogue."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from city.catalogue import profile
from city.errors import InvalidValue
from simulators.clock import DAY_S, HOUR_S, LOCAL_OFFSET_S
from simulators.interlock import FanState
from simulators.seasons import DayTemperatures
from simulators.skies import Skies
from simulators.surroundings import Surroundings
from simulators.tunnel_days import (
    HIGH_LEVEL_M,
    LOW_LEVEL_M,
    PumpState,
    TunnelDay,
    TunnelModel,
    electric_load,
)
from simulators.tunnel_events import EARLIEST_H, LATEST_H, Event, EventKind, events_of
from simulators.tunnel_pipes import Pipe
from simulators.tunnel_plan import KINDS, Compartment, compartment_of
from simulators.tunnels import Tunnels, TunnelTerminal

DAY = 20_780
MIDNIGHT_S = DAY * DAY_S - LOCAL_OFFSET_S
NOON_S = MIDNIGHT_S + 12 * HOUR_S


def row(kind: str, sections: int = 3) -> list[Compartment]:
    return [
        Compartment(code=f"{kind}{n}", tunnel="T", kind=kind, section=n, length_m=200)
        for n in range(sections)
    ]


def one_of_each() -> list[Compartment]:
    return [each for kind in KINDS for each in row(kind, 2)]


def model_of(skies: Skies, compartments: list[Compartment], seed: int = 1) -> TunnelModel:
    return TunnelModel(seed, skies, DayTemperatures(skies), compartments)


def day_with(compartments: list[Compartment], *events: Event, seed: int = 1) -> TunnelDay:
    return model_of(Surroundings(seed).skies, compartments, seed).day(DAY, events)


def happening(kind: EventKind, code: str, *, hours: float, size: float = 1.0) -> Event:
    return Event(kind, code, NOON_S, NOON_S + hours * HOUR_S, size)


def minute(day: TunnelDay, t_s: float) -> int:
    return round((t_s - day.begin_s) / 60)


def test_a_leak_raises_methane_and_accident_ventilation_here_and_next_door() -> None:
    leak = happening(EventKind.GAS_LEAK, "gas1", hours=2, size=200)
    day = day_with(row("gas", 4), leak)
    noon, end = minute(day, NOON_S), minute(day, NOON_S + 2 * HOUR_S)
    assert day.ch4_lel_pct[1, noon : noon + 60].max() >= 20
    ventilated = (day.fan_state == FanState.ACCIDENT)[:, noon:end].any(axis=1)
    assert ventilated.tolist() == [True, True, True, False]
    assert day.ch4_lel_pct[[0, 2, 3]].max() == 0
    assert day.ch4_lel_pct[1, end + 60] < 0.5


def test_a_large_leak_closes_the_valve_and_the_gas_goes() -> None:
    leak = happening(EventKind.GAS_LEAK, "gas1", hours=3, size=320)
    day = day_with(row("gas"), leak)
    closed = np.flatnonzero(day.cut_off[1])
    assert len(closed)
    assert day.ch4_lel_pct[1, closed[0]] >= 25
    assert day.ch4_lel_pct[1, closed[0] + 60] < 5
    assert closed[-1] < minute(day, NOON_S + 3 * HOUR_S)


def test_methane_follows_the_well_mixed_balance() -> None:
    leak = happening(EventKind.GAS_LEAK, "gas1", hours=2, size=60)
    day = day_with(row("gas"), leak)
    settled = day.ch4_lel_pct[1, minute(day, NOON_S + 110 * 60)]
    assert settled == pytest.approx(60 / 6.25, rel=0.07)  # source over air changes an hour


def test_fire_stops_the_fans_that_heat_would_start() -> None:
    fire = happening(EventKind.FIRE, "power1", hours=0.5, size=600)
    day = day_with(row("power"), fire)
    burning = slice(minute(day, NOON_S) + 15, minute(day, NOON_S) + 29)
    assert (day.temperature_c[1, burning] > 40).all()
    assert (day.fan_state[:, burning] == FanState.STOPPED).all()
    assert day.co[1, burning].max() > 30
    after = minute(day, NOON_S) + 32
    assert day.fan_state[1, after] == FanState.NORMAL


def test_pumps_start_at_the_upper_level_and_stop_at_the_lower() -> None:
    burst = happening(EventKind.BURST, "water1", hours=3, size=20)
    day = day_with(row("water"), burst)
    by_day = slice(minute(day, MIDNIGHT_S + 5 * HOUR_S), minute(day, MIDNIGHT_S + 27 * HOUR_S))
    level, pump = day.water_level_m[1, by_day], day.pump_state[1, by_day]
    starts = np.flatnonzero((pump[1:] == PumpState.RUNNING) & (pump[:-1] == PumpState.STOPPED)) + 1
    stops = np.flatnonzero((pump[1:] == PumpState.STOPPED) & (pump[:-1] == PumpState.RUNNING)) + 1
    assert len(starts) > 5
    assert (level[starts] >= HIGH_LEVEL_M).all()
    assert (level[stops] <= LOW_LEVEL_M + 0.1).all()
    assert day.water_level_m.min() >= LOW_LEVEL_M - 1e-9


def test_with_a_broken_pump_the_water_rises_above_the_sump() -> None:
    events = (
        happening(EventKind.BURST, "water1", hours=2, size=30),
        happening(EventKind.PUMP_FAULT, "water1", hours=2),
    )
    day = day_with(row("water"), *events)
    assert day.water_level_m[1].max() > 1.5
    assert day.water_level_m[0].max() < 1.2


def test_rain_seeps_in(made_skies: Any) -> None:
    def pumped(*rain: tuple[float, float, float]) -> float:
        day = model_of(made_skies(rain=rain), row("water", 30)).day(DAY, [])
        return float((day.pump_state == PumpState.RUNNING).mean())

    assert pumped((NOON_S, NOON_S + 6 * HOUR_S, 20.0)) > 1.5 * pumped()


def test_one_day_passes_into_the_next_in_all_it_measures() -> None:
    compartments = one_of_each()
    model = model_of(Surroundings(1).skies, compartments)
    before, after = model.day(DAY, []), model.day(DAY + 1, [])
    end, begin = before.o2_pct.shape[1] - 1, minute(after, before.begin_s + 42 * HOUR_S)
    for name, tolerance in (
        ("o2_pct", 0.05),
        ("ch4_lel_pct", 0.3),
        ("h2s", 0.3),
        ("temperature_c", 1.5),
        ("humidity_pct", 5),
        ("cable_temperature_c", 1.5),
        ("water_level_m", 0.02),
        ("fan_state", 0),
    ):
        left, right = getattr(before, name)[:, end], getattr(after, name)[:, begin]
        assert np.allclose(left, right, atol=tolerance), name


@pytest.mark.parametrize("kind", KINDS)
def test_readings_lie_in_the_ranges_of_the_catalogue(kind: str) -> None:
    tunnels = Tunnels(Surroundings(3), row(kind))
    terminal = TunnelTerminal(tunnels, code=f"{kind}1", attributes={})
    metrics = profile("utility-tunnel")
    for step in range(60):
        values = terminal.reading(NOON_S + 1711 * step, 0)
        assert set(values) == set(terminal.metrics)
        for name, value in values.items():
            metric = metrics.metric(name)
            assert metric.low <= value <= metric.high
            if metric.states:
                assert value in metric.states


def test_a_compartment_measures_what_its_kind_needs() -> None:
    tunnels = Tunnels(Surroundings(1), one_of_each())

    def metrics(code: str) -> tuple[str, ...]:
        return TunnelTerminal(tunnels, code=code, attributes={}).metrics

    assert "ch4_lel_pct" in metrics("gas0")
    assert "gas_pressure_mpa" in metrics("gas0")
    assert "h2s" in metrics("sewage0")
    assert "cable_temperature_c" in metrics("power0")
    assert "heat_flow_m3_h" in metrics("heat0")
    assert "gas_flow_m3_h" not in metrics("water0")
    assert all("o2_pct" in metrics(f"{kind}0") for kind in KINDS)


def test_the_same_seed_code_and_instant_give_the_same_reading_in_any_order() -> None:
    def terminal() -> TunnelTerminal:
        return TunnelTerminal(Tunnels(Surroundings(1), row("gas")), code="gas1", attributes={})

    instants = [NOON_S + 3571 * k for k in range(30)]
    first, second = terminal(), terminal()
    forward = [first.reading(t, t - 60) for t in instants]
    assert [second.reading(t, t - 60) for t in reversed(instants)] == forward[::-1]


@given(seed=st.integers(0, 10_000), day=st.integers(19_000, 22_000))
@settings(max_examples=60, deadline=None)
def test_events_keep_to_the_day_and_to_where_they_can_happen(seed: int, day: int) -> None:
    midnight_s = day * DAY_S - LOCAL_OFFSET_S
    for compartment in one_of_each():
        for event in events_of(seed, compartment, day):
            assert midnight_s + EARLIEST_H * HOUR_S <= event.from_s < event.until_s
            assert event.until_s <= midnight_s + LATEST_H * HOUR_S
            if event.kind is EventKind.GAS_LEAK:
                assert compartment.kind == "gas"


def test_doors_open_for_visits_and_intrusions_and_only_these_are_told() -> None:
    compartments = row("power", 40)
    tunnels = Tunnels(Surroundings(2), compartments)
    seen: set[EventKind] = set()
    for day in range(40):
        for event in tunnels.events(NOON_S + day * DAY_S):
            if event.kind not in {EventKind.VISIT, EventKind.INTRUSION}:
                continue
            others = [e for e in tunnels.events(event.from_s) if e.code == event.code]
            if len(others) > 1 or event.kind in seen:
                continue
            seen.add(event.kind)
            terminal = TunnelTerminal(tunnels, code=event.code, attributes={})
            coming = terminal.reading(event.from_s + 30, 0)
            later = terminal.reading((event.from_s + event.until_s) / 2, 0)
            gone = terminal.reading(event.until_s + 30, 0)
            is_intrusion = event.kind is EventKind.INTRUSION
            assert (coming["door_state"], coming["intrusion_state"]) == (1, is_intrusion)
            assert later["door_state"] == (event.until_s - event.from_s < 240)
            assert (gone["door_state"], gone["intrusion_state"]) == (0, 0)
    assert seen == {EventKind.VISIT, EventKind.INTRUSION}


@pytest.mark.parametrize("line", ["water", "gas", "heat"])
def test_pressure_falls_as_flow_rises_and_along_the_main(line: str) -> None:
    pipe = Pipe(1, "T", line, DayTemperatures(Surroundings(1).skies))
    draws = [pipe.at(MIDNIGHT_S + 600 * k, 5) for k in range(144)]
    flows = np.array([draw.flow_m3_h for draw in draws])
    pressures = np.array([draw.pressure_mpa for draw in draws])
    assert (flows > 0).all()
    assert (pressures > 0).all()
    assert np.corrcoef(flows, pressures)[0, 1] < -0.5
    far = pipe.at(NOON_S, 40)
    assert far.flow_m3_h == pipe.at(NOON_S, 5).flow_m3_h
    assert far.pressure_mpa < pipe.at(NOON_S, 5).pressure_mpa


def test_a_burst_takes_pressure_and_a_closed_valve_takes_the_flow() -> None:
    temperatures = DayTemperatures(Surroundings(1).skies)
    water, gas = (Pipe(1, "T", line, temperatures) for line in ("water", "gas"))
    usual = water.at(NOON_S, 3)
    burst = water.at(NOON_S, 3, lost_m3_h=30)
    assert burst.flow_m3_h == pytest.approx(usual.flow_m3_h + 30)
    assert burst.pressure_mpa < usual.pressure_mpa - 0.05
    assert gas.at(NOON_S, 3, shut=True).flow_m3_h == 0


def test_heat_flows_when_it_is_cold(made_skies: Any) -> None:
    def flow(temperature_c: float) -> float:
        temperatures = DayTemperatures(made_skies(temperature_c))
        return Pipe(1, "T", "heat", temperatures).at(NOON_S, 0).flow_m3_h

    assert flow(-3.0) > 20 * flow(25.0)
    assert flow(-3.0) > flow(9.0) > flow(25.0)


def test_the_grid_is_loaded_in_the_evening_and_in_heat_and_cold() -> None:
    evening, night = MIDNIGHT_S + 19 * HOUR_S, MIDNIGHT_S + 4 * HOUR_S
    assert electric_load(evening, 10) > 1.3 * electric_load(night, 10)
    assert electric_load(evening, 30) > electric_load(evening, 16) < electric_load(evening, -5)


def test_settlement_slows_down_but_goes_on() -> None:
    terminal = TunnelTerminal(
        Tunnels(Surroundings(1), row("water")),
        code="water1",
        attributes={"fitted": ["settlement_mm"]},
    )
    year = 365.25 * DAY_S
    years = [terminal.reading(NOON_S + k * year, 0)["settlement_mm"] for k in (-4, -2, 0)]
    assert years[0] < years[1] < years[2]
    assert years[1] - years[0] > years[2] - years[1]


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"compartment": "cheese", "section": 1},
        {"compartment": "gas"},
        {"compartment": "gas", "section": "one"},
        {"compartment": "gas", "section": 1, "length_m": 0},
    ],
)
def test_a_compartment_that_can_not_be_is_refused(attributes: dict[str, object]) -> None:
    with pytest.raises(InvalidValue, match="attributes"):
        compartment_of("D1", attributes)


def test_two_terminals_of_one_section_are_refused() -> None:
    with pytest.raises(InvalidValue, match="section"):
        Tunnels(Surroundings(1), [*row("gas"), *row("gas")])
