"""Keeping pace: a gate that lets one through at a time, and waits that end when a run stops."""

import asyncio
from contextlib import suppress


class Gate:
    """Lets callers through at an even rate, in the order they came.

    Args:
        per_second: how many, above 0.
    """

    def __init__(self, per_second: float) -> None:
        self._step_s = 1 / per_second
        self._next_s = 0.0

    async def turn(self, turns: int = 1) -> None:
        """Wait for one's turn, and take so many at once."""
        now = asyncio.get_running_loop().time()
        mine = max(now, self._next_s)
        self._next_s = mine + turns * self._step_s
        if mine > now:
            await asyncio.sleep(mine - now)


async def stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until the stop; say whether it came."""
    if seconds > 0 and not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()
