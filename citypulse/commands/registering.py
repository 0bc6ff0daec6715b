"""``citypulse registry``: bring a city in, and ask what a code names."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click

from city.frames import Frame, frame_named
from citypulse.commands.context import with_settings
from citypulse.settings import Settings
from citypulse.stack.local import running_database
from devices.city_import import import_city
from registry.city_file import Imported, load_city_file
from registry.errors import BadCityFile
from store.pool import open_pool

SHOWN_PROBLEMS = 20


@click.group()
def registry() -> None:
    """Import entities, and resolve codes."""


@registry.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--frame", help="Of coordinates the file says no frame for: WGS 84 or GCJ-02.")
@click.option("--skip-bad", is_flag=True, help="Leave bad features out instead of refusing all.")
@click.option("--dry-run", is_flag=True, help="Check and count; write nothing.")
@with_settings
def import_(
    settings: Settings, file: Path, frame: str | None, skip_bad: bool, dry_run: bool
) -> None:
    """Bring a city in from a GeoJSON FILE; repeating it changes only what differs.

    A bad feature is named by its index, field and rule, and then nothing is written.
    """
    url = running_database(settings.state, database=settings.database)
    asked = frame_named(frame) if frame else None
    try:
        done = asyncio.run(
            import_file(url, load_city_file(file), frame=asked, skip_bad=skip_bad, dry_run=dry_run)
        )
    except BadCityFile as error:
        raise click.ClickException(_problems(file, error)) from error
    click.echo(_summary(done))
    for problem in done.skipped:
        click.echo(f"  left out {problem}", err=True)


@registry.command()
@click.argument("code")
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d"]), help="As of this instant."
)
@with_settings
def resolve(settings: Settings, code: str, at: datetime | None) -> None:
    """Say what CODE names, as one JSON object."""
    raise NotImplementedError


async def import_file(
    url: str,
    document: object,
    *,
    frame: Frame | None = None,
    skip_bad: bool = False,
    dry_run: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Imported:
    """Import a parsed city file with a line of progress now and then."""
    began = time.monotonic()
    say = tell or click.echo
    last = ""

    def progress(step: str, done: int, total: int) -> None:
        nonlocal last
        if step != last:
            last = step
            say(f"{time.monotonic() - began:5.1f} s  {step} ({total})")

    async with (
        open_pool(url, application_name="citypulse registry") as pool,
        pool.connection() as conn,
    ):
        return await import_city(
            conn, document, frame=frame, skip_bad=skip_bad, dry_run=dry_run, progress=progress
        )


def _summary(done: Imported) -> str:
    would = "would have " if done.dry_run else ""
    return (
        f"{would}created {done.created}, changed {done.changed}, unchanged {done.unchanged}, "
        f"mounted {done.mounts}, aliases {done.aliases}, left out {len(done.skipped)}"
    )


def _problems(file: Path, error: BadCityFile) -> str:
    shown = [f"  {problem}" for problem in error.problems[:SHOWN_PROBLEMS]]
    rest = len(error.problems) - len(shown)
    more = [f"  … and {rest} more"] if rest > 0 else []
    return "\n".join([f"{file} was refused, nothing was written:", *shown, *more])
