"""A device's memory: what it has measured and not delivered yet, under which boot and number.

Readings come in by `put`; `next_message` takes out what may be sent now; the connection says what
became of it. A device that holds back (asleep, or its uplink gone) keeps everything until `flush`
or `release`. No input or output happens here, so that every transport delivers alike.
"""

from array import array
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple, Protocol

from city.payload import encode_batch, encode_reading
from city.readings import Reading

FIRMWARE = "citypulse-simulator"
MEMORY_READINGS = 2_000
READINGS_PER_MESSAGE = 100


class Sink(Protocol):
    """What a simulated device's behaviour needs of its memory and its connection."""

    def put(self, ts_us: int, values: dict[str, float]) -> None:
        """Take a reading; ``ts_us`` is what the device's clock says."""
        ...

    def reboot(self) -> None:
        """Begin again with a new boot id and seq 0; what is in memory survives, as in flash."""
        ...

    def hold(self) -> None:
        """Deliver nothing from now on, but keep measuring."""
        ...

    def flush(self) -> None:
        """Deliver what there is now, even while holding."""
        ...

    def release(self) -> None:
        """Deliver everything again."""
        ...

    def repeat(self) -> None:
        """Send the newest message a second time."""
        ...


class Message(NamedTuple):
    """One telemetry message.

    Attributes:
        payload: its bytes.
        boot: the number of the boot that its readings belong to.
        instants: their times, microseconds since 1970-01-01T00:00Z.
        is_repeated: whether it has been sent before, on purpose.
    """

    payload: bytes
    boot: int
    instants: tuple[int, ...]
    is_repeated: bool = False


@dataclass(slots=True)
class BootTally:
    """What became of the readings of one boot.

    Attributes:
        boot: the boot id.
        produced: measured; they are numbered from 0, so the last ``seq`` is one less.
        acknowledged: the broker has taken them over.
        dropped: pushed out of the full memory.
        refused: the broker said no.
        repeated: sent and acknowledged a second time; counted nowhere else.
        messages: telemetry messages sent, without repetitions.
    """

    boot: str
    produced: int = 0
    acknowledged: int = 0
    dropped: int = 0
    refused: int = 0
    repeated: int = 0
    messages: int = 0


@dataclass(slots=True)
class _Stored:
    boot: int
    reading: Reading


def numbered_boots(first: str) -> Iterator[str]:
    """Boot ids: the first, then the same with a number."""
    yield first
    for number in count(2):
        yield f"{first}-{number}"


@dataclass
class Outbox:
    """The memory of one device.

    Attributes:
        topic: where its telemetry goes.
        boots: boot ids, one after the other.
        memory: readings it can keep; the oldest go first when it is full.
        per_message: readings in a batch at most.
        tallies: by boot, in order.
        taken_over: times of all readings that the broker has acknowledged.
        on_ready: called when there may be something to send.
    """

    topic: str
    boots: Iterator[str]
    memory: int = MEMORY_READINGS
    per_message: int = READINGS_PER_MESSAGE
    tallies: list[BootTally] = field(default_factory=list)
    taken_over: "array[int]" = field(default_factory=lambda: array("q"))
    on_ready: Callable[[], None] = field(default=lambda: None)

    def __post_init__(self) -> None:
        """Boot for the first time."""
        self._stored: deque[_Stored] = deque()
        self._held = False
        self._may_send = 0
        self._in_flight = 0
        self._newest: Message | None = None
        self._repetitions: deque[Message] = deque()
        self.reboot()

    @property
    def waiting(self) -> int:
        """Readings in memory."""
        return len(self._stored)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in memory, to be repeated, or under way."""
        return not (self._stored or self._repetitions or self._in_flight)

    def put(self, ts_us: int, values: dict[str, float]) -> None:
        """Take a reading and number it."""
        if len(self._stored) >= self.memory:
            self.tallies[self._stored.popleft().boot].dropped += 1
            self._may_send = max(0, self._may_send - 1)
        tally = self.tallies[-1]
        self._stored.append(_Stored(len(self.tallies) - 1, Reading(tally.produced, ts_us, values)))
        tally.produced += 1
        self.on_ready()

    def reboot(self) -> None:
        """A new boot id, and numbers from 0."""
        self.tallies.append(BootTally(next(self.boots)))

    def hold(self) -> None:
        """Keep what comes."""
        self._held = True

    def flush(self) -> None:
        """Let what is there now go, even while holding."""
        self._may_send = len(self._stored)
        self.on_ready()

    def release(self) -> None:
        """Let everything go."""
        self._held = False
        self.on_ready()

    def repeat(self) -> None:
        """Have the newest message sent a second time."""
        if self._newest is not None:
            self._repetitions.append(self._newest._replace(is_repeated=True))
            self.on_ready()

    def next_message(self) -> Message | None:
        """Take out what is to be sent next: readings of one boot, or a repetition."""
        message = self._repetition() or self._fresh()
        if message is not None:
            self._in_flight += 1
        return message

    def settled(self, message: Message, *, accepted: bool) -> None:
        """The broker has acknowledged a message, or refused it."""
        self._in_flight -= 1
        tally, size = self.tallies[message.boot], len(message.instants)
        if message.is_repeated:
            tally.repeated += size
        elif accepted:
            tally.acknowledged += size
            self.taken_over.extend(message.instants)
        else:
            tally.refused += size

    def _repetition(self) -> Message | None:
        return self._repetitions.popleft() if self._repetitions and not self._held else None

    def _fresh(self) -> Message | None:
        sendable = self._may_send if self._held else len(self._stored)
        if not sendable:
            return None
        boot = self._stored[0].boot
        readings: list[Reading] = []
        while (
            len(readings) < min(sendable, self.per_message)
            and self._stored
            and self._stored[0].boot == boot
        ):
            readings.append(self._stored.popleft().reading)
        self._may_send = max(0, self._may_send - len(readings))
        tally = self.tallies[boot]
        tally.messages += 1
        instants = tuple(reading.ts_us for reading in readings)
        self._newest = Message(encoded(tally.boot, readings), boot, instants)
        return self._newest


def encoded(boot: str, readings: list[Reading]) -> bytes:
    """The payload of one message: one reading alone, or many as a batch."""
    if len(readings) > 1:
        return encode_batch(boot, readings)
    (only,) = readings
    return encode_reading(boot=boot, seq=only.seq, ts_us=only.ts_us, values=only.values)
