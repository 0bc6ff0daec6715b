"""What handlers are given: a database connection, the clock, and this process's parts."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from psycopg import AsyncConnection

from api.live import Hub
from api.measures import Measures
from api.settings import ApiSettings
from store.pool import Pool

WAIT_FOR_CONNECTION_S = 5.0


@dataclass(slots=True)
class Context:
    """The parts of one API process; `pool` and `hub` exist while it runs."""

    settings: ApiSettings
    public_url: str
    clock: Callable[[], datetime]
    measures: Measures
    pool: Pool | None = None
    hub: Hub | None = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A connection from the pool, in autocommit.

        Raises:
            psycopg_pool.PoolTimeout: none came free in time.
        """
        assert self.pool is not None, "the app's lifespan has not begun"  # noqa: S101 - our bug
        async with self.pool.connection(WAIT_FOR_CONNECTION_S) as conn:
            yield conn


def context_of(request: Request) -> Context:
    """Return the context that `create_app` put in place."""
    return cast(Context, request.app.state.context)


async def _context(request: Request) -> Context:
    # FastAPI sends a dependency that is not a coroutine to a thread: that costs more than it does.
    return context_of(request)


async def _connection(request: Request) -> AsyncIterator[AsyncConnection[Any]]:
    async with context_of(request).connection() as conn:
        yield conn


App = Annotated[Context, Depends(_context)]
# scope="function": the connection goes back to the pool before the answer is sent.
Database = Annotated[AsyncConnection[Any], Depends(_connection, scope="function")]
