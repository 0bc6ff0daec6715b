"""The live stream's source: one follower of the ledger in the process, many bounded clients.

In: the ledger in commit order, and signs that changed. Out: to each client what it asked for, from
a queue of bounded length. A client that does not keep up is given the newest reading of each device
instead of all of them, and is told so.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import PoolClosed, PoolTimeout

from api.errors import TooManyStreams
from api.live_client import Chunk, Client, Wish, event, readings_event
from api.live_readings import Directory
from api.measures import Measures
from store import ledger
from store.ledger import Cursor, Entry
from vitals import signs

log = logging.getLogger(__name__)

ENTRIES_AT_ONCE = 50
READINGS_AT_ONCE = 5_000
RESUMABLE_BATCHES = 2_000
RESUMABLE_READINGS = 50_000  # what one client that comes back may make us hold
RETRY_S = 2.0

_AREAS_AROUND = """
SELECT e.code, array_agg(w.ancestor_code)
FROM registry.entity_now e
JOIN registry.area_within w
    ON w.area_key = e.area_key
WHERE e.code = ANY(%s)
GROUP BY e.code
"""

Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection[Any]]]


class Hub:
    """Follows the ledger while anyone listens, and hands every commit to every client."""

    def __init__(
        self,
        connect: Connect,
        measures: Measures,
        *,
        interval_s: float,
        max_clients: int,
        queue: int,
    ) -> None:
        self._connect = connect
        self._measures = measures
        self._interval_s = interval_s
        self._max_clients = max_clients
        self._queue = queue
        self._clients: set[Client] = set()
        self._someone = asyncio.Event()
        self._stopping = asyncio.Event()
        self._beginning = asyncio.Lock()
        self._directory = Directory()
        self._place = Cursor()
        self._signs_seen: datetime | None = None

    @property
    def stopping(self) -> bool:
        """Whether the process is about to end."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """End every stream and the following; may be called again."""
        self._stopping.set()
        self._someone.set()
        for client in self._clients:
            client.close()

    async def join(self, wish: Wish) -> tuple[Client, Cursor]:
        """Add a client; it is offered everything after the place returned.

        Raises:
            TooManyStreams: the bound is reached.
        """
        client = Client(wish, self._queue, self._measures)
        async with self._beginning:
            if len(self._clients) >= self._max_clients:
                raise TooManyStreams(self._max_clients)
            if not self._clients:
                async with self._connect() as conn:
                    await self._begin(conn)
            self._clients.add(client)
        self._measures.streams.set(len(self._clients))
        self._someone.set()
        return client, self._place

    def leave(self, client: Client) -> None:
        """Remove a client."""
        self._clients.discard(client)
        self._measures.streams.set(len(self._clients))
        if not self._clients and not self.stopping:
            self._someone.clear()

    async def missed(self, after: Cursor, until: Cursor, wish: Wish) -> list[bytes]:
        """Return the events of commits in (after, until], or a `gap` where they are too many."""
        if after >= until:
            return []
        events: list[bytes] = []
        async with self._connect() as conn:
            entries = await ledger.tail(conn, after, RESUMABLE_BATCHES + 1)
            entries = [entry for entry in entries if entry.cursor <= until]
            readings = sum(entry.readings for entry in entries)
            if len(entries) > RESUMABLE_BATCHES or readings > RESUMABLE_READINGS:
                return [event("gap", {"from": str(after), "to": str(until)}, str(until))]
            for some in _portions(entries):
                told = await self._directory.read(conn, some)
                wanted = [reading for reading in told if wish.wants(reading)]
                if wanted:
                    events.append(readings_event(wanted, some[-1].cursor))
        return events

    async def run(self) -> None:
        """Follow until stopped; a database that is away is tried again."""
        while not self.stopping:
            await self._someone.wait()
            try:
                async with self._connect() as conn:
                    more = await self._step(conn)
                    await self._step_signs(conn)
            except (psycopg.OperationalError, PoolTimeout, PoolClosed) as error:
                log.warning("stream can't follow: error=%s", error)
                await self._pause(RETRY_S)
                continue
            except Exception:
                # Outermost loop: the rest of the API is worth more than an exact end of this part.
                log.exception("stream failed")
                await self._pause(RETRY_S)
                continue
            if not more:
                await self._pause(self._interval_s)

    async def _begin(self, conn: AsyncConnection[Any]) -> None:
        self._place = await ledger.head(conn)
        self._signs_seen = await signs.evaluated_at(conn)
        await self._directory.refresh(conn)

    async def _step(self, conn: AsyncConnection[Any]) -> bool:
        entries = await ledger.tail(conn, self._place, ENTRIES_AT_ONCE)
        for some in _portions(entries):
            readings = await self._directory.read(conn, some)
            cursor = some[-1].cursor
            if readings:
                chunk = Chunk(cursor, readings, readings_event(readings, cursor))
                for client in self._clients:
                    client.offer(chunk)
            self._place = cursor
        return len(entries) == ENTRIES_AT_ONCE

    async def _step_signs(self, conn: AsyncConnection[Any]) -> None:
        evaluated = await signs.evaluated_at(conn)
        if evaluated is None or evaluated == self._signs_seen:
            return
        changed = await signs.current(conn, changed_after=self._signs_seen)
        self._signs_seen = evaluated
        if changed:
            items = [signs.as_json(sign) for sign in changed]
            lines = [sign.entity for sign in changed if sign.area is None]
            areas = dict(await (await conn.execute(_AREAS_AROUND, [lines])).fetchall())
            for client in self._clients:
                client.offer_signs(items, areas)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _portions(entries: Sequence[Entry]) -> Iterable[list[Entry]]:
    """Cut commits into runs of bounded size, each of at least one commit."""
    run: list[Entry] = []
    readings = 0
    for entry in entries:
        if run and readings + entry.readings > READINGS_AT_ONCE:
            yield run
            run, readings = [], 0
        run.append(entry)
        readings += entry.readings
    if run:
        yield run
