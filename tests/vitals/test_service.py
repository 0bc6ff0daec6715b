"""The vitals process: one writer, a prompt stop, a database that goes away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg

from store import latest
from vitals import service, signs
from vitals.settings import VitalsSettings

Connection = psycopg.AsyncConnection[Any]

NOW = datetime(2026, 11, 23, 12, 20, tzinfo=UTC)
SETTINGS = VitalsSettings(follow_interval_s=0.02, signs_interval_s=0.05)
PATIENCE_S = 20.0


@asynccontextmanager
async def _running(url: str) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(service.run(SETTINGS, url, clock=lambda: NOW, stop=stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 5)


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():  # noqa: ASYNC110 - with a deadline
            await asyncio.sleep(0.02)


async def test_what_is_committed_becomes_current(conn: Connection, known_city: Any) -> None:
    async def has_both() -> bool:
        return bool(await latest.newest_times(conn)) and await signs.evaluated_at(conn) is not None

    async with _running(known_city.url):
        known_city.put("smart-pole", known_city.pole("110101"), (NOW, {"pm25": 12}))
        await _until(has_both)


async def test_a_second_process_waits_its_turn_and_takes_over(
    conn: Connection, known_city: Any
) -> None:
    async def writers() -> int:
        cursor = await conn.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = %s",
            [service.LOCK],
        )
        row = await cursor.fetchone()
        return int(row[0]) if row else 0

    async def is_one() -> bool:
        return await writers() == 1

    async def connected() -> int:
        cursor = await conn.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'citypulse vitals' AND datname = current_database()"
        )
        row = await cursor.fetchone()
        return int(row[0]) if row else 0

    async def are_two() -> bool:
        return await connected() == 2

    async with AsyncExitStack() as first, AsyncExitStack() as second:
        await first.enter_async_context(_running(known_city.url))
        await _until(is_one)
        await second.enter_async_context(_running(known_city.url))
        await _until(are_two)
        assert await writers() == 1
        await first.aclose()
        await _until(is_one)


async def test_a_broken_connection_is_made_anew(conn: Connection, known_city: Any) -> None:
    async def followed() -> bool:
        return bool(await latest.newest_times(conn))

    async def killed() -> bool:
        cursor = await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'citypulse vitals' AND datname = current_database()"
        )
        return bool(await cursor.fetchall())

    async with _running(known_city.url):
        await _until(killed)
        known_city.put("smart-pole", known_city.pole("110101"), (NOW, {"pm25": 12}))
        await _until(followed)
