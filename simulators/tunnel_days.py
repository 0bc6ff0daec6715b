"""A day in a tunnel, minute by minute: air, heat, water, fans and pumps of all compartments.

In: who adjoins whom, the weather, what happens. Out: `TunnelDay`. A day runs from four to four in
the night; every night at half past three the pumps are tested until the sumps are at their lower
level, so that a day can be computed without the day before it.

Air is well mixed within a compartment. Rates are our own, for a believable tunnel; the air changes
are those of GB 50838-2015, 7.2.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from simulators.chance import Chance
from simulators.clock import DAY_S, HOUR_S, LOCAL_OFFSET_S, daily_peak, local_time
from simulators.interlock import Air, Asked, Bools, Floats, Interlock
from simulators.seasons import DayTemperatures
from simulators.skies import CENTRE_LAT, CENTRE_LON, Skies
from simulators.tunnel_events import Event, EventKind
from simulators.tunnel_plan import Compartment, Neighbours

DAY_BEGINS_H = 4
STEP_S = 60.0
LOW_LEVEL_M, HIGH_LEVEL_M = 0.30, 1.00

_LEAD_S = 18 * HOUR_S  # walls forget slowly what the air was like at the beginning
_STEPS = round((_LEAD_S + DAY_S) / STEP_S) + 1
_STEP_H = STEP_S / HOUR_S
_PUMP_TEST_S = 30 * 60
_TIMETABLE_H = ((6, 7), (12, 13), (18, 19))

_NATURAL_ACH = 0.25
_ACH = {"gas": (6.0, 12.0)}
_USUAL_ACH = (2.0, 6.0)
_OUTSIDE_O2, _OUTSIDE_CO = 20.9, 0.6
_USED_O2 = {"sewage": 0.06}
_SEWER_CH4, _SEWER_H2S = 0.8, 0.4  # an hour
_FIRE_CO = 500.0  # mg/m³ an hour
_WALL_RATE, _HOT_WALL_RATE = 0.15, 0.02  # an hour; and more for each K of difference
_AIR_COOLS = 0.18  # of what ventilation would do to the temperature if walls held no heat
_DAMP_WALLS, _WALL_HUMIDITY = 0.4, 0.93
_CABLE_RATE, _CABLE_RISE_K = 0.7, 30.0
_SUMP_M2, _SUMP_M = 4.0, 1.5
_PUMP_M3_H = 40.0
_MILD_C = 16.0  # neither heating nor cooling
_RAIN_SEEPS = 0.12  # m³/h in a leaky compartment for each mm/h


class PumpState(IntEnum):
    """The catalogue's code list for ``pump_state``."""

    STOPPED = 0
    RUNNING = 1
    FAULT = 2


@dataclass(frozen=True, slots=True)
class TunnelDay:
    """All compartments over one day; arrays (compartments, minutes), units as the catalogue's."""

    begin_s: float
    o2_pct: Floats
    ch4_lel_pct: Floats
    h2s: Floats
    co: Floats
    temperature_c: Floats
    humidity_pct: Floats
    cable_temperature_c: Floats
    water_level_m: Floats
    fan_state: Floats
    pump_state: Floats
    cut_off: Floats


class TunnelModel:
    """Computes days of one set of compartments."""

    def __init__(
        self,
        seed: int,
        skies: Skies,
        temperatures: DayTemperatures,
        compartments: Sequence[Compartment],
    ) -> None:
        self._compartments = compartments
        self._skies = skies
        self._temperatures = temperatures
        self._neighbours = Neighbours(compartments)
        kinds = [each.kind for each in compartments]
        rates = [_ACH.get(kind, _USUAL_ACH) for kind in kinds]
        self._rates = np.array([[0.0, normal, accident, 0.0] for normal, accident in rates])
        self._used_o2 = np.array([_USED_O2.get(kind, 0.004) for kind in kinds])
        self._sewer = np.array([kind == "sewage" for kind in kinds], dtype=np.float64)
        self._is_gas = np.array([kind == "gas" for kind in kinds])
        self._heat = np.array(["heat" in each.lines for each in compartments], dtype=np.float64)
        self._power = np.array(["power" in each.lines for each in compartments], dtype=np.float64)
        self._floor_m2 = np.array([each.length_m * 2.5 for each in compartments])
        leaky = [Chance(seed, each.code, "leaky").uniform(0) for each in compartments]
        self._leaky = np.array(leaky) ** 2
        self._load = 0.55 + 0.4 * np.array(
            [Chance(seed, each.tunnel, "cable-load").uniform(0) for each in compartments]
        )

    def day(self, day: int, events: Sequence[Event]) -> TunnelDay:
        """The day that begins at four in the morning of a local day.

        Args:
            day: days since 1970-01-01, local.
            events: what happens in the compartments that day.
        """
        begin_s = day * DAY_S - LOCAL_OFFSET_S + DAY_BEGINS_H * HOUR_S - _LEAD_S
        instants = begin_s + np.arange(_STEPS, dtype=np.float64) * STEP_S
        return self._run(
            begin_s,
            _Outside.over(self._skies, self._temperatures, instants),
            self._happening(events),
        )

    def _run(self, begin_s: float, outside: "_Outside", happening: "_Happening") -> TunnelDay:
        interlock = Interlock(self._neighbours.before, self._neighbours.after)
        size = len(self._compartments)
        warm = 14.0 + 14.0 * self._heat * outside.heating[0] + 4.0 * self._power
        state = _State(warm, self._sewer)
        kept = np.zeros((11, _STEPS, size))
        pumping = np.zeros(size, dtype=np.bool_)
        for step in range(_STEPS):
            t_s = begin_s + step * STEP_S
            now = happening.at(t_s)
            broken = now[EventKind.PUMP_FAULT] > 0
            pumping = self._pumping(pumping, state.level(self._floor_m2), _is_test(t_s)) & ~broken
            fans = interlock.fans(
                Air(state.temperature, state.o2, state.h2s, state.ch4),
                Asked(
                    fire=now[EventKind.FIRE] > 0,
                    at_work=now[EventKind.VISIT] > 0,
                    timetable=self._is_gas | _in_timetable(t_s),
                    broken=now[EventKind.FAN_FAULT] > 0,
                ),
            )
            interlock.reset(now[EventKind.GAS_LEAK] == 0)  # repaired
            pumps = np.where(broken, PumpState.FAULT, pumping)
            kept[:, step] = *state.seen(self._floor_m2), fans, pumps, interlock.cut_off
            ach = _NATURAL_ACH + self._rates[np.arange(size), fans]
            self._advance(state, outside, step, now, ach, interlock.cut_off)
            self._flow(state, outside, step, now, pumping)
        columns = np.ascontiguousarray(kept.transpose(0, 2, 1))
        return TunnelDay(begin_s, *columns)

    def _advance(
        self,
        state: "_State",
        outside: "_Outside",
        step: int,
        now: "dict[EventKind, Floats]",
        ach: Floats,
        cut_off: Bools,
    ) -> None:
        """The air, one step on."""
        renewed = 1 - np.exp(-ach * _STEP_H)
        fire = now[EventKind.FIRE]
        burning = (fire > 0).astype(np.float64)
        used = self._used_o2 + now[EventKind.STALE_AIR] + 4 * burning
        leak = np.where(cut_off, 0.0, now[EventKind.GAS_LEAK])
        state.o2 += renewed * (_OUTSIDE_O2 - state.o2) - used * _STEP_H
        state.o2 = np.maximum(state.o2, 4.0)
        state.ch4 += -renewed * state.ch4 + (leak + _SEWER_CH4 * self._sewer) * _STEP_H
        state.ch4 = np.minimum(state.ch4, 100.0)
        seeping = now[EventKind.SEWER_GAS] + _SEWER_H2S * self._sewer
        state.h2s += -renewed * state.h2s + seeping * _STEP_H
        state.co += renewed * (_OUTSIDE_CO - state.co) + _FIRE_CO * burning * _STEP_H
        load = self._power * self._load * outside.load[step]
        rest = 14.0 + 14.0 * self._heat * outside.heating[step] + 9.0 * load**2
        away = state.temperature - rest
        walls = np.minimum((_WALL_RATE + _HOT_WALL_RATE * np.abs(away)) * _STEP_H, 0.5) * away
        cooled = _AIR_COOLS * renewed * (outside.temperature_c[step] - state.temperature)
        state.temperature += cooled - walls + fire * _STEP_H
        damp = _DAMP_WALLS * (_WALL_HUMIDITY * _saturation(state.temperature) - state.vapour)
        state.vapour += renewed * (outside.vapour_hpa[step] - state.vapour) + damp * _STEP_H
        state.vapour = np.minimum(state.vapour, _saturation(state.temperature))
        hot = state.temperature + _CABLE_RISE_K * load**2 + now[EventKind.HOT_JOINT]
        state.cable += (1 - math.exp(-_CABLE_RATE * _STEP_H)) * (hot - state.cable)

    def _flow(
        self,
        state: "_State",
        outside: "_Outside",
        step: int,
        now: "dict[EventKind, Floats]",
        pumping: Bools,
    ) -> None:
        """The water, one step on; a pump does not run a sump dry."""
        seeping = 0.03 + self._leaky * (0.5 + _RAIN_SEEPS * outside.rain_mm_h[step] * 10)
        state.water += (seeping + now[EventKind.BURST]) * _STEP_H
        lowest = np.minimum(state.water, LOW_LEVEL_M * _SUMP_M2)
        pumped = np.maximum(state.water - _PUMP_M3_H * _STEP_H, lowest)
        state.water = np.where(pumping, pumped, state.water)

    def _pumping(self, before: Bools, level: Floats, is_test: bool) -> Bools:
        on = (level >= HIGH_LEVEL_M) | (before & (level > LOW_LEVEL_M + 1e-9))
        return np.asarray(on | is_test)

    def _happening(self, events: Sequence[Event]) -> "_Happening":
        index = {each.code: number for number, each in enumerate(self._compartments)}
        return _Happening(len(index), [(index[event.code], event) for event in events])


class _State:
    """What one step hands to the next, one number a compartment; at first, a quiet tunnel."""

    def __init__(self, temperature: Floats, sewer: Floats) -> None:
        size = len(temperature)
        self.temperature = temperature.copy()
        self.o2 = np.full(size, _OUTSIDE_O2 - 0.1)
        self.ch4 = 2.5 * sewer
        self.h2s = 1.2 * sewer
        self.co = np.full(size, _OUTSIDE_CO)
        self.vapour = 0.75 * _saturation(temperature)
        self.cable = temperature + 8.0
        self.water = np.full(size, LOW_LEVEL_M * _SUMP_M2)

    def seen(self, floor_m2: Floats) -> tuple[Floats, ...]:
        """What sensors look at, in the order of `TunnelDay`."""
        level = self.level(floor_m2)
        gases = (self.o2, self.ch4, self.h2s, self.co)
        return (*gases, self.temperature, self.humidity(), self.cable, level)

    def humidity(self) -> Floats:
        """Relative, %."""
        return np.asarray(100 * self.vapour / _saturation(self.temperature))

    def level(self, floor_m2: Floats) -> Floats:
        """In the sump; above its rim the water spreads over the floor."""
        above = np.maximum(self.water - _SUMP_M * _SUMP_M2, 0.0)
        return np.asarray(np.minimum(self.water / _SUMP_M2, _SUMP_M) + above / floor_m2)


@dataclass(frozen=True, slots=True)
class _Outside:
    """The world above, one number a step; ``heating`` is how cold the season is, 0 to 1."""

    temperature_c: Floats
    vapour_hpa: Floats
    rain_mm_h: Floats
    load: Floats
    heating: Floats

    @classmethod
    def over(cls, skies: Skies, temperatures: DayTemperatures, instants: Floats) -> "_Outside":
        coarse = instants[::10]
        seen = [skies.sky(float(t), CENTRE_LON, CENTRE_LAT) for t in coarse]
        temperature = np.array([sky.temperature_c for sky in seen])
        vapour = np.array([sky.humidity_pct / 100 for sky in seen]) * _saturation(temperature)
        rain = np.array([sky.rain_mm_h for sky in seen])
        heating = np.array([temperatures.heating(float(t)) for t in coarse])
        load = np.array([electric_load(float(t), temperatures.at(float(t))) for t in coarse])
        return cls(
            temperature_c=np.interp(instants, coarse, temperature),
            vapour_hpa=np.interp(instants, coarse, vapour),
            rain_mm_h=np.interp(instants, coarse, rain),
            load=np.interp(instants, coarse, load),
            heating=np.interp(instants, coarse, heating),
        )


class _Happening:
    """The events of a day, by the minute."""

    def __init__(self, size: int, events: Sequence[tuple[int, Event]]) -> None:
        self._events = events
        self._quiet = {kind: np.zeros(size) for kind in EventKind}

    def at(self, t_s: float) -> dict[EventKind, NDArray[np.float64]]:
        """Kind → how much of it, one number a compartment."""
        going = [each for each in self._events if each[1].from_s <= t_s < each[1].until_s]
        if not going:
            return self._quiet
        now = {kind: array.copy() for kind, array in self._quiet.items()}
        for number, event in going:
            now[event.kind][number] = event.size
        return now


def tunnel_day(t_s: float) -> int:
    """The local day whose span from four to four holds an instant."""
    return math.floor((t_s + LOCAL_OFFSET_S - DAY_BEGINS_H * HOUR_S) / DAY_S)


def electric_load(t_s: float, day_c: float) -> float:
    """The grid's load over its yearly peak: two peaks a day, more in heat and cold.

    Args:
        t_s: seconds since 1970-01-01T00:00Z.
        day_c: mean temperature of the day, or of the days around.
    """
    clock = local_time(t_s)
    season = 0.66 + 0.26 * min(1.0, abs(day_c - _MILD_C) / 14)
    day = 0.62 + 0.22 * daily_peak(clock.hour, 11, 3) + 0.34 * daily_peak(clock.hour, 19, 2.6)
    return season * day * (0.92 if clock.weekend else 1.0)


def _is_test(t_s: float) -> bool:
    """Whether it is the half hour before a tunnel day begins."""
    into = (t_s + LOCAL_OFFSET_S - DAY_BEGINS_H * HOUR_S) % DAY_S
    return into >= DAY_S - _PUMP_TEST_S


def _in_timetable(t_s: float) -> bool:
    hour = local_time(t_s).hour
    return any(first <= hour < last for first, last in _TIMETABLE_H)


def _saturation(temperature_c: Floats) -> Floats:
    """Saturation vapour pressure, hPa: Magnus, with WMO-No. 8's constants for water."""
    return np.asarray(6.112 * np.exp(17.62 * temperature_c / (243.12 + temperature_c)))
