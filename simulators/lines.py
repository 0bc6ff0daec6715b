"""A connection that comes back, and the devices on it: one, or all that a gateway speaks for.

In: outboxes. Out: their messages at the broker, at least once. What was under way when a connection
went is sent again on the next one, under the same packet id.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import mqtt5

from simulators.broker_address import BrokerAddress
from simulators.fleet_file import FleetDevice
from simulators.outbox import FIRMWARE, Message, Outbox
from simulators.pace import Gate
from simulators.uplinks import connect_again
from simulators.wire import KEEP_ALIVE_S, Turned, Wire

_WINDOW = 16  # messages under way on one line; below Mosquitto's Receive Maximum of 20
_SESSION_EXPIRY_S = 3_600
_STATUS_IDS = (65_534, 65_535)  # beyond the ids of telemetry


@dataclass
class LineTally:
    """What happened to one connection.

    Attributes:
        connects: accepted by the broker.
        failed_connects: nobody there, or turned away.
        cut: connections cut on purpose.
        repeated_after_loss: messages sent again because the connection went.
        reasons: what the broker said when it refused something.
    """

    connects: int = 0
    failed_connects: int = 0
    cut: int = 0
    repeated_after_loss: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


class Line:
    """One connection to the broker, kept up until `leave`.

    Args:
        device: who connects: it speaks for itself, or as the gateway for others.
        boxes: the memories that deliver over it.
        broker: where to.
        gate: limits how many dial at once.
    """

    def __init__(
        self,
        device: FleetDevice,
        boxes: Sequence[Outbox],
        broker: BrokerAddress,
        gate: Gate,
    ) -> None:
        self.device = device
        self.tally = LineTally()
        self._boxes = boxes
        self._broker = broker
        self._gate = gate
        self._wire: Wire | None = None
        self._under_way: dict[int, tuple[Outbox, Message]] = {}
        self._next_id = 1
        self._turn = 0
        self._is_sending = False
        self._leaving = asyncio.Event()
        self._delivered = asyncio.Event()
        for box in boxes:
            box.on_ready = self._send

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted it and it has not been lost since."""
        return self._wire is not None

    async def stay_connected(self) -> None:
        """Connect, and again after each loss, until `leave`."""
        await connect_again(self._connection, self._leaving)

    def cut(self) -> None:
        """Lose the connection, as in a reconnect storm."""
        if self._wire is not None:
            self.tally.cut += 1
            self._wire.cut()

    def keep_alive(self) -> None:
        """Ping when it is time; to be called every few seconds."""
        if self._wire is not None:
            self._wire.keep_alive()

    async def leave(self, deadline_s: float) -> None:
        """Deliver all, what was held back too, say offline, hang up; the deadline cuts it short."""
        for box in self._boxes:
            box.release()
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                while not all(box.is_empty for box in self._boxes):
                    self._delivered.clear()
                    await self._delivered.wait()
        self._leaving.set()
        if self._wire is not None:
            self._wire.send(self._status("offline", _STATUS_IDS[1]))
            self._wire.hang_up()

    async def _connection(self) -> bool:
        """One connection from dialling to its loss; whether the broker accepted it."""
        await self._gate.turn()
        if self._leaving.is_set():
            return False
        try:
            wire = await Wire.dial(self._broker, self._hello(), self._settled)
        except (OSError, Turned) as error:
            self.tally.failed_connects += 1
            said = str(error) if isinstance(error, Turned) else error.strerror
            self.tally.reasons[said or type(error).__name__] += 1
            return False
        self.tally.connects += 1
        self._wire = wire
        wire.send(self._status("online", _STATUS_IDS[0]))
        self._send_again(wire)
        self._send()
        if self._leaving.is_set():  # it began to leave while it was dialling
            wire.hang_up()
        await wire.lost
        self._wire = None
        return True

    def _send_again(self, wire: Wire) -> None:
        """What was under way: a repetition only where the broker may know it already."""
        for packet_id, (box, message) in self._under_way.items():
            self.tally.repeated_after_loss += 1
            wire.send(_publish(box, message, packet_id, duplicate=wire.session_present))

    def _send(self) -> None:
        """Send while the window is open, one message of each device in turn."""
        if self._is_sending:  # a box may call back while we ask it
            return
        self._is_sending = True
        try:
            while self._wire is not None and len(self._under_way) < _WINDOW:
                taken = self._next_message()
                if taken is None:
                    return
                packet_id = self._free_id()
                self._under_way[packet_id] = taken
                self._wire.send(_publish(*taken, packet_id))
        finally:
            self._is_sending = False

    def _next_message(self) -> tuple[Outbox, Message] | None:
        for _ in self._boxes:
            box = self._boxes[self._turn]
            self._turn = (self._turn + 1) % len(self._boxes)
            message = box.next_message()
            if message is not None:
                return box, message
        return None

    def _free_id(self) -> int:
        while self._next_id in self._under_way:
            self._next_id = self._next_id % (_STATUS_IDS[0] - 1) + 1
        taken, self._next_id = self._next_id, self._next_id % (_STATUS_IDS[0] - 1) + 1
        return taken

    def _settled(self, packet_id: int, refusal: str | None) -> None:
        known = self._under_way.pop(packet_id, None)
        if known is None:  # a status
            return
        if refusal is not None:
            self.tally.reasons[refusal] += 1
        box, message = known
        box.settled(message, accepted=refusal is None)
        self._send()
        self._delivered.set()

    def _hello(self) -> mqtt5.ConnectPacket:
        will = mqtt5.Will(
            self.device.topic("status"),
            payload=_state("offline"),
            qos=mqtt5.QoS.AT_LEAST_ONCE,
            retain=True,
        )
        return mqtt5.ConnectPacket(
            self.device.code,
            username=self.device.code,
            password=self.device.secret.encode(),
            will=will,
            keep_alive=KEEP_ALIVE_S,
            session_expiry_interval=_SESSION_EXPIRY_S,
        )

    def _status(self, state: str, packet_id: int) -> bytes:
        return mqtt5.PublishPacket(
            self.device.topic("status"),
            _state(state),
            qos=mqtt5.QoS.AT_LEAST_ONCE,
            retain=True,
            packet_id=packet_id,
        ).write()


def _publish(box: Outbox, message: Message, packet_id: int, *, duplicate: bool = False) -> bytes:
    return mqtt5.PublishPacket(
        box.topic,
        message.payload,
        qos=mqtt5.QoS.AT_LEAST_ONCE,
        packet_id=packet_id,
        duplicate=duplicate,
    ).write()


def _state(state: str) -> bytes:
    whole = {"v": 1, "state": state, "firmware": FIRMWARE}
    return json.dumps(whole, separators=(",", ":")).encode()
