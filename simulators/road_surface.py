"""The road's surface and the view along it, from the weather that all sensors share.

Coefficients are our own, for a believable surface: asphalt warms by some 20 K in the summer's sun,
cools below the air in a clear night, drains in minutes and dries in hours.
"""

import math
from enum import IntEnum
from typing import NamedTuple

from simulators.clock import HOUR_S
from simulators.skies import Skies
from simulators.weather import Sky

_SLOT_S = 600
_SLOTS = 30
_DRAINS_S, _DRIES_S, _CLEARED_S = 480.0, 5_400.0, 10_800.0
_FILM_SHARE = 0.1  # of what falls, the part that does not run off
_SNOW_BELOW_C = 0.5
_MOIST_MM, _WET_MM, _COVER_MM = 0.02, 0.2, 0.3
_FARTHEST_M = 20_000.0
_FOG_FROM_PCT = 95.0


class SurfaceState(IntEnum):
    """The catalogue's code list for ``surface_state``."""

    DRY = 0
    MOIST = 1
    WET = 2
    SLUSH = 3
    SNOW = 4
    FROST = 5
    ICE = 6


class Surface(NamedTuple):
    """The surface at one place.

    Attributes:
        temperature_c: of the asphalt.
        state: what lies on it.
        film_mm: liquid water on it.
    """

    temperature_c: float
    state: SurfaceState
    film_mm: float


class _Lying(NamedTuple):
    """What has fallen and not gone, mm of water."""

    minute: int
    liquid: float
    frozen: float


class RoadWeather:
    """Road surfaces and visibility under one sky."""

    def __init__(self, skies: Skies) -> None:
        self._skies = skies
        self._lying = _Lying(-1, 0.0, 0.0)

    def surface(self, t_s: float, lon: float, lat: float) -> Surface:
        """The surface at an instant (seconds since 1970-01-01T00:00Z) and place (WGS 84)."""
        sky = self._skies.sky(t_s, lon, lat)
        earlier = self._skies.sky(t_s - HOUR_S, lon, lat)
        lying = self._lying_at(t_s, lon, lat)
        temperature = _temperature(sky, earlier, wet=lying.liquid > _MOIST_MM)
        state = _state(temperature, lying, dew_point(sky))
        return Surface(temperature, state, lying.liquid if temperature > 0 else 0.0)

    def visibility_m(self, t_s: float, lon: float, lat: float) -> float:
        """Meteorological optical range: 3 over the extinction of haze, rain and fog, 1/km.

        Fine particles extinguish some 3 m²/g, more in damp air: the usual order of magnitude.
        """
        sky = self._skies.sky(t_s, lon, lat)
        damp = 1 + 2 * (sky.humidity_pct / 100) ** 4
        haze = 0.003 * self._skies.pm25(t_s, lon, lat) * damp
        rain = 0.2 * sky.rain_mm_h**0.63 if sky.rain_mm_h > 0 else 0.0
        fog = 0.25 * max(0.0, sky.humidity_pct - _FOG_FROM_PCT) ** 2
        return min(_FARTHEST_M, 3_000 / (0.06 + haze + rain + fog))

    def _lying_at(self, t_s: float, lon: float, lat: float) -> _Lying:
        """What lies at the full minute; the same rain falls on the whole city."""
        minute = math.floor(t_s / 60)
        if self._lying.minute != minute:
            self._lying = self._add_up(minute, lon, lat)
        return self._lying

    def _add_up(self, minute: int, lon: float, lat: float) -> _Lying:
        until = minute * 60.0
        liquid = frozen = 0.0
        for slot in range(_SLOTS):
            end, begin = until - slot * _SLOT_S, until - (slot + 1) * _SLOT_S
            fallen = self._skies.rain_mm(begin, end)
            if fallen == 0:
                continue
            age = (slot + 0.5) * _SLOT_S
            if self._skies.sky(end, lon, lat).temperature_c < _SNOW_BELOW_C:
                frozen += fallen * math.exp(-age / _CLEARED_S)
            else:
                stays = _FILM_SHARE * math.exp(-age / _DRIES_S)
                liquid += fallen * (stays + (1 - _FILM_SHARE) * math.exp(-age / _DRAINS_S))
        return _Lying(minute, liquid, frozen)


def dew_point(sky: Sky) -> float:
    """Dew point, °C: Magnus, with WMO-No. 8's constants for water, solved for temperature."""
    gamma = math.log(max(sky.humidity_pct, 1.0) / 100) + 17.62 * sky.temperature_c / (
        243.12 + sky.temperature_c
    )
    return 243.12 * gamma / (17.62 - gamma)


def _temperature(sky: Sky, earlier: Sky, *, wet: bool) -> float:
    clear = 1 - 0.75 * sky.cloud
    sun = 22 * clear * max(0.0, math.sin(math.radians(earlier.sun_elevation_deg)))
    night = 2.5 * clear if earlier.sun_elevation_deg < 0 else 0.0
    air = 0.6 * sky.temperature_c + 0.4 * earlier.temperature_c
    return air + sun - night - (1.5 if wet else 0.0)


def _state(temperature_c: float, lying: _Lying, dew_point_c: float) -> SurfaceState:
    if temperature_c > 0:
        if lying.frozen > _COVER_MM:
            return SurfaceState.SLUSH
        if lying.liquid >= _MOIST_MM:
            return SurfaceState.WET if lying.liquid >= _WET_MM else SurfaceState.MOIST
        return SurfaceState.DRY
    if lying.frozen > _COVER_MM:
        return SurfaceState.SNOW
    if lying.liquid + lying.frozen >= _MOIST_MM:
        return SurfaceState.ICE
    return SurfaceState.FROST if temperature_c <= dew_point_c else SurfaceState.DRY
