"""How cold a day is, and what that means for heating: the same for all buildings and mains.

Heating goes by the weather and not by the calendar: a simulation repeats its region's record, and
pipes are not to be cold in its frost.
"""

import math

import numpy as np
from numpy.typing import NDArray

from simulators.clock import DAY_S, HOUR_S, LOCAL_OFFSET_S
from simulators.skies import CENTRE_LAT, CENTRE_LON, Skies

Floats = NDArray[np.float64]

FIRST_DAY = 19_723
"""2024-01-01, in days since 1970-01-01: what is counted is counted from here."""

_AHEAD_DAYS = 64
_HEATS_BELOW_C, _FULLY_BELOW_C = 12.0, 5.0


class DayTemperatures:
    """The city's mean temperature of each local day, °C."""

    def __init__(self, skies: Skies) -> None:
        self._skies = skies
        self._known: Floats = np.zeros(0)

    def until(self, day: int) -> Floats:
        """From `FIRST_DAY` to a day, that one not included, and perhaps some more."""
        known = self._known  # another thread may extend it meanwhile, by the same numbers
        if day - FIRST_DAY > len(known):
            more = range(FIRST_DAY + len(known), day + _AHEAD_DAYS)
            self._known = known = np.concatenate((known, [self._mean(each) for each in more]))
        return known

    def at(self, t_s: float) -> float:
        """Between the means of two days, °C: without the day's own ups and downs."""
        place = (t_s + LOCAL_OFFSET_S) / DAY_S - 0.5
        day = math.floor(place)
        if day < FIRST_DAY:
            return self._mean(day)
        early, late = self.until(day + 2)[day - FIRST_DAY : day - FIRST_DAY + 2]
        return float(early + (late - early) * (place - day))

    def heating(self, t_s: float) -> float:
        """How much of the heating is on, 0 to 1."""
        return float(heating_of(np.array([self.at(t_s)]))[0])

    def _mean(self, day: int) -> float:
        midnight_s = day * DAY_S - LOCAL_OFFSET_S
        hours = (4, 10, 15, 21)
        at = (self._skies.sky(midnight_s + h * HOUR_S, CENTRE_LON, CENTRE_LAT) for h in hours)
        return sum(sky.temperature_c for sky in at) / len(hours)


def heating_of(temperatures_c: Floats) -> Floats:
    """How much of the heating is on at a mean temperature of the day, 0 to 1."""
    part = (_HEATS_BELOW_C - temperatures_c) / (_HEATS_BELOW_C - _FULLY_BELOW_C)
    return np.clip(part, 0.0, 1.0)
