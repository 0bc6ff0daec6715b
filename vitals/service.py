"""The vitals process: follows the ledger, keeps newest values, evaluates signs.

One process writes: the others that are started wait for its lock, and take over when it is gone.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from random import uniform
from typing import Any

import psycopg
from psycopg import AsyncConnection

from store.pool import session_conninfo
from vitals import areas, evaluate, hours, networks, signs
from vitals.follow import follow
from vitals.settings import VitalsSettings

log = logging.getLogger(__name__)

LOCK = 7_235_001  # any number, the same in every vitals process
LOCK_RETRY_S = 1.0
BACK_OFF_S = (0.5, 15.0)
DIRECTORY_AGE_S = 60.0
CAUGHT_UP_BELOW = 1000  # readings of one step: with fewer there is time to wait

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


async def run(
    settings: VitalsSettings,
    database_url: str,
    *,
    clock: Clock = utc_now,
    stop: asyncio.Event | None = None,
) -> None:
    """Work until `stop` is set, or SIGTERM or SIGINT come where no `stop` is given.

    A database that goes away is waited for, with back-off and full jitter.
    """
    stopping = stop or _stop_by_signal()
    longest = BACK_OFF_S[0]
    while not stopping.is_set():
        try:
            async with _sole_writer(database_url, stopping) as conn:
                if conn is None:
                    return
                log.info("vitals started")
                longest = BACK_OFF_S[0]
                await _work(settings, conn, clock, stopping)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            pause_s = uniform(0, longest)  # noqa: S311 - jitter is no secret
            log.warning("database gone: error=%s retry_in_s=%.1f", str(error).strip(), pause_s)
            await _pause(stopping, pause_s)
            longest = min(BACK_OFF_S[1], longest * 2)
    log.info("vitals stopped")


async def _work(
    settings: VitalsSettings, conn: AsyncConnection[Any], clock: Clock, stopping: asyncio.Event
) -> None:
    """Follow, and evaluate when it is time, one after the other over one connection."""
    loop = asyncio.get_running_loop()
    evaluated_at = loaded_at = float("-inf")
    city: tuple[list[areas.Area], networks.Networks] | None = None
    while not stopping.is_set():
        followed = await follow(conn, clock())
        if loop.time() - evaluated_at >= settings.signs_interval_s:
            evaluated_at = loop.time()
            if city is None or not city[0] or evaluated_at - loaded_at >= DIRECTORY_AGE_S:
                city, loaded_at = (await areas.load(conn), await networks.load(conn)), evaluated_at
                await hours.forget_old(conn, clock())
            await signs.write(conn, await evaluate.evaluate(conn, *city, clock()))
        if followed.readings < CAUGHT_UP_BELOW:
            await _pause(stopping, settings.follow_interval_s)


@asynccontextmanager
async def _sole_writer(
    database_url: str, stopping: asyncio.Event
) -> AsyncIterator[AsyncConnection[Any] | None]:
    """Yield a connection that holds the lock; None when stopped while waiting for it."""
    conninfo = session_conninfo(database_url, "citypulse vitals")
    async with await AsyncConnection.connect(conninfo, autocommit=True) as conn:
        while not stopping.is_set():
            row = await (await conn.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])).fetchone()
            if row == (True,):
                yield conn
                return
            await _pause(stopping, LOCK_RETRY_S)
        yield None


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)


def _stop_by_signal() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping
