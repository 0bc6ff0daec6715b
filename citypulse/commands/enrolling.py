"""``citypulse devices``: credentials given, changed and taken away."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import click
from psycopg import AsyncConnection

from city.codes import normalise
from citypulse.broker_access import refresh_broker_async
from citypulse.commands.context import with_settings
from citypulse.settings import Settings
from citypulse.stack.local import running_database
from devices import enrolment
from devices.enrolment import Issued
from devices.fleet_file import add_to_fleet
from store.pool import open_pool

FLEET = click.option(
    "--fleet",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The 0600 file that gets the secrets; default: the one the simulators read.",
)
Issue = Callable[[AsyncConnection[Any]], Coroutine[Any, Any, list[Issued]]]


@click.group()
def devices() -> None:
    """Give devices credentials for the broker, change them, take them away."""


@devices.command()
@click.argument("codes", nargs=-1, metavar="[CODE…]")
@FLEET
@with_settings
def enrol(settings: Settings, codes: tuple[str, ...], fleet: Path | None) -> None:
    """Give a secret to each device that has none: those named, or all in service.

    Secrets are written to the fleet file, once; the database keeps only hashes.
    """
    asked = _canonical(codes) or None
    _issue(settings, fleet, lambda conn: enrolment.enrol(conn, asked))


@devices.command()
@click.argument("codes", nargs=-1, required=True, metavar="CODE…")
@FLEET
@with_settings
def rotate(settings: Settings, codes: tuple[str, ...], fleet: Path | None) -> None:
    """Give each CODE a new secret; its old one ends at once."""
    asked = _canonical(codes)
    _issue(settings, fleet, lambda conn: enrolment.rotate(conn, asked))


@devices.command()
@click.argument("codes", nargs=-1, required=True, metavar="CODE…")
@with_settings
def revoke(settings: Settings, codes: tuple[str, ...]) -> None:
    """Take each CODE's secret away; its connection ends at once."""
    url = running_database(settings.state, database=settings.database)
    count = asyncio.run(_revoke(settings, url, _canonical(codes)))
    click.echo(f"revoked {count} of {len(codes)}")


async def enrol_into(settings: Settings, url: str, fleet: Path, issue: Issue) -> list[Issued]:
    """Issue credentials, write their secrets to the fleet file, and let the broker know.

    The file is written before the commit: no credential takes effect whose secret nobody has.
    """
    async with (
        open_pool(url, application_name="citypulse devices") as pool,
        pool.connection() as conn,
        conn.transaction(),
    ):
        issued = await issue(conn)
        if issued:
            add_to_fleet(fleet, issued)
    await refresh_broker_async(settings, url)
    return issued


def _issue(settings: Settings, fleet: Path | None, issue: Issue) -> None:
    url = running_database(settings.state, database=settings.database)
    path = fleet or settings.state.fleet
    issued = asyncio.run(enrol_into(settings, url, path, issue))
    click.echo(f"issued {len(issued)} secrets{f', written to {path}' if issued else ''}")


async def _revoke(settings: Settings, url: str, codes: Sequence[str]) -> int:
    async with (
        open_pool(url, application_name="citypulse devices") as pool,
        pool.connection() as conn,
    ):
        count = await enrolment.revoke(conn, codes)
    await refresh_broker_async(settings, url)
    return count


def _canonical(codes: Sequence[str]) -> list[str]:
    return [normalise(code).code.text for code in codes]
