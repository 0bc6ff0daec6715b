"""A smart pole that does not exist: its reading at an instant, from seed, code and position alone.

The same four give the same reading in whatever order they are asked for; values lie inside the
catalogue's ranges, rounded to the catalogue's resolution.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from city.catalogue import profile
from city.errors import InvalidValue
from simulators.air import LocalAir, Pollutants
from simulators.chance import Chance, drift
from simulators.chargers import Charger
from simulators.clock import DAY_S
from simulators.instruments import choice, fitted, number, rounded
from simulators.lamps import Lamp, schedule_near
from simulators.street_life import Passing, Street
from simulators.surroundings import Surroundings
from simulators.traffic import LinkTraffic
from simulators.weather import Sky, daylight_lx

PROFILE = profile("smart-pole")
STREET_CLASSES = ("arterial", "secondary", "branch", "residential")

_FIRST_METERS_S = datetime(2024, 3, 1, tzinfo=UTC).timestamp()
_METER_DAYS = 500  # poles were set up one after the other over so many days
_ELECTRONICS_W = 18.0
_LAMP_AT_SENSOR_LX = 9.0  # the sensor sits above the lamp and sees what comes back
_LX_SPREAD = 0.05
_AIR = frozenset(Pollutants._fields)
_USUAL = tuple(each.name for each in PROFILE.metrics if not each.name.startswith("ev_"))


class Pole:
    """One pole.

    Args:
        around: what it shares with the others; carries the seed.
        code: the device's code.
        lon: WGS 84.
        lat: WGS 84.
        attributes: of the device: ``street_class``, ``lamp_rated_w``, ``ev_rated_w``, ``link``
            (of the road network, whose traffic it then hears) and ``fitted`` (names of metrics;
            without it, all but a charger's).

    Raises:
        InvalidValue: naming the attribute that makes no sense.
    """

    def __init__(
        self,
        around: Surroundings,
        *,
        code: str,
        lon: float,
        lat: float,
        attributes: Mapping[str, Any],
    ) -> None:
        seed = around.seed
        street_class = choice(attributes, "street_class", "secondary", STREET_CLASSES)
        since_s = _FIRST_METERS_S + DAY_S * _METER_DAYS * Chance(seed, code, "built").uniform(0)
        self._around = around
        self._lon, self._lat = lon, lat
        self._fitted = fitted(PROFILE, attributes, usual=_USUAL)
        self._street = Street(
            seed,
            code,
            street_class=street_class,
            liveliness=_liveliness(seed, code, street_class),
            passing=_traffic_beside(around, attributes.get("link")),
        )
        self._here = around.region.here(lon, lat)
        self._air = LocalAir(seed, code, street_class=street_class)
        self._lamp = Lamp(
            seed,
            code,
            rated_w=number(attributes, "lamp_rated_w", 120.0, above=0),
            base_w=_ELECTRONICS_W,
            since_s=since_s,
            schedule=schedule_near(lon, lat, street_class),
        )
        self._charger = Charger(
            seed, code, rated_w=number(attributes, "ev_rated_w", 7000.0, above=0), since_s=since_s
        )
        self._lean = Chance(seed, code, "lean")
        self._sway = drift(seed, code, "sway", period_s=1200)
        self._jitter = Chance(seed, code, "jitter")

    @property
    def metrics(self) -> tuple[str, ...]:
        """What the pole is fitted to measure, in the catalogue's order."""
        return tuple(metric.name for metric in self._fitted)

    def reading(self, t_s: float, since_s: float) -> dict[str, float]:
        """Metric → value at an instant, seconds since 1970-01-01T00:00Z.

        Args:
            t_s: the instant; taken to the millisecond, as a payload carries it.
            since_s: the instant of the reading before: what rain is counted from.
        """
        t_s, since_s = round(t_s, 3), round(since_s, 3)
        regional = self._here.at(t_s)
        sky = self._around.weather.at(t_s, self._lon, self._lat, regional)
        values = self._street_values(t_s, since_s, sky)
        if any(metric.name in _AIR for metric in self._fitted):
            values |= self._air.at(t_s, regional, sky)._asdict()
        return {metric.name: rounded(metric, values[metric.name]) for metric in self._fitted}

    def _street_values(self, t_s: float, since_s: float, sky: Sky) -> dict[str, float]:
        measured: dict[str, Callable[[], float]] = {
            "noise_db": lambda: self._street.noise_db(t_s, sky),
            "temperature_c": lambda: (
                sky.temperature_c + self._offset(0, 0.3) + self._noise(t_s, 0, 0.05)
            ),
            "humidity_pct": lambda: (
                sky.humidity_pct + self._offset(1, 1.5) + self._noise(t_s, 1, 0.3)
            ),
            "pressure_hpa": lambda: (
                sky.pressure_hpa + self._offset(2, 0.3) + self._noise(t_s, 2, 0.05)
            ),
            "wind_speed_ms": lambda: sky.wind_speed_ms * (1 + self._noise(t_s, 3, 0.12)),
            "wind_direction_deg": lambda: (sky.wind_direction_deg + self._noise(t_s, 4, 8.0)) % 360,
            "rain_mm": lambda: self._around.region.rain_mm(since_s, t_s),
            "illuminance_lx": lambda: self._illuminance_lx(t_s, sky),
            "lamp_power_w": lambda: self._lamp.power_w(t_s) * (1 + self._noise(t_s, 5, 0.004)),
            "lamp_dim_pct": lambda: self._lamp.dim_pct(t_s),
            "energy_kwh": lambda: self._lamp.energy_kwh(t_s),
            "crowd_count": lambda: self._street.people(t_s, sky),
            "tilt_deg": lambda: self._tilt_deg(t_s, sky),
            "ev_state": lambda: self._charger.state(t_s),
            "ev_energy_kwh": lambda: self._charger.energy_kwh(t_s),
        }
        return {
            metric.name: measured[metric.name]()
            for metric in self._fitted
            if metric.name not in _AIR
        }

    def _illuminance_lx(self, t_s: float, sky: Sky) -> float:
        daylight = daylight_lx(sky.sun_elevation_deg, sky.cloud)
        seen = daylight * (1 + self._noise(t_s, 6, _LX_SPREAD))
        return max(0.0, seen) + _LAMP_AT_SENSOR_LX * self._lamp.light(t_s)

    def _tilt_deg(self, t_s: float, sky: Sky) -> float:
        """How it was set up, the foundation's settling, sun on one side, wind."""
        years = (t_s - _FIRST_METERS_S) / (365.25 * DAY_S)
        settled = 0.02 * self._lean.uniform(1) * max(0.0, years)
        sway = 0.004 * sky.wind_speed_ms * abs(self._sway.at(t_s))
        warmth = 0.0008 * (sky.temperature_c - 12)
        return max(0.0, 0.08 + 0.35 * self._lean.uniform(0) ** 2 + settled + warmth + sway)

    def _offset(self, channel: int, spread: float) -> float:
        """What this instrument is off by, always the same."""
        return spread * self._jitter.normal(-1 - channel)

    def _noise(self, t_s: float, channel: int, spread: float) -> float:
        return spread * self._jitter.normal(8 * math.floor(t_s) + channel)


def _traffic_beside(around: Surroundings, link: object) -> Passing | None:
    """The traffic that a pole stands beside; None where it stands beside no link."""
    if link is None or around.traffic is None:
        return None
    if not isinstance(link, str):
        raise InvalidValue("attributes.link", link, "must be the code of a link")
    return LinkTraffic(around.traffic, link)


def _liveliness(seed: int, code: str, street_class: str) -> float:
    """People in view at the busiest hour: lognormal, more of them on large streets."""
    median = {"arterial": 26, "secondary": 20, "branch": 12, "residential": 7}[street_class]
    return median * math.exp(0.6 * Chance(seed, code, "liveliness").normal(0))
