"""Brings the broker's password and ACL files to what ``devices/`` knows, and has them read."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from citypulse.settings import Settings
from citypulse.stack import broker, credentials
from devices.broker_files import (
    FURTHER_INGEST,
    INGEST,
    SERVICES,
    rights_are_current,
    write_broker_files,
)
from store.pool import open_pool


async def refresh_broker(settings: Settings, database_url: str) -> int:
    """Write the files and reload the broker, if it is the local stack's.

    CITYPULSE_BROKER_FILES names another folder, from which some other broker reads; that broker
    has to be told by its own means.

    Returns:
        How many devices may connect.
    """
    folder = _folder(settings)
    is_ours = settings.own.broker_files is None
    async with (
        open_pool(database_url, application_name="citypulse devices") as pool,
        pool.connection() as conn,
    ):
        return await write_broker_files(
            conn,
            passwords=folder / broker.PASSWORD_FILE,
            acl=folder / broker.ACL_FILE,
            service_secrets=service_secrets(settings),
            reload=(lambda: broker.reload(folder)) if is_ours else None,
        )


async def rights_are_written(settings: Settings, database_url: str) -> bool:
    """Whether the files are there, and say who speaks for whom as the database does."""
    folder = _folder(settings)
    async with (
        open_pool(database_url, application_name="citypulse devices") as pool,
        pool.connection() as conn,
    ):
        is_current = await rights_are_current(conn, folder / broker.ACL_FILE)
    return is_current and await asyncio.to_thread((folder / broker.PASSWORD_FILE).exists)


def _folder(settings: Settings) -> Path:
    return settings.own.broker_files or settings.state.broker


def service_secrets(settings: Settings) -> Mapping[str, str]:
    """Passwords of the service users: our own, but those that CITYPULSE_MQTT_URL gives win."""
    known = credentials.load_or_make(settings.state.credentials).broker_services
    if settings.broker.url is None:
        return known
    given = urlsplit(settings.broker.url.get_secret_value())
    name, word = unquote(given.username or ""), unquote(given.password or "")
    if name in {service.name for service in FURTHER_INGEST}:
        name = INGEST.name  # whose secret they all have
    is_service = name in {service.name for service in SERVICES}
    return {**known, name: word} if is_service and word else known
