"""What a run has sent, device by device, in a form that the database can be held against.

``expected`` describes the instants that the broker has acknowledged, each counted once: how many,
first, last, and their sum (milliseconds after the first), which tells a set of instants from
another one of the same size.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from city.readings import instant_of
from simulators.outbox import BootTally, Outbox

FORM = "citypulse-sent-1"


@dataclass(frozen=True, slots=True)
class Expected:
    """The instants of one device that the broker took over.

    Attributes:
        readings: how many different instants.
        first_us: the earliest, microseconds since 1970-01-01T00:00Z; None without any.
        last_us: the latest.
        sum_ms: of all, milliseconds after the first.
    """

    readings: int
    first_us: int | None
    last_us: int | None
    sum_ms: int

    @classmethod
    def of(cls, instants_us: Sequence[int]) -> "Expected":
        """From the times of all readings acknowledged; repetitions count once."""
        unique = np.unique(np.array(instants_us, dtype=np.int64))
        if not len(unique):
            return cls(0, None, None, 0)
        after_ms = (unique - unique[0]) // 1000
        return cls(len(unique), int(unique[0]), int(unique[-1]), int(after_ms.sum()))


@dataclass(slots=True)
class TakenOver:
    """The same, counted up as acknowledgements come in, for devices that run for days.

    Takes each instant once only: a terminal never has a reading acknowledged twice.

    Attributes:
        readings: how many.
        first_ms: the earliest, milliseconds since 1970-01-01T00:00Z, as payloads carry it.
        last_ms: the latest.
        total_ms: the sum of all.
    """

    readings: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    total_ms: int = 0

    def add(self, instants_ms: Sequence[int]) -> None:
        """Count what one acknowledgement covers."""
        if not instants_ms:
            return
        self.readings += len(instants_ms)
        first, last = min(instants_ms), max(instants_ms)
        self.first_ms = first if self.first_ms is None else min(self.first_ms, first)
        self.last_ms = last if self.last_ms is None else max(self.last_ms, last)
        self.total_ms += sum(instants_ms)

    def expected(self) -> Expected:
        """As the summary says it."""
        if self.first_ms is None or self.last_ms is None:
            return Expected(0, None, None, 0)
        after_ms = self.total_ms - self.readings * self.first_ms
        return Expected(self.readings, self.first_ms * 1000, self.last_ms * 1000, after_ms)


@dataclass(frozen=True, slots=True)
class SentByDevice:
    """One device's part.

    Attributes:
        profile: of the device.
        boots: what became of the readings of each boot, in order.
        expected: what the broker took over.
    """

    profile: str
    boots: Sequence[BootTally]
    expected: Expected

    @classmethod
    def by(cls, profile: str, box: Outbox) -> "SentByDevice":
        """From a device's memory at the end of a run."""
        return cls(profile, tuple(box.tallies), Expected.of(box.taken_over))


@dataclass(frozen=True, slots=True)
class SentSummary:
    """What a run has sent.

    Attributes:
        from_us: when it began, microseconds since 1970-01-01T00:00Z.
        until_us: when it ended.
        by_device: code → its part.
        lines: connections and what happened to them, in sum.
        reasons: what the broker said when it refused something, and how often.
        notes: what else a person should know.
    """

    from_us: int
    until_us: int
    by_device: Mapping[str, SentByDevice]
    lines: Mapping[str, int]
    reasons: Counter[str] = field(default_factory=Counter)
    notes: Mapping[str, Any] = field(default_factory=dict)

    def total(self, count: str) -> int:
        """The sum of one count of `BootTally` over all devices and boots."""
        boots = (boot for device in self.by_device.values() for boot in device.boots)
        return sum(int(getattr(boot, count)) for boot in boots)

    @property
    def complete(self) -> bool:
        """Whether every reading that was produced has been acknowledged."""
        return self.total("acknowledged") == self.total("produced")

    def to_json(self) -> str:
        """One line of JSON; times are RFC 3339."""
        counts = ("produced", "acknowledged", "dropped", "refused", "repeated", "messages")
        whole = {
            "form": FORM,
            "from": time_text(self.from_us),
            "until": time_text(self.until_us),
            "complete": self.complete,
            "devices": len(self.by_device),
            **{name: self.total(name) for name in counts},
            **self.lines,
            "reasons": dict(self.reasons),
            **self.notes,
            "by_device": {code: _device(each) for code, each in self.by_device.items()},
        }
        return json.dumps(whole, ensure_ascii=False)


def _device(sent: SentByDevice) -> dict[str, Any]:
    return {
        "profile": sent.profile,
        "boots": [
            {
                **asdict(boot),
                "first_seq": 0 if boot.produced else None,
                "last_seq": boot.produced - 1 if boot.produced else None,
            }
            for boot in sent.boots
        ],
        "expected": expected_json(sent.expected),
    }


def expected_json(expected: Expected) -> dict[str, Any]:
    """The part of a summary that the database is held against."""
    return {
        "readings": expected.readings,
        "first": time_text(expected.first_us),
        "last": time_text(expected.last_us),
        "sum_ms": expected.sum_ms,
    }


def time_text(instant_us: int | None) -> str | None:
    """RFC 3339 in UTC; None stays None."""
    return None if instant_us is None else f"{instant_of(instant_us):%Y-%m-%dT%H:%M:%S.%fZ}"
