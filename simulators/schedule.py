"""When devices measure: each on a grid of its own, which is the same in every run."""

import asyncio
import heapq
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from simulators.chance import Chance
from simulators.pace import stopped_within

# Due readings are made together, this far apart: at 400 readings a second it halves the CPU of
# waking up for each.
_TICK_S = 0.02
_AT_ONCE = 25


class Grid(NamedTuple):
    """Instants at even steps.

    Attributes:
        step_s: from one to the next.
        phase_s: where one of them lies, seconds since 1970-01-01T00:00Z.
    """

    step_s: float
    phase_s: float

    def after(self, now_s: float) -> float:
        """The first instant after now."""
        step_s, phase_s = self
        return (math.floor((now_s - phase_s) / step_s) + 1) * step_s + phase_s


def grid_of(code: str, step_s: float) -> Grid:
    """A device's grid: its phase depends on the device alone, so that a new run goes on with it."""
    return Grid(step_s, step_s * Chance(0, code, "phase").uniform(0))


async def keep_schedule(
    grids: Sequence[Grid],
    measure: Callable[[int, float, float], None],
    stop: asyncio.Event,
    clock: Callable[[], float],
) -> None:
    """Measure at each instant of each grid from now on, until the stop.

    Args:
        grids: of the devices.
        measure: called with a device's place in `grids`, the instant and the one before it.
        stop: ends it.
        clock: seconds since 1970-01-01T00:00Z, now.
    """
    now_s = clock()
    due = [(grid.after(now_s), number) for number, grid in enumerate(grids)]
    heapq.heapify(due)
    while not await stopped_within(stop, max(_TICK_S, due[0][0] - clock())):
        made = 0
        while due[0][0] <= clock() and not stop.is_set():
            at_s, number = due[0]
            step_s = grids[number].step_s
            heapq.heapreplace(due, (at_s + step_s, number))
            measure(number, at_s, at_s - step_s)
            made += 1
            if made % _AT_ONCE == 0:
                await asyncio.sleep(0)
