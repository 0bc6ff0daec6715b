"""Traffic by GB/T 33171-2016: level of a segment, 0-10 index of a segment or a network. Pure.

In: what detectors counted on each link over the last minutes, and the link's free-flow speed. Out:
one assessment per link or group of links. Speeds are km/h, flows vehicles per hour.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vitals.indicator import MINIMUM_COVERAGE

# Annex C: delay-time ratio at which each whole index is reached; linear between (how implementers
# read the annex). The nodes are 1 minus the speed ratios of §8.1, so level and index agree.
_DTP_NODES = (0.0, 0.3, 0.5, 0.6, 0.7, 1.0)
_INDEX_NODES = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)

CONGESTED = 4.0
"""Index at which light congestion begins (§8.2): from here on a value counts as an alarm."""
LEAST_FLOW = 60.0
"""What a link weighs at least, veh/h: a queue that stands must not weigh nothing."""
EMPTY_ROAD_PCT = 5.0
"""Time occupancy, %, below which a road without flow is empty; above, a queue stands on it."""


@dataclass(frozen=True, slots=True)
class Passed:
    """What one detector counted: flow, space-mean speed, and occupancy where it has it."""

    flow_veh_h: float
    speed_kmh: float | None
    occupancy_pct: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTraffic:
    """A link as its detectors saw it.

    Attributes:
        length_m: of the link.
        free_kmh: free-flow speed; None where it is not known.
        now: of detectors that report.
        silent: the last, of at most a day ago, of detectors that do not.
        detectors: how many there are.
    """

    length_m: float
    free_kmh: float | None
    now: Sequence[Passed]
    silent: Sequence[Passed] = ()
    detectors: int = 1


@dataclass(frozen=True, slots=True)
class Assessed:
    """An index, or why there is none.

    Attributes:
        status: ok, na, stale or not-monitored.
        index: 0 to 10, to a hundredth; None unless status is ok.
        reason: why there is none.
        coverage: share of the length (of a link: of its detectors) with current data.
    """

    status: str
    index: float | None
    reason: str | None
    coverage: float


def delay_ratio(speed_kmh: float, free_kmh: float) -> float:
    """Return the delay-time ratio DTP = 1 - v/v_f, 0 to 1 (GB/T 33171, with floor 0)."""
    return min(1.0, max(0.0, 1 - speed_kmh / free_kmh))


def index_of(dtp: float) -> float:
    """Return the 0-10 index of a delay-time ratio (Annex C), to a hundredth."""
    bands = zip(pairwise(_DTP_NODES), pairwise(_INDEX_NODES), strict=True)
    for (low, high), (from_index, to_index) in bands:
        if dtp <= high:
            share = (dtp - low) / (high - low)
            return round(from_index + (to_index - from_index) * share, 2)
    return _INDEX_NODES[-1]


def mean_speed(passed: Iterable[Passed], free_kmh: float) -> float | None:
    """Return the space-mean speed: distance over time, harmonic and weighted by flow.

    Without any flow an empty road is free, and one that is occupied stands still (our own choice);
    None where neither can be told.
    """
    seen = list(passed)
    moving = [p for p in seen if p.flow_veh_h > 0 and p.speed_kmh is not None and p.speed_kmh > 0]
    if moving:
        hours_per_km = sum(p.flow_veh_h / p.speed_kmh for p in moving if p.speed_kmh)
        return sum(p.flow_veh_h for p in moving) / hours_per_km
    still = [p.occupancy_pct for p in seen if p.flow_veh_h == 0 and p.occupancy_pct is not None]
    if not still:
        return None
    return free_kmh if max(still) < EMPTY_ROAD_PCT else 0.0


def link_index(link: LinkTraffic, passed: Sequence[Passed]) -> float | None:
    """Return a link's index from some detectors' counts; None where it can't be told."""
    if link.free_kmh is None or not passed:
        return None
    speed = mean_speed(passed, link.free_kmh)
    return None if speed is None else index_of(delay_ratio(speed, link.free_kmh))


def assess_link(link: LinkTraffic) -> Assessed:
    """Return a link's index. With a detector silent that was last in congestion, none below it."""
    coverage = len(link.now) / link.detectors if link.detectors else 0.0
    if not link.detectors:
        return Assessed("not-monitored", None, "no-devices", 0.0)
    if not link.now:
        return Assessed("stale", None, "no-data", 0.0)
    if link.free_kmh is None:
        return Assessed("na", None, "no-free-speed", coverage)
    index = link_index(link, link.now)
    if index is None:
        return Assessed("na", None, "no-data", coverage)
    remembered = link_index(link, [*link.now, *link.silent])
    return _published(index, remembered, coverage)


def assess_network(links: Sequence[LinkTraffic]) -> Assessed:
    """Return the index of links together: their delay ratios weighed by length times flow.

    GB/T 33171 takes its weights from GB/T 29107; length times flow is our own choice. Up to light
    congestion a value is withheld with data on less than 75 % of the length, or when the last
    counts of silent detectors would lift it there (HJ 633-2026 §5.3.1, generalised).
    """
    length_m = sum(link.length_m for link in links)
    if not links or length_m <= 0:
        return Assessed("not-monitored", None, "no-devices", 0.0)
    current = [(link, link.now) for link in links if link_index(link, link.now) is not None]
    coverage = sum(link.length_m for link, _ in current) / length_m
    index = _weighed(current)
    if index is None:
        return Assessed("stale", None, "no-data", 0.0)
    remembered = _weighed([(link, [*link.now, *link.silent]) for link in links])
    return _published(index, remembered, coverage)


def _published(index: float, remembered: float | None, coverage: float) -> Assessed:
    if index < CONGESTED and remembered is not None and remembered >= CONGESTED:
        return Assessed("na", None, "silent-alarm", coverage)
    if index < CONGESTED and coverage < MINIMUM_COVERAGE:
        return Assessed("na", None, "coverage", coverage)
    return Assessed("ok", index, None, coverage)


def _weighed(counted: Iterable[tuple[LinkTraffic, Sequence[Passed]]]) -> float | None:
    delay = weight = 0.0
    for link, passed in counted:
        if link.free_kmh is None or not passed:
            continue
        speed = mean_speed(passed, link.free_kmh)
        if speed is None:
            continue
        flow = sum(p.flow_veh_h for p in passed) / len(passed)
        vehicle_m = link.length_m * max(LEAST_FLOW, flow)
        delay += vehicle_m * delay_ratio(speed, link.free_kmh)
        weight += vehicle_m
    return index_of(delay / weight) if weight else None
