"""Messages on their way to one commit: admitted readings as columns, refusals beside them.

In: messages in order of receipt. Out: `store.telemetry.Rows` for each profile and refusals for the
quarantine. A batch is filled in the event loop; once closed it belongs to the writer's thread.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from city.payload import Decoded, decode
from city.readings import Reading, Refused, instant_of
from city.topics import parse_topic
from devices.directory import DeviceEntry
from ingest.columns import Columns, Prepared
from ingest.framing import Message
from ingest.senders import Sender, Senders, Stranger, sender_of, unknown_device
from store.quarantine import Refusal

EARLIEST_US = 946_684_800_000_000
"""2000-01-01T00:00Z: nothing in this city measured before; a clock that lost its battery did."""
FUTURE_US = 5 * 60 * 1_000_000
"""A clock may be five minutes fast."""
MAX_REPEATS = 16


@dataclass(frozen=True, slots=True)
class Rejection:
    """A refusal and the message it is about.

    Attributes:
        message: which of the batch, from 0.
        refused: why.
    """

    message: int
    refused: Refused


class Batch:
    """What one commit will hold.

    Attributes:
        messages: as received; they stay until they are committed.
        columns: admitted readings by profile name.
        rejections: what is not admitted.
        strangers: messages whose device the database must be asked about, with its code.
        merges: whether some of it may be stored already.
        batch_id: its number in the ledger, from the first try to commit it.
        prepared: the readings as rows, after `prepare`.
        received_us: when the last message came, microseconds since 1970.
    """

    def __init__(self, senders: Senders, *, merges: bool = False) -> None:
        """An empty batch; ``senders`` identifies."""
        self.messages: list[Message] = []
        self.columns: dict[str, Columns] = {}
        self.rejections: list[Rejection] = []
        self.strangers: list[tuple[int, str]] = []
        self.merges = merges
        self.batch_id: int | None = None
        self.received_us = 0
        self.prepared: list[Prepared] | None = None
        self._senders = senders

    def __len__(self) -> int:
        """How many messages."""
        return len(self.messages)

    @property
    def readings(self) -> int:
        """How many readings are admitted."""
        return sum(len(columns.ts_us) for columns in self.columns.values())

    @property
    def packet_ids(self) -> list[int]:
        """What to acknowledge, in order of receipt; QoS 0 has nothing to."""
        return [message.packet_id for message in self.messages if message.packet_id is not None]

    def admit(self, messages: Sequence[Message], received_us: int) -> None:
        """Take messages in: each reading into columns, or refused with a reason."""
        self.received_us = received_us
        by_topic = self._senders.by_topic
        for message in messages:
            number = len(self.messages)
            self.messages.append(message)
            if message.duplicate:
                self.merges = True
            sender = by_topic.get(message.topic)
            if sender is None:
                self._admit_unmet(number, message)
            else:
                self._admit_from(sender, number, message)

    def settle(self, found: Mapping[str, DeviceEntry]) -> None:
        """Admit the strangers that the database knows, and refuse the others."""
        for number, code in self.strangers:
            message = self.messages[number]
            entry = found.get(code)
            if entry is None:
                self._reject(number, unknown_device(code))
                continue
            sender = sender_of(entry, parse_topic(message.topic).profile)
            if isinstance(sender, Refused):
                self._reject(number, sender)
            else:
                self._admit_from(sender, number, message)
        self.strangers = []

    def halves(self) -> tuple[Self, Self]:
        """The same messages in two batches, to find the one that the database refuses."""
        middle = len(self.messages) // 2
        return self._again(self.messages[:middle]), self._again(self.messages[middle:])

    def condemn(self, reason: str, detail: str) -> None:
        """Refuse all of it: what remains when a single message can't be stored."""
        self.columns = {}
        self.strangers = []
        self.prepared = []
        self.rejections = [
            Rejection(number, Refused(reason, detail)) for number in range(len(self.messages))
        ]

    def prepare(self) -> list[Prepared]:
        """The admitted readings as rows, once the strangers are settled; made once.

        A device whose clock stands still may repeat one instant without end, and each repetition
        would cost a round of merging: beyond `MAX_REPEATS` in one batch they are refused.
        """
        if self.prepared is None:
            self.prepared = []
            for _, columns in sorted(self.columns.items()):
                prepared, left_over = columns.prepare(MAX_REPEATS)
                for number in left_over:
                    rule = f"more than {MAX_REPEATS} readings of one instant came at once"
                    self._reject(number, Refused("repeated-instant", rule))
                if len(prepared.rows):
                    self.prepared.append(prepared)
        return self.prepared

    def refusals(self) -> list[Refusal]:
        """The rejections as the quarantine takes them: raw bytes once for each message."""
        rows: list[Refusal] = []
        last = -1
        for rejection in sorted(self.rejections, key=lambda rejection: rejection.message):
            message, refused = self.messages[rejection.message], rejection.refused
            rows.append(
                Refusal(
                    instant_of(self.received_us),
                    message.topic,
                    None if rejection.message == last else message.payload,
                    refused.reason,
                    refused.detail,
                    refused.index,
                    rejection.message,
                )
            )
            last = rejection.message
        return rows

    def _again(self, messages: Sequence[Message]) -> Self:
        batch = type(self)(self._senders, merges=self.merges)
        batch.admit(messages, self.received_us)
        return batch

    def _admit_unmet(self, number: int, message: Message) -> None:
        match self._senders.identify(message.topic):
            case Sender() as sender:
                self._admit_from(sender, number, message)
            case Stranger(code):
                self.strangers.append((number, code))
            case Refused() as refused:
                self._reject(number, refused)

    def _admit_from(self, sender: Sender, number: int, message: Message) -> None:
        try:
            decoded = decode(message.payload, sender.profile)
        except Exception as error:
            self._reject(number, Refused("unforeseen", f"{type(error).__name__}: {error}"))
            return
        columns = self.columns.get(sender.profile.name)
        if columns is None:
            columns = self.columns[sender.profile.name] = Columns(sender.profile)
        latest_us = self.received_us + FUTURE_US
        misdated: list[int] = []
        for at, reading in enumerate(decoded.readings):
            if EARLIEST_US <= reading.ts_us <= latest_us:
                columns.add(sender, number, reading)
            else:
                misdated.append(at)
        if misdated:
            indices = _indices(decoded)
            for at in misdated:
                self._reject(number, _bad_time(decoded.readings[at], indices[at], latest_us))
        for refused in decoded.refusals:
            self._reject(number, refused)

    def _reject(self, number: int, refused: Refused) -> None:
        self.rejections.append(Rejection(number, refused))


def _indices(decoded: Decoded) -> Sequence[int | None]:
    """Which reading of its message each of these is; None for one that came alone."""
    if len(decoded.readings) + len(decoded.refusals) == 1:
        return [None]
    refused = {refusal.index for refusal in decoded.refusals}
    total = len(decoded.readings) + len(refused)
    return [at for at in range(total) if at not in refused]


def _bad_time(reading: Reading, index: int | None, latest_us: int) -> Refused:
    """Why the reading's instant can't be."""
    if reading.ts_us > latest_us:
        rule = f"is later than {instant_of(latest_us).isoformat()}, five minutes after receipt"
        given = instant_of(reading.ts_us).isoformat()
        return Refused("time-in-future", f"ts {given} {rule}", index)
    return Refused("time-too-old", f"ts {reading.ts_us} µs since 1970 is before 2000", index)
