"""Ingest between a real broker and a real database: devices, their connections, the process."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any, Protocol
from urllib.parse import urlsplit

import mqtt5
import psycopg
import pytest

from city.codes import Kind, entity_code
from ingest.address import parse_address
from ingest.service import Ingest
from ingest.settings import IngestSettings

PATIENCE_S = 30.0
NOW_US = time.time_ns() // 1000

Query = Callable[..., list[tuple[Any, ...]]]


class BrokerForTests(Protocol):
    """What these tests need of the broker fixture."""

    port: int

    def url_for(self, username: str) -> str: ...
    def add_device(self, code: str) -> str: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


def enrol(cur: psycopg.Cursor[Any], code: str, profile: str) -> int:
    """Put a device into the registry and the directory; its key."""
    cur.execute(
        "INSERT INTO registry.entity (code, state, external_key, bound_at)"
        " VALUES (%s, 'bound', %s, now()) RETURNING entity_key",
        [code, code],
    )
    (entity_key,) = cur.fetchone() or (0,)
    cur.execute(
        "INSERT INTO registry.entity_version (entity_key, valid, class)"
        " VALUES (%s, tstzrange(now(), NULL), 'sensor')",
        [entity_key],
    )
    cur.execute(
        "INSERT INTO devices.device (entity_key, profile) VALUES (%s, %s) RETURNING device_key",
        [entity_key, profile],
    )
    (device_key,) = cur.fetchone() or (0,)
    return int(device_key)


def code_of(number: int) -> str:
    """A device code for tests."""
    return str(entity_code(Kind.DEVICE, "7K3", number))


def topic_of(code: str, profile: str = "smart-pole", district: str = "110101") -> str:
    """A device's telemetry topic."""
    return f"city/v1/{district}/{profile}/{code}/telemetry"


def payload(seq: int, ts_us: int | None = None, **values: float) -> bytes:
    """A reading as a device sends it."""
    ts_s, micros = divmod(NOW_US if ts_us is None else ts_us, 1_000_000)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ts_s)) + f".{micros:06d}Z"
    return json.dumps(
        {"v": 1, "boot": "b1", "seq": seq, "ts": text, "m": values or {"pm25": 1.0}}
    ).encode()


@dataclass
class DeviceConnection:
    """One device's connection: publishes at QoS 1 and knows what the broker acknowledged."""

    writer: asyncio.StreamWriter
    acked: set[int] = field(default_factory=set)
    reasons: dict[int, int] = field(default_factory=dict)
    closed: bool = False
    _next: int = 1

    def publish(self, topic: str, raw: bytes, *, duplicate: bool = False) -> int:
        """Send one message; its packet id."""
        packet_id = self._next
        self._next += 1
        self.writer.write(
            mqtt5.PublishPacket(
                topic,
                raw,
                qos=mqtt5.QoS.AT_LEAST_ONCE,
                packet_id=packet_id,
                duplicate=duplicate,
            ).write()
        )
        return packet_id

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Collect acknowledgements until the connection ends."""
        buffer = b""
        while chunk := await reader.read(65536):
            buffer += chunk
            while buffer:
                try:
                    packet, size = mqtt5.read(memoryview(buffer))
                except IndexError:
                    break
                buffer = buffer[size:]
                if isinstance(packet, mqtt5.PubAckPacket):
                    self.acked.add(packet.packet_id)
                    self.reasons[packet.packet_id] = packet.reason_code
        self.closed = True


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[DeviceConnection]:
    """A device's connection to the broker."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 20)
    writer.write(
        mqtt5.ConnectPacket(
            f"device-{parts.username}",
            username=parts.username,
            password=(parts.password or "").encode(),
            clean_start=True,
        ).write()
    )
    connack, _ = mqtt5.read(memoryview(await reader.read(1024)))
    assert isinstance(connack, mqtt5.ConnAckPacket)
    assert connack.reason_code == 0
    connection = DeviceConnection(writer)
    reading = asyncio.create_task(connection.read(reader))
    try:
        yield connection
    finally:
        writer.close()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


@dataclass
class City:
    """A broker and a database with devices, and an ingest to be started between them."""

    broker: BrokerForTests
    database_url: str
    keys: dict[str, int] = field(default_factory=dict)

    def add(self, number: int, profile: str = "smart-pole", *, enrolled: bool = True) -> str:
        """A device with a credential; its code."""
        code = code_of(number)
        self.broker.add_device(code)
        if enrolled:
            self.enrol(code, profile)
        return code

    def enrol(self, code: str, profile: str = "smart-pole") -> None:
        """Make the device known to the directory."""
        with psycopg.connect(self.database_url) as conn, conn.cursor() as cur:
            self.keys[code] = enrol(cur, code, profile)

    def query(self, text: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with psycopg.connect(self.database_url, autocommit=True) as conn:
            return conn.execute(text.encode(), parameters).fetchall()

    def device(self, code: str) -> Any:
        """The device's connection, as a context."""
        return connected(self.broker.url_for(code))

    @asynccontextmanager
    async def ingesting(self, user: str = "ingest", **settings: Any) -> AsyncIterator[Ingest]:
        """Ingest in this process, subscribed, and stopped in order at the end."""
        stop = asyncio.Event()
        options = {"flush_s": 0.02, "coalesce_s": 0.0, "drain_s": 20.0, **settings}
        ingest = Ingest(
            IngestSettings(**options),
            self.database_url,
            parse_address(self.broker.url_for(user)),
            stop,
        )
        task = asyncio.create_task(ingest.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await ingest.subscribed.wait()
            yield ingest
        finally:
            stop.set()
            async with asyncio.timeout(PATIENCE_S):
                await task

    @contextmanager
    def ingest_process(self, log: Path) -> Iterator["Popen[bytes]"]:
        """Ingest as a process of its own, to be killed."""
        script = (
            "import asyncio, logging, os; from ingest.service import run;"
            "from ingest.settings import IngestSettings; logging.basicConfig(level='INFO');"
            "asyncio.run(run(IngestSettings(), os.environ['DB'], os.environ['MQTT']))"
        )
        environ = {
            **os.environ,
            "DB": self.database_url,
            "MQTT": self.broker.url_for("ingest"),
        }
        with log.open("ab") as output:
            process = Popen([sys.executable, "-c", script], env=environ, stderr=output)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


async def until(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Poll until the condition holds.

    Raises:
        TimeoutError: it did not in time.
    """
    async with asyncio.timeout(patience_s):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.02)


@pytest.fixture
def city(broker: BrokerForTests, database_url: str) -> City:
    """A broker, a database, and no device yet."""
    return City(broker, database_url)


Until = Callable[..., Awaitable[None]]
Payload = Callable[..., bytes]


@pytest.fixture(name="until")
def until_fixture() -> Until:
    """`until`, for tests, which don't import from each other."""
    return until


@pytest.fixture(name="payload")
def payload_fixture() -> Payload:
    """`payload`, likewise."""
    return payload


@pytest.fixture(name="topic_of")
def topic_of_fixture() -> Callable[..., str]:
    """`topic_of`, likewise."""
    return topic_of
