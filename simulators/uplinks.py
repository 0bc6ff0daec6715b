"""Connections of many devices, kept up together: they come back when lost, and leave at the end."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from simulators.fleet_file import FleetDevice

_KEEP_ALIVE_EVERY_S = 5.0
_AT_ONCE = 200
_FIRST_BACKOFF_S, _LONGEST_BACKOFF_S = 1.0, 30.0


class Uplink(Protocol):
    """One connection to the broker."""

    @property
    def device(self) -> FleetDevice:
        """Who connects."""
        ...

    async def stay_connected(self) -> None:
        """Connect, and again after each loss, until `leave`."""
        ...

    def keep_alive(self) -> None:
        """Ping when it is time; to be called every few seconds."""
        ...

    async def leave(self, deadline_s: float) -> None:
        """Deliver what is left and hang up; the deadline cuts it short."""
        ...


@asynccontextmanager
async def kept_up(uplinks: Sequence[Uplink], *, leave_within_s: float) -> AsyncIterator[None]:
    """Connections that stay while the body runs, and leave in good order at the end."""
    async with asyncio.TaskGroup() as tasks:
        for each in uplinks:
            tasks.create_task(each.stay_connected(), name=f"device {each.device.code}")
        ticking = tasks.create_task(_keep_alive(uplinks), name="keep alive")
        try:
            yield
        finally:
            await asyncio.gather(*(each.leave(leave_within_s) for each in uplinks))
            ticking.cancel()


async def connect_again(connection: Callable[[], Awaitable[bool]], leaving: asyncio.Event) -> None:
    """One connection after the other, with ever longer waits with full jitter between them.

    Source of the jitter: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

    Args:
        connection: from dialling to its loss; says whether the broker accepted it.
        leaving: when it is set, no further one follows.
    """
    failures = 0
    while not leaving.is_set():
        failures = 0 if await connection() else failures + 1
        longest = min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2**failures)
        with suppress(TimeoutError):
            await asyncio.wait_for(leaving.wait(), random.uniform(0, longest))  # noqa: S311 - jitter


async def _keep_alive(uplinks: Sequence[Uplink]) -> None:
    while True:
        await asyncio.sleep(_KEEP_ALIVE_EVERY_S)
        for number, each in enumerate(uplinks, start=1):
            each.keep_alive()
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
