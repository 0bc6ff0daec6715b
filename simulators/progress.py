"""How a run goes on, for the person who started it: one live line, or plain lines in a log."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import chain, repeat

from rich.console import Console
from rich.live import Live
from rich.text import Text

from simulators.pace import stopped_within
from simulators.tallies import Totals

_LIVE_S = 0.5
_PLAIN_FIRST_S = (10.0,) * 6
_PLAIN_THEN_S = 60.0

Watched = Callable[[], tuple[Totals, str]]
"""The counts now, and what the run is doing."""


async def show_progress(watch: Watched, stop: asyncio.Event, console: Console) -> None:
    """Show the counts until the stop: twice a second on a terminal.

    Elsewhere a line every ten seconds in the first minute, and then one a minute.
    """
    if console.is_terminal:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            await _repeat(
                watch, stop, repeat(_LIVE_S), lambda line: live.update(line, refresh=True)
            )
    else:
        waits = chain(_PLAIN_FIRST_S, repeat(_PLAIN_THEN_S))
        await _repeat(watch, stop, waits, lambda line: console.print(line, soft_wrap=True))


async def _repeat(
    watch: Watched, stop: asyncio.Event, waits_s: Iterator[float], show: Callable[[Text], None]
) -> None:
    clock = asyncio.get_running_loop().time
    before, before_s = watch()[0].acknowledged, clock()
    while not await stopped_within(stop, next(waits_s)):
        totals, doing = watch()
        rate = (totals.acknowledged - before) / (clock() - before_s)
        before, before_s = totals.acknowledged, clock()
        show(progress_line(totals, doing, rate=rate))


def progress_line(totals: Totals, doing: str, *, rate: float | None = None) -> Text:
    """The counts in one line; troubles only where there are some. `rate`: acknowledged per s."""
    parts = [
        f"connected {totals.connected}/{totals.devices}",
        f"published {totals.messages:,}",
        f"readings {totals.produced:,}",
        f"acknowledged {totals.acknowledged:,}",
        f"in flight {totals.in_flight}",
    ]
    if rate is not None:
        parts.append(f"{rate:,.0f}/s")
    troubles = {
        "waiting": totals.waiting,
        "reconnects": totals.reconnects,
        "failed connects": totals.failed_connects,
        "refused": totals.refused,
        "dropped": totals.dropped,
    }
    parts += [f"{name} {count:,}" for name, count in troubles.items() if count]
    return Text(f"{doing}: {' · '.join(parts)}")
