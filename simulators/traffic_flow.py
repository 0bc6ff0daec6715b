"""Traffic through a road network: cumulative counts at both ends of each link, step by step.

In: how many want to enter each link, and what may pass its end. Out: `Counts`. Vehicles are
conserved: what has entered has left or is on a link, and a full link holds up the one before it.

The model is the link transmission model, which solves the kinematic wave equation with a triangular
fundamental diagram from the counts at a link's ends alone: Yperman 2007 (KU Leuven, "The Link
Transmission Model for Dynamic Network Loading"), after Newell 1993.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulators.road_network import Network

STEP_S = 15.0
"""Shorter than most links take to drive along; a shorter link delays by one step."""

PATIENT_PER_LANE = 50.0
"""Vehicles that wait beside a full link for each of its lanes; the next ones go another way."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a span of time asks of the network, in equal slots.

    Attributes:
        slot_s: seconds in a slot, a multiple of `STEP_S`.
        entering_vps: (slots, links): vehicles a second that come to a link from beside the road.
        passing: (slots, links): share of its usual capacity that a link's end has.
    """

    slot_s: float
    entering_vps: Floats
    passing: Floats


@dataclass(frozen=True, slots=True)
class Counts:
    """Vehicles counted since the span began, at the end of each slot.

    Attributes:
        slot_s: seconds in a slot.
        entered: (links, slots + 1): past the upstream end, whether from a link or from beside.
        left: (links, slots + 1): past the downstream end.
        from_beside: (links, slots + 1): of those entered, the ones from beside the road.
        waiting: (links, slots + 1): beside the road, not let in yet; not a count but a number.
        turned_off: (links, slots + 1): of those who left, the ones that did not go on downstream.
        went_elsewhere: (links, slots + 1): came, found too many waiting, and never entered.
    """

    slot_s: float
    entered: Floats
    left: Floats
    from_beside: Floats
    waiting: Floats
    turned_off: Floats
    went_elsewhere: Floats


class _Lag(NamedTuple):
    """How far back to look for what a wave brings, in steps, between two rows."""

    steps: NDArray[np.int64]
    part: Floats

    @classmethod
    def of(cls, seconds: Floats) -> "_Lag":
        exact = np.maximum(seconds / STEP_S, 1.0)
        steps = np.ceil(exact).astype(np.int64)
        return cls(steps, steps.astype(np.float64) - exact)


class _Past:
    """The last rows of a cumulative count, as many as the slowest wave needs."""

    def __init__(self, rows: int, links: int) -> None:
        self._rows = np.zeros((rows, links))
        self._columns = np.arange(links)

    def keep(self, step: int, now: Floats) -> None:
        self._rows[step % len(self._rows)] = now

    def before(self, step: int, lag: _Lag) -> Floats:
        """The count at each link's own time before a step; rows before the beginning are 0."""
        size = len(self._rows)
        early = self._rows[(step - lag.steps) % size, self._columns]
        late = self._rows[(step - lag.steps + 1) % size, self._columns]
        return np.asarray(early + (late - early) * lag.part)


class _Roads(NamedTuple):
    """A network as arrays, one number a link."""

    saturation: Floats
    capacity: Floats
    room: Floats
    patience: Floats
    goes_on: Floats
    into: NDArray[np.int64]
    forward: _Lag
    backward: _Lag

    @classmethod
    def of(cls, network: Network) -> "_Roads":
        links = network.links
        nowhere = len(links)
        length = np.array([link.length_m for link in links])
        into = [
            nowhere if link.downstream is None else network.index[link.downstream] for link in links
        ]
        return cls(
            saturation=np.array([link.saturation_vps for link in links]) * STEP_S,
            capacity=np.array([link.capacity_vps for link in links]) * STEP_S,
            room=length * np.array([link.jam_density_vpm for link in links]),
            patience=np.array([PATIENT_PER_LANE * link.lanes for link in links]),
            goes_on=np.array(
                [0.0 if link.downstream is None else 1 - link.leaving for link in links]
            ),
            into=np.array(into, dtype=np.int64),
            forward=_Lag.of(length / np.array([link.free_speed_ms for link in links])),
            backward=_Lag.of(length / np.array([link.wave_speed_ms for link in links])),
        )


def load_network(network: Network, wanted: Wanted) -> Counts:
    """Drive the wanted traffic through the network, which is empty at the beginning."""
    roads = _Roads.of(network)
    slots, links = wanted.entering_vps.shape
    steps_a_slot = round(wanted.slot_s / STEP_S)
    rows = int(max(roads.forward.steps.max(), roads.backward.steps.max())) + 2
    upstream, downstream = _Past(rows, links), _Past(rows, links)
    totals = np.zeros((6, slots + 1, links))
    entered, left, beside, waiting, off, elsewhere = np.zeros((6, links))
    for step in range(slots * steps_a_slot):
        slot = step // steps_a_slot
        waiting = waiting + wanted.entering_vps[slot] * STEP_S
        arrived = upstream.before(step + 1, roads.forward)
        freed = downstream.before(step + 1, roads.backward)
        sending = np.minimum(arrived - left, roads.capacity * wanted.passing[slot])
        receiving = np.minimum(freed + roads.room - entered, roads.saturation)
        flows = _at_junctions(roads, np.maximum(sending, 0), np.maximum(receiving, 0))
        let_in = np.minimum(waiting, np.maximum(receiving, 0) - flows.through)
        beside = beside + let_in
        stay = np.minimum(waiting - let_in, roads.patience)
        waiting, elsewhere = stay, elsewhere + (waiting - let_in - stay)
        entered, left = entered + flows.through + let_in, left + flows.out
        off = off + flows.out - flows.on
        upstream.keep(step + 1, entered)
        downstream.keep(step + 1, left)
        if (step + 1) % steps_a_slot == 0:
            totals[:, slot + 1] = entered, left, beside, waiting, off, elsewhere
    columns = np.ascontiguousarray(totals.transpose(0, 2, 1))
    return Counts(wanted.slot_s, *columns)


class _Flows(NamedTuple):
    """Vehicles in one step: out of a link, those of them that go on, and into a link from links."""

    out: Floats
    on: Floats
    through: Floats


def _at_junctions(roads: _Roads, sending: Floats, receiving: Floats) -> _Flows:
    """Who gets through: first in, first out, and the links into a full one share what it takes.

    Those from beside the road come after those on it, so that a ring does not lock itself.
    """
    nowhere = len(sending)
    pressing = np.bincount(roads.into, roads.goes_on * sending, nowhere + 1)[:nowhere]
    share = np.ones(nowhere + 1)
    short = pressing > receiving
    share[:nowhere][short] = receiving[short] / pressing[short]
    out = sending * share[roads.into]
    on = roads.goes_on * out
    through = np.bincount(roads.into, on, nowhere + 1)[:nowhere]
    return _Flows(out, on, through.astype(np.float64))
