"""What a run has done: the counts of each device, their sum, and the summary at the end."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from simulators.sent import FORM, TakenOver, expected_json, time_text


@dataclass(slots=True)
class Tally:
    """One device's counts. Readings, unless it says otherwise.

    Attributes:
        boot: its boot id.
        profile: its profile.
        taken_over: the instants that the broker has acknowledged.
        produced: measured, or read from a record; the last ``seq`` is one less.
        acknowledged: the broker has taken them over.
        dropped: pushed out of the full memory of a device that was cut off.
        refused: the broker said no.
        messages: telemetry messages published, without repetitions.
        connects: connections that the broker accepted.
        failed_connects: attempts that found no broker, or were turned away.
        reasons: what the broker said when it refused a connection or a message.
    """

    boot: str
    profile: str
    produced: int = 0
    acknowledged: int = 0
    dropped: int = 0
    refused: int = 0
    messages: int = 0
    connects: int = 0
    failed_connects: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    taken_over: TakenOver = field(default_factory=TakenOver)


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole fleet at one moment; `Tally` says what is counted.

    Attributes:
        devices: how many take part.
        connected: how many are connected now.
        in_flight: messages published and not acknowledged.
        waiting: readings in the devices' memories.
        reconnects: accepted connections after a device's first.
    """

    devices: int
    connected: int
    produced: int
    messages: int
    acknowledged: int
    in_flight: int
    waiting: int
    dropped: int
    refused: int
    reconnects: int
    failed_connects: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to.

    Attributes:
        totals: over all devices, taken after the devices had left.
        from_us: the first dialling, microseconds since 1970-01-01T00:00Z.
        duration_s: from then to the last disconnection.
        by_device: code → the device's counts.
        notes: what else a person should know, such as rows without a value.
    """

    totals: Totals
    from_us: int
    duration_s: float
    by_device: Mapping[str, Tally]
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every reading that was produced has been acknowledged."""
        return self.totals.acknowledged == self.totals.produced

    @property
    def reasons(self) -> Counter[str]:
        """What the broker said when it refused something, and how often."""
        return sum((tally.reasons for tally in self.by_device.values()), Counter[str]())

    def to_json(self) -> str:
        """One line of JSON, in the form that `citypulse verify-load` takes.

        ``by_device`` has boot, last ``seq``, the counts, and the instants of each device.
        """
        devices = {
            code: {
                "profile": tally.profile,
                "boot": tally.boot,
                "last_seq": tally.produced - 1 if tally.produced else None,
                "produced": tally.produced,
                "acknowledged": tally.acknowledged,
                "dropped": tally.dropped,
                "refused": tally.refused,
                "expected": expected_json(tally.taken_over.expected()),
            }
            for code, tally in self.by_device.items()
        }
        whole = {
            "form": FORM,
            "from": time_text(self.from_us),
            "until": time_text(self.from_us + round(self.duration_s * 1e6)),
            "complete": self.complete,
            "duration_s": round(self.duration_s, 3),
            **asdict(self.totals),
            "reasons": dict(self.reasons),
            **self.notes,
            "by_device": devices,
        }
        return json.dumps(whole, ensure_ascii=False)


def reconnects(tallies: Iterable[Tally]) -> int:
    """Accepted connections after each device's first."""
    return sum(max(0, tally.connects - 1) for tally in tallies)
