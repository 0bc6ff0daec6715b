"""When the terminals of a fleet measure: their stored history first, then the present.

In: instruments of any profile. Out: readings, put into the fleet's terminals at their time.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence

from city.catalogue import profile
from simulators.instruments import Instrument
from simulators.outbox import READINGS_PER_MESSAGE
from simulators.pace import Gate
from simulators.schedule import Grid, grid_of, keep_schedule
from simulators.terminal import Terminal

HISTORY_STEP_S = 60.0

_MICROSECONDS = 1_000_000
_AT_ONCE = 25
_HISTORIES_AT_ONCE = 8
# A third of one core here: the present, and whoever looks at it on the same machine, go first.
_HISTORY_READINGS_PER_S = 2_000


class Measuring:
    """The measuring devices of one run.

    Args:
        instruments: what measures.
        terminals: the instruments' connections, in the same order.
        interval_s: seconds between two readings of a device whose profile's nominal interval is
            a minute; the others in proportion.
        clock: seconds since 1970-01-01T00:00Z, now.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        terminals: Sequence[Terminal],
        *,
        interval_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._instruments = instruments
        self._terminals = terminals
        self._grids = [
            grid_of(each.device.code, interval_s * _proportion(each.device.profile))
            for each in terminals
        ]
        self._clock = clock

    async def measure(self, stop: asyncio.Event) -> None:
        """Put a reading of each device into its terminal at every interval, until the stop."""

        def measure(number: int, at_s: float, since_s: float) -> None:
            self._terminals[number].put(*self._measured(number, at_s, since_s))

        await keep_schedule(self._grids, measure, stop, self._clock)

    async def deliver_history(self, seconds: float, stop: asyncio.Event) -> None:
        """Let every device deliver what it stored over the last so many seconds.

        A reading at each nominal interval, in batches; a few devices at a time, so that neither the
        memory of this process nor the broker's queues hold all of it at once, and at a pace that
        leaves the machine to others.
        """
        until_s = self._clock()
        few, pace = asyncio.Semaphore(_HISTORIES_AT_ONCE), Gate(_HISTORY_READINGS_PER_S)

        async def deliver(number: int) -> None:
            async with few:
                await self._history_of(number, until_s - seconds, until_s, stop, pace)

        await asyncio.gather(*(deliver(number) for number in range(len(self._instruments))))

    async def _history_of(
        self, number: int, from_s: float, until_s: float, stop: asyncio.Event, pace: Gate
    ) -> None:
        terminal = self._terminals[number]
        step_s = HISTORY_STEP_S * _proportion(terminal.device.profile)
        grid = Grid(step_s, self._grids[number].phase_s % step_s)
        stored = list(_instants(grid, from_s, until_s))
        for count, at_s in enumerate(stored, start=1):
            if stop.is_set():
                return
            terminal.remember(*self._measured(number, at_s, at_s - step_s))
            if count % _AT_ONCE == 0:
                await asyncio.sleep(0)
            if count % READINGS_PER_MESSAGE == 0 or count == len(stored):
                terminal.send()
                await _delivered_or_stopped(terminal, stop)
                await pace.turn((count - 1) % READINGS_PER_MESSAGE + 1)

    def _measured(self, number: int, at_s: float, since_s: float) -> tuple[int, dict[str, float]]:
        at_us = round(at_s * 1000) * (_MICROSECONDS // 1000)
        return at_us, self._instruments[number].reading(at_s, since_s)


def _proportion(name: str) -> float:
    """How much slower a profile measures than one whose nominal interval is a minute."""
    return profile(name).interval_s / HISTORY_STEP_S


def _instants(grid: Grid, from_s: float, until_s: float) -> Iterator[float]:
    at_s = grid.after(from_s)
    while at_s < until_s:
        yield at_s
        at_s += grid.step_s


async def _delivered_or_stopped(terminal: Terminal, stop: asyncio.Event) -> None:
    """Wait for the broker, but not beyond a stop: then leaving has its own deadline."""
    waits = [asyncio.ensure_future(terminal.delivered()), asyncio.ensure_future(stop.wait())]
    _, left = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in left:
        wait.cancel()
