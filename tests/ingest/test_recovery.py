"""What the broker acknowledged is in the store, once: over kills, outages and restarts.

Servers are started from the test's own thread: they end with the thread that started them.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from citypulse.stack.postgres import Postgres

Until = Callable[..., Awaitable[None]]

DEVICES = 8
KILLS = 10
T_US = 1_704_067_200_000_000
STORED = "SELECT device_key, (extract(epoch FROM ts) * 1000)::bigint FROM store.smart_pole"
COUNT = "SELECT count(*) FROM store.smart_pole"
BOOKS = "SELECT sum(messages), sum(stored), sum(duplicate), sum(conflict) FROM store.ingest_batch"


class NumberedLoad:
    """Devices that publish numbered readings until told to stop, then wait for all PUBACKs."""

    def __init__(self, city: Any, payload: Any, topic_of: Any) -> None:
        self._city = city
        self._payload = payload
        self._topic_of = topic_of
        self._stop = asyncio.Event()
        self.codes = [city.add(number) for number in range(DEVICES)]
        self.acked: set[tuple[int, int]] = set()

    async def run(self, *, pause_s: float = 0.005) -> None:
        """Publish from every device at once; ``acked`` then holds (device key, milliseconds)."""
        async with asyncio.TaskGroup() as group:
            for code in self.codes:
                group.create_task(self._publish(code, pause_s))

    def stop(self) -> None:
        """Send no more."""
        self._stop.set()

    async def _publish(self, code: str, pause_s: float) -> None:
        async with self._city.device(code) as device:
            sent = 0
            while not self._stop.is_set():
                if sent - len(device.acked) < 100:
                    raw = self._payload(sent, T_US + sent * 1000, pm25=sent % 100)
                    device.publish(self._topic_of(code), raw)
                    sent += 1
                await asyncio.sleep(pause_s)
            async with asyncio.timeout(30):
                while len(device.acked) < sent:  # noqa: ASYNC110 - polls a set, with a deadline
                    await asyncio.sleep(0.02)
            # Packet ids count from 1 as readings from 0.
            self.acked |= {
                (self._city.keys[code], T_US // 1000 + packet_id - 1) for packet_id in device.acked
            }


@pytest.fixture
def load(city: Any, payload: Any, topic_of: Any) -> NumberedLoad:
    """A numbered load, not running yet."""
    return NumberedLoad(city, payload, topic_of)


def stored(city: Any) -> int:
    ((count,),) = city.query(COUNT)
    return int(count)


def is_subscribed(log: Path) -> bool:
    return "connected broker" in log.read_text()


async def everything_is_there_once(city: Any, load: NumberedLoad, until: Until) -> None:
    await until(lambda: stored(city) >= len(load.acked))
    rows = city.query(STORED)
    assert len(rows) == len(set(rows))
    assert set(rows) == load.acked
    ((messages, new, duplicate, conflict),) = city.query(BOOKS)
    assert new == len(load.acked)
    assert conflict == 0
    assert messages == new + duplicate


@pytest.mark.timeout(180)
async def test_killing_ingest_ten_times_loses_nothing_and_doubles_nothing(
    city: Any, load: NumberedLoad, until: Until, tmp_path: Path
) -> None:
    running: asyncio.Task[None] | None = None
    for number in range(KILLS):
        log = tmp_path / f"ingest-{number}.log"
        with city.ingest_process(log) as process:
            await until(lambda log=log: is_subscribed(log))
            before = stored(city)
            running = running or asyncio.create_task(load.run())
            await until(lambda before=before: stored(city) > before)
            await asyncio.sleep(0.01 * number)  # so that the kill meets another moment each time
            process.send_signal(signal.SIGKILL)
    assert running is not None
    load.stop()
    await running
    assert len(load.acked) > 10 * DEVICES
    with city.ingest_process(tmp_path / "ingest-last.log"):
        await everything_is_there_once(city, load, until)


async def test_a_stop_in_order_finishes_what_is_in_hand(
    city: Any, load: NumberedLoad, until: Until, tmp_path: Path
) -> None:
    log = tmp_path / "ingest.log"
    with city.ingest_process(log) as process:
        await until(lambda: is_subscribed(log))
        running = asyncio.create_task(load.run())
        await until(lambda: stored(city) > 200)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 20) == 0
    load.stop()
    await running
    async with city.ingesting():
        await everything_is_there_once(city, load, until)
    ((_, _, duplicate, _),) = city.query(BOOKS)
    assert duplicate == 0


@pytest.mark.timeout(120)
async def test_a_database_that_stops_holds_the_broker_and_loses_nothing(
    city: Any,
    load: NumberedLoad,
    until: Until,
    postgres: Postgres,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "ingest")
    async with city.ingesting(max_unacked_messages=300) as ingest:
        running = asyncio.create_task(load.run())
        await until(lambda: stored(city) > 100)
        await asyncio.to_thread(postgres.stop)
        held_at = ingest.books.committed + 300
        await until(lambda: ingest.books.received >= held_at)
        # One read's worth may come before the hold takes effect, and no more after it.
        assert ingest.books.received < held_at + 2000
        assert ingest.subscribed.is_set()
        postgres.start()
        before = stored(city)
        await until(lambda: stored(city) > before + 300)
        load.stop()
        await running
        await everything_is_there_once(city, load, until)
    messages = [record.getMessage().split(" ")[0:2] for record in caplog.records]
    assert ["database", "unavailable,"] in messages
    assert ["database", "back"] in messages
    assert ["connection", "lost"] not in messages


@pytest.mark.timeout(120)
async def test_a_database_that_is_killed_again_and_again_leaves_each_reading_once(
    city: Any, load: NumberedLoad, until: Until, postgres: Postgres
) -> None:
    """Sessions are cut at any moment, during COMMIT as well: then nobody knows what happened."""
    async with city.ingesting():
        running = asyncio.create_task(load.run())
        cut = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'citypulse-ingest'"
        )
        for _ in range(15):
            before = stored(city)
            await until(lambda before=before: stored(city) > before)
            city.query(cut)
        load.stop()
        await running
        await everything_is_there_once(city, load, until)


@pytest.mark.timeout(120)
async def test_a_broker_that_restarts_gives_back_what_it_had_acknowledged(
    city: Any, load: NumberedLoad, until: Until, payload: Any, topic_of: Any
) -> None:
    async with city.ingesting() as ingest:
        running = asyncio.create_task(load.run())
        await until(lambda: stored(city) > 200)
        load.stop()
        await running
        await asyncio.to_thread(city.broker.stop)
        await until(lambda: not ingest.subscribed.is_set())
        city.broker.start()
        await until(ingest.subscribed.is_set)
        await everything_is_there_once(city, load, until)
        code = load.codes[0]
        async with city.device(code) as device:
            device.publish(topic_of(code), payload(1, T_US - 1000))
            count = len(load.acked) + 1
            await until(lambda: stored(city) == count)


async def test_a_broker_that_restarts_while_ingest_is_away_keeps_its_queue(
    city: Any, load: NumberedLoad, until: Until
) -> None:
    async with city.ingesting():
        pass
    running = asyncio.create_task(load.run())
    await asyncio.sleep(0.5)
    load.stop()
    await running
    await asyncio.to_thread(city.broker.stop)
    city.broker.start()
    async with city.ingesting():
        await everything_is_there_once(city, load, until)


async def test_ingest_waits_for_a_database_that_is_not_there_yet(
    city: Any, until: Until, postgres: Postgres, payload: Any, topic_of: Any
) -> None:
    code = city.add(1)
    await asyncio.to_thread(postgres.stop)
    started = city.ingesting()
    entering = asyncio.create_task(started.__aenter__())
    await asyncio.sleep(0.3)
    assert not entering.done()
    postgres.start()
    await entering
    try:
        async with city.device(code) as device:
            device.publish(topic_of(code), payload(1))
            await until(lambda: stored(city) == 1)
    finally:
        await started.__aexit__(None, None, None)


async def test_a_stop_while_the_database_is_away_gives_up_in_time_and_loses_nothing(
    city: Any, until: Until, postgres: Postgres, payload: Any, topic_of: Any
) -> None:
    code = city.add(1)
    async with city.ingesting(drain_s=0.5) as ingest, city.device(code) as device:
        await asyncio.to_thread(postgres.stop)
        device.publish(topic_of(code), payload(1))
        await until(lambda: ingest.books.received == 1)
    postgres.start()
    assert stored(city) == 0
    async with city.ingesting():
        await until(lambda: stored(city) == 1)
