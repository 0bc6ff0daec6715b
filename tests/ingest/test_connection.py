"""The connection against a scripted broker: refusals, silence, acknowledgements, pauses."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import mqtt5
import pytest

from ingest.address import BrokerAddress
from ingest.connection import BrokerConnection
from ingest.errors import BrokerLost, BrokerRefused
from ingest.framing import Message
from ingest.settings import IngestSettings

Until = Callable[..., Awaitable[None]]

GRANTED = mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE])
SETTINGS = IngestSettings(coalesce_s=0.0)


@dataclass
class Script:
    """A broker that answers CONNECT and SUBSCRIBE as told, and keeps all it hears."""

    connack: mqtt5.ConnAckPacket = field(default_factory=mqtt5.ConnAckPacket)
    suback: mqtt5.SubAckPacket | None = field(default_factory=lambda: GRANTED)
    heard: list[mqtt5.Packet] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.writer = writer
        buffer = b""
        while chunk := await reader.read(65536):
            self.raw += chunk
            buffer += chunk
            while buffer:
                packet, size = mqtt5.read(memoryview(buffer))
                buffer = buffer[size:]
                self.heard.append(packet)
                self._answer(writer, packet)
        writer.close()

    def _answer(self, writer: asyncio.StreamWriter, packet: mqtt5.Packet) -> None:
        if isinstance(packet, mqtt5.ConnectPacket):
            writer.write(self.connack.write())
        elif isinstance(packet, mqtt5.SubscribePacket) and self.suback is not None:
            writer.write(self.suback.write())

    def send(self, *packets: mqtt5.Packet) -> None:
        """To the client."""
        assert self.writer is not None
        self.writer.write(b"".join(packet.write() for packet in packets))

    def of(self, kind: type[mqtt5.Packet]) -> list[mqtt5.Packet]:
        """What was heard of a kind."""
        return [packet for packet in self.heard if isinstance(packet, kind)]


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[BrokerAddress]:
    """The script on a port of its own."""
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield BrokerAddress(host, port, False, "ingest", b"secret")
    finally:
        if script.writer is not None:
            script.writer.close()
        server.close()
        await server.wait_closed()


def message(number: int, size: int = 10) -> mqtt5.PublishPacket:
    return mqtt5.PublishPacket(
        "city/v1/x", b"x" * size, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=number
    )


class Inbox:
    """What the connection hands on."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def __call__(self, connection: BrokerConnection, messages: list[Message]) -> None:
        self.messages += messages


async def test_it_introduces_itself_and_subscribes_to_telemetry_at_qos_1() -> None:
    script = Script()
    settings = IngestSettings(member="ingest-3", share_group="crew", max_unacked_messages=500)
    async with serving(script) as address:
        connection = await BrokerConnection.connect(address, settings, Inbox())
        connection.abort()
    connect, subscribe = script.heard[:2]
    assert isinstance(connect, mqtt5.ConnectPacket)
    assert (connect.client_id, connect.username, connect.password) == (
        "citypulse-ingest-3",
        "ingest",
        b"secret",
    )
    assert (connect.clean_start, connect.receive_max) == (False, 500)
    assert connect.session_expiry_interval == settings.session_expiry_s
    assert isinstance(subscribe, mqtt5.SubscribePacket)
    (wanted,) = subscribe.topic_filters
    assert wanted.pattern == "$share/crew/city/v1/+/+/+/telemetry"
    assert wanted.max_qos == mqtt5.QoS.AT_LEAST_ONCE


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        pytest.param(
            Script(
                connack=mqtt5.ConnAckPacket(
                    reason_code=mqtt5.ConnAckReasonCode.BAD_USER_NAME_OR_PASSWORD
                )
            ),
            r"connection: bad user name or password \(0x86\)",
            id="wrong credentials",
        ),
        pytest.param(
            Script(suback=mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.NOT_AUTHORIZED])),
            r"subscription city/v1/\+/\+/\+/telemetry: not authorized",
            id="no right to read",
        ),
        pytest.param(
            Script(suback=mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_MOST_ONCE])),
            "subscription .* granted qos at most once",
            id="QoS 0 only, which would lose",
        ),
    ],
)
async def test_a_refusal_says_what_and_why(script: Script, reason: str) -> None:
    async with serving(script) as address:
        with pytest.raises(BrokerRefused, match=reason):
            await BrokerConnection.connect(address, SETTINGS, Inbox())


async def test_a_hang_up_during_the_handshake_is_said() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        with pytest.raises(BrokerLost, match="closed the connection"):
            await BrokerConnection.connect(BrokerAddress(host, port, False), SETTINGS, Inbox())


async def test_messages_before_the_suback_are_handed_on(until: Until) -> None:
    script = Script(connack=mqtt5.ConnAckPacket(session_present=True), suback=None)
    inbox = Inbox()
    async with serving(script) as address:
        connecting = asyncio.create_task(BrokerConnection.connect(address, SETTINGS, inbox))
        await until(lambda: script.of(mqtt5.SubscribePacket))
        script.send(message(1), message(2))
        await until(lambda: len(inbox.messages) == 2)
        script.send(GRANTED)
        connection = await connecting
        assert connection.session_present
        connection.abort()


async def test_acknowledgements_go_out_in_order_in_the_shortest_form(until: Until) -> None:
    script = Script()
    async with serving(script) as address:
        connection = await BrokerConnection.connect(address, SETTINGS, Inbox())
        connection.ack([3, 65535, 1])
        await until(lambda: len(script.of(mqtt5.PubAckPacket)) == 3)
        assert bytes(script.raw[-12:]) == b"\x40\x02\x00\x03\x40\x02\xff\xff\x40\x02\x00\x01"
        connection.abort()
        await asyncio.wait({connection.lost})
        connection.ack([4])
    assert len(script.of(mqtt5.PubAckPacket)) == 3


async def test_while_held_nothing_is_read_and_afterwards_all_of_it(until: Until) -> None:
    script, inbox = Script(), Inbox()
    async with serving(script) as address:
        connection = await BrokerConnection.connect(address, SETTINGS, inbox)
        connection.hold()
        script.send(*(message(number, 5000) for number in range(1, 101)))
        await asyncio.sleep(0.1)
        assert inbox.messages == []
        connection.release()
        await until(lambda: len(inbox.messages) == 100)
        assert [got.packet_id for got in inbox.messages] == list(range(1, 101))
        connection.abort()


async def test_resting_between_reads_loses_nothing(until: Until) -> None:
    script, inbox = Script(), Inbox()
    async with serving(script) as address:
        settings = IngestSettings(coalesce_s=0.02)
        connection = await BrokerConnection.connect(address, settings, inbox)
        for number in range(1, 51):
            script.send(message(number))
            await asyncio.sleep(0.001)
        await until(lambda: len(inbox.messages) == 50)
        connection.abort()


async def test_a_disconnect_by_the_broker_gives_its_reason() -> None:
    script = Script()
    async with serving(script) as address:
        connection = await BrokerConnection.connect(address, SETTINGS, Inbox())
        code = mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER
        script.send(mqtt5.DisconnectPacket(reason_code=code))
        with pytest.raises(BrokerLost, match=r"session taken over \(0x8e\)"):
            await connection.lost


async def test_a_silent_broker_is_given_up_and_one_that_answers_pings_is_not(
    until: Until,
) -> None:
    # The broker's word on the interval holds: one second here, so that the test need not wait.
    script = Script(connack=mqtt5.ConnAckPacket(server_keep_alive=1))
    async with serving(script) as address:
        connection = await BrokerConnection.connect(address, SETTINGS, Inbox())
        for expected in (1, 2, 3, 4):
            await until(lambda expected=expected: len(script.of(mqtt5.PingReqPacket)) >= expected)
            script.send(mqtt5.PingRespPacket())
        assert not connection.is_closed
        with pytest.raises(BrokerLost, match="silent for"):
            await asyncio.wait_for(connection.lost, 10)


async def test_while_held_the_broker_is_pinged_and_its_silence_forgiven(until: Until) -> None:
    script = Script(connack=mqtt5.ConnAckPacket(server_keep_alive=1))
    async with serving(script) as address:
        connection = await BrokerConnection.connect(address, SETTINGS, Inbox())
        connection.hold()
        await until(lambda: len(script.of(mqtt5.PingReqPacket)) >= 5)
        assert not connection.is_closed
        connection.abort()


async def test_a_stream_that_is_no_mqtt_ends_the_connection(until: Until) -> None:
    script = Script()
    async with serving(script) as address:
        connection = await BrokerConnection.connect(address, SETTINGS, Inbox())
        assert script.writer is not None
        script.writer.write(b"\xf1\x00")
        with pytest.raises(BrokerLost, match="reading from the broker"):
            await connection.lost
        await until(lambda: script.of(mqtt5.DisconnectPacket))
    (goodbye,) = script.of(mqtt5.DisconnectPacket)
    assert isinstance(goodbye, mqtt5.DisconnectPacket)
    assert goodbye.reason_code == mqtt5.DisconnectReasonCode.MALFORMED_PACKET
