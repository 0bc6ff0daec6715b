"""Water, gas and heat mains that run through tunnels: flows as the city draws, pressures as flows.

One main runs through all sections of a tunnel: neighbouring sections see the same draw, and a
little less pressure the farther along they are. Sizes are our own.
"""

import math
from typing import NamedTuple

from simulators.chance import Chance, drift
from simulators.clock import daily_peak, local_time
from simulators.seasons import DayTemperatures


class Main(NamedTuple):
    """A main's usual figures.

    Attributes:
        flow_m3_h: at the busiest time.
        pressure_mpa: at its beginning, without any flow.
        falls_mpa: what the busiest flow costs in all.
        per_section_mpa: and in each section more.
    """

    flow_m3_h: float
    pressure_mpa: float
    falls_mpa: float
    per_section_mpa: float


MAINS = {
    "water": Main(1_800.0, 0.48, 0.10, 0.0008),
    "gas": Main(12_000.0, 0.36, 0.06, 0.0006),
    "heat": Main(4_500.0, 1.25, 0.25, 0.0015),
}
_IDLE_HEAT_FLOW, _IDLE_HEAT_MPA = 0.02, 0.45
_BURST_MPA_PER_M3_H = 0.003


class Draw(NamedTuple):
    """A main at one section and instant.

    Attributes:
        flow_m3_h: through it.
        pressure_mpa: in it.
    """

    flow_m3_h: float
    pressure_mpa: float


class Pipe:
    """One main in one tunnel.

    Args:
        seed: of the simulation.
        tunnel: its name: all sections of it share the main.
        line: ``water``, ``gas`` or ``heat``.
        temperatures: of the city's days: gas and heat go by them.
    """

    def __init__(self, seed: int, tunnel: str, line: str, temperatures: DayTemperatures) -> None:
        self._line = line
        self._temperatures = temperatures
        self._main = MAINS[line]
        self._size = 0.7 + 0.6 * Chance(seed, tunnel, line, "size").uniform(0)
        self._more_or_less = drift(seed, tunnel, line, "draw", period_s=900)
        self._supply = drift(seed, tunnel, line, "supply", period_s=7_200)

    def at(self, t_s: float, section: int, *, lost_m3_h: float = 0.0, shut: bool = False) -> Draw:
        """The main at a section.

        Args:
            t_s: seconds since 1970-01-01T00:00Z.
            section: number along the tunnel.
            lost_m3_h: what a burst takes out of it here.
            shut: whether a valve has been closed.
        """
        part = 0.0 if shut else self._drawn(t_s) * math.exp(0.05 * self._more_or_less.at(t_s))
        flow = self._main.flow_m3_h * self._size * part + lost_m3_h
        still = self._main.pressure_mpa * (1 + 0.01 * self._supply.at(t_s))
        if self._line == "heat" and part <= _IDLE_HEAT_FLOW:
            still = _IDLE_HEAT_MPA  # circulation pumps off; only the static pressure is kept
        fallen = (self._main.falls_mpa + self._main.per_section_mpa * abs(section)) * part**2
        burst = min(0.6 * still, _BURST_MPA_PER_M3_H * lost_m3_h)
        return Draw(flow, max(0.0, still - fallen - burst))

    def _drawn(self, t_s: float) -> float:
        """Flow over the busiest."""
        clock = local_time(t_s)
        if self._line == "heat":
            return max(_IDLE_HEAT_FLOW, self._temperatures.heating(t_s) * 0.9)
        morning, noon = daily_peak(clock.hour, 7.3, 1.3), daily_peak(clock.hour, 12.0, 1.5)
        evening = daily_peak(clock.hour, 19.2, 2.0)
        if self._line == "gas":
            heated = 0.35 * self._temperatures.heating(t_s)
            return min(1.0, 0.06 + heated + 0.3 * morning + 0.35 * noon + 0.5 * evening)
        return min(1.0, 0.22 + 0.5 * morning + 0.3 * noon + 0.55 * evening)
