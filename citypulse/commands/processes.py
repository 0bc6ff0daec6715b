"""``citypulse db migrate``, ``ingest``, ``vitals`` and ``api``: one process each."""

import asyncio
import os
import shutil
from urllib.parse import unquote, urlsplit

import click

from citypulse.commands.context import with_settings
from citypulse.commands.logs import show_log
from citypulse.migrations import migrate_all
from citypulse.settings import Settings
from citypulse.stack.install import find_installed
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


@db.command(context_settings={"ignore_unknown_options": True})
@click.argument("psql_arguments", nargs=-1, type=click.UNPROCESSED)
@with_settings
def shell(settings: Settings, psql_arguments: tuple[str, ...]) -> None:
    """Open psql in the database, as its owner; PSQL_ARGUMENTS are handed on."""
    url = urlsplit(running_database(settings.state, database=settings.database))
    installation = find_installed(settings.state.binaries)
    psql = installation.postgres_bin / "psql" if installation else shutil.which("psql")
    if psql is None:
        raise click.ClickException("no psql here: install one, or the local stack (`citypulse up`)")
    # The password goes by the environment, which other users can't see, not by the arguments.
    access = {
        "PGHOST": url.hostname or "",
        "PGPORT": str(url.port or 5432),
        "PGUSER": unquote(url.username or ""),
        "PGPASSWORD": unquote(url.password or ""),
        "PGDATABASE": url.path.lstrip("/"),
    }
    os.execve(psql, [str(psql), *psql_arguments], os.environ | access)  # noqa: S606 - our own psql


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
