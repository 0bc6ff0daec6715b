"""``citypulse db migrate``, ``ingest``, ``vitals`` and ``api``: one process each."""

import asyncio

import click

from citypulse.commands.context import with_settings
from citypulse.commands.logs import show_log
from citypulse.migrations import migrate_all
from citypulse.settings import Settings
from citypulse.stack.local import running_addresses, running_database


@click.group()
def db() -> None:
    """Look after the database's schema."""


@db.command()
@with_settings
def migrate(settings: Settings) -> None:
    """Bring the database's schema and telemetry tables up to date; safe to repeat."""
    show_log()
    applied = migrate_all(running_database(settings.state, database=settings.database))
    click.echo(f"applied {len(applied)}: {', '.join(applied)}" if applied else "up to date")


@click.command()
@with_settings
def ingest(settings: Settings) -> None:
    """Take telemetry from the broker into the database until told to stop.

    A message is acknowledged after its row is committed. Settings: CITYPULSE_INGEST_….
    """
    from ingest.service import run  # noqa: PLC0415 - each process loads only what it runs

    show_log()
    addresses = running_addresses(settings.state, database=settings.database, mqtt=settings.broker)
    asyncio.run(run(settings.ingest, addresses.database_url, addresses.broker_url))


@click.command()
@with_settings
def vitals(settings: Settings) -> None:
    """Keep the newest readings and the city's vital signs current until told to stop.

    Settings: CITYPULSE_VITALS_….
    """
    from vitals.service import run  # noqa: PLC0415 - each process loads only what it runs

    show_log()
    url = running_database(settings.state, database=settings.database)
    asyncio.run(run(settings.vitals, url))


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Instead of CITYPULSE_API_PORT.")
@with_settings
def api(settings: Settings, port: int | None) -> None:
    """Serve page, API and live stream over HTTP until told to stop.

    Settings: CITYPULSE_API_… and CITYPULSE_PUBLIC_URL.
    """
    from api.service import run  # noqa: PLC0415 - each process loads only what it runs

    show_log()
    url = running_database(settings.state, database=settings.database)
    chosen = settings.api.model_copy(update={"port": port}) if port else settings.api
    run(chosen, url, settings.public)
