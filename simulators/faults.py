"""What is wrong with a device, and when: planned from a seed, so that it is known before it shows.

A plan is the truth that tests of data quality can be held against: the same seed and code give the
same faults, whoever asks and whenever.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from city.profiles import Aggregation, Metric, Storage
from simulators.chance import Chance


class FaultKind(StrEnum):
    """What may be wrong; the unit of a `Fault`'s amount is named here."""

    DRIFT = "drift"  # share of the metric's span that it is off at the end
    NOISE = "noise"  # share of the metric's span, standard deviation
    DROPOUT = "dropout"  # no amount: the metric is not measured
    FLAT_LINE = "flat-line"  # no amount: the value does not change any more
    SILENCE = "silence"  # no amount: no reading is made at all
    CLOCK_OFFSET = "clock-offset"  # seconds that the clock is ahead
    CLOCK_DRIFT = "clock-drift"  # seconds that it gains in a second
    OUTAGE = "outage"  # no amount: readings are kept and come late
    DUPLICATES = "duplicates"  # share of messages that are sent twice
    REBOOT = "reboot"  # no amount: at its beginning


OF_VALUES = frozenset({FaultKind.DRIFT, FaultKind.NOISE, FaultKind.DROPOUT, FaultKind.FLAT_LINE})
"""Kinds that touch one metric; the others touch the whole device."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one device.

    Attributes:
        kind: what.
        device: its code.
        from_s: seconds since 1970-01-01T00:00Z, true time.
        until_s: when it is over.
        metric: which; None when it touches the whole device.
        amount: how much, in the unit of its kind.
    """

    kind: FaultKind
    device: str
    from_s: float
    until_s: float
    metric: str | None = None
    amount: float = 0.0

    def is_on(self, t_s: float) -> bool:
        """Whether an instant lies in it."""
        return self.from_s <= t_s < self.until_s


@dataclass(frozen=True, slots=True)
class Habit:
    """How often a kind of fault comes.

    Attributes:
        every_s: in each span of this length, it comes at most once; longer than it lasts.
        chance: how likely, 0 to 1.
        lasts_s: shortest and longest.
        amounts: smallest and largest; for clocks and drift, of either sign.
    """

    every_s: float
    chance: float
    lasts_s: tuple[float, float]
    amounts: tuple[float, float] = (0.0, 0.0)


Habits = Mapping[FaultKind, Habit]

_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0

NONE: Habits = {}
USUAL: Habits = {
    FaultKind.DRIFT: Habit(30 * _DAY, 0.10, (3 * _DAY, 20 * _DAY), (0.02, 0.15)),
    FaultKind.NOISE: Habit(20 * _DAY, 0.05, (2 * _HOUR, 2 * _DAY), (0.01, 0.06)),
    FaultKind.DROPOUT: Habit(5 * _DAY, 0.10, (10 * _MINUTE, 8 * _HOUR)),
    FaultKind.FLAT_LINE: Habit(15 * _DAY, 0.06, (1 * _HOUR, 1 * _DAY)),
    FaultKind.SILENCE: Habit(5 * _DAY, 0.06, (5 * _MINUTE, 6 * _HOUR)),
    FaultKind.CLOCK_OFFSET: Habit(30 * _DAY, 0.02, (1 * _HOUR, 2 * _DAY), (1, 7_200)),
    FaultKind.CLOCK_DRIFT: Habit(30 * _DAY, 0.05, (1 * _DAY, 10 * _DAY), (2e-6, 6e-5)),
    FaultKind.OUTAGE: Habit(2 * _DAY, 0.10, (2 * _MINUTE, 5 * _HOUR)),
    FaultKind.DUPLICATES: Habit(3 * _DAY, 0.05, (10 * _MINUTE, 4 * _HOUR), (0.05, 0.5)),
    FaultKind.REBOOT: Habit(20 * _DAY, 0.5, (1, 1)),
}
"""A fleet in the field: on most days, most devices have nothing."""

HARSH: Habits = {
    FaultKind.DRIFT: Habit(10 * _MINUTE, 0.10, (2 * _MINUTE, 8 * _MINUTE), (0.05, 0.2)),
    FaultKind.NOISE: Habit(5 * _MINUTE, 0.10, (30, 3 * _MINUTE), (0.02, 0.1)),
    FaultKind.DROPOUT: Habit(2 * _MINUTE, 0.25, (10, 60)),
    FaultKind.FLAT_LINE: Habit(5 * _MINUTE, 0.15, (60, 4 * _MINUTE)),
    FaultKind.SILENCE: Habit(2 * _MINUTE, 0.10, (10, 40)),
    FaultKind.CLOCK_OFFSET: Habit(10 * _MINUTE, 0.05, (60, 4 * _MINUTE), (1, 240)),
    FaultKind.CLOCK_DRIFT: Habit(10 * _MINUTE, 0.10, (60, 8 * _MINUTE), (1e-4, 1e-2)),
    FaultKind.OUTAGE: Habit(2 * _MINUTE, 0.20, (5, 60)),
    FaultKind.DUPLICATES: Habit(2 * _MINUTE, 0.30, (10, 90), (0.1, 0.6)),
    FaultKind.REBOOT: Habit(3 * _MINUTE, 0.25, (1, 1)),
}
"""Everything within minutes, for short tests. Clocks stay inside what ingest admits."""

HABITS: Mapping[str, Habits] = {"none": NONE, "usual": USUAL, "harsh": HARSH}

_SIGNED = {FaultKind.DRIFT, FaultKind.CLOCK_OFFSET, FaultKind.CLOCK_DRIFT}


class FaultPlan:
    """What is wrong with one device.

    Args:
        seed: of the simulation.
        device: its code.
        metrics: what it measures; faults of values pick one that can have them.
        habits: how often what comes.
    """

    def __init__(self, seed: int, device: str, metrics: Sequence[Metric], habits: Habits) -> None:
        self.device = device
        self._habits = habits
        self._metrics = tuple(metric.name for metric in metrics if can_be_off(metric))
        self._chances = {kind: Chance(seed, device, "fault", kind) for kind in habits}
        self._blocks: dict[tuple[FaultKind, int], Fault | None] = {}

    def at(self, t_s: float) -> list[Fault]:
        """What is wrong at an instant."""
        found = []
        for kind, habit in self._habits.items():
            block = math.floor(t_s / habit.every_s)
            for each in (block - 1, block):  # one may have begun in the span before
                fault = self._known(kind, each)
                if fault is not None and fault.is_on(t_s):
                    found.append(fault)
        return found

    def between(self, from_s: float, until_s: float) -> list[Fault]:
        """What goes wrong in a span of time, also in a part of it, by its beginning."""
        found = []
        for kind, habit in self._habits.items():
            first, last = (math.floor(t / habit.every_s) for t in (from_s, until_s))
            for block in range(first - 1, last + 1):
                fault = self._fault(kind, block)
                if fault is not None and fault.from_s < until_s and fault.until_s > from_s:
                    found.append(fault)
        return sorted(found, key=lambda fault: (fault.from_s, fault.kind))

    def begun(self, kind: FaultKind, after_s: float, until_s: float) -> list[Fault]:
        """Faults of one kind that begin after an instant, and not later than another."""
        if kind not in self._habits:
            return []
        every_s = self._habits[kind].every_s
        blocks = range(math.floor(after_s / every_s), math.floor(until_s / every_s) + 1)
        found = (self._known(kind, block) for block in blocks)
        return [each for each in found if each and after_s < each.from_s <= until_s]

    def _known(self, kind: FaultKind, block: int) -> Fault | None:
        """`_fault`, remembered for the blocks that are asked for again and again."""
        key = kind, block
        if key not in self._blocks:
            if len(self._blocks) > 4 * len(self._habits):
                self._blocks.clear()
            self._blocks[key] = self._fault(kind, block)
        return self._blocks[key]

    def _fault(self, kind: FaultKind, block: int) -> Fault | None:
        habit, chance = self._habits[kind], self._chances[kind]
        if chance.uniform(8 * block) >= habit.chance:
            return None
        metric = None
        if kind in OF_VALUES:
            if not self._metrics:
                return None
            metric = self._metrics[int(chance.uniform(8 * block + 1) * len(self._metrics))]
        from_s = round((block + chance.uniform(8 * block + 2)) * habit.every_s, 3)
        lasts_s = _between(habit.lasts_s, chance.uniform(8 * block + 3))
        amount = _between(habit.amounts, chance.uniform(8 * block + 4))
        if kind in _SIGNED and chance.uniform(8 * block + 5) < 1 / 2:
            amount = -amount
        return Fault(kind, self.device, from_s, round(from_s + lasts_s, 3), metric, amount)


def can_be_off(metric: Metric) -> bool:
    """Whether a metric is a measurement that drifts and sticks: no state, no counter."""
    counted = metric.aggregation is Aggregation.COUNTER_DIFFERENCE
    return metric.storage is not Storage.STATE and not counted


def span_of(metric: Metric) -> float:
    """The part of a metric's range that values usually lie in; faults are shares of it."""
    high = metric.high if metric.suspect_high is None else metric.suspect_high
    low = metric.low if metric.suspect_low is None else metric.suspect_low
    return high - low


def record(done: Mapping[Fault, int]) -> str:
    """Faults that have shown as JSON lines, with how many readings each has touched.

    For whoever is to be held against them.
    """
    lines = (json.dumps({**asdict(fault), "readings": count}) for fault, count in done.items())
    return "".join(f"{line}\n" for line in lines)


def _between(limits: tuple[float, float], part: float) -> float:
    return limits[0] + (limits[1] - limits[0]) * part
