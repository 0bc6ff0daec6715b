"""Days of traffic and tunnels, computed in a thread before the first reading that needs them."""

import asyncio
import time
from collections.abc import Callable

from simulators.pace import stopped_within

AHEAD_S = 30 * 60.0
"""A day takes seconds to compute; on a machine that is busy with something else, minutes."""

_LOOK_EVERY_S = 60.0

Prepare = Callable[[float], None]
"""Computes the days that hold an instant, unless they have been; may be called in any thread."""


async def prepared(prepare: Prepare, *, back_s: float = 0.0) -> None:
    """Have the days from so many seconds ago until now ready; the loop goes on meanwhile."""
    now_s = time.time()
    await asyncio.to_thread(_each, prepare, (now_s, now_s - back_s))


async def keep_prepared(
    prepare: Prepare,
    stop: asyncio.Event,
    *,
    look_every_s: float = _LOOK_EVERY_S,
    clock: Callable[[], float] = time.time,
) -> None:
    """Have each next day ready half an hour before it begins, until the stop."""
    while not stop.is_set():
        await asyncio.to_thread(prepare, clock() + AHEAD_S)
        await stopped_within(stop, look_every_s)


def _each(prepare: Prepare, instants: tuple[float, ...]) -> None:
    for instant_s in instants:
        prepare(instant_s)
