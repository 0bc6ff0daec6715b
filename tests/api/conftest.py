"""The application over a real database: a client, and a clock that stands still."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.settings import ApiSettings
from vitals import areas, evaluate, follow, networks, signs

NOW = datetime(2026, 11, 23, 12, 20, tzinfo=UTC)
PUBLIC = "https://id.example"


@pytest.fixture
def now() -> datetime:
    """The instant at which everything in these tests happens."""
    return NOW


@pytest.fixture
async def app(database_url: str, now: datetime) -> AsyncIterator[FastAPI]:
    """The application, running."""
    application = create_app(ApiSettings(), database_url, public_url=PUBLIC, clock=lambda: now)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of it, in this process; errors come as answers, as they do over a socket."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://city.test") as connected:
        yield connected


@pytest.fixture
def vitals_done(conn: psycopg.AsyncConnection[Any], now: datetime) -> Callable[[], Awaitable[None]]:
    """Let vitals take up what was put into the store, as of now."""

    async def work(at: datetime = now) -> None:
        while (await follow.follow(conn, at)).entries:
            pass
        await signs.write(
            conn,
            await evaluate.evaluate(conn, await areas.load(conn), await networks.load(conn), at),
        )

    return work
