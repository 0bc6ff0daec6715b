"""Terminals of utility tunnels that do not exist: their readings at any instant.

All compartments of a simulation are one `Tunnels`: fans answer for their neighbours.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from city.catalogue import profile
from simulators.chance import Chance, drift
from simulators.clock import DAY_S
from simulators.instruments import fitted, rounded
from simulators.interlock import FanState, Floats
from simulators.surroundings import Surroundings
from simulators.tunnel_days import PumpState, TunnelDay, TunnelModel, tunnel_day
from simulators.tunnel_events import Event, EventKind, events_of
from simulators.tunnel_pipes import Pipe
from simulators.tunnel_plan import Compartment

PROFILE = profile("utility-tunnel")

_BUILT_S = datetime(2021, 6, 1, tzinfo=UTC).timestamp()
_EVERYWHERE = (
    "o2_pct",
    "temperature_c",
    "humidity_pct",
    "water_level_m",
    "settlement_mm",
    "door_state",
    "intrusion_state",
    "fan_state",
    "pump_state",
    "power_kw",
)
_BY_KIND: Mapping[str, tuple[str, ...]] = {
    "gas": ("ch4_lel_pct",),
    "sewage": ("ch4_lel_pct", "h2s"),
    "power": ("co",),
    "mixed": ("co",),
}
_BY_LINE: Mapping[str, tuple[str, ...]] = {
    "gas": ("gas_pressure_mpa", "gas_flow_m3_h"),
    "water": ("water_pressure_mpa", "water_flow_m3_h"),
    "heat": ("heat_pressure_mpa", "heat_flow_m3_h"),
    "power": ("cable_temperature_c",),
}
_NOISE: Mapping[str, float] = {
    "o2_pct": 0.03,
    "ch4_lel_pct": 0.12,
    "h2s": 0.08,
    "co": 0.15,
    "temperature_c": 0.06,
    "humidity_pct": 0.4,
    "cable_temperature_c": 0.1,
    "settlement_mm": 0.03,
    "water_level_m": 0.0015,
    "water_pressure_mpa": 0.001,
    "gas_pressure_mpa": 0.001,
    "heat_pressure_mpa": 0.002,
    "water_flow_m3_h": 4.0,
    "gas_flow_m3_h": 20.0,
    "heat_flow_m3_h": 8.0,
    "power_kw": 0.02,
}
_DOOR_OPEN_S = 120.0
_FAN_KW = {FanState.NORMAL: 3.0, FanState.ACCIDENT: 7.5}
_PUMP_KW, _LIGHT_KW, _STANDBY_KW = 4.0, 1.6, 0.35


class Tunnels:
    """All tunnels of one simulation.

    Args:
        around: the weather that their fans draw in and that seeps in; carries the seed.
        compartments: all of them; neighbours are found by tunnel, kind and section.

    Raises:
        InvalidValue: when two compartments are the same section.
    """

    def __init__(self, around: Surroundings, compartments: Sequence[Compartment]) -> None:
        self.seed = around.seed
        self.temperatures = around.temperatures
        self.compartments = {each.code: each for each in compartments}
        self._number = {each.code: number for number, each in enumerate(compartments)}
        self._model = TunnelModel(around.seed, around.skies, around.temperatures, compartments)
        self._day = lru_cache(maxsize=3)(self._compute)
        self._events = lru_cache(maxsize=3)(self._happens)

    def events(self, t_s: float) -> list[Event]:
        """What happens anywhere in the tunnel day that holds an instant."""
        return list(self._events(tunnel_day(t_s)))

    def events_in(self, code: str, t_s: float) -> list[Event]:
        """What goes on in a compartment at an instant."""
        day = self._events(tunnel_day(t_s))
        return [each for each in day if each.code == code and each.from_s <= t_s < each.until_s]

    def values(self, code: str, t_s: float) -> dict[str, float]:
        """Air, water, fans and pump of a compartment at an instant, unrounded, by metric."""
        day = self._day(tunnel_day(t_s))
        number = self._number[code]
        place = (t_s - day.begin_s) / 60
        return {name: _seen(column[number], place, name) for name, column in _columns(day)}

    def prepare(self, t_s: float) -> None:
        """Compute the tunnel day that holds an instant, unless that has been done."""
        self._day(tunnel_day(t_s))

    def is_cut_off(self, code: str, t_s: float) -> bool:
        """Whether methane has shut the gas main's valve in a compartment."""
        day = self._day(tunnel_day(t_s))
        return bool(day.cut_off[self._number[code], int((t_s - day.begin_s) / 60)])

    def _compute(self, day: int) -> TunnelDay:
        return self._model.day(day, self._events(day))

    def _happens(self, day: int) -> tuple[Event, ...]:
        found = (events_of(self.seed, each, day) for each in self.compartments.values())
        return tuple(event for events in found for event in events)


class TunnelTerminal:
    """The terminal of one compartment.

    Args:
        tunnels: all compartments of the simulation, this one among them.
        code: the device's code.
        attributes: of the device; ``fitted`` names metrics, without it what the kind needs.

    Raises:
        InvalidValue: naming the attribute that makes no sense.
    """

    def __init__(self, tunnels: Tunnels, *, code: str, attributes: Mapping[str, Any]) -> None:
        self._tunnels = tunnels
        self._code = code
        self._where = tunnels.compartments[code]
        self._fitted = fitted(PROFILE, attributes, usual=_usual(self._where))
        self._pipes = {
            line: Pipe(tunnels.seed, self._where.tunnel, line, tunnels.temperatures)
            for line in self._where.lines
            if line != "power"
        }
        self._jitter = Chance(tunnels.seed, code, "tunnel-jitter")
        self._ground = Chance(tunnels.seed, code, "ground")
        self._breathing = drift(tunnels.seed, code, "settling", period_s=10 * DAY_S)

    @property
    def metrics(self) -> tuple[str, ...]:
        """What it is fitted to measure, in the catalogue's order."""
        return tuple(metric.name for metric in self._fitted)

    def reading(self, t_s: float, since_s: float) -> dict[str, float]:
        """Metric → value at an instant; see `simulators.instruments.Instrument`."""
        del since_s  # nothing here is counted over an interval
        t_s = round(t_s, 3)
        values = self._tunnels.values(self._code, t_s)
        going_on = {each.kind: each for each in self._tunnels.events_in(self._code, t_s)}
        values |= self._doors(t_s, going_on) | self._mains(t_s, going_on)
        values["settlement_mm"] = self._settlement_mm(t_s)
        values["power_kw"] = _power_kw(values, EventKind.VISIT in going_on)
        return {
            metric.name: rounded(metric, values[metric.name] + self._noise(metric.name, t_s, place))
            for place, metric in enumerate(self._fitted)
        }

    def _doors(self, t_s: float, going_on: Mapping[EventKind, Event]) -> dict[str, float]:
        """Doors are open when somebody comes or goes; the detector is off during a visit."""
        people = [going_on[k] for k in (EventKind.VISIT, EventKind.INTRUSION) if k in going_on]
        moving = any(
            t_s - each.from_s < _DOOR_OPEN_S or each.until_s - t_s < _DOOR_OPEN_S for each in people
        )
        intruded = EventKind.INTRUSION in going_on and EventKind.VISIT not in going_on
        return {"door_state": float(moving), "intrusion_state": float(intruded)}

    def _mains(self, t_s: float, going_on: Mapping[EventKind, Event]) -> dict[str, float]:
        values: dict[str, float] = {}
        burst = going_on.get(EventKind.BURST)
        for line, pipe in self._pipes.items():
            draw = pipe.at(
                t_s,
                self._where.section,
                lost_m3_h=burst.size if burst and line == "water" else 0.0,
                shut=line == "gas" and self._tunnels.is_cut_off(self._code, t_s),
            )
            values[f"{line}_flow_m3_h"] = draw.flow_m3_h
            values[f"{line}_pressure_mpa"] = draw.pressure_mpa
        return values

    def _settlement_mm(self, t_s: float) -> float:
        """Consolidation that slows down over the years, and what the ground breathes."""
        years = max(0.0, (t_s - _BUILT_S) / (365.25 * DAY_S))
        final = 2 + 14 * self._ground.uniform(0) ** 2
        season = 0.25 * math.cos(2 * math.pi * years)
        return final * (1 - math.exp(-years / 2.5)) + season + 0.05 * self._breathing.at(t_s)

    def _noise(self, name: str, t_s: float, place: int) -> float:
        """What the sensor adds; nothing to states, which are not measured."""
        return _NOISE.get(name, 0.0) * self._jitter.normal(32 * math.floor(t_s) + place)


class _Column(NamedTuple):
    name: str
    values: Floats


def _columns(day: TunnelDay) -> tuple[_Column, ...]:
    return (
        _Column("o2_pct", day.o2_pct),
        _Column("ch4_lel_pct", day.ch4_lel_pct),
        _Column("h2s", day.h2s),
        _Column("co", day.co),
        _Column("temperature_c", day.temperature_c),
        _Column("humidity_pct", day.humidity_pct),
        _Column("cable_temperature_c", day.cable_temperature_c),
        _Column("water_level_m", day.water_level_m),
        _Column("fan_state", day.fan_state),
        _Column("pump_state", day.pump_state),
    )


def _seen(minutes: Floats, place: float, name: str) -> float:
    """Between two minutes: a state is the one before, the rest lies in between."""
    index = int(place)
    before = float(minutes[index])
    if name.endswith("_state"):
        return before
    return before + (float(minutes[index + 1]) - before) * (place - index)


def _usual(where: Compartment) -> tuple[str, ...]:
    lines = (name for line in where.lines for name in _BY_LINE[line])
    return (*_EVERYWHERE, *_BY_KIND.get(where.kind, ()), *lines)


def _power_kw(values: Mapping[str, float], is_lit: bool) -> float:
    fans = _FAN_KW.get(FanState(int(values["fan_state"])), 0.0)
    pump = _PUMP_KW if values["pump_state"] == PumpState.RUNNING else 0.0
    return _STANDBY_KW + fans + pump + (_LIGHT_KW if is_lit else 0.0)
