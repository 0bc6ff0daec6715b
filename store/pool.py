"""Database connections for the asynchronous processes: one pool, one way of setting sessions up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool

CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_S = 30.0
WAIT_FOR_CONNECTION_S = 10.0

Pool = AsyncConnectionPool[AsyncConnection[Any]]


@asynccontextmanager
async def open_pool(
    url: str,
    *,
    application_name: str = "citypulse",
    min_size: int = 1,
    max_size: int = 8,
    statement_timeout_s: float = STATEMENT_TIMEOUT_S,
    autocommit: bool = False,
) -> AsyncIterator[Pool]:
    """Connections in UTC, named for ``pg_stat_activity``, that give up on a stuck statement.

    Args:
        url: the database.
        application_name: which process this is.
        min_size: connections kept open.
        max_size: connections at most; asking for one more waits.
        statement_timeout_s: a statement that takes longer is cancelled.
        autocommit: whether each statement is its own transaction.

    Raises:
        psycopg_pool.PoolTimeout: no connection came about within `WAIT_FOR_CONNECTION_S`.
    """
    async with AsyncConnectionPool(
        session_conninfo(url, application_name, statement_timeout_s),
        min_size=min_size,
        max_size=max_size,
        timeout=WAIT_FOR_CONNECTION_S,
        kwargs={"autocommit": autocommit},
        # A round trip, which spares the first callers after a restart of the database their errors.
        check=AsyncConnectionPool.check_connection,
        open=False,
    ) as pool:
        await pool.wait(WAIT_FOR_CONNECTION_S)
        yield pool


def session_conninfo(
    url: str, application_name: str, statement_timeout_s: float = STATEMENT_TIMEOUT_S
) -> str:
    """The address with what every session of ours sets; an ``options`` of the address stays."""
    given = conninfo_to_dict(url).get("options")
    ours = f"-c timezone=UTC -c statement_timeout={round(statement_timeout_s * 1000)}"
    return make_conninfo(
        url,
        application_name=application_name,
        connect_timeout=CONNECT_TIMEOUT_S,
        options=f"{given} {ours}" if given else ours,
    )
