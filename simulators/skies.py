"""The weather that all sensors of one simulation share: what roads, tunnels and buildings feel."""

from functools import lru_cache
from typing import Protocol

from simulators.region import Here, Region
from simulators.weather import Sky, Weather

CENTRE_LON, CENTRE_LAT = 116.40, 39.91

_PLACES = 4_096


class Skies(Protocol):
    """Weather at any instant (seconds since 1970-01-01T00:00Z) and place (WGS 84)."""

    def sky(self, t_s: float, lon: float, lat: float) -> Sky:
        """The weather at an instant and place."""
        ...

    def rain_mm(self, since_s: float, until_s: float) -> float:
        """Rain fallen on the city between two instants."""
        ...

    def pm25(self, t_s: float, lon: float, lat: float) -> float:
        """Fine particles in the air of a place, µg/m³: what haze is made of."""
        ...


class RecordedSkies:
    """The weather of a region's record, with what the record leaves out.

    Args:
        weather: gusts, clouds and sun.
        region: whose record.
    """

    def __init__(self, weather: Weather, region: Region) -> None:
        self._weather = weather
        self._region = region
        self._here = lru_cache(maxsize=_PLACES)(region.here)

    def sky(self, t_s: float, lon: float, lat: float) -> Sky:
        """The weather at an instant and place."""
        return self._weather.at(t_s, lon, lat, self._at(lon, lat).at(t_s))

    def rain_mm(self, since_s: float, until_s: float) -> float:
        """Rain fallen on the city between two instants, in whole tips of a gauge."""
        return self._region.rain_mm(since_s, until_s)

    def pm25(self, t_s: float, lon: float, lat: float) -> float:
        """Fine particles, as the stations around recorded them."""
        return self._at(lon, lat).at(t_s).pm25

    def _at(self, lon: float, lat: float) -> Here:
        return self._here(lon, lat)
