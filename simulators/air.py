"""The air that poles breathe: what the stations recorded, and what the street does to it.

The increments of a street are our own, of the size that kerbside stations find above background:
they follow traffic, wind thins them, and the nitrogen monoxide among them uses up ozone.
"""

import math
from typing import NamedTuple

from simulators.chance import Chance, drift
from simulators.clock import HOUR_S, local_time
from simulators.region import Regional
from simulators.street_life import traffic
from simulators.weather import Sky

_EXPOSURE = {"arterial": 1.0, "secondary": 0.7, "branch": 0.45, "residential": 0.25}
# At the busiest hour beside an arterial road in light wind; carbon monoxide in mg/m³.
_FINE, _COARSE, _NITROGEN, _MONOXIDE, _SULPHUR = 4.0, 9.0, 24.0, 0.25, 0.3
_OZONE_PER_NITROGEN = 0.45
_OZONE_LEFT = 2.0  # detection limit of an ozone analyser, µg/m³: what streets don't fall below
# The most that a place differs from its region, in powers of e: keeps the worst recorded hour
# below the catalogue's suspect limits.
_LARGEST_DIFFERENCE = 0.3


class Pollutants(NamedTuple):
    """Concentrations: µg/m³, carbon monoxide in mg/m³."""

    pm25: float
    pm10: float
    so2: float
    no2: float
    o3: float
    co: float


class LocalAir:
    """The air at one pole.

    Args:
        seed: of the simulation.
        code: the device's code.
        street_class: ``arterial``, ``secondary``, ``branch`` or ``residential``.
    """

    def __init__(self, seed: int, code: str, *, street_class: str) -> None:
        self._exposure = _EXPOSURE[street_class]
        self._place = 0.06 * Chance(seed, code, "place").normal(0)
        self._hours = drift(seed, code, "air-hours", period_s=3 * HOUR_S)
        self._minutes = drift(seed, code, "air-minutes", period_s=900)
        self._jitter = Chance(seed, code, "air-jitter")

    def at(self, t_s: float, regional: Regional, sky: Sky) -> Pollutants:
        """Concentrations at an instant (seconds since 1970-01-01T00:00Z), before rounding.

        Args:
            t_s: the instant.
            regional: what the record says for that place and instant.
            sky: the weather there and then.
        """
        differs = self._difference(t_s)
        here = math.exp(differs)
        cars = self._exposure * traffic(local_time(t_s)) / (0.6 + 0.25 * sky.wind_speed_ms)
        ozone = regional.o3 * math.exp(0.5 * differs) - _OZONE_PER_NITROGEN * _NITROGEN * cars
        return Pollutants(
            pm25=(regional.pm25 * here + _FINE * cars) * self._noisy(t_s, 0),
            pm10=(regional.pm10 * here + _COARSE * cars) * self._noisy(t_s, 1),
            so2=(regional.so2 * here + _SULPHUR * cars) * self._noisy(t_s, 2),
            no2=(regional.no2 * here + _NITROGEN * cars) * self._noisy(t_s, 3),
            o3=max(_OZONE_LEFT, ozone) * self._noisy(t_s, 4),
            co=(regional.co * here + _MONOXIDE * cars) * self._noisy(t_s, 5),
        )

    def _difference(self, t_s: float) -> float:
        """How much this place differs from its region, in powers of e."""
        differs = self._place + 0.06 * self._hours.at(t_s) + 0.03 * self._minutes.at(t_s)
        return max(-_LARGEST_DIFFERENCE, min(_LARGEST_DIFFERENCE, differs))

    def _noisy(self, t_s: float, channel: int) -> float:
        """The instrument's own noise: 2 % of the value."""
        return 1 + 0.02 * self._jitter.normal(8 * math.floor(t_s) + channel)
