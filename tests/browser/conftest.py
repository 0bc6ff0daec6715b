"""The whole line for a browser: broker, ingest, vitals and API as processes, and a Chromium."""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import httpx
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Browser, Page, sync_playwright

from city.payload import encode_reading
from city.topics import device_topic
from citypulse.stack.ports import any_free

PATIENCE_S = 90.0  # two busy cores draw a map in software here
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A map needs WebGL; without a graphics card Chromium draws it by SwiftShader when told to.
ARGUMENTS = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox")
PAGE = Path(__file__).parents[2] / "dashboard" / "dist" / "index.html"


class DeviceBroker(Protocol):
    """What these tests need of the broker fixture."""

    def url_for(self, username: str) -> str: ...
    def add_device(self, code: str) -> str: ...


class Terminal:
    """A device with its own credential, connected to the broker."""

    def __init__(self, code: str, district: str, profile: str, url: str) -> None:
        address = urlsplit(url)
        self.code = code
        self._topic = device_topic(
            district=district, profile=profile, device=code, channel="telemetry"
        )
        self._address = (address.hostname or "", address.port or 0)
        self._seq = 0
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"test-{code}")
        self._client.username_pw_set(address.username, address.password)

    def __enter__(self) -> Self:
        self._client.connect(*self._address)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def report(self, **values: float) -> None:
        """Publish a reading of this instant, and wait for the broker to have it."""
        self._seq += 1
        now_us = time.time_ns() // 1000
        raw = encode_reading(boot="b1", seq=self._seq, ts_us=now_us, values=values)
        self._client.publish(self._topic, raw, qos=1).wait_for_publish(PATIENCE_S)


@dataclass
class Line:
    """The running processes, from broker to page."""

    city: Any
    broker: DeviceBroker
    logs: Path
    port: int = field(default_factory=any_free)
    stack: ExitStack = field(default_factory=ExitStack)
    _api: "Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}"

    def pole(self, district: str = "110101", number: int = 1) -> Terminal:
        """A pole's terminal, connected until the test ends."""
        return self._connected(self.city.pole(district, number), district, "smart-pole")

    def detector(self, number: int = 1) -> Terminal:
        """The detector on a link of the small road, connected until the test ends."""
        return self._connected(self.city.codes[f"detector-{number}"], "110101", "road")

    def _connected(self, code: str, district: str, profile: str) -> Terminal:
        self.broker.add_device(code)
        url = self.broker.url_for(code)
        return self.stack.enter_context(Terminal(code, district, profile, url))

    def start(self) -> None:
        """Start ingest, vitals and API, and wait until the API answers."""
        self._process("ingest")
        self._process("vitals")
        self.start_api()

    def start_api(self) -> None:
        """Start the API, on the same port as before."""
        self._api = self._process("api", "--port", str(self.port))
        wait_until(self._answers, "the API answers")

    def stop_api(self) -> None:
        """End the API as an operator would."""
        assert self._api is not None
        self._api.terminate()
        self._api.wait(PATIENCE_S)

    def _answers(self) -> bool:
        assert self._api is not None
        assert self._api.poll() is None, (self.logs / "api.log").read_text()
        try:
            return httpx.get(f"{self.address}/api/v1/signs?level=district").is_success
        except httpx.TransportError:
            return False

    def _process(self, *command: str) -> "Popen[bytes]":
        log = self.stack.enter_context((self.logs / f"{command[0]}.log").open("ab"))
        process = Popen(
            [sys.executable, "-m", "citypulse", *command], env=self._environ(), stderr=log
        )
        self.stack.callback(_end, process)
        return process

    def _environ(self) -> Mapping[str, str]:
        kept = {key: text for key, text in os.environ.items() if not key.startswith("CITYPULSE_")}
        return {
            **kept,
            "CITYPULSE_DATABASE_URL": self.city.url,
            "CITYPULSE_MQTT_URL": self.broker.url_for("ingest"),
            "CITYPULSE_VITALS_SIGNS_INTERVAL_S": "2",
        }


def _end(process: "Popen[bytes]") -> None:
    process.terminate()
    process.wait(PATIENCE_S)


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Poll until the condition holds.

    Raises:
        AssertionError: it did not in time.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not in {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.1)


@pytest.fixture(name="wait_until")
def wait_until_fixture() -> Callable[[Callable[[], object], str], None]:
    """`wait_until`, for tests, which don't import from each other."""
    return wait_until


@pytest.fixture
def line(known_city: Any, broker: DeviceBroker, tmp_path: Path) -> Iterator[Line]:
    """The small city with everything running between its broker and its page."""
    with _running(known_city, broker, tmp_path) as running:
        yield running


@pytest.fixture
def network_line(known_city: Any, broker: DeviceBroker, tmp_path: Path) -> Iterator[Line]:
    """The same with a road, a tunnel and metered buildings in the city."""
    # Playwright keeps a loop in this thread, in which no other one may run.
    with ThreadPoolExecutor(1) as aside:
        city = aside.submit(lambda: asyncio.run(known_city.with_networks())).result(PATIENCE_S)
    with _running(city, broker, tmp_path) as running:
        yield running


@contextmanager
def _running(city: Any, broker: DeviceBroker, logs: Path) -> Iterator[Line]:
    assert PAGE.is_file(), "the page is not built: run scripts/page.sh build"
    running = Line(city, broker, logs)
    with running.stack:
        running.start()
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium of this machine.

    Not for the whole run: while it is there its event loop runs, and no other can.
    """
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.exit(f"the browser test needs one of {', '.join(BROWSERS)}", returncode=3)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@contextmanager
def _watched(page: Page, complaints: list[str]) -> Iterator[Page]:
    def note(message: Any) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"{message.type}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(f"uncaught: {error}"))
    yield page


@pytest.fixture
def complaints() -> list[str]:
    """What the page wrote to the console as errors or warnings."""
    return []


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    """A fresh page of an English-speaking reader in Beijing, with nothing remembered."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, locale="en-GB", timezone_id="Asia/Shanghai"
    )
    context.set_default_timeout(PATIENCE_S * 1000)
    with _watched(context.new_page(), complaints) as fresh:
        yield fresh
    context.close()
