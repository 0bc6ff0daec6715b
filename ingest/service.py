"""The ingest process: broker → admitted readings → store, acknowledged after commit.

Messages gather in an open batch; closed batches wait in order of receipt; a worker thread commits
them one after the other; each commit is followed by its acknowledgements in one write. What does
not fit stays with the broker: beyond a bound of unacknowledged messages reading pauses.
"""

import asyncio
import logging
import signal
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ingest.address import BrokerAddress, parse_address
from ingest.backoff import delays
from ingest.batch import Batch
from ingest.connection import BrokerConnection
from ingest.errors import BrokerLost, BrokerRefused, WriteAbandoned
from ingest.framing import Message
from ingest.senders import Senders
from ingest.settings import IngestSettings
from ingest.writer import Outcome, Writer
from store.telemetry import MergeCounts

log = logging.getLogger(__name__)

IN_FLIGHT = 2
"""One batch being committed and one ready behind it: the database never waits for us."""
RESUME_SHARE = 0.75
MAX_READINGS = 12_000
FIRST_RECONNECT_S = 0.2
LONGEST_RECONNECT_S = 15.0
STATUS_EVERY_S = 60.0


@dataclass(slots=True)
class Books:
    """What this process has seen since it began; the durable books are sums over the ledger.

    Attributes:
        received: messages read from the socket.
        committed: messages committed.
        counts: what became of their readings.
        quarantined: rows written to the quarantine.
    """

    received: int = 0
    committed: int = 0
    counts: MergeCounts = field(default_factory=MergeCounts)
    quarantined: int = 0

    def __str__(self) -> str:
        """As fields of a log line."""
        counts = " ".join(f"{name}={count}" for name, count in self.counts._asdict().items())
        return (
            f"received={self.received} committed={self.committed} {counts}"
            f" quarantined={self.quarantined}"
        )


@dataclass(slots=True)
class _Waiting:
    """A batch, the connection its messages came by, and how much it holds."""

    batch: Batch
    connection: BrokerConnection
    bytes: int = 0


async def run(settings: IngestSettings, database_url: str, mqtt_url: str) -> None:
    """Run until SIGTERM or SIGINT; then drain and leave.

    Raises:
        InvalidValue: the broker's address is none.
    """
    address = parse_address(mqtt_url)
    await Ingest(settings, database_url, address, _stop_on_signals()).run()


class Ingest:
    """One member's life: connect, fill batches, commit, acknowledge, drain.

    Attributes:
        books: counts since the start.
        subscribed: set while connected and subscribed.
    """

    def __init__(
        self,
        settings: IngestSettings,
        database_url: str,
        address: BrokerAddress,
        stop: asyncio.Event,
    ) -> None:
        self.books = Books()
        self.subscribed = asyncio.Event()
        self._settings = settings
        self._address = address
        self._stop = stop
        self._writer = Writer(database_url, settings)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ingest-writer")
        self._senders = Senders(time.monotonic)
        self._connection: BrokerConnection | None = None
        self._was_connected = False
        self._last_connection: BrokerConnection | None = None
        self._open: _Waiting | None = None
        self._closed: deque[_Waiting] = deque()
        self._in_flight = 0
        self._flush_timer: asyncio.TimerHandle | None = None
        self._unacked_messages = 0
        self._unacked_bytes = 0
        self._resumed_messages = 0
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._failed: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Serve until stopped, then finish what is in hand."""
        loop = asyncio.get_running_loop()
        self._failed = loop.create_future()
        abandon = loop.create_task(self._abandon_late(), name="ingest-abandon")
        try:
            if not await self._know_devices():
                return
            broker = loop.create_task(self._stay_connected(), name="ingest-broker")
            status = loop.create_task(self._report(), name="ingest-status")
            stopped = loop.create_task(self._stop.wait(), name="ingest-stop")
            try:
                await _first_of(broker, stopped, self._failed)
                await self._drain()
            finally:
                await _cancelled(broker, status, stopped)
            if self._failed.done():
                self._failed.result()
        finally:
            await _cancelled(abandon)
            self._writer.abandon()
            await loop.run_in_executor(self._thread, self._writer.close)
            self._thread.shutdown()
            log.info("ingest stopped %s", self.books)

    # The broker.

    async def _stay_connected(self) -> None:
        """Connect again whenever the connection is lost, and never before there is room."""
        waits = delays(FIRST_RECONNECT_S, LONGEST_RECONNECT_S)
        while not self._stop.is_set():
            await self._has_room.wait()
            try:
                connection = await BrokerConnection.connect(
                    self._address, self._settings, self._received
                )
            except (OSError, TimeoutError, BrokerRefused, BrokerLost) as error:
                log.warning("broker unavailable broker=%s error=%s", self._address, error)
            else:
                waits = delays(FIRST_RECONNECT_S, LONGEST_RECONNECT_S)
                await self._use(connection)
            await asyncio.sleep(next(waits))

    async def _use(self, connection: BrokerConnection) -> None:
        """Receive by this connection until it is lost."""
        self._connection = connection
        self.subscribed.set()
        session = "resumed" if connection.session_present else "new"
        log.info("connected broker=%s session=%s", self._address, session)
        if self._was_connected and not connection.session_present:
            log.error("session lost broker=%s: what it held for us is gone", self._address)
        self._was_connected = True
        self._limit()
        try:
            await connection.lost
        except BrokerLost as error:
            log.warning("connection lost broker=%s error=%s", self._address, error)
        finally:
            self._connection = None
            self.subscribed.clear()

    def _received(self, connection: BrokerConnection, messages: Sequence[Message]) -> None:
        """Take messages into the open batch; close it when it is full."""
        waiting = self._open
        if waiting is None or waiting.connection is not connection:
            waiting = self._begin(connection)
        size = sum([len(message.payload) for message in messages])
        waiting.bytes += size
        waiting.batch.admit(messages, time.time_ns() // 1000)
        self.books.received += len(messages)
        self._unacked_messages += len(messages)
        self._unacked_bytes += size
        if len(waiting.batch) >= self._settings.flush_messages or self._is_large(waiting):
            self._flush()
        elif self._flush_timer is None:
            loop = asyncio.get_running_loop()
            self._flush_timer = loop.call_later(self._settings.flush_s, self._flush)
        self._limit()

    def _begin(self, connection: BrokerConnection) -> _Waiting:
        """Open a batch. After a resumed session what comes may be stored already, DUP or not."""
        self._close_open()
        if connection is not self._last_connection:
            self._last_connection = connection
            if connection.session_present:
                self._resumed_messages = self._settings.max_unacked_messages
        self._open = _Waiting(Batch(self._senders, merges=self._resumed_messages > 0), connection)
        return self._open

    def _limit(self) -> None:
        """Hold the connection while too much is unacknowledged, release it at three quarters."""
        settings = self._settings
        share = max(
            self._unacked_messages / settings.max_unacked_messages,
            self._unacked_bytes / settings.max_unacked_bytes,
        )
        if share >= 1:
            self._has_room.clear()
        elif share < RESUME_SHARE:
            self._has_room.set()
        if self._connection is None:
            return
        if self._has_room.is_set() and not self._stop.is_set():
            self._connection.release()
        else:
            self._connection.hold()

    # Batches, in order of receipt.

    def _flush(self) -> None:
        """Close the open batch, unless the database has its hands full: then it grows on."""
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        if self._open is None:
            return
        is_awaited = self._in_flight < IN_FLIGHT and not self._closed
        if is_awaited or self._is_large(self._open):
            self._close_open()

    def _is_large(self, waiting: _Waiting) -> bool:
        """Messages may hold a thousand readings each: no transaction need hold all of them."""
        return waiting.batch.readings >= MAX_READINGS

    def _close_open(self) -> None:
        """Put the open batch, if there is one, behind those that wait to be committed."""
        if self._open is not None:
            self._closed.append(self._open)
            self._resumed_messages -= len(self._open.batch)
            self._open = None
            self._submit()

    def _submit(self) -> None:
        """Give closed batches to the writer's thread, which takes them one by one."""
        loop = asyncio.get_running_loop()
        while self._closed and self._in_flight < IN_FLIGHT:
            waiting = self._closed.popleft()
            self._in_flight += 1
            self._is_idle.clear()
            future = loop.run_in_executor(self._thread, self._writer.write, waiting.batch)
            future.add_done_callback(partial(self._written, waiting))

    def _written(self, waiting: _Waiting, done: "asyncio.Future[Outcome]") -> None:
        """Acknowledge what is committed, and go on with what waits."""
        self._in_flight -= 1
        self._unacked_messages -= len(waiting.batch)
        self._unacked_bytes -= waiting.bytes
        error = done.exception()
        if error is None:
            waiting.connection.ack(waiting.batch.packet_ids)
            self._count(waiting.batch, done.result())
        elif not isinstance(error, WriteAbandoned) and self._failed and not self._failed.done():
            self._failed.set_exception(error)
        self._submit()
        self._flush_if_due()
        self._limit()
        if self._in_flight == 0 and not self._closed:
            self._is_idle.set()

    def _flush_if_due(self) -> None:
        """The batch that was left to grow has waited its time: its timer has run out."""
        if self._open is not None and self._flush_timer is None:
            self._flush()

    def _count(self, batch: Batch, outcome: Outcome) -> None:
        self.books.committed += len(batch)
        self.books.counts = self.books.counts.plus(outcome.counts)
        self.books.quarantined += outcome.quarantined
        if outcome.found or outcome.missed:
            self._senders.learn(outcome.found, outcome.missed)
        if outcome.directory is not None:
            self._senders.replace(outcome.directory)

    # Beginning and end.

    async def _know_devices(self) -> bool:
        """Read the directory before anything is taken; false when stopped meanwhile."""
        loop = asyncio.get_running_loop()
        loading = loop.run_in_executor(self._thread, self._writer.load_directory)
        stopped = loop.create_task(self._stop.wait(), name="ingest-stop-early")
        await _first_of(loading, stopped)
        if self._stop.is_set():
            self._writer.abandon()
        await _cancelled(stopped)
        try:
            devices = await loading
        except WriteAbandoned:
            return False
        self._senders.replace(devices)
        log.info("directory read devices=%d", len(devices))
        return True

    async def _drain(self) -> None:
        """Stop taking, commit what is in hand, acknowledge it, say goodbye."""
        connection = self._connection
        if connection is not None:
            connection.hold()
        self._close_open()
        if self._closed or self._in_flight:
            await self._is_idle.wait()
        if connection is not None and not connection.is_closed:
            connection.close()
            with suppress(BrokerLost):
                await asyncio.shield(connection.lost)

    async def _abandon_late(self) -> None:
        """Let the writer give up when a stop takes too long; the broker still has the rest."""
        await self._stop.wait()
        await asyncio.sleep(self._settings.drain_s)
        log.error("drain too slow unacked=%d", self._unacked_messages)
        self._writer.abandon()

    async def _report(self) -> None:
        """A line a minute, in which the books must balance."""
        while True:
            await asyncio.sleep(STATUS_EVERY_S)
            log.info("ingest status %s unacked=%d", self.books, self._unacked_messages)


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _first_of(*futures: "asyncio.Future[Any]") -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


async def _cancelled(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks of ours and wait for their end; what went wrong in them rises."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
