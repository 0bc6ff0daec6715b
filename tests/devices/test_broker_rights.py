"""What the broker lets a device, a service and a stranger do: tried on a real Mosquitto."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import aiomqtt
import psycopg
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from city.topics import device_topic
from devices.broker_files import write_broker_files
from devices.city_import import import_city
from devices.enrolment import enrol, revoke, rotate

Connection = psycopg.AsyncConnection[Any]
Codes = dict[str, str]

FOR_EVER = 0xFFFF_FFFF
SERVICES = {"ingest": "ingest-secret", "console": "console-secret"}
MEMBERS = {"ingest-1": SERVICES["ingest"]}
# As whom a service introduces itself; the broker goes by its user's name.
IDENTIFIERS = {"ingest": "citypulse-ingest-0"}
# What the broker lets through arrives in a few ms; what it withholds is proven by a later message.
ARRIVES_S = 10


class Broker(Protocol):
    """What these tests use of the fixture."""

    password_file: Any
    acl_file: Any
    port: int

    def reload(self) -> None: ...


class City:
    """A broker with our files, and the secrets of those it lets in."""

    def __init__(self, conn: Connection, broker: Broker, codes: Codes) -> None:
        self._conn = conn
        self._broker = broker
        self.codes = codes
        self.secrets = SERVICES | MEMBERS

    async def write(self) -> None:
        """Write the files and reload, as `citypulse devices` does."""
        await write_broker_files(
            self._conn,
            passwords=self._broker.password_file,
            acl=self._broker.acl_file,
            service_secrets=SERVICES,
            reload=self._broker.reload,
        )

    @asynccontextmanager
    async def client(
        self, name: str, secret: str | None = None, **session: Any
    ) -> AsyncIterator[aiomqtt.Client]:
        """A connection in this name."""
        async with aiomqtt.Client(
            "127.0.0.1",
            self._broker.port,
            username=name,
            password=secret or self.secrets[name],
            timeout=ARRIVES_S,
            protocol=aiomqtt.ProtocolVersion.V5,
            **session,
        ) as client:
            yield client

    @asynccontextmanager
    async def lasting(self, name: str) -> AsyncIterator[aiomqtt.Client]:
        """A connection in this name whose session and queue outlive it."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
        properties.SessionExpiryInterval = FOR_EVER
        async with self.client(
            name, identifier=IDENTIFIERS.get(name, name), clean_start=False, properties=properties
        ) as client:
            yield client

    async def lets_in(self, name: str, secret: str | None = None) -> bool:
        """Whether the broker accepts this name with this secret."""
        try:
            async with self.client(name, secret):
                return True
        except aiomqtt.MqttError:
            return False

    async def until_it_lets_in(self, name: str, secret: str | None = None) -> None:
        """The broker reads its files at its next turn, not before it answers us."""
        async with asyncio.timeout(ARRIVES_S):
            while not await self.lets_in(name, secret):  # noqa: ASYNC110 - polls with a deadline
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def stranger(self, **identity: Any) -> AsyncIterator[aiomqtt.Client]:
        """A connection with any identity or none."""
        async with aiomqtt.Client(
            "127.0.0.1", self._broker.port, timeout=ARRIVES_S, **identity
        ) as client:
            yield client

    def topic(self, device: str, channel: str = "telemetry") -> str:
        """A topic of a device, where its district and profile are."""
        return device_topic(district="110101", profile="smart-pole", device=device, channel=channel)


@pytest.fixture
async def city(conn: Connection, broker: Broker, codes: Codes) -> City:
    """The street's devices enrolled, and the broker told."""
    running = City(conn, broker, codes)
    running.secrets |= {each.code: each.secret for each in await enrol(conn)}
    await running.write()
    await running.until_it_lets_in("ingest")
    return running


async def _until(arrived: Callable[[], bool]) -> None:
    async with asyncio.timeout(ARRIVES_S):
        while not arrived():  # noqa: ASYNC110 - polls with a deadline
            await asyncio.sleep(0.01)


async def _try_to_publish(city: City, name: str, topics: list[str]) -> None:
    """Publish on each topic, each time over a new connection: Mosquitto cuts one that may not."""
    for topic in topics:
        with suppress(aiomqtt.MqttError):
            async with city.client(name) as client:
                await client.publish(topic, b"forged", qos=1)


@asynccontextmanager
async def _listening(client: aiomqtt.Client, topic: str) -> AsyncIterator[list[tuple[str, bytes]]]:
    """What a client hears on a filter, as it comes."""
    heard: list[tuple[str, bytes]] = []

    async def listen() -> None:
        async for message in client.messages:
            heard.append((str(message.topic), bytes(message.payload)))

    await client.subscribe(topic, qos=1)
    task = asyncio.create_task(listen(), name="listener")
    try:
        yield heard
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, aiomqtt.MqttError):
            await task


async def test_a_device_is_heard_below_its_own_code_only(city: City) -> None:
    own, other = city.codes["device/1"], city.codes["device/2"]
    async with city.client("ingest") as ingest, _listening(ingest, "#") as heard:
        forbidden = [
            *(city.topic(other, channel) for channel in ("telemetry", "status", "reply")),
            city.topic(own, "command"),
            city.topic(own) + "/more",
            f"city/v1/110101/smart-pole/{own}",
            "city/v1/telemetry",
            "elsewhere",
            "$SYS/broker/uptime",
        ]
        await _try_to_publish(city, own, forbidden)
        async with city.client(own) as device:
            for channel in ("telemetry", "status", "event", "reply"):
                await device.publish(city.topic(own, channel), b"mine", qos=1)
        await _until(lambda: len(heard) >= 4)
    assert heard == [
        (city.topic(own, channel), b"mine") for channel in ("telemetry", "status", "event", "reply")
    ]


async def test_a_device_hears_its_own_commands_and_nothing_else(city: City) -> None:
    own, other = city.codes["device/1"], city.codes["device/2"]
    async with city.client(own) as device, _listening(device, "#") as heard:
        async with city.client(other) as neighbour:
            await neighbour.publish(city.topic(other), b"private", qos=1)
        async with city.client("console") as console:
            await console.publish(city.topic(other, "command"), b"not for you", qos=1)
            await console.publish(city.topic(own, "command"), b"dim", qos=1)
        await _until(lambda: len(heard) >= 1)
    assert heard == [(city.topic(own, "command"), b"dim")]


async def test_ingest_reads_everything_and_publishes_nothing(city: City) -> None:
    device = city.codes["device/1"]
    async with city.client("ingest-1") as ingest, _listening(ingest, "city/v1/#") as heard:
        # Its own name as a device's is what patterns alone would have let through.
        as_device = "city/v1/110101/smart-pole/ingest/telemetry"
        await _try_to_publish(city, "ingest", [city.topic(device), as_device])
        async with city.client(device) as sender:
            await sender.publish(city.topic(device), b"true", qos=1)
        await _until(lambda: len(heard) >= 1)
    assert heard == [(city.topic(device), b"true")]


async def test_ingest_reads_the_brokers_own_counters(city: City) -> None:
    topic = "$SYS/broker/version"
    async with city.client("ingest") as ingest, _listening(ingest, topic) as heard:
        await _until(lambda: len(heard) >= 1)
    assert heard[0][1].startswith(b"mosquitto")


async def test_the_console_commands_and_hears_replies_but_reports_nothing(city: City) -> None:
    device = city.codes["device/1"]
    said = [(city.topic(device), b"not for the console"), (city.topic(device, "reply"), b"done")]
    async with city.client("ingest") as ingest, _listening(ingest, "city/v1/#") as everything:
        await _try_to_publish(city, "console", [topic for topic, _ in said])
        async with (
            city.client("console") as console,
            _listening(console, "#") as heard,
            city.client(device) as sender,
        ):
            for topic, payload in said:
                await sender.publish(topic, payload, qos=1)
            await _until(lambda: len(heard) >= 1 and len(everything) >= len(said))
    assert (heard, everything) == (said[1:], said)


async def test_strangers_are_refused(city: City) -> None:
    device, other = city.codes["device/1"], city.codes["device/2"]
    identities: list[dict[str, Any]] = [
        {},
        {"username": device},
        {"username": device, "password": "guess"},
        {"username": device, "password": city.secrets[other]},
        {"username": city.codes["pole/1"], "password": city.secrets[device]},
        {"username": device.lower(), "password": city.secrets[device]},
    ]
    for identity in identities:
        with pytest.raises(aiomqtt.MqttError):
            async with city.stranger(**identity):
                pass


async def test_a_revoked_device_is_out_with_the_reload(city: City, conn: Connection) -> None:
    device = city.codes["device/1"]
    async with city.client(city.codes["device/2"]) as bystander:
        assert await city.lets_in(device)
        with pytest.raises(aiomqtt.MqttError):
            async with city.client(device) as doomed:
                await revoke(conn, [device])
                await city.write()
                async with asyncio.timeout(ARRIVES_S):
                    async for _ in doomed.messages:
                        pass
        assert not await city.lets_in(device)
        await bystander.publish(city.topic(city.codes["device/2"]), b"still here", qos=1)


async def test_a_rotated_secret_replaces_the_old_one(city: City, conn: Connection) -> None:
    device = city.codes["device/1"]
    (issued,) = await rotate(conn, [device])
    await city.write()
    await city.until_it_lets_in(device, issued.secret)
    assert not await city.lets_in(device)


async def test_a_device_enrolled_later_gets_in_with_the_reload(
    city: City, conn: Connection
) -> None:
    device = city.codes["device/1"]
    await revoke(conn, [device])
    await city.write()
    (issued,) = await enrol(conn, [device])
    await city.write()
    await city.until_it_lets_in(device, issued.secret)


async def _intrude(city: City, victim: str) -> None:
    """As another device, with its own valid credential, use each name the victim may go by."""
    intruder = city.codes["station"]
    for identifier in (victim, IDENTIFIERS.get(victim, victim)):
        async with city.client(intruder, identifier=identifier, clean_start=True) as client:
            await client.publish(city.topic(intruder, "status"), b"here", qos=1)
        with pytest.raises(aiomqtt.MqttError):
            async with city.client(victim, "guess", identifier=identifier, clean_start=True):
                pass


@pytest.mark.parametrize("victim", ["ingest", "device/1"])
async def test_nobody_else_can_end_a_session_or_empty_its_queue(city: City, victim: str) -> None:
    device = city.codes["device/1"]
    name = city.codes.get(victim, victim)
    sender, channel = (device, "telemetry") if name == "ingest" else ("console", "command")
    topic = city.topic(device, channel)
    numbers = [str(number).encode() for number in range(300)]
    async with city.lasting(name) as session:
        await session.subscribe(topic, qos=1)

    async with city.client(sender) as client:
        for number in numbers[:100]:
            await client.publish(topic, number, qos=1)
        await _intrude(city, name)
        for number in numbers[100:200]:
            await client.publish(topic, number, qos=1)
        async with city.lasting(name) as session:
            await _intrude(city, name)
            for number in numbers[200:]:
                await client.publish(topic, number, qos=1)
            messages = aiter(session.messages)
            async with asyncio.timeout(ARRIVES_S):
                heard = [bytes((await anext(messages)).payload) for _ in numbers]
    assert heard == numbers


async def test_members_of_a_share_group_have_users_and_sessions_of_their_own(city: City) -> None:
    device = city.codes["device/1"]
    async with (
        city.client("ingest") as one,
        city.client("ingest-1") as two,
        _listening(one, "city/v1/#") as first,
        _listening(two, "city/v1/#") as second,
        city.client(device) as sender,
    ):
        await sender.publish(city.topic(device), b"for both", qos=1)
        await _until(lambda: len(first) == len(second) == 1)


async def test_a_gateway_is_heard_for_its_members_only(
    city: City, conn: Connection, street: list[dict[str, Any]]
) -> None:
    gateway, member = city.codes["device/1"], city.codes["device/2"]
    stranger = city.codes["station"]
    street[4]["properties"]["attributes"] = {"gateway": "device/1"}
    await import_city(conn, {"type": "FeatureCollection", "features": street})
    await city.write()
    async with city.client("ingest") as ingest, _listening(ingest, "city/v1/#") as heard:
        async with asyncio.timeout(ARRIVES_S):
            while not heard:
                await _try_to_publish(city, gateway, [city.topic(member)])
        before = len(heard)
        await _try_to_publish(city, gateway, [city.topic(stranger), city.topic(member, "command")])
        await _try_to_publish(city, member, [city.topic(gateway), city.topic(stranger)])
        async with city.client(gateway) as speaker:
            for channel in ("telemetry", "status", "event", "reply"):
                await speaker.publish(city.topic(member, channel), b"for it", qos=1)
            await speaker.publish(city.topic(gateway), b"its own", qos=1)
        await _until(lambda: heard[-1][1] == b"its own")
    assert heard[before:] == [
        *(
            (city.topic(member, channel), b"for it")
            for channel in ("telemetry", "status", "event", "reply")
        ),
        (city.topic(gateway), b"its own"),
    ]


async def test_a_gateway_hears_its_members_commands(
    city: City, conn: Connection, street: list[dict[str, Any]]
) -> None:
    gateway, member = city.codes["device/1"], city.codes["device/2"]
    street[4]["properties"]["attributes"] = {"gateway": "device/1"}
    await import_city(conn, {"type": "FeatureCollection", "features": street})
    await city.write()
    async with (
        city.client(gateway) as device,
        _listening(device, "#") as heard,
        city.client("console") as console,
        asyncio.timeout(ARRIVES_S),
    ):
        while not heard:
            await console.publish(city.topic(city.codes["station"], "command"), b"no", qos=1)
            await console.publish(city.topic(member, "command"), b"dim", qos=1)
            await asyncio.sleep(0.05)
    assert set(heard) == {(city.topic(member, "command"), b"dim")}
