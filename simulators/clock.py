"""Local time and the sun over the demonstration city: what daily curves hang on."""

import math
from typing import NamedTuple

DAY_S = 86_400
HOUR_S = 3_600
LOCAL_OFFSET_S = 8 * HOUR_S  # China Standard Time; no summer time since 1991

_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday, counted from Monday = 0
_SATURDAY = 5
_TROPICAL_YEAR_DAYS = 365.2422


class LocalTime(NamedTuple):
    """An instant on the city's clocks.

    Attributes:
        day: days since 1970-01-01, local.
        hour: hours since local midnight, 0 ≤ hour < 24.
        weekend: whether it is Saturday or Sunday.
    """

    day: int
    hour: float
    weekend: bool


def local_time(t_s: float) -> LocalTime:
    """The local time of an instant, seconds since 1970-01-01T00:00Z."""
    local = t_s + LOCAL_OFFSET_S
    day = math.floor(local / DAY_S)
    hour = (local - day * DAY_S) / HOUR_S
    weekend = (day + _EPOCH_WEEKDAY) % 7 >= _SATURDAY
    return LocalTime(day, hour, weekend)


def daily_peak(hour: float, centre: float, width: float) -> float:
    """A bell over the hours of the day, 1 at its centre, which goes round the clock.

    Args:
        hour: local, 0 to 24.
        centre: hour of the peak.
        width: hours from the centre to where it has fallen to 0.61.
    """
    away = (hour - centre + 12) % 24 - 12
    return math.exp(-((away / width) ** 2) / 2)


def solar_elevation_deg(t_s: float, lon: float, lat: float) -> float:
    """Elevation of the sun's centre above the horizon, without refraction.

    Source: the low-accuracy series of the NOAA solar calculator (about 0.1°).
    """
    year = _year_angle(t_s)
    declination = _declination(year)
    solar_hour = (t_s % DAY_S) / HOUR_S + lon / 15 + _equation_of_time_h(year)
    hour_angle = math.radians(15 * (solar_hour - 12))
    phi = math.radians(lat)
    sine = math.sin(phi) * math.sin(declination) + math.cos(phi) * math.cos(declination) * math.cos(
        hour_angle
    )
    return math.degrees(math.asin(max(-1.0, min(1.0, sine))))


class Night(NamedTuple):
    """When lamps are to burn: from the dusk of one local day to the dawn of the next.

    Attributes:
        dusk_s: seconds since 1970-01-01T00:00Z.
        dawn_s: seconds since 1970-01-01T00:00Z.
    """

    dusk_s: float
    dawn_s: float


def night_of(day: int, lon: float, lat: float, elevation_deg: float) -> Night:
    """The night that begins in the evening of a local day.

    Args:
        day: days since 1970-01-01, local.
        lon: longitude, degrees.
        lat: latitude, degrees, between the polar circles.
        elevation_deg: how low the sun stands at this dusk and dawn.
    """
    return Night(
        _crossing(day, lon, lat, elevation_deg, side=1),
        _crossing(day + 1, lon, lat, elevation_deg, side=-1),
    )


def _crossing(day: int, lon: float, lat: float, elevation_deg: float, *, side: int) -> float:
    """When the sun passes an elevation on a local day: side 1 in the evening, −1 in the morning."""
    local_noon = day * DAY_S - LOCAL_OFFSET_S + DAY_S / 2
    year = _year_angle(local_noon)
    declination = _declination(year)
    phi = math.radians(lat)
    cosine = (math.sin(math.radians(elevation_deg)) - math.sin(phi) * math.sin(declination)) / (
        math.cos(phi) * math.cos(declination)
    )
    hours = math.degrees(math.acos(max(-1.0, min(1.0, cosine)))) / 15
    noon_utc_h = 12 - lon / 15 - _equation_of_time_h(year)
    midnight_utc = day * DAY_S
    return midnight_utc + (noon_utc_h + side * hours) * HOUR_S


def _year_angle(t_s: float) -> float:
    return 2 * math.pi * ((t_s / DAY_S / _TROPICAL_YEAR_DAYS) % 1.0)


def _declination(year: float) -> float:
    return (
        0.006918
        - 0.399912 * math.cos(year)
        + 0.070257 * math.sin(year)
        - 0.006758 * math.cos(2 * year)
        + 0.000907 * math.sin(2 * year)
    )


def _equation_of_time_h(year: float) -> float:
    minutes = 229.18 * (
        0.000075
        + 0.001868 * math.cos(year)
        - 0.032077 * math.sin(year)
        - 0.014615 * math.cos(2 * year)
        - 0.040849 * math.sin(2 * year)
    )
    return minutes / 60
