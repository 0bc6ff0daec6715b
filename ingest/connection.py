"""One connection to the broker: handshake, messages in, acknowledgements out, signs of life.

asyncio's transport without its streams: one read brings many packets, one write acknowledges many.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Self, cast

import mqtt5
import numpy as np

from city.topics import TELEMETRY_FILTER
from ingest.address import BrokerAddress, tls_context
from ingest.errors import BadFrame, BrokerLost, BrokerRefused
from ingest.framing import Framer, Message
from ingest.settings import IngestSettings

log = logging.getLogger(__name__)

HANDSHAKE_S = 15.0
GOODBYE_S = 2.0
SUBSCRIBE_ID = 1
_PUBACK = 0x4002_0000
"""Type 4, two more bytes: the packet id. The reason code is left out, which means success."""

Receiver = Callable[["BrokerConnection", list[Message]], None]


class BrokerConnection(asyncio.BufferedProtocol):
    """A connected, subscribed MQTT 5 session that hands on what it receives.

    Made by `connect`. ``lost`` ends with the reason when the connection does.

    Attributes:
        lost: done when the connection is gone; raises `BrokerLost` unless we closed it.
        session_present: whether the broker had kept our session.
    """

    def __init__(self, receiver: Receiver, settings: IngestSettings) -> None:
        loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = loop.create_future()
        self.session_present = False
        self._receiver = receiver
        self._settings = settings
        self._loop = loop
        self._framer = Framer()
        self._connack: asyncio.Future[mqtt5.ConnAckPacket] = loop.create_future()
        self._suback: asyncio.Future[mqtt5.SubAckPacket] = loop.create_future()
        self._is_leaving = False
        self._held = False
        self._resting: asyncio.TimerHandle | None = None
        self._reads = True
        self._keep_alive_s = float(settings.keep_alive_s)
        self._heard_at = loop.time()
        self._heartbeat: asyncio.TimerHandle | None = None

    @classmethod
    async def connect(
        cls, address: BrokerAddress, settings: IngestSettings, receiver: Receiver
    ) -> Self:
        """Connect, take the session up again or begin one, and subscribe to all telemetry.

        Messages may come before this returns: a kept session's queue does not wait.

        Raises:
            OSError: the broker can't be reached.
            TimeoutError: it did not answer in time.
            BrokerRefused: it does not want us, or not this subscription.
            BrokerLost: it hung up meanwhile.
        """
        async with asyncio.timeout(HANDSHAKE_S):
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: cls(receiver, settings),
                address.host,
                address.port,
                ssl=tls_context(address, settings.ca_file),
            )
            try:
                await connection._shake_hands(address)
            except BaseException:
                connection.abort()
                raise
        return connection

    def ack(self, packet_ids: Sequence[int]) -> None:
        """Acknowledge in this order, in one write; nothing once the connection is gone."""
        if packet_ids and not self.is_closed:
            acks = np.array(packet_ids, ">u4") | _PUBACK
            self._transport.write(acks.astype(">u4").tobytes())

    def hold(self) -> None:
        """Stop reading: the broker keeps what comes, and TCP tells it to."""
        self._held = True
        self._set_reading()

    def release(self) -> None:
        """Read again."""
        if not self._held:
            return
        self._held = False
        self._heard_at = self._loop.time()
        self._set_reading()

    def close(self) -> None:
        """Say goodbye and let the broker close; the session stays, ``lost`` tells the end.

        Until then what comes is read and thrown away: closing over unread bytes would reset the
        connection, and the broker could lose acknowledgements it has not read yet.
        """
        if not self.is_closed:
            self._transport.write(mqtt5.DisconnectPacket().write())
            self._is_leaving = True
            self._held = False
            self._set_reading()
            self._loop.call_later(GOODBYE_S, self.abort)

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._is_leaving or self.lost.done() or self._transport.is_closing()

    async def _shake_hands(self, address: BrokerAddress) -> None:
        self._transport.write(self._connect_packet(address).write())
        connack = await self._connack
        if connack.reason_code != mqtt5.ConnAckReasonCode.SUCCESS:
            raise BrokerRefused("connection", _reason(connack.reason_code, connack.reason_str))
        if connack.server_keep_alive:
            self._keep_alive_s = connack.server_keep_alive
        self._await_beat()
        group = self._settings.share_group
        pattern = f"$share/{group}/{TELEMETRY_FILTER}" if group else TELEMETRY_FILTER
        topic_filter = mqtt5.TopicFilter(pattern, max_qos=mqtt5.QoS.AT_LEAST_ONCE)
        self._transport.write(mqtt5.SubscribePacket(SUBSCRIBE_ID, [topic_filter]).write())
        suback = await self._suback
        (granted,) = suback.reason_codes
        if granted != mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE:
            raise BrokerRefused(f"subscription {pattern}", _reason(granted, suback.reason_str))

    def _connect_packet(self, address: BrokerAddress) -> mqtt5.ConnectPacket:
        settings = self._settings
        return mqtt5.ConnectPacket(
            f"citypulse-{settings.member}",
            username=address.username,
            password=address.password,
            keep_alive=settings.keep_alive_s,
            session_expiry_interval=settings.session_expiry_s,
            receive_max=settings.max_unacked_messages,
        )

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._framer.room()

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on the messages that these bytes complete."""
        self._heard_at = self._loop.time()
        if self._is_leaving:
            return
        try:
            messages, others = self._framer.take(nbytes)
            for packet in others:
                self._answer(packet)
        except BadFrame as error:
            self._give_up(str(error), mqtt5.DisconnectReasonCode.MALFORMED_PACKET)
            return
        if messages:
            self._rest()
            self._receiver(self, messages)

    def eof_received(self) -> bool:
        """Close our side too."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """End ``lost`` and the timers."""
        for timer in (self._resting, self._heartbeat):
            if timer is not None:
                timer.cancel()
        if self._is_leaving and exc is None:
            self.lost.set_result(None)
        self._end(str(exc) if exc else "the broker closed the connection")

    # Packets that are no messages.

    def _answer(self, packet: mqtt5.Packet) -> None:
        match packet:
            case mqtt5.ConnAckPacket() if not self._connack.done():
                # Now, not when `connect` goes on: messages may follow in the same read.
                self.session_present = packet.session_present
                self._connack.set_result(packet)
            case mqtt5.SubAckPacket() if not self._suback.done():
                self._suback.set_result(packet)
            case mqtt5.PingRespPacket():
                pass
            case mqtt5.DisconnectPacket():
                self._end(_reason(packet.reason_code, packet.reason_str))
                self.abort()
            case _:
                raise BadFrame(f"an unexpected {type(packet).__name__}")

    def _give_up(self, reason: str, code: mqtt5.DisconnectReasonCode) -> None:
        if not self._transport.is_closing():
            self._transport.write(mqtt5.DisconnectPacket(reason_code=code).write())
        self._end(reason)
        self._transport.close()

    def _end(self, reason: str) -> None:
        """Tell whoever waits; `exception` keeps asyncio from logging that nobody did."""
        for future in (self.lost, self._connack, self._suback):
            if not future.done():
                future.set_exception(BrokerLost(reason))
                future.exception()

    # Reading pauses: a short rest after each read, and a hold for as long as it takes.

    def _rest(self) -> None:
        """Let packets gather: mosquitto writes one at a time, and each would wake us."""
        if self._settings.coalesce_s and self._resting is None:
            self._resting = self._loop.call_later(self._settings.coalesce_s, self._rested)
            self._set_reading()

    def _rested(self) -> None:
        self._resting = None
        self._set_reading()

    def _set_reading(self) -> None:
        reads = not self._held and self._resting is None
        if reads == self._reads or self._transport.is_closing():
            return
        self._reads = reads
        if reads:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    # Signs of life.

    def _beat(self) -> None:
        """Ping at half the interval; give up when nothing at all has come for one and a half.

        While held we read nothing, so silence proves nothing; the pings go on, for the broker.
        """
        if self.is_closed:
            return
        silent_s = self._loop.time() - self._heard_at
        if not self._held and silent_s > 1.5 * self._keep_alive_s:
            self._give_up(
                f"silent for {silent_s:.0f} s", mqtt5.DisconnectReasonCode.KEEP_ALIVE_TIMEOUT
            )
            return
        self._transport.write(mqtt5.PingReqPacket().write())
        self._await_beat()

    def _await_beat(self) -> None:
        self._heartbeat = self._loop.call_later(self._keep_alive_s / 2, self._beat)


def _reason(code: int, text: str | None) -> str:
    name = getattr(code, "name", str(code)).lower().replace("_", " ")
    return f"{name} ({int(code):#04x}){f': {text}' if text else ''}"
