"""The real parts that every other test stands on."""

from contextlib import suppress
from typing import Any

import aiomqtt
import psycopg
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from citypulse.stack.postgres import Postgres
from citypulse.stack.process import wait_until


def client(broker: Any, username: str, password: str) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", broker.port, username=username, password=password)


async def test_a_fresh_database_has_the_extensions(empty_database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database_url) as connection:
        cursor = await connection.execute("SELECT extname FROM pg_extension")
        names = {name for (name,) in await cursor.fetchall()}
    assert {"timescaledb", "postgis", "btree_gist"} <= names


async def test_the_owner_of_the_database_is_no_superuser(empty_database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database_url) as connection:
        cursor = await connection.execute("SHOW is_superuser")
        assert await cursor.fetchone() == ("off",)


def test_a_wrong_database_password_is_refused(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://citypulse:wrong@127.0.0.1:{postgres.port}/postgres")


async def test_a_device_publishes_only_below_its_own_code(broker: Any) -> None:
    secret = broker.add_device("D2222223Q")
    async with client(broker, "ingest", broker.secret_of("ingest")) as reader:
        await reader.subscribe("city/v1/+/+/+/telemetry", qos=1)
        with suppress(aiomqtt.MqttError):  # Mosquitto cuts the connection after such a try
            async with client(broker, "D2222223Q", secret) as device:
                await device.publish("city/v1/110101/smart-pole/OTHER/telemetry", b"foreign", qos=1)
        async with client(broker, "D2222223Q", secret) as device:
            await device.publish("city/v1/110101/smart-pole/D2222223Q/telemetry", b"own", qos=1)
        message = await anext(aiter(reader.messages))
    assert message.payload == b"own"


@pytest.mark.parametrize(
    ("username", "password"),
    [
        pytest.param(None, None, id="anonymous"),
        pytest.param("ingest", "wrong", id="a service with a wrong password"),
        pytest.param("D2222223Q", "unknown", id="a device that was never enrolled"),
    ],
)
async def test_a_stranger_is_refused_by_the_broker(
    broker: Any, username: str | None, password: str | None
) -> None:
    stranger = aiomqtt.Client("127.0.0.1", broker.port, username=username, password=password)
    with pytest.raises(aiomqtt.MqttCodeError):
        await stranger.__aenter__()


async def test_a_persistent_session_outlives_a_broker_restart(broker: Any) -> None:
    secret = broker.add_device("D2222223Q")
    keeper: dict[str, Any] = {
        "hostname": "127.0.0.1",
        "port": broker.port,
        "username": "ingest",
        "password": broker.secret_of("ingest"),
        "identifier": "keeper",
        "clean_session": False,
    }
    async with aiomqtt.Client(**keeper) as reader:
        await reader.subscribe("city/v1/+/+/+/telemetry", qos=1)
    async with client(broker, "D2222223Q", secret) as device:
        for number in range(1500):  # more than the 1,000 that Mosquitto keeps by default
            topic = "city/v1/110101/smart-pole/D2222223Q/telemetry"
            await device.publish(topic, str(number).encode(), qos=1)
    broker.stop()
    broker.start()
    async with aiomqtt.Client(**keeper) as reader:
        messages = aiter(reader.messages)
        received = [(await anext(messages)).payload for _ in range(1500)]
    assert received == [str(number).encode() for number in range(1500)]


async def test_sessions_without_end_survive_a_restart_and_a_reload(broker: Any) -> None:
    codes = [f"D222222{number:02d}" for number in range(20)]
    secrets = broker.add_devices(codes)
    session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    session.SessionExpiryInterval = 0xFFFF_FFFF  # Mosquitto 2.0.21 crashes here over a finite one

    async def come_and_go(code: str) -> None:
        async with aiomqtt.Client(
            "127.0.0.1",
            broker.port,
            username=code,
            password=secrets[code],
            identifier=code,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            properties=session,
        ) as device:
            await device.subscribe(f"city/v1/110101/smart-pole/{code}/command", qos=1)

    for code in codes:
        await come_and_go(code)
    broker.stop()
    broker.start()
    before = broker.pid
    reloads = broker.log.read_text().count("Reloading config")
    broker.reload()
    assert wait_until(
        lambda: broker.log.read_text().count("Reloading config") > reloads, deadline_s=5
    )
    for code in codes:
        await come_and_go(code)
    assert broker.pid == before
    assert broker.stop() == 0
