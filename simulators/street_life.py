"""What people do to a street: traffic over the day, its noise, people on foot.

The curves are our own, of the usual two-peaked shape of working days; they are relative, 1 at the
busiest hour.
"""

import math
from typing import Protocol

from simulators.chance import Chance, Drift, drift
from simulators.clock import HOUR_S, LocalTime, local_time
from simulators.weather import Sky

# Leq at the busiest hour beside the carriageway, dB(A): about what monitoring beside such roads
# finds; class 4a of GB 3096-2008 allows 70 by day.
_BUSY_DB = {"arterial": 71.0, "secondary": 67.0, "branch": 62.0, "residential": 57.0}
_BACKGROUND_DB = 38.0
_WIND_NOISE_FROM_MS = 4.0
_HARD_COLD_C = -5.0


def traffic(clock: LocalTime) -> float:
    """Vehicles on the road, 0 to 1: two rush hours on working days, a broad afternoon else."""
    if clock.weekend:
        day = 0.72 * _bump(clock.hour, 15.0, 4.6)
        return min(1.0, 0.10 + day)
    morning = 0.62 * _bump(clock.hour, 8.1, 1.1)
    evening = 0.60 * _bump(clock.hour, 18.0, 1.5)
    midday = 0.50 * _bump(clock.hour, 13.0, 4.0)
    return min(1.0, 0.08 + morning + evening + midday)


def footfall(clock: LocalTime) -> float:
    """People on the pavement, 0 to 1."""
    if clock.weekend:
        return min(1.0, 0.02 + 0.95 * _bump(clock.hour, 16.0, 4.0))
    noon = 0.45 * _bump(clock.hour, 12.4, 1.3)
    commute = 0.5 * _bump(clock.hour, 8.3, 0.9) + 0.75 * _bump(clock.hour, 18.6, 1.8)
    return min(1.0, 0.02 + noon + commute)


class Passing(Protocol):
    """The traffic on a link beside a pole."""

    def loudness(self, t_s: float) -> float:
        """Its sound energy at an instant, 1 for a full road at the free speed."""
        ...


class Street:
    """The life of one stretch of street, around one pole.

    Args:
        seed: of the simulation.
        code: the device's code.
        street_class: ``arterial``, ``secondary``, ``branch`` or ``residential``.
        liveliness: people in view at the busiest hour of an ordinary day.
        passing: the traffic beside it, where it is simulated; else the usual daily curve.
    """

    def __init__(
        self,
        seed: int,
        code: str,
        *,
        street_class: str,
        liveliness: float,
        passing: Passing | None = None,
    ) -> None:
        self._beside = passing
        self._busy_db = _BUSY_DB[street_class] + 1.5 * Chance(seed, code, "loudness").normal(0)
        self._liveliness = liveliness
        self._flow: Drift = drift(seed, code, "flow", period_s=420)
        self._passing = Chance(seed, code, "passing")
        self._gathering: Drift = drift(seed, code, "gathering", period_s=2 * HOUR_S)

    def noise_db(self, t_s: float, sky: Sky) -> float:
        """Leq over the last interval, dB(A): traffic, wind at the microphone, rain on the road."""
        usual = self._beside.loudness(t_s) if self._beside else traffic(local_time(t_s))
        flow = usual * math.exp(0.25 * self._flow.at(t_s))
        road = self._busy_db + 10 * math.log10(max(flow, 0.01))
        wind = 40 + 3.0 * max(0.0, sky.wind_speed_ms - _WIND_NOISE_FROM_MS)
        rain = 45 + 10 * math.log10(sky.rain_mm_h) if sky.rain_mm_h > 0 else 0.0
        return _energy_sum(road, wind, rain, _BACKGROUND_DB) + self._passing_db(t_s)

    def people(self, t_s: float, sky: Sky) -> int:
        """People in view: fewer in rain and in hard cold, and never exactly the expected."""
        comfort = math.exp(-0.5 * sky.rain_mm_h) * (
            0.45 if sky.temperature_c < _HARD_COLD_C else 1.0
        )
        here = footfall(local_time(t_s)) * math.exp(0.5 * self._gathering.at(t_s))
        expected = self._liveliness * comfort * here
        by_chance = math.sqrt(expected) * self._passing.normal(2 * math.floor(t_s) + 1)
        return max(0, round(expected + by_chance))

    def _passing_db(self, t_s: float) -> float:
        """One lorry more or less; now and then a horn."""
        usual = self._passing.normal(2 * math.floor(t_s))
        return 0.6 * usual + (6.0 if usual > 2.6 else 0.0)  # noqa: PLR2004 - 1 interval in 200


def _bump(hour: float, centre: float, width: float) -> float:
    return math.exp(-(((hour - centre) / width) ** 2) / 2)


def _energy_sum(*levels_db: float) -> float:
    return 10 * math.log10(sum(10 ** (level / 10) for level in levels_db))
