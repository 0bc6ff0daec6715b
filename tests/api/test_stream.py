"""The live stream over a real server: readings, filters, resuming, slow clients, stopping."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api import live
from api.app import create_app
from api.errors import TooManyStreams
from api.live_client import Chunk, Client, Wish, readings_event
from api.live_readings import Reading
from api.measures import Measures
from api.service import server
from api.settings import ApiSettings
from store.ledger import Cursor

NOW = datetime(2026, 11, 23, 12, 20, tzinfo=UTC)
PATIENCE_S = 20.0


@dataclass
class Event:
    """One server-sent event."""

    name: str = ""
    id: str | None = None
    data: Any = None


async def _events(answer: httpx.Response) -> AsyncIterator[Event]:
    event = Event()
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        match name:
            case "event":
                event.name = value
            case "id":
                event.id = value
            case "data":
                event.data = json.loads(value)
            case "":
                if event.data is not None or event.id is not None:
                    yield event
                event = Event()


@dataclass
class Listener:
    """An open stream."""

    answer: httpx.Response
    events: AsyncIterator[Event] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to take its events apart."""
        self.events = _events(self.answer)

    async def next(self, name: str) -> Event:
        """The next event of a name."""
        async with asyncio.timeout(PATIENCE_S):
            async for event in self.events:
                if event.name == name:
                    return event
        raise AssertionError(f"the stream ended without {name}")

    async def began(self) -> str:
        """Wait until the stream has told where it begins."""
        return str((await self.next("")).id)


@dataclass
class Served:
    """A running server."""

    url: str
    process: Any
    task: "asyncio.Task[None]"

    @asynccontextmanager
    async def listen(self, **parameters: str) -> AsyncIterator[Listener]:
        """Open a stream."""
        headers = {"Last-Event-ID": parameters.pop("after")} if "after" in parameters else {}
        async with (
            httpx.AsyncClient(timeout=PATIENCE_S) as client,
            client.stream(
                "GET", f"{self.url}/api/v1/stream", params=parameters, headers=headers
            ) as answer,
        ):
            assert answer.status_code == 200, await answer.aread()
            yield Listener(answer)


@pytest.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    """The API on a free port, with a short interval."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = ApiSettings(port=port, stream_interval_s=0.02, stream_clients=3)
    url = f"http://127.0.0.1:{port}"
    process = server(create_app(settings, database_url, public_url=url), settings)
    task = asyncio.create_task(process._serve(), name="server")
    async with asyncio.timeout(PATIENCE_S):
        while not process.started:  # noqa: ASYNC110 - with a deadline
            await asyncio.sleep(0.02)
    yield Served(url, process, task)
    process.should_exit = True
    await asyncio.wait_for(task, PATIENCE_S)


async def test_a_committed_reading_reaches_the_client(served: Served, known_city: Any) -> None:
    code = known_city.pole("110101")
    async with served.listen() as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        await stream.began()
        known_city.put("smart-pole", code, (NOW, {"pm25": 30.5}))
        event = await stream.next("readings")
    assert event.data == {
        "readings": [
            {
                "code": code,
                "profile": "smart-pole",
                "ts": "2026-11-23T12:20:00Z",
                "m": {"pm25": 30.5},
            }
        ]
    }


@pytest.mark.parametrize("by", ["area", "device", "profile"])
async def test_a_client_hears_only_of_what_it_asked_for(
    served: Served, known_city: Any, by: str
) -> None:
    wanted = known_city.station("Guanyuan")
    wish = {
        "area": {"area": known_city.district("110102")},
        "device": {"device": wanted},
        "profile": {"profile": "air-station"},
    }[by]
    async with served.listen(**wish) as stream:
        await stream.began()
        known_city.put("smart-pole", known_city.pole("110101"), (NOW, {"pm25": 1}))
        known_city.put("air-station", wanted, (NOW, {"pm25": 2}))
        event = await stream.next("readings")
    assert [reading["code"] for reading in event.data["readings"]] == [wanted]


async def test_a_client_that_comes_back_is_told_what_it_missed_once(
    served: Served, known_city: Any
) -> None:
    code = known_city.pole("110101")

    def put(value: float) -> None:
        at = NOW + timedelta(seconds=value)
        known_city.put("smart-pole", code, (at, {"pm25": value}))

    async with served.listen() as stream:
        await stream.began()
        put(1)
        last = (await stream.next("readings")).id
    put(2)
    put(3)
    assert last is not None
    async with served.listen(after=last) as stream:
        missed = await stream.next("readings")
        assert [r["m"]["pm25"] for r in missed.data["readings"]] == [2, 3]
        put(4)
        live = await stream.next("readings")
    assert [r["m"]["pm25"] for r in live.data["readings"]] == [4]


async def test_a_failed_value_is_not_streamed(served: Served, known_city: Any) -> None:
    async with served.listen() as stream:
        await stream.began()
        values = {"pm25": -3.0, "no2": 7.0}
        known_city.put("smart-pole", known_city.pole("110101"), (NOW, values), failed="pm25")
        event = await stream.next("readings")
    assert event.data["readings"][0]["m"] == {"no2": 7}


async def test_signs_that_change_are_streamed(
    served: Served, known_city: Any, vitals_done: Callable[..., Any]
) -> None:
    async with served.listen() as stream:
        await stream.began()
        await vitals_done()
        event = await stream.next("signs")
    assert len(event.data["items"]) == 226
    assert {"area", "indicator", "status", "label"} <= set(event.data["items"][0])


async def test_a_listener_of_an_area_hears_of_it_and_of_the_lines_in_it(
    served: Served, known_city: Any, vitals_done: Callable[..., Any]
) -> None:
    city = await known_city.with_networks()
    district = city.district("110101")
    async with served.listen(area=district) as stream:
        await stream.began()
        await vitals_done()
        event = await stream.next("signs")
    heard = {sign["entity"] for sign in event.data["items"]}
    assert {district, city.codes["link-1"], city.codes["road"]} <= heard
    assert {s["area"] for s in event.data["items"]} == {district, None}


async def test_more_streams_than_allowed_are_refused(served: Served, known_city: Any) -> None:
    async with served.listen() as a, served.listen() as b, served.listen() as c:
        for stream in (a, b, c):
            await stream.began()
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{served.url}/api/v1/stream")
    assert (answer.status_code, answer.json()["code"]) == (503, "too-many-streams")


async def test_streams_that_begin_at_once_keep_to_the_bound(
    served: Served, known_city: Any
) -> None:
    hub = served.process.config.app.state.context.hub
    joined = await asyncio.gather(*(hub.join(Wish()) for _ in range(6)), return_exceptions=True)
    assert [isinstance(each, TooManyStreams) for each in joined].count(True) == 6 - 3


async def test_a_client_that_leaves_makes_room(served: Served, known_city: Any) -> None:
    for _ in range(3 + 1):
        async with served.listen() as stream:
            await stream.began()
    hub = served.process.config.app.state.context.hub
    async with asyncio.timeout(PATIENCE_S):
        while hub._clients:  # noqa: ASYNC110 - with a deadline
            await asyncio.sleep(0.02)


async def test_the_server_stops_promptly_with_streams_open(served: Served, known_city: Any) -> None:
    async with served.listen() as stream:
        await stream.began()
        served.process.should_exit = True
        async with asyncio.timeout(3):
            await served.task
            assert [event async for event in stream.events] == []


async def test_a_stream_outlives_the_loss_of_every_database_connection(
    served: Served, known_city: Any, conn: Any
) -> None:
    code = known_city.pole("110101")
    async with served.listen() as stream:
        await stream.began()
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'citypulse api' AND datname = current_database()"
        )
        known_city.put("smart-pole", code, (NOW, {"pm25": 30.5}))
        event = await stream.next("readings")
    assert event.data["readings"][0]["code"] == code


async def test_a_client_too_far_behind_is_told_of_the_gap(
    served: Served, known_city: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RESUMABLE_BATCHES", 2)
    for second in range(4):
        at = NOW + timedelta(seconds=second)
        known_city.put("smart-pole", known_city.pole("110101"), (at, {"pm25": 1}))
    async with served.listen(after="0-0") as stream:
        event = await stream.next("gap")
    assert event.data["from"] == "0-0"
    assert event.id == event.data["to"]


@pytest.mark.parametrize(
    ("wish", "areas"),
    [
        (Wish(), ["a", "b"]),
        (Wish(area="a"), ["a"]),
        (Wish(device="d"), []),
        (Wish(profile="smart-pole"), []),
    ],
    ids=["all", "of an area", "of a device", "of a profile"],
)
def test_signs_go_to_who_asked_for_their_area(wish: Wish, areas: list[str]) -> None:
    client = Client(wish, 1, Measures())
    client.offer_signs(({"entity": area, "indicator": "air.aqi"} for area in ("a", "b")), {})
    text = b"".join(client.take(Cursor())).decode()
    assert [area for area in ("a", "b") if f'"entity":"{area}"' in text] == areas


def _chunk(number: int, *codes: str) -> Chunk:
    readings = tuple(
        Reading(code, "smart-pole", frozenset(), NOW + timedelta(seconds=number), {"pm25": number})
        for code in codes
    )
    cursor = Cursor(number, number)
    return Chunk(cursor, readings, readings_event(readings, cursor))


def test_a_slow_client_is_given_the_newest_of_each_device_and_told_so() -> None:
    client = Client(Wish(), 2, Measures())
    for number in range(1, 7):
        client.offer(_chunk(number, "a", "b"))
    events = [event.decode() for event in client.take(Cursor())]
    assert [event.split("event: ")[1].split("\n")[0] for event in events] == [
        "readings",
        "readings",
        "coalesced",
        "readings",
    ]
    assert '"skipped":6' in events[2]
    assert events[3].startswith("id: 6-6\n")
    assert events[3].count('"pm25":6') == 2
    assert client.take(Cursor()) == []


def test_a_coalesced_reading_keeps_the_newest_of_every_metric() -> None:
    client = Client(Wish(), 1, Measures())
    client.offer(_chunk(1, "a"))
    older = Reading("a", "smart-pole", frozenset(), NOW, {"pm25": 1, "no2": 5})
    newer = Reading("a", "smart-pole", frozenset(), NOW + timedelta(1), {"pm25": 2})
    for number, reading in ((2, newer), (3, older)):
        client.offer(Chunk(Cursor(number, number), (reading,), b""))
    last = client.take(Cursor())[-1].decode()
    assert '"m":{"pm25":2,"no2":5}' in last


def test_chunks_before_the_place_a_client_began_at_are_left_out() -> None:
    client = Client(Wish(), 5, Measures())
    client.offer(_chunk(1, "a"))
    client.offer(_chunk(2, "a"))
    assert [event[:8] for event in client.take(Cursor(1, 1))] == [b"id: 2-2\n"]
