"""The traffic of a city at any instant: rush hours, rain, incidents, and the queues they make.

A day of traffic runs from three to three in the night, when the roads are free; it is computed
whole the first time somebody asks for an instant of it, from the seed and the day alone.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulators.chance import Chance
from simulators.clock import DAY_S, HOUR_S, LOCAL_OFFSET_S, local_time
from simulators.road_network import Link, Network
from simulators.skies import CENTRE_LAT, CENTRE_LON, Skies
from simulators.traffic_flow import Counts, Floats, Wanted, load_network

_DAY_BEGINS_H = 3
_LEAD_S = 90 * 60  # the roads fill before the day begins, so that one day passes into the next
_SLOT_S = 60.0
_TAIL_S = 10 * 60  # and go on after it, for who counts until a little later
_SLOTS = round((_LEAD_S + DAY_S + _TAIL_S) / _SLOT_S)
_NOISE_SLOTS = 20  # demand is a little more or less for so many slots
_ROUTE_SPEED_MS = 25 / 3.6
_LONGEST_SHIFT_H = 1.0
_INCIDENT_CHANCE = 0.012  # a link and day
_QUEUE_PLACES = 24
_ENGINES = 0.12  # sound energy of a vehicle that crawls over that of one at the free speed


class State(NamedTuple):
    """Traffic at one place of one link.

    Attributes:
        flow_vps: vehicles a second, all lanes.
        density_vpm: vehicles a metre, all lanes.
        speed_ms: flow over density; the free speed on an empty road.
    """

    flow_vps: float
    density_vpm: float
    speed_ms: float


class Incident(NamedTuple):
    """A breakdown that takes lanes away at a link's downstream end.

    Attributes:
        link: the link's code.
        from_s: seconds since 1970-01-01T00:00Z.
        until_s: when the lanes are free again.
        passing: share of the capacity that is left.
    """

    link: str
    from_s: float
    until_s: float
    passing: float


class Traffic:
    """The traffic of one seed on one network.

    Args:
        seed: of the simulation.
        skies: rain slows discharge.
        network: the roads.
    """

    def __init__(self, seed: int, skies: Skies, network: Network) -> None:
        self.network = network
        self._seed = seed
        self._skies = skies
        self._shift_h = _shifts_h(network)
        self._tide = np.array([link.tide for link in network.links])
        self._peak_vps = _peak_entering(seed, network)
        self._day = lru_cache(maxsize=3)(self._compute)  # a day is some 30 kB a link

    def at(self, code: str, t_s: float, position: float = 0.5) -> State:
        """Traffic at a part (0 upstream to 1 downstream) of a link, averaged over a minute.

        Raises:
            InvalidValue: when the network has no such link.
        """
        link, view = self._view(code, t_s)
        x_m = position * link.length_m
        here_s = view.into_s(t_s)
        flow = view.count(x_m, here_s + 30) - view.count(x_m, here_s - 30)
        flow = min(max(flow / 60, 0.0), link.saturation_vps)
        if view.is_jammed(x_m, here_s):
            density = link.jam_density_vpm - flow / link.wave_speed_ms
        else:
            density = flow / link.free_speed_ms
        return State(flow, density, flow / density if density > 0 else link.free_speed_ms)

    def count(self, code: str, t_s: float, position: float, *, day_of: float) -> float:
        """Vehicles past a place of a link since before the traffic day of ``day_of`` began.

        Counts of two instants may be compared when they are of the same day; `t_s` may lie an hour
        before that day, or some minutes after it. Not a whole number.
        """
        link, view = self._view(code, day_of)
        return view.count(position * link.length_m, view.into_s(t_s))

    def queue_m(self, code: str, t_s: float) -> float:
        """How much of a link is held up from its downstream end, m; at a red light, who waits."""
        link, view = self._view(code, t_s)
        middle_m = (np.arange(_QUEUE_PLACES) + 0.5) / _QUEUE_PLACES * link.length_m
        jammed_m = float(view.jammed(middle_m, view.into_s(t_s)).mean()) * link.length_m
        return min(link.length_m, max(jammed_m, self._at_red_m(link, t_s)))

    def counts(self, t_s: float) -> Counts:
        """The whole network's counts of the day that holds an instant; treat them as read-only."""
        return self._day(_traffic_day(t_s))

    def incidents(self, t_s: float) -> list[Incident]:
        """What breaks down in the traffic day that holds an instant."""
        return self._incidents(_traffic_day(t_s))

    def _view(self, code: str, t_s: float) -> tuple[Link, "_LinkDay"]:
        link = self.network.link(code)
        number = self.network.index[code]
        day = _traffic_day(t_s)
        counts = self._day(day)
        return link, _LinkDay(link, _begin_s(day), counts.entered[number], counts.left[number])

    def _at_red_m(self, link: Link, t_s: float) -> float:
        """The queue that red builds and green dissolves, from the arrivals at this moment."""
        if link.signal is None:
            return 0.0
        arriving = min(self.at(link.code, t_s, 0.9).flow_vps, link.capacity_vps)
        into = link.signal.into_cycle_s(t_s)
        red_s = link.signal.cycle_s - link.signal.green_s
        vehicles = (
            arriving * (into - link.signal.green_s)
            if into >= link.signal.green_s
            else arriving * red_s - (link.saturation_vps - arriving) * into
        )
        return max(0.0, vehicles) / link.jam_density_vpm

    def _compute(self, day: int) -> Counts:
        middles = _begin_s(day) + (np.arange(_SLOTS, dtype=np.float64) + 0.5) * _SLOT_S
        entering = self._peak_vps * self._rhythm(middles) * self._more_or_less(middles)
        return load_network(self.network, Wanted(_SLOT_S, entering, self._passing(day, middles)))

    def _rhythm(self, instants: Floats) -> Floats:
        """(slots, links): the daily curve, 1 at the busiest time of a link without a tide."""
        local = instants[:, None] + LOCAL_OFFSET_S - self._shift_h * HOUR_S
        weekend = np.array([local_time(float(each)).weekend for each in instants])[:, None]
        hour = (local % DAY_S) / HOUR_S
        working = (
            0.06
            + (0.72 + 0.20 * self._tide) * _bump(hour, 8.0, 0.9)
            + (0.70 - 0.20 * self._tide) * _bump(hour, 18.0, 1.15)
            + 0.52 * _bump(hour, 13.0, 3.6)
        )
        resting = 0.07 + 0.62 * _bump(hour, 15.0, 4.2)
        return np.where(weekend, resting, working)

    def _more_or_less(self, instants: Floats) -> Floats:
        """(slots, links): no day is like another, no quarter of an hour like the next."""
        slots = np.floor(instants / _SLOT_S).astype(np.int64)
        days = np.floor((instants + LOCAL_OFFSET_S) / DAY_S).astype(np.int64)
        columns = []
        for link in self.network.links:
            chance = Chance(self._seed, "traffic", link.code, "demand")
            short = 0.88 + 0.24 * chance.uniforms(slots // _NOISE_SLOTS * 2)
            columns.append(short * (0.94 + 0.12 * chance.uniforms(days * 2 + 1)))
        return np.stack(columns, axis=1)

    def _passing(self, day: int, instants: Floats) -> Floats:
        """(slots, links): what rain and incidents leave of the capacity."""
        rain = [self._skies.sky(float(t), CENTRE_LON, CENTRE_LAT).rain_mm_h for t in instants[::10]]
        wet = 1 - 0.12 * np.minimum(np.array(rain) / 4.0, 1.0)
        passing = np.repeat(wet, 10)[: len(instants), None] * np.ones(len(self.network.links))
        for incident in self._incidents(day):
            during = (instants >= incident.from_s) & (instants < incident.until_s)
            passing[during, self.network.index[incident.link]] *= incident.passing
        return passing

    def _incidents(self, day: int) -> list[Incident]:
        found = (self._incident(link, day) for link in self.network.links)
        return [each for each in found if each is not None]

    def _incident(self, link: Link, day: int) -> Incident | None:
        chance = Chance(self._seed, "traffic", link.code, "incident")
        if chance.uniform(4 * day) >= _INCIDENT_CHANCE:
            return None
        # From 6 to 21 o'clock, over by 22: the night is to find the roads free.
        from_s = _begin_s(day) + _LEAD_S + (3 + 15 * chance.uniform(4 * day + 1)) * HOUR_S
        lasts_s = (15 + 45 * chance.uniform(4 * day + 2)) * 60
        return Incident(link.code, from_s, from_s + lasts_s, max(0.25, 1 - 1.3 / link.lanes))


class LinkTraffic:
    """The traffic of one link as a pole beside it hears it.

    Raises:
        InvalidValue: when the network has no such link.
    """

    def __init__(self, traffic: Traffic, code: str) -> None:
        self._traffic = traffic
        self._link = traffic.network.link(code)

    def loudness(self, t_s: float) -> float:
        """Sound energy, 1 for a full road at the free speed: tyres, by the cube of speed.

        The cube (30·lg of speed) is the usual approximation for tyre noise above 30 km/h; engines
        keep a standing queue from silence.
        """
        state = self._traffic.at(self._link.code, t_s)
        rolling = (state.speed_ms / self._link.free_speed_ms) ** 3
        return state.flow_vps / self._link.saturation_vps * max(rolling, _ENGINES)


@dataclass(frozen=True, slots=True)
class _LinkDay:
    """One link over one day: Newell's counts at any place, from those at both ends."""

    link: Link
    begin_s: float
    entered: NDArray[np.float64]
    left: NDArray[np.float64]

    def into_s(self, t_s: float) -> float:
        return t_s - self.begin_s

    def count(self, x_m: float, into_s: float) -> float:
        return min(self._from_upstream(x_m, into_s), self._from_downstream(x_m, into_s))

    def is_jammed(self, x_m: float, into_s: float) -> bool:
        """Whether the place is held up from downstream; a thousandth of a vehicle is rounding."""
        held = self._from_downstream(x_m, into_s)
        return held < self._from_upstream(x_m, into_s) - 1e-3

    def jammed(self, x_m: Floats, into_s: float) -> NDArray[np.bool_]:
        """`is_jammed` at many places."""
        free = np.interp(into_s - x_m / self.link.free_speed_ms, self._grid(), self.entered)
        rest_m = self.link.length_m - x_m
        held = np.interp(into_s - rest_m / self.link.wave_speed_ms, self._grid(), self.left)
        return np.asarray(held + rest_m * self.link.jam_density_vpm < free - 1e-3)

    def _from_upstream(self, x_m: float, into_s: float) -> float:
        return _interpolated(self.entered, into_s - x_m / self.link.free_speed_ms)

    def _from_downstream(self, x_m: float, into_s: float) -> float:
        rest_m = self.link.length_m - x_m
        then = _interpolated(self.left, into_s - rest_m / self.link.wave_speed_ms)
        return then + rest_m * self.link.jam_density_vpm

    def _grid(self) -> Floats:
        return np.arange(len(self.entered), dtype=np.float64) * _SLOT_S


def _interpolated(counts: Floats, into_s: float) -> float:
    place = min(max(into_s / _SLOT_S, 0.0), len(counts) - 1.000001)
    index = int(place)
    before = float(counts[index])
    return before + (float(counts[index + 1]) - before) * (place - index)


def _peak_entering(seed: int, network: Network) -> Floats:
    """What must come in beside the road at the busiest time, for links to be loaded as wanted."""
    wanted = np.array([_load(seed, link) * link.capacity_vps for link in network.links])
    goes_on = np.array([1 - link.leaving for link in network.links])
    missing = [
        wanted[number] - sum(goes_on[each] * wanted[each] for each in feeding)
        for number, feeding in enumerate(network.upstream())
    ]
    return np.maximum(np.array(missing, dtype=np.float64), 0.0)


def _load(seed: int, link: Link) -> float:
    if link.load is not None:
        return link.load
    return 0.55 + 0.5 * Chance(seed, "traffic", link.code, "load").uniform(0)


def _shifts_h(network: Network) -> Floats:
    feeding = network.upstream()
    return np.array(
        [
            _driven_h(network, feeding, number) if link.peak_shift_h is None else link.peak_shift_h
            for number, link in enumerate(network.links)
        ]
    )


def _driven_h(network: Network, feeding: list[list[int]], number: int) -> float:
    """How long traffic needs from the route's beginning; none on a ring."""
    seen = {number}
    spent_s = 0.0
    before = feeding[number]
    while before:
        number = before[0]
        if number in seen:
            return 0.0
        seen.add(number)
        spent_s += network.links[number].length_m / _ROUTE_SPEED_MS
        before = feeding[number]
    return min(_LONGEST_SHIFT_H, spent_s / HOUR_S)


def _traffic_day(t_s: float) -> int:
    """The local day whose span from three to three holds an instant."""
    return math.floor((t_s + LOCAL_OFFSET_S - _DAY_BEGINS_H * HOUR_S) / DAY_S)


def _begin_s(day: int) -> float:
    """When the computation of a day begins: before the day itself."""
    return day * DAY_S - LOCAL_OFFSET_S + _DAY_BEGINS_H * HOUR_S - _LEAD_S


def _bump(hour: Floats, centre: float, width: float) -> Floats:
    """A peak in the day, which goes round the clock."""
    away = (hour - centre + 12) % 24 - 12
    return np.asarray(np.exp(-((away / width) ** 2) / 2))
