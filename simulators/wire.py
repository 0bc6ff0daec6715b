"""One MQTT 5 connection on the codec, as light as thousands of them in one loop need it.

In: packets to send. Out: acknowledgements, and the end of the connection. What to send, and what to
do after a loss, is the business of `simulators.lines`.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import ClassVar, Self, cast

import mqtt5

from city.errors import CitypulseError
from simulators.broker_address import BrokerAddress

KEEP_ALIVE_S = 60
HANDSHAKE_S = 15.0

_PUBACK = 0x40
_CONTINUES = 0x80
_SHORTEST = 2
_LENGTH_BYTES = 4
_TAKEN = (mqtt5.PubAckReasonCode.SUCCESS, mqtt5.PubAckReasonCode.NO_MATCHING_SUBSCRIBERS)


class Turned(CitypulseError):
    """The broker does not want this connection, or broke the protocol; says what it said."""

    code: ClassVar[str] = "turned-away"


class Wire(asyncio.Protocol):
    """A connection that a broker has accepted. Made by `dial`.

    Attributes:
        lost: done when it is gone.
        session_present: whether the broker had kept the session.
    """

    def __init__(self, settled: Callable[[int, str | None], None]) -> None:
        loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = loop.create_future()
        self.session_present = False
        self._settled = settled
        self._connack: asyncio.Future[mqtt5.ConnAckPacket] = loop.create_future()
        self._rest = b""
        self._loop = loop
        self._spoke_at = loop.time()
        self._heard_at = loop.time()

    @classmethod
    async def dial(
        cls,
        broker: BrokerAddress,
        hello: mqtt5.ConnectPacket,
        settled: Callable[[int, str | None], None],
    ) -> Self:
        """Connect and shake hands.

        Args:
            broker: where.
            hello: who.
            settled: called with the packet id, and the reason if it was refused, of each
                acknowledged message.

        Raises:
            OSError: nobody is there.
            TimeoutError: no answer in time.
            Turned: the broker said no.
        """
        secured = ssl.create_default_context() if broker.encrypted else None
        async with asyncio.timeout(HANDSHAKE_S):
            _, wire = await asyncio.get_running_loop().create_connection(
                lambda: cls(settled), broker.host, broker.port, ssl=secured
            )
            try:
                wire.send(hello.write())
                answer = await wire._connack
                if answer.reason_code is not mqtt5.ConnAckReasonCode.SUCCESS:
                    raise Turned(f"connection: {_said(answer.reason_code)}")
            except BaseException:
                wire.cut()
                raise
        wire.session_present = answer.session_present
        return wire

    def send(self, packet: bytes) -> None:
        """Write; nothing once the connection is going."""
        if not self._transport.is_closing():
            self._spoke_at = self._loop.time()
            self._transport.write(packet)

    def keep_alive(self) -> None:
        """Ping when it is time, give up on a silent broker; to be called every few seconds."""
        now = self._loop.time()
        if now - self._heard_at > 1.5 * KEEP_ALIVE_S:
            self.cut()
        elif now - min(self._spoke_at, self._heard_at) > KEEP_ALIVE_S / 2:
            self.send(mqtt5.PingReqPacket().write())

    def hang_up(self) -> None:
        """Say goodbye, which keeps the will from being sent, and close."""
        self.send(mqtt5.DisconnectPacket().write())
        self._transport.close()

    def cut(self) -> None:
        """Close without a word, as a lost uplink does."""
        self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take the packets that are complete."""
        self._heard_at = self._loop.time()
        stream = self._rest + data if self._rest else data
        at = 0
        while (size := _frame_size(stream, at)) and at + size <= len(stream):
            self._take(stream, at, size)
            at += size
        self._rest = stream[at:]

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits."""
        if not self._connack.done():
            self._connack.set_exception(Turned("connection: lost during the handshake"))
            self._connack.exception()  # looked at: nobody may be waiting for it any more
        if not self.lost.done():
            self.lost.set_result(None)

    def _take(self, stream: bytes, at: int, size: int) -> None:
        if stream[at] == _PUBACK and size == _SHORTEST + 2:  # the common case, without a reason
            self._settled(int.from_bytes(stream[at + 2 : at + 4], "big"), None)
            return
        packet, _ = mqtt5.read(memoryview(stream)[at : at + size])
        match packet:
            case mqtt5.PubAckPacket():
                is_failure = packet.reason_code not in _TAKEN
                reason = f"message: {_said(packet.reason_code)}" if is_failure else None
                self._settled(packet.packet_id, reason)
            case mqtt5.ConnAckPacket() if not self._connack.done():
                self._connack.set_result(packet)
            case mqtt5.DisconnectPacket():
                self.cut()
            case _:
                pass  # pings; and commands, which this device does not take


def _frame_size(stream: bytes, at: int) -> int:
    """Bytes of the packet that begins here; 0 when that can't be said yet.

    Source: MQTT 5.0 (OASIS), 2.1.4 and 1.5.5.
    """
    length = 0
    for place in range(_LENGTH_BYTES):
        if at + 1 + place >= len(stream):
            return 0
        byte = stream[at + 1 + place]
        length |= (byte & ~_CONTINUES) << 7 * place
        if not byte & _CONTINUES:
            return _SHORTEST + place + length
    raise Turned("a packet's length has more than four bytes")


def _said(code: int) -> str:
    return str(getattr(code, "name", code)).lower().replace("_", " ")
