"""Batches into the store: one thread, one connection, one transaction a batch.

In: a closed `Batch`. Out: an `Outcome`, which means that the batch is committed and may be
acknowledged. It tries until the database takes it: an outage only takes time; a row that can't be
stored is found by halving and goes to the quarantine.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import psycopg

from city.readings import instant_of
from devices import directory
from devices.directory import DeviceEntry
from ingest.backoff import delays
from ingest.batch import Batch
from ingest.columns import Prepared, hour_counts, span
from ingest.errors import WriteAbandoned
from ingest.settings import IngestSettings
from store import ledger, quarantine
from store.pool import session_conninfo
from store.telemetry import MergeCounts, copy_rows, merge_rows

log = logging.getLogger(__name__)

FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 5.0
STATEMENT_TIMEOUT_S = 30.0
LEDGER_KEY = "ingest_batch_pkey"


@dataclass(slots=True)
class Outcome:
    """What came of a batch that is committed.

    Attributes:
        counts: what became of its readings.
        quarantined: rows written to the quarantine.
        found: strangers that the database knew.
        missed: codes it did not know.
        directory: all devices, when it was time to read them anew.
    """

    counts: MergeCounts = field(default_factory=MergeCounts)
    quarantined: int = 0
    found: dict[str, DeviceEntry] = field(default_factory=dict)
    missed: set[str] = field(default_factory=set)
    directory: dict[str, DeviceEntry] | None = None

    def add(self, other: "Outcome") -> None:
        """Take another one in."""
        self.counts = self.counts.plus(other.counts)
        self.quarantined += other.quarantined
        self.found |= other.found
        self.missed |= other.missed
        self.directory = other.directory or self.directory


class Writer:
    """The database side of ingest; all methods but `abandon` are called from one thread."""

    def __init__(self, database_url: str, settings: IngestSettings) -> None:
        conninfo = session_conninfo(database_url, "citypulse-ingest", STATEMENT_TIMEOUT_S)
        # Acknowledged means durable, whatever the server's default says.
        self._conninfo = psycopg.conninfo.make_conninfo(
            conninfo,
            options=f"{_options(conninfo)} -c synchronous_commit=on",
            tcp_user_timeout=round(STATEMENT_TIMEOUT_S * 1000),
        )
        self._settings = settings
        self._conn: psycopg.Connection[Any] | None = None
        self._abandoned = threading.Event()
        self._down_since: float | None = None
        self._refresh_at = 0.0

    def load_directory(self) -> dict[str, DeviceEntry]:
        """Every device in service; waits for the database if it must.

        Raises:
            WriteAbandoned: it was time to stop.
        """
        for delay_s in delays(FIRST_RETRY_S, LONGEST_RETRY_S):
            try:
                return self._load_directory()
            except psycopg.Error as error:
                self._failed(error)
            if self._abandoned.wait(delay_s):
                break
        raise WriteAbandoned(0)

    def write(self, batch: Batch) -> Outcome:
        """Commit a batch, whatever it takes.

        Raises:
            WriteAbandoned: it was time to stop, and the database had not taken it.
        """
        try:
            outcome = self._write_whole(batch)
        except Exception as error:
            # The database refused a value, or our own code stumbled over one: not an outage, and
            # trying again would stop the city for the sake of one message. Find it.
            if isinstance(error, WriteAbandoned):
                raise
            outcome = self._write_apart(batch, error)
        if time.monotonic() >= self._refresh_at:
            outcome.directory = self._refreshed()
        return outcome

    def abandon(self) -> None:
        """Stop trying; for any thread, when the time to stop has come."""
        self._abandoned.set()

    def close(self) -> None:
        """Close the connection."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _write_apart(self, batch: Batch, error: Exception) -> Outcome:
        """Halve until the guilty message is alone; the others are stored."""
        if len(batch) > 1:
            outcome = Outcome()
            for half in batch.halves():
                outcome.add(self.write(half))
            return outcome
        is_theirs = isinstance(error, psycopg.Error)
        detail = f"{getattr(error, 'sqlstate', None) or type(error).__name__}: {error}"
        log.error("message quarantined topic=%s error=%s", batch.messages[0].topic, detail)
        batch.condemn("refused-by-database" if is_theirs else "unforeseen", detail)
        return self._write_whole(batch)

    def _write_whole(self, batch: Batch) -> Outcome:
        """Commit it as one, over outages; raises what is wrong with its content."""
        for delay_s in delays(FIRST_RETRY_S, LONGEST_RETRY_S):
            try:
                return self._commit(batch)
            except psycopg.errors.UniqueViolation as error:
                if error.diag.constraint_name == LEDGER_KEY:
                    return Outcome()  # the commit whose outcome we never heard of
                if batch.merges:
                    raise
                batch.merges = True
                continue
            except (psycopg.DataError, psycopg.IntegrityError):
                raise
            except psycopg.Error as error:
                self._failed(error)
            if self._abandoned.wait(delay_s):
                break
        raise WriteAbandoned(len(batch))

    def _commit(self, batch: Batch) -> Outcome:
        conn = self._connected()
        outcome = Outcome()
        with conn.cursor() as cur:
            if batch.batch_id is None:
                batch.batch_id = ledger.next_batch_id(cur)
            elif ledger.is_committed(cur, batch.batch_id):
                return outcome
            if batch.strangers:
                codes = {code for _, code in batch.strangers}
                outcome.found = directory.lookup(cur, sorted(codes))
                outcome.missed = codes - outcome.found.keys()
                batch.settle(outcome.found)
            prepared = batch.prepare()
            with conn.transaction():
                for each in prepared:
                    counts = _write_rows(cur, each, batch.batch_id, merges=batch.merges)
                    outcome.counts = outcome.counts.plus(counts)
                outcome.quarantined = quarantine.put(cur, batch.refusals(), batch.batch_id)
                ledger.append_batch(
                    cur, _ledger_row(batch, batch.batch_id, outcome, self._settings.member)
                )
        return outcome

    def _connected(self) -> psycopg.Connection[Any]:
        if self._conn is None or self._conn.closed:
            self._conn = psycopg.connect(self._conninfo, autocommit=True)
            if self._down_since is not None:
                down_s = time.monotonic() - self._down_since
                log.warning("database back down_s=%.1f", down_s)
                self._down_since = None
        return self._conn

    def _failed(self, error: psycopg.Error) -> None:
        """Say it once for each outage, and begin anew with a fresh connection."""
        if self._down_since is None:
            self._down_since = time.monotonic()
            log.error("database unavailable, retrying error=%s", str(error).strip())
        self.close()

    def _load_directory(self) -> dict[str, DeviceEntry]:
        with self._connected().cursor() as cur:
            devices = directory.load_sync(cur)
        self._refresh_at = time.monotonic() + self._settings.directory_refresh_s
        return devices

    def _refreshed(self) -> dict[str, DeviceEntry] | None:
        """The directory anew; the batch is committed, so a failure here must not look like one."""
        try:
            return self._load_directory()
        except psycopg.Error as error:
            self._failed(error)
            return None


def _write_rows(
    cur: psycopg.Cursor[Any], prepared: Prepared, batch_id: int, *, merges: bool
) -> MergeCounts:
    """The fast path for what can't be there yet, the merge for the rest."""
    if merges:
        return merge_rows(cur, prepared.rows, batch_id)
    is_again = prepared.repeats > 0
    if not is_again.any():
        return copy_rows(cur, prepared.rows, batch_id)
    counts = copy_rows(cur, prepared.rows.take(~is_again), batch_id)
    return counts.plus(merge_rows(cur, prepared.rows.take(is_again), batch_id))


def _ledger_row(batch: Batch, batch_id: int, outcome: Outcome, member: str) -> ledger.Batch:
    prepared = batch.prepare()
    spans = [span(each.rows) for each in prepared]
    received_at = instant_of(batch.received_us)
    return ledger.Batch(
        batch_id=batch_id,
        member=member,
        messages=len(batch),
        counts=outcome.counts,
        quarantined=outcome.quarantined,
        spans=spans,
        hours=[hour for each in prepared for hour in hour_counts(each.rows, each.district_of)],
        min_late_s=min(((received_at - each.end).total_seconds() for each in spans), default=None),
        max_late_s=max(
            ((received_at - each.start).total_seconds() for each in spans), default=None
        ),
    )


def _options(conninfo: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(conninfo).get("options") or "")
