"""The air that poles breathe: one episode over the city, street by street a little different.

Levels and couplings are our own, chosen to look like Beijing in the 2020s: particles follow slow
episodes that wind ends and rain washes out, NO₂ follows traffic, O₃ the sun and the lack of NO.
"""

import math
from typing import NamedTuple

from simulators.chance import Chance, drift
from simulators.clock import HOUR_S, local_time
from simulators.street_life import traffic
from simulators.weather import CENTRE_LAT, Sky


class Pollutants(NamedTuple):
    """Concentrations: µg/m³, carbon monoxide in mg/m³."""

    pm25: float
    pm10: float
    so2: float
    no2: float
    o3: float
    co: float


class Episodes:
    """What the whole city's air shares."""

    def __init__(self, seed: int) -> None:
        self._slow = drift(seed, "air", "slow", period_s=70 * HOUR_S)
        self._quick = drift(seed, "air", "quick", period_s=16 * HOUR_S)
        self._dust = drift(seed, "air", "dust", period_s=30 * HOUR_S)

    def stagnation(self, t_s: float) -> float:
        """How long the air has stood: mean 0, deviation about 0.8, in powers of e."""
        return 0.72 * self._slow.at(t_s) + 0.32 * self._quick.at(t_s)

    def dust(self, t_s: float) -> float:
        """Coarse dust above the usual, powers of e."""
        return 0.35 * self._dust.at(t_s)


class LocalAir:
    """The air at one pole.

    Args:
        seed: of the simulation.
        code: the device's code.
        lat: latitude: the south of the city has the dirtier air.
        episodes: what the city's air shares.
    """

    def __init__(self, seed: int, code: str, *, lat: float, episodes: Episodes) -> None:
        self._episodes = episodes
        self._place = -0.55 * (lat - CENTRE_LAT) + 0.10 * Chance(seed, code, "place").normal(0)
        self._hours = drift(seed, code, "air-hours", period_s=3 * HOUR_S)
        self._minutes = drift(seed, code, "air-minutes", period_s=900)
        self._jitter = Chance(seed, code, "air-jitter")

    def at(self, t_s: float, sky: Sky) -> Pollutants:
        """Concentrations at an instant (seconds since 1970-01-01T00:00Z), before rounding."""
        clock = local_time(t_s)
        winter = math.cos((clock.season - 0.05) * 2 * math.pi)
        here = self._place + 0.10 * self._hours.at(t_s) + 0.05 * self._minutes.at(t_s)
        wind = -0.22 * (sky.wind_speed_ms - 2.0)
        stagnation = self._episodes.stagnation(t_s) + wind
        night = 0.12 * math.cos((clock.hour - 2) / 24 * 2 * math.pi)
        washed = -0.25 * min(sky.rain_mm_h, 3.0)
        cars = traffic(clock)

        fine = 33 * math.exp(stagnation + here + night + washed + 0.22 * winter)
        coarse = 26 * math.exp(self._episodes.dust(t_s) + here + 2 * washed + 0.1 * cars)
        nitrogen = 30 * (0.35 + 0.9 * cars) * math.exp(0.45 * stagnation + here + 0.2 * winter)
        return Pollutants(
            pm25=fine * self._noisy(t_s, 0),
            pm10=(1.12 * fine + coarse) * self._noisy(t_s, 1),
            so2=(2.5 + 2.5 * max(0.0, winter) + 0.03 * fine) * self._noisy(t_s, 2),
            no2=nitrogen * self._noisy(t_s, 3),
            o3=_ozone(sky, nitrogen) * math.exp(0.5 * here) * self._noisy(t_s, 4),
            co=(0.22 + 0.011 * fine + 0.006 * nitrogen) * self._noisy(t_s, 5),
        )

    def _noisy(self, t_s: float, channel: int) -> float:
        """The instrument's own noise: 2 % of the value."""
        return 1 + 0.02 * self._jitter.normal(8 * math.floor(t_s) + channel)


def _ozone(sky: Sky, nitrogen: float) -> float:
    """Made by sun and warmth, used up by what traffic emits; lags its causes in truth, not here."""
    sun = max(0.0, math.sin(math.radians(sky.sun_elevation_deg))) * (1 - 0.6 * sky.cloud)
    warmth = max(0.0, min(1.5, (sky.temperature_c + 2) / 25))
    return max(2.0, 38 + 165 * math.pow(sun, 0.8) * warmth - 0.45 * nitrogen)
