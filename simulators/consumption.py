"""What a building draws of one medium: the rate at an instant, and exactly its integral.

A day is a curve of half-hourly nodes, straight between them, times how much the day asks for. The
integral of such days is a sum over days and a parabola within the last, so that a meter can be read
at any instant without having been run.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from simulators.chance import Chance
from simulators.clock import local_time
from simulators.seasons import FIRST_DAY, DayTemperatures

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NODES = 48
_STEP_H = 24 / _NODES
_VARIANTS = 5
_AHEAD_DAYS = 64


Asking = Callable[[Ints, Floats], Floats]
"""Days since 1970-01-01 and their mean temperatures → how much each asks for."""


class Consumption:
    """One medium in one building.

    Args:
        chance: of this meter; no day is quite like another.
        working: 48 numbers, the curve of a working day from midnight on; its mean is its scale.
        resting: the same for Saturdays and Sundays.
        asking: how much a day asks for, times which the curve is the rate.
        temperatures: of the city's days.
    """

    def __init__(
        self,
        chance: Chance,
        *,
        working: Sequence[float],
        resting: Sequence[float],
        asking: Asking,
        temperatures: DayTemperatures,
    ) -> None:
        self._chance = chance
        self._asking = asking
        self._temperatures = temperatures
        self._curves = np.stack([self._variants(working, 0), self._variants(resting, 1)])
        means = (self._curves[..., 1:] + self._curves[..., :-1]) / 2
        zero = np.zeros((2, _VARIANTS, 1))
        self._by_node = np.concatenate((zero, np.cumsum(means, axis=-1) * _STEP_H), axis=-1)
        self._used: Floats = np.zeros(1)
        self._asked: Floats = np.zeros(0)

    def rate(self, t_s: float) -> float:
        """An hour's worth at an instant (seconds since 1970-01-01T00:00Z)."""
        day, node, part, curve = self._place(t_s)
        if day < FIRST_DAY:
            return 0.0
        nodes = self._curves[curve]
        return self._asked_on(day) * float(nodes[node] + (nodes[node + 1] - nodes[node]) * part)

    def used(self, t_s: float) -> float:
        """The integral of `rate` from the beginning of `FIRST_DAY`; never falls."""
        day, node, part, curve = self._place(t_s)
        if day < FIRST_DAY:
            return 0.0
        nodes = self._curves[curve]
        begun = float(nodes[node]) + float(nodes[node + 1] - nodes[node]) * part / 2
        today = float(self._by_node[curve][node]) + begun * part * _STEP_H
        asked = self._asked_on(day)  # first: it extends what is known
        return float(self._used[day - FIRST_DAY]) + asked * today

    def _place(self, t_s: float) -> tuple[int, int, float, tuple[int, int]]:
        clock = local_time(t_s)
        node = min(int(clock.hour / _STEP_H), _NODES - 1)
        variant = int(self._chance.uniform(2 * clock.day) * _VARIANTS)
        return clock.day, node, clock.hour / _STEP_H - node, (int(clock.weekend), variant)

    def _asked_on(self, day: int) -> float:
        if day - FIRST_DAY >= len(self._asked):
            self._extend(day + _AHEAD_DAYS)
        return float(self._asked[day - FIRST_DAY])

    def _extend(self, until: int) -> None:
        days = np.arange(FIRST_DAY, until, dtype=np.int64)
        temperatures = self._temperatures.until(until)[: len(days)]
        by_chance = 0.93 + 0.14 * self._chance.uniforms(2 * days + 1)
        self._asked = self._asking(days, temperatures) * by_chance
        weekend = ((days + 3) % 7 >= 5).astype(np.int64)  # noqa: PLR2004 - 1970-01-01 was a Thursday
        variant = (self._chance.uniforms(2 * days) * _VARIANTS).astype(np.int64)
        whole = self._by_node[weekend, variant, -1]
        self._used = np.concatenate(([0.0], np.cumsum(self._asked * whole)))

    def _variants(self, curve: Sequence[float], kind: int) -> Floats:
        """(variants, nodes + 1): the curve with its own unevenness, closed over midnight."""
        first = (kind + 1) * 10_000_000  # beyond the indices that days use
        indices = np.arange(_VARIANTS * _NODES, dtype=np.int64) + first
        uneven = 0.85 + 0.3 * self._chance.uniforms(indices).reshape(_VARIANTS, _NODES)
        nodes = np.array(curve) * uneven
        return np.concatenate((nodes, nodes[:, :1]), axis=1)
