"""A road detector that does not exist: its reading at an instant, from the city's traffic.

Flow, speed and occupancy belong together: with k = 10·occupancy/(vehicle + detector length), in
vehicles a kilometre and lane, flow = lanes · k · speed, to the instrument's steps.
"""

import math
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from city.catalogue import profile
from city.errors import InvalidValue
from simulators.chance import Chance
from simulators.instruments import fitted, number, rounded
from simulators.road_network import KMH, Link
from simulators.surroundings import Surroundings
from simulators.traffic import State, Traffic

PROFILE = profile("road")
VEHICLE_M = 4.6
DETECTOR_M = 2.0

_ALWAYS = tuple(metric.name for metric in PROFILE.metrics if metric.name != "signal_phase")
_BUSY_SLOWER = 0.14  # how much slower traffic is at capacity than on an empty road
_SPEED_SPREAD = 0.02
_STILL_JAMMED = 0.8  # above this part of the free speed, nobody calls it a jam
_CRAWLING_KMH = 1.0
# Vehicles come in platoons: the clock that the count follows runs unevenly, but never backward,
# because its lattice's step is longer than twice the amplitude.
_PLATOON_S, _PLATOON_STEP_S = 12.0, 45.0


class Phase(IntEnum):
    """The catalogue's code list for ``signal_phase``."""

    DARK = 0
    RED = 1
    YELLOW = 2
    GREEN = 3
    FLASHING_YELLOW = 4


class RoadDetector:
    """One detector station, over all lanes of one link.

    Args:
        around: what it shares with the others; must carry traffic.
        code: the device's code.
        lon: WGS 84.
        lat: WGS 84.
        attributes: of the device: ``link`` (a code of the network), ``position`` (0 to 1 along it;
            0.5 without) and ``fitted`` (names of metrics; without it, all that the link has).

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
        if around.traffic is None:
            raise InvalidValue("road network", None, f"is needed by {code}, a road detector")
        self._traffic: Traffic = around.traffic
        self._link = _link(around.traffic, attributes)
        usual = (*_ALWAYS, "signal_phase") if self._link.signal else _ALWAYS
        self._fitted = fitted(PROFILE, attributes, usual=usual)
        self._position = number(attributes, "position", 0.5, above=-1e-9, below=1 + 1e-9)
        self._road_weather = around.road_weather
        self._lon, self._lat = lon, lat
        self._platoons = Chance(around.seed, code, "platoons")
        self._jitter = Chance(around.seed, code, "road-jitter")

    @property
    def metrics(self) -> tuple[str, ...]:
        """What it is fitted to measure, in the catalogue's order."""
        return tuple(metric.name for metric in self._fitted)

    def reading(self, t_s: float, since_s: float) -> dict[str, float]:
        """Metric → value at an instant; see `simulators.instruments.Instrument`.

        Speed is absent when nobody came by.
        """
        t_s, since_s = round(t_s, 3), round(since_s, 3)
        values = self._vehicles(t_s, since_s) | self._road(t_s)
        return {
            metric.name: rounded(metric, values[metric.name])
            for metric in self._fitted
            if metric.name in values
        }

    def _vehicles(self, t_s: float, since_s: float) -> dict[str, float]:
        count = self._counted(t_s, t_s) - self._counted(since_s, t_s)
        flow_vph = 3600 * count / (t_s - since_s)
        state = self._traffic.at(self._link.code, (t_s + since_s) / 2, self._position)
        queue_m = self._traffic.queue_m(self._link.code, t_s)
        if flow_vph == 0:
            standing = state.density_vpm if state.speed_ms < 1 else 0.0
            return {
                "flow_veh_h": 0.0,
                "occupancy_pct": self._occupancy_pct(standing * 1000),
                "queue_m": queue_m,
            }
        speed_kmh = self._speed_kmh(t_s, flow_vph, state)
        return {
            "flow_veh_h": flow_vph,
            "speed_kmh": speed_kmh,
            "occupancy_pct": self._occupancy_pct(flow_vph / speed_kmh),
            "queue_m": queue_m,
        }

    def _speed_kmh(self, t_s: float, flow_vph: float, state: State) -> float:
        """In a jam, what this flow at that density means; else what the drivers choose.

        They mind each other before capacity is reached, which the model leaves out.
        """
        free_kmh = self._link.free_speed_kmh
        if state.speed_ms * KMH < 0.999 * free_kmh:
            jammed_kmh = flow_vph / (1000 * state.density_vpm)
            if jammed_kmh < _STILL_JAMMED * free_kmh:
                return max(_CRAWLING_KMH, jammed_kmh)
        busy = (state.flow_vps / self._link.saturation_vps) ** 2
        noise = 1 + _SPEED_SPREAD * self._jitter.normal(2 * math.floor(t_s))
        return free_kmh * (1 - _BUSY_SLOWER * min(1.0, busy)) * noise

    def _occupancy_pct(self, density_vpkm: float) -> float:
        """Time occupancy from density, all lanes: vital-sign-norms' detector physics."""
        return density_vpkm / self._link.lanes * (VEHICLE_M + DETECTOR_M) / 10

    def _counted(self, t_s: float, day_of: float) -> int:
        """The detector's own count, in whole vehicles, since before that traffic day began."""
        place = t_s / _PLATOON_STEP_S
        index = math.floor(place)
        early, late = self._platoons.uniform(index), self._platoons.uniform(index + 1)
        shifted = t_s + _PLATOON_S * (2 * (early + (late - early) * (place - index)) - 1)
        count = self._traffic.count(self._link.code, shifted, self._position, day_of=day_of)
        return math.floor(count)

    def _road(self, t_s: float) -> dict[str, float]:
        surface = self._road_weather.surface(t_s, self._lon, self._lat)
        noise = self._jitter.normal(2 * math.floor(t_s) + 1)
        seen = self._road_weather.visibility_m(t_s, self._lon, self._lat)
        return {
            "surface_temperature_c": surface.temperature_c + 0.08 * noise,
            "surface_state": surface.state,
            "water_film_mm": surface.film_mm,
            "visibility_m": seen * (1 + 0.03 * noise),
            "signal_phase": phase(self._link, t_s),
        }


def phase(link: Link, t_s: float) -> Phase:
    """What the lights at a link's end show; dark where there are none."""
    if link.signal is None:
        return Phase.DARK
    into = link.signal.into_cycle_s(t_s)
    if into < link.signal.green_s:
        return Phase.GREEN
    return Phase.YELLOW if into < link.signal.green_s + link.signal.yellow_s else Phase.RED


def _link(traffic: Traffic, attributes: Mapping[str, Any]) -> Link:
    named = attributes.get("link")
    if not isinstance(named, str):
        raise InvalidValue("attributes.link", named, "must be the code of a link")
    return traffic.network.link(named)
