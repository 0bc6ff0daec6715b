"""What fans and valves of a utility tunnel do by themselves: the interlock's truth table.

| condition | fans |
|---|---|
| fire, here or next door | stopped, whatever else |
| methane ≥ 20 % LEL, here or next door | accident ventilation |
| air above 40 °C, O₂ below 19.5 %, H₂S above 10 mg/m³ | normal ventilation |
| somebody at work, or the timetable's hour | normal ventilation |

Methane ≥ 25 % LEL also asks for the gas main's valve to close. Limits: GB 50838-2015 (methane,
heat), GB 8958 (O₂), GBZ 2.1-2019 (H₂S). Each condition ends a little later than it began, which is
our own choice: without it fans would start and stop every minute.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HOT_C, HOT_UNTIL_C = 40.0, 38.0
LOW_O2_PCT, LOW_O2_UNTIL_PCT = 19.5, 20.2
H2S_MG_M3, H2S_UNTIL_MG_M3 = 10.0, 7.0
CH4_LEL_PCT, CH4_UNTIL_LEL_PCT = 20.0, 10.0
CUT_OFF_LEL_PCT = 25.0

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


class FanState(IntEnum):
    """The catalogue's code list for ``fan_state``."""

    STOPPED = 0
    NORMAL = 1
    ACCIDENT = 2
    FAULT = 3


class Air(NamedTuple):
    """What the interlock looks at, one number a compartment; units as the catalogue's."""

    temperature_c: Floats
    o2_pct: Floats
    h2s: Floats
    ch4_lel_pct: Floats


class Asked(NamedTuple):
    """What else decides, one truth a compartment."""

    fire: Bools
    at_work: Bools
    timetable: Bools
    broken: Bools


@dataclass
class Interlock:
    """The interlock of compartments that lie in a row or several.

    Attributes:
        before: for each compartment the number of its neighbour on one side; itself without one.
        after: the same for the other side.
        cut_off: where methane has closed the gas main's valve since the last `reset`.
    """

    before: Ints
    after: Ints
    cut_off: Bools = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing tripped."""
        nothing = np.zeros(len(self.before), dtype=np.bool_)
        self.cut_off = nothing
        self._hot = self._stale = self._toxic = self._gas = nothing

    def fans(self, air: Air, asked: Asked) -> Ints:
        """The state of each compartment's fans, and remember what has tripped."""
        self._hot = _tripped(self._hot, air.temperature_c, HOT_C, HOT_UNTIL_C)
        self._stale = _tripped(self._stale, -air.o2_pct, -LOW_O2_PCT, -LOW_O2_UNTIL_PCT)
        self._toxic = _tripped(self._toxic, air.h2s, H2S_MG_M3, H2S_UNTIL_MG_M3)
        reached = air.ch4_lel_pct >= CH4_LEL_PCT
        self._gas = reached | (self._gas & (air.ch4_lel_pct > CH4_UNTIL_LEL_PCT))
        self.cut_off = self.cut_off | (air.ch4_lel_pct >= CUT_OFF_LEL_PCT)
        normal = self._hot | self._stale | self._toxic | asked.at_work | asked.timetable
        state = np.where(normal, FanState.NORMAL, FanState.STOPPED)
        state = np.where(self._with_neighbours(self._gas), FanState.ACCIDENT, state)
        state = np.where(self._with_neighbours(asked.fire), FanState.STOPPED, state)
        return np.where(asked.broken, FanState.FAULT, state).astype(np.int64)

    def reset(self, where: Bools) -> None:
        """Open the valves again where the leak has been repaired."""
        self.cut_off = self.cut_off & ~where

    def _with_neighbours(self, here: Bools) -> Bools:
        return np.asarray(here | here[self.before] | here[self.after])


def _tripped(before: Bools, value: Floats, above: float, until: float) -> Bools:
    return np.asarray((value > above) | (before & (value > until)))
