"""The weather over the city: one sky for all poles, a little different at each of them.

Climate figures are Beijing's usual ones, rounded (annual mean 12.5 °C, January −3, July 27, winter
high pressure, rain nearly all in summer). They are our choice for a believable simulation and are
not taken from a record.
"""

import math
from typing import NamedTuple

from simulators.chance import Chance, drift
from simulators.clock import DAY_S, HOUR_S, LOCAL_OFFSET_S, local_time, solar_elevation_deg

CENTRE_LON, CENTRE_LAT = 116.40, 39.91

_TIP_MM = 0.1  # one tip of the rain gauge's bucket
_RAIN_SLOT_S = 600
_SLOTS_PER_DAY = DAY_S // _RAIN_SLOT_S
_COLDEST = 0.05  # part of the year: about 18 January


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
    """The weather of one seed: `at` any instant and place, in any order."""

    def __init__(self, seed: int) -> None:
        self._fronts = drift(seed, "weather", "fronts", period_s=60 * HOUR_S)
        self._warmth = drift(seed, "weather", "warmth", period_s=36 * HOUR_S)
        self._moisture = drift(seed, "weather", "moisture", period_s=30 * HOUR_S)
        self._cloud = drift(seed, "weather", "cloud", period_s=9 * HOUR_S)
        self._wind = drift(seed, "weather", "wind", period_s=5 * HOUR_S)
        self._gust = drift(seed, "weather", "gust", period_s=240)
        self._turn = drift(seed, "weather", "turn", period_s=14 * HOUR_S)
        self._veer = drift(seed, "weather", "veer", period_s=900)
        self._spell = drift(seed, "weather", "spell", period_s=11 * HOUR_S)
        self._shower = Chance(seed, "weather", "shower")
        self._tips_of_day: dict[int, list[int]] = {}

    def at(self, t_s: float, lon: float, lat: float) -> Sky:
        """The weather at an instant (seconds since 1970-01-01T00:00Z) and place (WGS 84)."""
        clock = local_time(t_s)
        winter = _winter(clock.season)
        cloud = self._cover(t_s)
        rain = self._rain_mm_h(t_s)
        temperature = self._temperature(t_s, clock.hour, winter, cloud, _urban(lon, lat))
        speed = self._wind_speed(t_s, clock.hour, winter)
        return Sky(
            temperature_c=temperature,
            humidity_pct=self._humidity(t_s, temperature, winter, rain),
            pressure_hpa=1012.5 + 11 * winter + 5.5 * self._fronts.at(t_s) - _altitude_m(lat) / 8.3,
            wind_speed_ms=speed,
            wind_direction_deg=self._direction(t_s, winter),
            rain_mm_h=rain,
            cloud=cloud,
            sun_elevation_deg=solar_elevation_deg(t_s, lon, lat),
        )

    def rain_mm(self, since_s: float, until_s: float) -> float:
        """What a tipping bucket counts between two instants, mm: whole tips of 0.1 mm.

        What lies in the bucket at local midnight is lost, as when a gauge is read out daily.
        """
        first, until = self._slot(since_s), self._slot(until_s)
        tips = self._tips_until(*until) - self._tips_until(*first)
        tips += sum(self._tips(day)[-1] for day in range(first[0], until[0]))
        return max(0, tips) * _TIP_MM

    def _slot(self, t_s: float) -> tuple[int, float]:
        local = t_s + LOCAL_OFFSET_S
        day = math.floor(local / DAY_S)
        return day, (local - day * DAY_S) / _RAIN_SLOT_S

    def _tips_until(self, day: int, place: float) -> int:
        """Tips from local midnight to a place in the day, in slots; even within a slot."""
        tips = self._tips(day)
        slot = min(int(place), _SLOTS_PER_DAY - 1)
        return tips[slot] + math.floor((tips[slot + 1] - tips[slot]) * (place - slot))

    def _tips(self, day: int) -> list[int]:
        """Tips counted by the end of each slot of a local day, with a leading 0."""
        known = self._tips_of_day.get(day)
        if known is None:
            known = self._count_tips(day)
            self._tips_of_day[day] = known
        return known

    def _count_tips(self, day: int) -> list[int]:
        start = day * DAY_S - LOCAL_OFFSET_S
        fallen = 0.0
        tips = [0]
        for slot in range(_SLOTS_PER_DAY):
            middle = start + (slot + 0.5) * _RAIN_SLOT_S
            fallen += self._rain_mm_h(middle) * _RAIN_SLOT_S / HOUR_S
            tips.append(math.floor(fallen / _TIP_MM))
        return tips

    def _rain_mm_h(self, t_s: float) -> float:
        """Rain falls while a slow spell and the clouds together pass the season's threshold."""
        winter = _winter(local_time(t_s).season)
        excess = self._spell.at(t_s) + 0.6 * self._cloud.at(t_s) - (1.75 + 0.75 * winter)
        if excess <= 0:
            return 0.0
        shower = 0.4 + 1.2 * self._shower.uniform(math.floor(t_s / _RAIN_SLOT_S))
        return excess * shower * (0.85 - 0.7 * winter)

    def _cover(self, t_s: float) -> float:
        return 1 / (1 + math.exp(0.4 - 1.5 * self._cloud.at(t_s) - 0.7 * self._spell.at(t_s)))

    def _temperature(
        self, t_s: float, hour: float, winter: float, cloud: float, urban: float
    ) -> float:
        swing = 5.5 * (1.15 - 0.7 * cloud)
        daily = swing * math.cos((hour - 14.8) / 24 * 2 * math.pi)
        island = urban * (1.6 - 0.08 * daily)  # the city cools less than its surroundings at night
        return 12.0 - 15.2 * winter + daily + 3.0 * self._warmth.at(t_s) + island

    def _humidity(self, t_s: float, temperature: float, winter: float, rain: float) -> float:
        """From the dew point, which moves with the air mass and not with the hour."""
        dew_point = 2.0 - 17.0 * winter + 4.5 * self._moisture.at(t_s) + min(rain, 4) * 1.5
        ratio = _vapour_pressure(min(dew_point, temperature)) / _vapour_pressure(temperature)
        return max(6.0, min(100.0, 100 * ratio))

    def _wind_speed(self, t_s: float, hour: float, winter: float) -> float:
        daily = 1 + 0.35 * math.cos((hour - 15) / 24 * 2 * math.pi)
        steady = 1.9 * daily * math.exp(0.42 * self._wind.at(t_s) + 0.1 * winter)
        return max(0.0, steady * (1 + 0.22 * self._gust.at(t_s)))

    def _direction(self, t_s: float, winter: float) -> float:
        prevailing = 250 + 80 * winter  # the monsoon: north-west in winter, south in summer
        turned = prevailing + 70 * self._turn.at(t_s) + 12 * self._veer.at(t_s)
        return turned % 360


def daylight_lx(sun_elevation_deg: float, cloud: float) -> float:
    """Illuminance on the ground by day and in twilight, lx.

    An exponential through about 400 lx at sunrise and 3 lx at the end of civil twilight, and a
    power of the sine above; our own fit to the usual table of daylight.
    """
    twilight = 400 * math.pow(10, 0.35 * min(sun_elevation_deg, 2.0))
    sine = math.sin(math.radians(max(sun_elevation_deg, 0.0)))
    return (twilight + 115_000 * math.pow(sine, 1.25)) * (1 - 0.75 * cloud)


def _winter(season: float) -> float:
    """1 in mid-January, −1 in mid-July."""
    return math.cos((season - _COLDEST) * 2 * math.pi)


def _urban(lon: float, lat: float) -> float:
    """How far inside the city a place is: 1 at the centre, below 0.1 beyond 30 km."""
    east_km = (lon - CENTRE_LON) * 85.4
    north_km = (lat - CENTRE_LAT) * 111.2
    return math.exp(-(east_km**2 + north_km**2) / (2 * 14.0**2))


def _altitude_m(lat: float) -> float:
    """The plain rises slowly to the north; the hills' own heights are left out."""
    return 45 + 180 * max(0.0, lat - 40.1)


def _vapour_pressure(temperature_c: float) -> float:
    """Saturation vapour pressure, hPa: Magnus, with WMO-No. 8's constants for water."""
    return 6.112 * math.exp(17.62 * temperature_c / (243.12 + temperature_c))
