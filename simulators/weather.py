"""The weather at a pole: what the stations recorded, and what they did not (gusts, clouds, sun)."""

import math
from typing import NamedTuple

from simulators.chance import drift
from simulators.clock import HOUR_S, solar_elevation_deg
from simulators.region import Here, Region, Regional, shipped_region

CENTRE_LON, CENTRE_LAT = 116.40, 39.91

_CLOUDED_BY_RAIN = 3.0  # in powers of e: rain comes from a covered sky
_DRIEST_PCT = 3.0


class Sky(NamedTuple):
    """The weather at one place and instant, unrounded.

    Attributes:
        temperature_c: air temperature, °C.
        humidity_pct: relative humidity, 0 to 100.
        pressure_hpa: at the place, hPa.
        wind_speed_ms: m/s, not negative.
        wind_direction_deg: where the wind comes from, 0 ≤ direction < 360.
        rain_mm_h: intensity, mm/h.
        cloud: share of the sky covered, 0 to 1.
        sun_elevation_deg: of the sun above the horizon.
    """

    temperature_c: float
    humidity_pct: float
    pressure_hpa: float
    wind_speed_ms: float
    wind_direction_deg: float
    rain_mm_h: float
    cloud: float
    sun_elevation_deg: float


class Weather:
    """The weather of one seed over a region: `at` any instant and place, in any order.

    Args:
        seed: of the simulation.
        region: whose recorded weather it is; None means the shipped stations'.
    """

    def __init__(self, seed: int, region: Region | None = None) -> None:
        self._region = region or shipped_region()
        self._seen_from: dict[tuple[float, float], Here] = {}
        self._cloud = drift(seed, "weather", "cloud", period_s=9 * HOUR_S)
        self._gust = drift(seed, "weather", "gust", period_s=240)
        self._veer = drift(seed, "weather", "veer", period_s=900)

    def regional(self, t_s: float, lon: float, lat: float) -> Regional:
        """What the record says for an instant and place; remembers where it was asked for."""
        here = self._seen_from.get((lon, lat))
        if here is None:
            here = self._seen_from.setdefault((lon, lat), self._region.here(lon, lat))
        return here.at(t_s)

    def rain_mm(self, since_s: float, until_s: float) -> float:
        """What a tipping bucket counts between two instants, mm: whole tips of 0.1 mm."""
        return self._region.rain_mm(since_s, until_s)

    def at(self, t_s: float, lon: float, lat: float, regional: Regional | None = None) -> Sky:
        """The weather at an instant (seconds since 1970-01-01T00:00Z) and place (WGS 84).

        Args:
            t_s: the instant.
            lon: of the place.
            lat: of the place.
            regional: what the record says for that place and instant, if it is known already.
        """
        if regional is None:
            regional = self.regional(t_s, lon, lat)
        rain = self._region.rain_mm_h(t_s)
        return Sky(
            temperature_c=regional.temperature_c,
            humidity_pct=_humidity_pct(regional.temperature_c, regional.dew_point_c),
            pressure_hpa=regional.pressure_hpa,
            wind_speed_ms=max(0.0, regional.wind_speed_ms * (1 + 0.22 * self._gust.at(t_s))),
            wind_direction_deg=(regional.wind_direction_deg + 10 * self._veer.at(t_s)) % 360,
            rain_mm_h=rain,
            cloud=self._cover(t_s, rain),
            sun_elevation_deg=solar_elevation_deg(t_s, lon, lat),
        )

    def _cover(self, t_s: float, rain_mm_h: float) -> float:
        wet = _CLOUDED_BY_RAIN if rain_mm_h > 0 else 0.0
        return 1 / (1 + math.exp(0.4 - 1.5 * self._cloud.at(t_s) - wet))


def daylight_lx(sun_elevation_deg: float, cloud: float) -> float:
    """Illuminance on the ground by day and in twilight, lx.

    An exponential through about 400 lx at sunrise and 3 lx at the end of civil twilight, and a
    power of the sine above; our own fit to the usual table of daylight.
    """
    twilight = 400 * math.pow(10, 0.35 * min(sun_elevation_deg, 2.0))
    sine = math.sin(math.radians(max(sun_elevation_deg, 0.0)))
    return (twilight + 115_000 * math.pow(sine, 1.25)) * (1 - 0.75 * cloud)


def _humidity_pct(temperature_c: float, dew_point_c: float) -> float:
    """Relative humidity from the two, as a station's own instruments would have it."""
    ratio = _vapour_pressure(min(dew_point_c, temperature_c)) / _vapour_pressure(temperature_c)
    return max(_DRIEST_PCT, min(100.0, 100 * ratio))


def _vapour_pressure(temperature_c: float) -> float:
    """Saturation vapour pressure, hPa: Magnus, with WMO-No. 8's constants for water."""
    return 6.112 * math.exp(17.62 * temperature_c / (243.12 + temperature_c))
