"""Brings a database to the present schema: numbered SQL files of all folders, then the hypertables.

In: folders of ``NNNN_name.sql``; numbers are unique over the whole project and give the order.
Out: the names applied now. Safe to run from several processes at once, and again at any time.
"""

import hashlib
import logging
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any

import psycopg

from store import hypertables
from store.errors import BadMigration, MigrationBusy, MigrationChanged, MigrationFailed

log = logging.getLogger(__name__)

ADVISORY_KEY = 0x6369_7479_7075_6C73  # "citypuls"
WAIT_FOR_OTHERS_S = 120.0
POLL_S = 0.1
LOCK_TIMEOUT = "5s"
"""Longer would queue every reader behind a migration that itself waits for one slow query."""
STATEMENT_TIMEOUT = "10min"

NO_TRANSACTION = "-- citypulse: no-transaction"
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

_BOOTSTRAP = """
CREATE SCHEMA IF NOT EXISTS store;
CREATE TABLE IF NOT EXISTS store.migration (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file.

    Attributes:
        name: its file name, ``0001_ground.sql``.
        text: its SQL.
        checksum: SHA-256 of the text, hex.
    """

    name: str
    text: str
    checksum: str

    @property
    def is_transactional(self) -> bool:
        """Whether it runs inside a transaction; some statements can't."""
        return self.text.split("\n", 1)[0].strip() != NO_TRANSACTION


def migrate(conn_url: str, sources: Sequence[Traversable]) -> list[str]:
    """Apply what is missing, in numeric order, then bring hypertables to the catalogue.

    Args:
        conn_url: the database; its role must own it, and be allowed to create the extensions.
        sources: folders that hold migrations.

    Raises:
        BadMigration: a name without number, a number used twice.
        MigrationBusy: another process kept the lock too long.
        MigrationChanged: an applied file has changed since.
        MigrationFailed: the database refused one; those before it stay applied.
        CatalogueConflict: the catalogue changed the type or the bit of an existing metric.
    """
    migrations = collect(sources)
    with _session(conn_url) as conn, _alone(conn):
        conn.execute(_BOOTSTRAP)
        applied = _apply_missing(conn, migrations)
        hypertables.sync(conn)
    return applied


def collect(sources: Sequence[Traversable]) -> list[Migration]:
    """The migrations of all folders, in the order of their numbers.

    Raises:
        BadMigration: see `migrate`.
    """
    files = [entry for source in sources for entry in source.iterdir()]
    found: dict[str, Migration] = {}
    for entry in files:
        if not entry.name.endswith(".sql"):
            continue
        match = _NAME.fullmatch(entry.name)
        if match is None:
            raise BadMigration(entry.name, "the name must be NNNN_lower_case.sql")
        number = match.group(1)
        if number in found:
            raise BadMigration(entry.name, f"number {number} is taken by {found[number].name}")
        text = entry.read_text(encoding="utf-8")
        found[number] = Migration(entry.name, text, hashlib.sha256(text.encode()).hexdigest())
    return [found[number] for number in sorted(found)]


@contextmanager
def _session(conn_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of its own in autocommit mode, so that files without transaction can run."""
    with psycopg.connect(
        conn_url, autocommit=True, connect_timeout=10, application_name="citypulse-migrate"
    ) as conn:
        conn.execute("SET timezone = 'UTC'")
        conn.execute("SET client_min_messages = warning")
        yield conn


@contextmanager
def _alone(conn: psycopg.Connection[Any]) -> Iterator[None]:
    """Hold the advisory lock: the session's end frees it, whatever happens."""
    _lock(conn, time.monotonic() + WAIT_FOR_OTHERS_S)
    conn.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
    conn.execute("SELECT set_config('statement_timeout', %s, false)", [STATEMENT_TIMEOUT])
    try:
        yield
    finally:
        if not conn.closed:
            conn.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_KEY])


def _lock(conn: psycopg.Connection[Any], deadline: float) -> None:
    """Poll: a statement that waits holds a snapshot, which CREATE INDEX CONCURRENTLY waits for."""
    while True:
        row = conn.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_KEY]).fetchone()
        if row is not None and row[0]:
            return
        if time.monotonic() > deadline:
            raise MigrationBusy(WAIT_FOR_OTHERS_S)
        time.sleep(POLL_S)


def _apply_missing(conn: psycopg.Connection[Any], migrations: Sequence[Migration]) -> list[str]:
    recorded = dict(conn.execute("SELECT name, checksum FROM store.migration").fetchall())
    for migration in migrations:
        if recorded.get(migration.name, migration.checksum) != migration.checksum:
            raise MigrationChanged(migration.name)
    missing = [migration for migration in migrations if migration.name not in recorded]
    for migration in missing:
        _apply(conn, migration)
        log.info("migration applied name=%s", migration.name)
    return [migration.name for migration in missing]


def _apply(conn: psycopg.Connection[Any], migration: Migration) -> None:
    """Run one file and record it; both in one transaction, unless the file opts out."""
    try:
        if migration.is_transactional:
            with conn.transaction():
                conn.execute(migration.text.encode())
                _record(conn, migration)
        else:
            # The server wraps several statements in a transaction of its own: one a file, then.
            conn.execute(migration.text.encode())
            _record(conn, migration)
    except psycopg.Error as error:
        raise _failed(migration.name, error) from error


def _record(conn: psycopg.Connection[Any], migration: Migration) -> None:
    conn.execute(
        "INSERT INTO store.migration (name, checksum) VALUES (%s, %s)",
        [migration.name, migration.checksum],
    )


def _failed(name: str, error: psycopg.Error) -> MigrationFailed:
    """The error with what the operator can do about it."""
    reason = error.diag.message_primary or str(error).strip()
    hint = error.diag.message_hint or ""
    if isinstance(error, psycopg.errors.InsufficientPrivilege) and "extension" in reason:
        hint = (
            "let a superuser run CREATE EXTENSION for timescaledb, postgis and btree_gist "
            "in this database, then migrate again"
        )
    elif "preloaded" in reason:
        hint = "set shared_preload_libraries = 'timescaledb' in postgresql.conf and restart"
    elif isinstance(error, psycopg.errors.LockNotAvailable):
        hint = f"a table was in use for longer than {LOCK_TIMEOUT}; migrate again"
    return MigrationFailed(name, error.sqlstate, reason, hint)
