"""Wrappers that make any simulated device behave as its fault plan says.

`FaultyInstrument` stands around what measures and stays a pure function of time; `FaultyDevice`
stands between that and the device's memory, and has its clock, its boots and its uplink go wrong.
"""

import math
from collections import Counter
from collections.abc import Sequence

from city.profiles import Metric
from simulators.chance import Chance
from simulators.faults import Fault, FaultKind, FaultPlan, span_of
from simulators.instruments import Instrument, rounded
from simulators.outbox import Sink

_MICROSECONDS = 1_000_000


class FaultyInstrument:
    """An instrument whose values are off while the plan says so.

    Args:
        inner: what would be measured.
        plan: what is wrong.
        metrics: of the profile.
        seed: of the simulation, for the noise.
    """

    def __init__(
        self, inner: Instrument, plan: FaultPlan, metrics: Sequence[Metric], seed: int
    ) -> None:
        self._inner = inner
        self._plan = plan
        self._metrics = {metric.name: metric for metric in metrics}
        self._chance = Chance(seed, plan.device, "fault-noise")

    def reading(self, t_s: float, since_s: float) -> dict[str, float]:
        """The values at an instant; empty while the device is silent."""
        values = self._inner.reading(t_s, since_s)
        for fault in self._plan.at(t_s):
            if fault.kind is FaultKind.SILENCE:
                return {}
            if fault.metric in values:
                self._spoil(values, fault, t_s)
        return values

    def _spoil(self, values: dict[str, float], fault: Fault, t_s: float) -> None:
        name = fault.metric or ""
        metric = self._metrics[name]
        match fault.kind:
            case FaultKind.DROPOUT:
                del values[name]
            case FaultKind.FLAT_LINE:
                stuck = self._inner.reading(fault.from_s, fault.from_s - 60)
                values[name] = stuck.get(name, values[name])
            case FaultKind.DRIFT:
                part = (t_s - fault.from_s) / (fault.until_s - fault.from_s)
                off = fault.amount * part * span_of(metric)
                values[name] = rounded(metric, values[name] + off)
            case FaultKind.NOISE:
                off = fault.amount * span_of(metric) * self._chance.normal(math.floor(t_s))
                values[name] = rounded(metric, values[name] + off)


class FaultyDevice:
    """A device that measures in true time and delivers as its plan lets it.

    Args:
        sink: its memory.
        plan: what is wrong.
        seed: of the simulation, for which messages are sent twice.
        sleeps_s: it wakes up so often and delivers what it has stored since; 0 for always on.
    """

    def __init__(self, sink: Sink, plan: FaultPlan, *, seed: int, sleeps_s: float = 0.0) -> None:
        self.done: Counter[Fault] = Counter()
        self._sink = sink
        self._plan = plan
        self._sleeps_s = sleeps_s
        # Not all of them wake up at the same moment.
        self._wakes_at = sleeps_s * Chance(seed, plan.device, "wakes").uniform(0)
        self._twice = Chance(seed, plan.device, "twice")
        self._asked_until: float | None = None
        self._cut_off = False
        if sleeps_s:
            sink.hold()

    def put(self, t_s: float, values: dict[str, float]) -> None:
        """Take what was measured at a true instant, and deliver it in the device's own way.

        ``done`` counts, for each fault, the readings that it touched; for a reboot, 1.
        """
        self.advance(t_s)
        going_on = self._plan.at(t_s)
        self._count(going_on)
        if not values:
            return
        self._sink.put(_stamp(t_s, going_on), values)
        for fault in going_on:
            if fault.kind is FaultKind.DUPLICATES and self._is_chosen(t_s, fault.amount):
                self._sink.repeat()

    def advance(self, t_s: float) -> None:
        """Let time pass: reboots come about, an outage begins or ends, a sleeper wakes up."""
        before = t_s if self._asked_until is None else self._asked_until
        t_s = self._asked_until = max(before, t_s)  # time does not go back
        for fault in self._plan.begun(FaultKind.REBOOT, before, t_s):
            self._sink.reboot()
            self.done[fault] += 1
        cut_off = any(fault.kind is FaultKind.OUTAGE for fault in self._plan.at(t_s))
        if self._sleeps_s:
            if not cut_off and self._wakings(t_s) > self._wakings(before):
                self._sink.flush()
        elif cut_off and not self._cut_off:
            self._sink.hold()
        elif self._cut_off and not cut_off:
            self._sink.release()
        self._cut_off = cut_off

    def _wakings(self, t_s: float) -> int:
        return math.floor((t_s - self._wakes_at) / self._sleeps_s)

    def _count(self, going_on: Sequence[Fault]) -> None:
        for fault in going_on:
            if fault.kind is not FaultKind.REBOOT:
                self.done[fault] += 1

    def _is_chosen(self, t_s: float, share: float) -> bool:
        return self._twice.uniform(math.floor(t_s * 1000)) < share


def _stamp(t_s: float, going_on: Sequence[Fault]) -> int:
    """What the device's clock shows, microseconds, to the millisecond."""
    shown = t_s
    for fault in going_on:
        if fault.kind is FaultKind.CLOCK_OFFSET:
            shown += fault.amount
        if fault.kind is FaultKind.CLOCK_DRIFT:
            shown += fault.amount * (t_s - fault.from_s)
    return round(shown * 1000) * (_MICROSECONDS // 1000)
