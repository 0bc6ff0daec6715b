"""``citypulse devices``: credentials given, changed and taken away."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from city.codes import normalise
from citypulse.broker_access import refresh_broker
from citypulse.city_work import Issue, issue_into
from citypulse.commands.context import with_settings
from citypulse.settings import Settings
from citypulse.stack.local import running_database
from devices import enrolment
from store.pool import open_pool

FLEET = click.option(
    "--fleet",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The 0600 file that gets the secrets; default: enrolled.json in the state folder, and "
    "fleet.json, which the simulators read, for devices of the demonstration city.",
)


@click.group()
def devices() -> None:
    """Give devices credentials for the broker, change them, take them away."""


@devices.command()
@click.argument("codes", nargs=-1, metavar="[CODE…]")
@FLEET
@with_settings
def enrol(settings: Settings, codes: tuple[str, ...], fleet: Path | None) -> None:
    """Give a secret to each device that has none: those named, or all in service.

    Secrets are written to the fleet file, once; the database keeps only hashes. Who has a secret
    keeps it.
    """
    asked = _canonical(codes) or None
    if not _issue(settings, fleet, lambda conn: enrolment.enrol(conn, asked)):
        click.echo("issued 0 secrets: they have one; `citypulse devices rotate CODE` gives another")


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


def _issue(settings: Settings, fleet: Path | None, issue: Issue) -> int:
    url = running_database(settings.state, database=settings.database)
    files = asyncio.run(issue_into(settings, url, fleet, issue))
    for file, issued in files.items():
        click.echo(f"issued {len(issued)} secrets, written to {file}")
    return sum(map(len, files.values()))


async def _revoke(settings: Settings, url: str, codes: Sequence[str]) -> int:
    async with (
        open_pool(url, application_name="citypulse devices") as pool,
        pool.connection() as conn,
    ):
        count = await enrolment.revoke(conn, codes)
    await refresh_broker(settings, url)
    return count


def _canonical(codes: Sequence[str]) -> list[str]:
    return [normalise(code).code.text for code in codes]
