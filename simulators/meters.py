"""A building's energy meter that does not exist: registers that only rise, until they roll over.

Use by kind of building is our own, near published means for Beijing: kilowatt hours and cubic
metres a square metre and year.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from city.catalogue import profile
from simulators.chance import Chance
from simulators.clock import daily_peak
from simulators.consumption import Asking, Consumption, Floats, Ints
from simulators.instruments import choice, fitted, number
from simulators.instruments import rounded as on_step
from simulators.seasons import DayTemperatures, heating_of

PROFILE = profile("energy-meter")
USES = ("residential", "office", "mall", "school", "hospital")

_HOURS_A_YEAR = 8_766.0
_YEAR_DAYS = 365.2422
_ROOM_C = 20.0
_HEATS_BELOW_C, _DESIGN_C = 18.0, -9.0
_HEAT_W_M2 = 45.0  # at the design temperature
_HOLIDAYS = (40, 55)  # days of the year in which schools are empty in winter
_SUMMER_BREAK = (195, 243)


class _Use(NamedTuple):
    """A year's use a square metre, and the electricity that cooling adds at its worst."""

    kwh: float
    gas_m3: float
    water_m3: float
    cooling: float


_INTENSITIES = {
    "residential": _Use(30, 2.2, 1.4, 0.8),
    "office": _Use(90, 0.6, 0.8, 0.6),
    "mall": _Use(150, 3.0, 1.2, 0.5),
    "school": _Use(45, 1.0, 0.9, 0.4),
    "hospital": _Use(140, 2.5, 2.0, 0.4),
}


class _Medium(NamedTuple):
    register: str
    rate: str
    consumption: Consumption
    starts_at: float
    rolls_over_at: float


class Meter:
    """The meters of one building, read out as one.

    Args:
        seed: of the simulation.
        code: the device's code.
        temperatures: of the city's days, shared by all meters.
        attributes: of the device: ``use`` (one of `USES`), ``floor_area_m2``
            and ``fitted`` (names of metrics; without it, all).

    Raises:
        InvalidValue: naming the attribute that makes no sense.
    """

    def __init__(
        self,
        seed: int,
        temperatures: DayTemperatures,
        *,
        code: str,
        attributes: Mapping[str, Any],
    ) -> None:
        building = choice(attributes, "use", "residential", USES)
        area_m2 = number(attributes, "floor_area_m2", 6_000.0, above=0)
        area_m2 *= math.exp(0.25 * Chance(seed, code, "thrift").normal(0))
        self._fitted = fitted(PROFILE, attributes, usual=[each.name for each in PROFILE.metrics])
        self._temperatures = temperatures
        self._heat_peak_kw = area_m2 * _HEAT_W_M2 / 1000
        intensity = _INTENSITIES[building]
        self._media = tuple(
            _medium(seed, code, building, temperatures, register, rate, asking)
            for register, rate, asking in (
                ("energy_kwh", "power_kw", _electricity(intensity, building, area_m2)),
                ("heat_kwh", "heat_power_kw", _heating(self._heat_peak_kw)),
                ("gas_m3", "gas_flow_m3_h", _gas(intensity.gas_m3 * area_m2, building)),
                ("water_m3", "water_flow_m3_h", _water(intensity.water_m3 * area_m2, building)),
            )
        )

    @property
    def metrics(self) -> tuple[str, ...]:
        """What it is fitted to measure, in the catalogue's order."""
        return tuple(metric.name for metric in self._fitted)

    def reading(self, t_s: float, since_s: float) -> dict[str, float]:
        """Metric → value at an instant; see `simulators.instruments.Instrument`."""
        del since_s  # registers count by themselves
        t_s = round(t_s, 3)
        values: dict[str, float] = {}
        for each in self._media:
            values[each.register] = _register(each, t_s)
            values[each.rate] = each.consumption.rate(t_s)
        values |= self._heat_temperatures(values["heat_power_kw"])
        return {metric.name: on_step(metric, values[metric.name]) for metric in self._fitted}

    def used(self, register: str, t_s: float) -> float:
        """What has gone through since the meter was counted, without any roll-over."""
        (medium,) = (each for each in self._media if each.register == register)
        return medium.consumption.used(t_s)

    def _heat_temperatures(self, heat_kw: float) -> dict[str, float]:
        """Flow and return: hotter the more is asked for; as warm as the cellar without."""
        part = min(1.0, heat_kw / self._heat_peak_kw)
        if part == 0:
            return {"heat_supply_c": _ROOM_C, "heat_return_c": _ROOM_C}
        supply = 42 + 38 * part
        return {"heat_supply_c": supply, "heat_return_c": supply - 4 - 18 * part}


def _medium(
    seed: int,
    code: str,
    building: str,
    temperatures: DayTemperatures,
    register: str,
    rate: str,
    asking: Asking,
) -> _Medium:
    chance = Chance(seed, code, register)
    working, resting = _curves(building, register)
    metric = PROFILE.metric(register)
    rolls_over_at = metric.rolls_over_at or metric.high
    return _Medium(
        register,
        rate,
        Consumption(
            chance, working=working, resting=resting, asking=asking, temperatures=temperatures
        ),
        # Meters are of all ages: some are about to roll over.
        starts_at=rolls_over_at * Chance(seed, code, register, "age").uniform(0),
        rolls_over_at=rolls_over_at,
    )


def _register(medium: _Medium, t_s: float) -> float:
    """What it shows: whole steps only, so that rounding never shows the roll-over's own value."""
    step = PROFILE.metric(medium.register).resolution
    steps = math.floor((medium.starts_at + medium.consumption.used(t_s)) / step)
    return steps % round(medium.rolls_over_at / step) * step


def _electricity(use: _Use, building: str, area_m2: float) -> Asking:
    mean_kw = use.kwh * area_m2 / _HOURS_A_YEAR

    def asked(days: Ints, temperatures: Floats) -> Floats:
        cooling = use.cooling * np.clip((temperatures - 23) / 7, 0, 1.3)
        warming = 0.15 * np.clip((8 - temperatures) / 15, 0, 1)
        return np.asarray(mean_kw * 0.85 * (1 + cooling + warming) * _attended(days, building))

    return asked


def _heating(peak_kw: float) -> Asking:
    def asked(days: Ints, temperatures: Floats) -> Floats:
        cold = np.clip((_HEATS_BELOW_C - temperatures) / (_HEATS_BELOW_C - _DESIGN_C), 0, 1.1)
        return np.asarray(peak_kw * cold * heating_of(temperatures))

    return asked


def _gas(per_year: float, building: str) -> Asking:
    def asked(days: Ints, temperatures: Floats) -> Floats:
        colder = 1 + 0.3 * np.clip((12 - temperatures) / 20, -0.5, 1)
        return np.asarray(per_year / _HOURS_A_YEAR * colder * _attended(days, building))

    return asked


def _water(per_year: float, building: str) -> Asking:
    def asked(days: Ints, temperatures: Floats) -> Floats:
        warmer = 1 + 0.25 * np.clip((temperatures - 12) / 15, -0.6, 1)
        return np.asarray(per_year / _HOURS_A_YEAR * warmer * _attended(days, building))

    return asked


def _attended(days: Ints, building: str) -> Floats:
    """Schools are nearly empty in the holidays; the rest goes on."""
    if building != "school":
        return np.ones(len(days))
    day = days % _YEAR_DAYS
    away = ((day >= _SUMMER_BREAK[0]) & (day < _SUMMER_BREAK[1])) | (
        (day >= _HOLIDAYS[0]) & (day < _HOLIDAYS[1])
    )
    return np.where(away, 0.25, 1.0)


def _curves(building: str, register: str) -> tuple[list[float], list[float]]:
    """A working day's and a resting day's curve, of about mean 1 over the week."""
    hours = [node / 2 for node in range(48)]
    if register == "heat_kwh":
        even = [1 - 0.12 * math.cos((hour - 5) / 24 * 2 * math.pi - math.pi) for hour in hours]
        return even, even
    if building == "residential":
        home = [
            0.45
            + 0.75 * daily_peak(hour, 7.2, 1.2)
            + 0.45 * daily_peak(hour, 12.2, 1.5)
            + 1.5 * daily_peak(hour, 20.0, 2.4)
            for hour in hours
        ]
        return home, [
            0.1 + value * 0.9 + 0.5 * daily_peak(h, 13, 4)
            for h, value in zip(hours, home, strict=True)
        ]
    if building == "hospital":
        ward = [0.7 + 0.75 * daily_peak(hour, 12.0, 4.0) for hour in hours]
        return ward, [0.9 * value for value in ward]
    if building == "mall":
        open_late = [0.3 + 1.6 * daily_peak(hour, 15.5, 4.2) for hour in hours]
        return open_late, [1.15 * value for value in open_late]
    work = [0.3 + 2.1 * daily_peak(hour, 13.0, 3.6) for hour in hours]
    return work, [0.4 + 0.25 * daily_peak(hour, 13.0, 4.0) for hour in hours]
