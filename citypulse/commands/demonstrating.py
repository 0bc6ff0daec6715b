"""``citypulse demo``: everything at once, with a live line until Ctrl-C."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import click
import psycopg
from psycopg_pool import PoolTimeout
from rich.console import Console
from rich.panel import Panel

from city.errors import CitypulseError
from citypulse.commands.context import with_settings
from citypulse.commands.logs import show_log
from citypulse.demo import start_demo
from citypulse.house import House, moved, supervised
from citypulse.settings import Settings
from citypulse.status import api_health
from citypulse.supervisor import Part, Supervisor
from store.ledger import Totals, totals

LOOK_S = 0.5
LINE_EVERY_S = 2.0
PLAIN_LINE_EVERY_S = 30.0
SPEAKING_DEADLINE_S = 120.0
_API_ANSWERS = {"ok", "degraded"}


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), help="The port of page and API; default: a free one."
)
@with_settings
def demo(settings: Settings, port: int | None) -> None:
    """Run a city of 1,500 devices: poles, roads, tunnels, meters, stations. Ctrl-C stops it.

    The city, its codes and what was measured are kept for the next time; `citypulse down --wipe`
    removes them.
    """
    screen = Screen()
    show_log(into=settings.state.logs / "supervisor.log")
    with supervised(settings, screen.tell) as (supervisor, stack):
        house = start_demo(supervisor, settings, stack, api_port=port, tell=screen.tell)
        if house is not None and _await_speaking(supervisor, house, screen):
            supervisor.declare_ready()
            screen.box(house)
            _live(supervisor, house, screen)
        screen.tell("stopping")
    screen.tell("stopped; nothing is left running")


class Screen:
    """What the person sees: lines with the time since the start, and one that is rewritten."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._began = time.monotonic()
        self.began_at = datetime.now(UTC)

    @property
    def is_terminal(self) -> bool:
        """Whether a line can be rewritten."""
        return self._console.is_terminal

    def tell(self, line: str) -> None:
        """One line of progress."""
        self._console.print(f"{time.monotonic() - self._began:6.1f} s  {line}", soft_wrap=True)

    def box(self, house: House) -> None:
        """The address, where it can't be missed."""
        lines = (
            f"{moved(house.page)}[bold]{house.page}[/bold]",
            f"API documentation  {house.page}/docs",
            "Ctrl-C stops everything; the city is kept for the next time.",
        )
        self._console.print(Panel.fit("\n".join(lines), title="citypulse", border_style="green"))

    def live(self, line: str) -> None:
        """Rewrite the last line, cut where it would wrap."""
        # Not by the console: it takes carriage returns out.
        click.echo(f"\r\x1b[K{line[: self._console.width - 1]}", nl=False)


def _await_speaking(supervisor: Supervisor, house: House, screen: Screen) -> bool:
    """Wait until page and ledger show life; False when asked to stop before."""
    screen.tell("waiting for the first readings")
    end = time.monotonic() + SPEAKING_DEADLINE_S
    while supervisor.watch(LOOK_S):
        books = _books(house, screen.began_at)
        if books is not None and books.stored > 0 and api_health(house.page) in _API_ANSWERS:
            return True
        if time.monotonic() > end:
            log = next(part.runs.log.parent for part in supervisor.parts)
            raise click.ClickException(f"{_missing(books)}: see the logs in {log}")
    return False


def _missing(books: Totals | None) -> str:
    if books is None:
        return "the database does not answer"
    return "the API does not answer" if books.stored else "no readings arrive"


def _live(supervisor: Supervisor, house: House, screen: Screen) -> None:
    """A line on how it goes, until asked to stop."""
    every = LINE_EVERY_S if screen.is_terminal else PLAIN_LINE_EVERY_S
    before, before_s = 0, time.monotonic()
    due = before_s + LINE_EVERY_S
    while supervisor.watch(LOOK_S):
        now = time.monotonic()
        if now < due:
            continue
        due = now + every
        books = _books(house, screen.began_at)
        if books is None:
            line = "the database does not answer"
        else:
            rate = (_readings(books) - before) / (now - before_s)
            line = live_line(supervisor.parts, books, rate=rate, api=api_health(house.page))
            before, before_s = _readings(books), now
        if screen.is_terminal:
            screen.live(line)
        else:
            screen.tell(line)
    if screen.is_terminal:
        screen.live("")


def live_line(parts: Sequence[Part], books: Totals, *, rate: float, api: str) -> str:
    """How it goes, in one line; troubles only where there are some.

    Args:
        parts: of the supervisor.
        books: since the start.
        rate: readings a second.
        api: what `api_health` found.
    """
    down = [part.name for part in parts if part.runs.pid is None]
    said = [
        f"{_readings(books):,} readings since the start",
        f"{rate:,.0f}/s",
        f"quarantined {books.quarantined:,}",
        f"not running: {', '.join(down)}" if down else "all parts run",
        *(f"{part.name} restarted {part.restarts}×" for part in parts if part.restarts),
    ]
    if api not in _API_ANSWERS and "api" not in down:
        said.append("the API does not answer" if api == "no answer" else f"the API says {api}")
    return " · ".join(said)


def _readings(books: Totals) -> int:
    return books.stored + books.merged + books.duplicate + books.conflict


def _books(house: House, since: datetime) -> Totals | None:
    """The ledger's sums, or None while the database is away."""
    try:
        return asyncio.run(_totals(house.stack.addresses.database_url, since))
    except (psycopg.Error, PoolTimeout, CitypulseError):
        return None


async def _totals(url: str, since: datetime) -> Totals:
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=5) as conn:
        return await totals(conn, since)
