"""One simulated device at the broker: its own connection, identity, memory and manners.

Readings come in by `put` and leave as telemetry with QoS 1. While the broker is away they stay in
the device's memory, oldest dropped first when that is full, and go out in batches afterwards; what
was in flight is sent again. A device says online and offline on its retained status topic, and
turns down every command.
"""

import asyncio
import json
from collections import deque
from contextlib import suppress
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from city.readings import Reading
from simulators.broker_address import BrokerAddress
from simulators.fleet_file import FleetDevice
from simulators.outbox import FIRMWARE, MEMORY_READINGS, READINGS_PER_MESSAGE, encoded
from simulators.pace import Gate
from simulators.sockets import SocketServing
from simulators.tallies import Tally
from simulators.uplinks import connect_again

_IN_FLIGHT_MESSAGES = 8  # below every broker's Receive Maximum that we met (Mosquitto: 20)
_KEEPALIVE_S = 60
_DIAL_TIMEOUT_S = 5
_GOODBYE_S = 2.0
# Never: Mosquitto 2.0.21 crashes over sessions with an end that it restored from its snapshot and
# that have not come back when its credentials are reloaded (docs/operations.md).
_SESSION_EXPIRY_S = 0xFFFF_FFFF


class Terminal:
    """One device.

    Args:
        device: who it is.
        broker: where it delivers.
        sockets: what serves its connection.
        gate: limits how many devices dial at once.
        boot: its boot id, new for each run.
        memory: how many readings it keeps while it can't deliver.
    """

    def __init__(
        self,
        device: FleetDevice,
        broker: BrokerAddress,
        *,
        sockets: SocketServing,
        gate: Gate,
        boot: str,
        memory: int = MEMORY_READINGS,
    ) -> None:
        self.device = device
        self.tally = Tally(boot, device.profile)
        self._sockets = sockets
        self._gate = gate
        self._memory: deque[Reading] = deque()
        self._memory_size = memory
        self._in_flight: dict[int, tuple[int, ...]] = {}
        self._telemetry = device.topic("telemetry")
        self._status = device.topic("status")
        self._connected = False
        self._leaving = asyncio.Event()
        self._lost = asyncio.Event()
        self._delivered = asyncio.Event()
        self._delivered.set()
        self._client = self._new_client(broker)

    @property
    def is_connected(self) -> bool:
        """Whether the broker has accepted it and has not been lost since."""
        return self._connected

    @property
    def in_flight(self) -> int:
        """Telemetry messages sent and not acknowledged."""
        return len(self._in_flight)

    @property
    def waiting(self) -> int:
        """Readings in memory."""
        return len(self._memory)

    def put(self, ts_us: int, values: dict[str, float]) -> None:
        """Take a reading (microseconds since 1970-01-01T00:00Z) and deliver it when possible."""
        self.remember(ts_us, values)
        self.send()

    def remember(self, ts_us: int, values: dict[str, float]) -> None:
        """Take a reading into memory only, so that it leaves in a batch with others."""
        if len(self._memory) >= self._memory_size:
            self._memory.popleft()
            self.tally.dropped += 1
        self._memory.append(Reading(self.tally.produced, ts_us, values))
        self.tally.produced += 1
        self._delivered.clear()

    def send(self) -> None:
        """Publish from memory while the window is open: one reading alone, or many as a batch."""
        while self._connected and self._memory and len(self._in_flight) < _IN_FLIGHT_MESSAGES:
            count = min(len(self._memory), READINGS_PER_MESSAGE)
            readings = [self._memory.popleft() for _ in range(count)]
            info = self._client.publish(self._telemetry, encoded(self.tally.boot, readings), qos=1)
            self._in_flight[info.mid] = tuple(each.ts_us // 1000 for each in readings)
            self.tally.messages += 1

    async def delivered(self) -> None:
        """Wait until nothing is in memory or in flight."""
        await self._delivered.wait()

    async def stay_connected(self) -> None:
        """Connect, and again after each loss, until `leave`."""
        await connect_again(self._connection, self._leaving)

    def keep_alive(self) -> None:
        """Ping when it is time and notice a dead broker; to be called every few seconds."""
        self._client.loop_misc()

    async def leave(self, deadline_s: float) -> None:
        """Deliver what is left, say offline, disconnect; give up what the deadline cuts off."""
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                await self.delivered()
                if self._connected:
                    await self._say_offline()
        self._leaving.set()
        if self._client.socket() is not None:
            await self._hang_up()

    async def _connection(self) -> bool:
        """One connection from dialling to its loss; whether the broker accepted it."""
        accepted_before = self.tally.connects
        await self._gate.turn()
        if self._leaving.is_set():
            return False
        self._lost.clear()
        try:
            await self._sockets.dial(self._client)
        except OSError as error:
            self.tally.failed_connects += 1
            self.tally.reasons[error.strerror or type(error).__name__] += 1
            return False
        if self._leaving.is_set():  # it began to leave while it was dialling
            await self._hang_up()
        await self._lost.wait()
        return self.tally.connects > accepted_before

    async def _hang_up(self) -> None:
        self._client.disconnect()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._lost.wait(), _GOODBYE_S)
        self._sockets.abandon(self._client)  # nothing to do unless the broker hangs
        self._lost.set()

    async def _say_offline(self) -> None:
        info = self._client.publish(self._status, self._status_payload("offline"), 1, retain=True)
        self._in_flight[info.mid] = ()
        self._delivered.clear()
        await self.delivered()

    def _status_payload(self, state: str) -> str:
        return json.dumps(
            {"v": 1, "state": state, "boot": self.tally.boot, "firmware": FIRMWARE},
            separators=(",", ":"),
        )

    def _new_client(self, broker: BrokerAddress) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.device.code,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        client.username_pw_set(self.device.code, self.device.secret)
        client.will_set(self._status, self._status_payload("offline"), qos=1, retain=True)
        client.connect_timeout = _DIAL_TIMEOUT_S
        if broker.encrypted:
            client.tls_set()
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        session = _properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = _SESSION_EXPIRY_S
        client.connect_async(
            broker.host, broker.port, _KEEPALIVE_S, clean_start=False, properties=session
        )
        self._sockets.adopt(client)
        return client

    def _on_connect(
        self, client: mqtt.Client, _userdata: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if reason.is_failure:
            self.tally.failed_connects += 1
            self.tally.reasons[f"connection: {reason}"] += 1
            return
        self.tally.connects += 1
        self._connected = True
        client.subscribe(self.device.topic("command"), qos=1)
        client.publish(self._status, self._status_payload("online"), qos=1, retain=True)
        # Afterwards, because paho is about to send again what was in flight: first come, first
        # served keeps a device's readings in order.
        asyncio.get_running_loop().call_soon(self.send)

    def _on_disconnect(
        self, _client: mqtt.Client, _userdata: Any, flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self.tally.reasons[f"disconnected: {reason}"] += 1
        self._connected = False
        self._lost.set()

    def _on_publish(
        self, _client: mqtt.Client, _userdata: Any, mid: int, reason: ReasonCode, _properties: Any
    ) -> None:
        instants_ms = self._in_flight.pop(mid, ())  # none for status and replies
        if reason.is_failure:
            self.tally.refused += len(instants_ms)
            self.tally.reasons[f"message: {reason}"] += 1
        else:
            self.tally.acknowledged += len(instants_ms)
            self.tally.taken_over.add(instants_ms)
        self.send()
        if not self._memory and not self._in_flight:
            self._delivered.set()

    def _on_message(self, client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        """Turn a command down, as MQTT 5 request and response want it."""
        asked, answer = message.properties, _properties(PacketTypes.PUBLISH)
        correlation = getattr(asked, "CorrelationData", None)
        if correlation is not None:
            answer.CorrelationData = correlation
        wanted = getattr(asked, "ResponseTopic", "")
        own = self._status.removesuffix("status")
        topic = wanted if wanted.startswith(own) else self.device.topic("reply")
        reply = json.dumps({"v": 1, "state": "failed", "reason": "not supported"})
        client.publish(topic, reply, qos=1, properties=answer)


def _properties(packet_type: int) -> Properties:
    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho's
