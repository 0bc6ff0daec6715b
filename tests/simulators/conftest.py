"""A fleet file for the test's own broker, and a subscriber that writes down what comes."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from city.codes import Kind, entity_code
from simulators.clock import solar_elevation_deg
from simulators.weather import Sky

MakeFleet = Callable[..., Path]


@pytest.fixture
def make_fleet(broker: Any, tmp_path: Path) -> MakeFleet:
    """Enrol devices at the test's broker and write their fleet file."""

    def make(count: int, *, profile: str = "smart-pole", attributes: Any = None) -> Path:
        codes = [entity_code(Kind.DEVICE, "000", number) for number in range(count)]
        secrets = broker.add_devices(codes)
        entries = [
            {
                "code": code,
                "secret": secrets[code],
                "district": "110105",
                "profile": profile,
                "lon": 116.48 + 0.001 * number,
                "lat": 39.92,
                "attributes": attributes[number] if attributes else {},
            }
            for number, code in enumerate(codes)
        ]
        path = tmp_path / "fleet.json"
        path.write_text(json.dumps({"devices": entries}))
        return path

    return make


class Listener:
    """An ordinary paho subscriber with a lasting session, in its own thread."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._changed = threading.Condition()
        self.messages: list[tuple[str, bytes]] = []
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="listener", protocol=mqtt.MQTTv5
        )
        self._client.username_pw_set(self._url.username, self._url.password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._subscribed = threading.Event()

    def start(self) -> None:
        """Connect, subscribe, and return once the broker has confirmed it."""
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
        session.SessionExpiryInterval = 600
        assert self._url.hostname is not None
        assert self._url.port is not None
        self._client.connect(
            self._url.hostname, self._url.port, clean_start=False, properties=session
        )
        self._client.loop_start()
        assert self._subscribed.wait(10)

    def stop(self) -> None:
        """Disconnect and end the thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def readings(self) -> dict[str, dict[int, dict[str, Any]]]:
        """Device → seq → the reading as it was published."""
        found: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
        for topic, raw in list(self.messages):
            if topic.endswith("/telemetry"):
                payload = json.loads(raw)
                for reading in payload.get("r", [payload]):
                    found[topic.split("/")[4]][reading["seq"]] = reading
        return found

    def on_channel(self, channel: str) -> list[Any]:
        """Payloads of one channel, in order of arrival."""
        arrived = list(self.messages)
        return [json.loads(raw) for topic, raw in arrived if topic.endswith(f"/{channel}")]

    def wait_until(self, fulfilled: Callable[[], bool], seconds: float = 20) -> bool:
        """Wait for a condition on what has come; whether it came true in time."""
        with self._changed:
            return self._changed.wait_for(fulfilled, seconds)

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe("city/v1/#", qos=1)

    def _on_subscribe(self, *_: Any) -> None:
        self._subscribed.set()

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            self.messages.append((message.topic, bytes(message.payload)))
            self._changed.notify_all()


@pytest.fixture
def listener(broker: Any) -> Iterator[Listener]:
    """A subscriber to everything, as the ingest user."""
    subscriber = Listener(broker.url_for("ingest"))
    subscriber.start()
    yield subscriber
    subscriber.stop()


class MadeSkies:
    """Weather made for a test: the same everywhere, with rain when it is told to fall.

    Args:
        temperature_c: at any instant.
        rain: from when until when how much falls, mm/h.
        changed: anything else of the sky.
    """

    def __init__(
        self,
        temperature_c: float | Callable[[float], float] = 20.0,
        rain: Sequence[tuple[float, float, float]] = (),
        **changed: float,
    ) -> None:
        self._temperature_c = temperature_c
        self._rain = rain
        self._changed = changed

    def sky(self, t_s: float, lon: float, lat: float) -> Sky:
        """The weather at an instant."""
        wanted = self._temperature_c
        falling = sum(mm_h for from_s, until_s, mm_h in self._rain if from_s <= t_s < until_s)
        return Sky(
            temperature_c=wanted if isinstance(wanted, float) else wanted(t_s),
            humidity_pct=50.0,
            pressure_hpa=1013.0,
            wind_speed_ms=2.0,
            wind_direction_deg=0.0,
            rain_mm_h=falling,
            cloud=0.2,
            sun_elevation_deg=solar_elevation_deg(t_s, lon, lat),
        )._replace(**self._changed)

    def rain_mm(self, since_s: float, until_s: float) -> float:
        """Rain fallen between two instants."""
        return sum(
            max(0.0, min(until_s, until) - max(since_s, since)) / 3600 * mm_h
            for since, until, mm_h in self._rain
        )

    def pm25(self, t_s: float, lon: float, lat: float) -> float:
        """A little haze."""
        return 30.0


@pytest.fixture
def made_skies() -> type[MadeSkies]:
    """Weather made for a test, to be told what it is like."""
    return MadeSkies
