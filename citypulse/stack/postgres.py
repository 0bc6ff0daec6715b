"""The local stack's PostgreSQL: made once, started, asked for its health, stopped.

It listens on the loopback interface and on a socket in a private folder, nowhere else, and every
connection needs a password.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString, Self

import psycopg
from psycopg import sql

from citypulse.stack import process
from citypulse.stack.credentials import Credentials
from citypulse.stack.errors import StartFailed
from citypulse.stack.install import Installation
from citypulse.stack.ports import LOOPBACK
from citypulse.stack.server import Server

OWNER = "citypulse"
DATABASE = "citypulse"
EXTENSIONS = ("timescaledb", "postgis", "btree_gist")
SOCKET_PATH_LIMIT = 107
STOP_DEADLINE_S = 20.0
# On the Apache edition TimescaleDB's own job 3 only fails, loudly, in every database.
SILENCE_JOB_3 = "UPDATE _timescaledb_config.bgw_job SET scheduled = false WHERE id = 3"


@dataclass(frozen=True, slots=True)
class Tuning:
    """What differs between a server that keeps data and one that lives for a test run."""

    shared_buffers_mb: int
    durable: bool = True

    @classmethod
    def for_this_machine(cls) -> Self:
        """An eighth of the memory, between 128 MB and 1 GB: room for the city's other processes."""
        memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
        return cls(shared_buffers_mb=max(128, min(1024, memory_mb // 8)))

    @classmethod
    def for_tests(cls) -> Self:
        """Nothing is ever written for good; a crash of the machine may lose it all."""
        return cls(shared_buffers_mb=128, durable=False)


class Postgres(Server):
    """One PostgreSQL server with its own data folder, which ``start`` makes if need be.

    Start it from the main thread: the server ends when the thread that started it does.
    """

    name = "PostgreSQL"
    start_deadline_s = 60.0
    ask_every_s = 0.1  # each time it refuses is a line of its log

    def __init__(
        self,
        installation: Installation,
        folder: Path,
        *,
        credentials: Credentials,
        port: int,
        log: Path,
        tuning: Tuning,
    ) -> None:
        super().__init__(port=port, log=log)
        self._bin = installation.postgres_bin
        self._folder = folder
        self._data = folder / "data"
        self._credentials = credentials
        self._tuning = tuning

    @property
    def url(self) -> str:
        """The address of the city's database, as its owner; holds a secret."""
        return self.url_of(DATABASE)

    def url_of(self, database: str, *, superuser: bool = False) -> str:
        """The address of a database on this server, as the owner or the superuser."""
        user, password = OWNER, self._credentials.owner
        if superuser:
            user, password = "postgres", self._credentials.superuser
        return f"postgresql://{user}:{password}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> None:
        """Bring the server up on data that is as the last run left it.

        A server that an earlier, killed supervisor left behind is stopped first.

        Raises:
            StartFailed: it ended or did not answer in time.
        """
        self._make_data()
        self._stop_orphan()
        self._write_configuration()
        command = [
            str(self._bin / "postgres"),
            *("-D", str(self._data)),
            *("-c", f"config_file={self._folder / 'postgresql.conf'}"),
        ]
        self._child = process.spawn(
            process.guarded(command, death_signal=signal.SIGINT, drop=True),
            log=self.log,
            environment=process.server_environment(),
        )
        self._await_answer(self._child)

    def stop(self) -> None:
        """Stop fast: sessions are cut, data is flushed; the harder signals only if that hangs."""
        pid = self.pid
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        if not process.wait_until(lambda: self.pid is None, deadline_s=STOP_DEADLINE_S):
            child = self._child
            process.stop_process(pid, gently=signal.SIGQUIT, deadline_s=5, child=child)
        self._child = None

    def kill(self) -> None:
        """SIGKILL the server and all its sessions, as a power cut would; for tests of recovery."""
        pid = self.pid
        if pid is None:
            return
        everyone = [pid, *_children(pid)]
        for one in everyone:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        if self._child is not None:
            self._child.wait()
        process.wait_until(
            lambda: not any(map(process.is_alive, everyone)), deadline_s=STOP_DEADLINE_S
        )
        self._child = None

    def answers(self) -> bool:
        """Whether the server takes a connection and a query now."""
        try:
            with psycopg.connect(
                self.url_of("postgres", superuser=True), connect_timeout=2
            ) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def prepare(self, database: str = DATABASE) -> None:
        """Make the owner and its database with the extensions, unless they are there.

        Extensions need the superuser; all else in the database is the owner's own work. Idempotent.
        """
        maintenance = self.url_of("postgres", superuser=True)
        with psycopg.connect(maintenance, autocommit=True) as connection:
            if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", OWNER):
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(
                        sql.Identifier(OWNER), sql.Literal(self._credentials.owner)
                    )
                )
            if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", database):
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(database), sql.Identifier(OWNER)
                    )
                )
        with psycopg.connect(self.url_of(database, superuser=True)) as connection:
            for extension in EXTENSIONS:
                connection.execute(
                    sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))
                )
            connection.execute(SILENCE_JOB_3)

    def _make_data(self) -> None:
        """Run initdb beside the final place, so that a half-made data folder is never used."""
        if (self._data / "PG_VERSION").exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / "data.new"
        if draft.exists():
            process.run_as_server(["rm", "-rf", str(draft)], log=self.log)
        process.make_server_folder(draft)
        password = self._folder / ".password"
        password.touch(mode=0o600)
        try:
            password.write_text(self._credentials.superuser + "\n")
            process.give_to_server(password)
            status = process.run_as_server(self._initdb_command(draft, password), log=self.log)
        finally:
            password.unlink(missing_ok=True)
        if status != 0:
            raise StartFailed("initdb", self.log, f"it ended with status {status}")
        draft.rename(self._data)

    def _initdb_command(self, data: Path, password: Path) -> list[str]:
        """No ICU, no libc locale: text sorts the same whatever the host is upgraded to."""
        return [
            str(self._bin / "initdb"),
            *("--pgdata", str(data), "--username", "postgres"),
            *("--auth", "scram-sha-256", "--pwfile", str(password)),
            *("--encoding", "UTF8", "--locale", "C"),
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            "--data-checksums",
            *(() if self._tuning.durable else ("--no-sync",)),
        ]

    def _write_configuration(self) -> None:
        sockets = self._folder / "sockets"
        process.make_server_folder(sockets)
        hba = self._folder / "pg_hba.conf"
        hba.write_text(f"local all all scram-sha-256\nhost all all {LOOPBACK}/32 scram-sha-256\n")
        path = f"{sockets}/.s.PGSQL.{self.port}"
        settings = configuration(
            self._tuning,
            port=self.port,
            sockets=str(sockets) if len(path.encode()) <= SOCKET_PATH_LIMIT else "",
        )
        settings["hba_file"] = str(hba)
        lines = (f"{name} = '{value}'\n" for name, value in settings.items())
        (self._folder / "postgresql.conf").write_text(
            "# Written by citypulse at every start; edits are lost.\n" + "".join(lines)
        )
        for file in (hba, self._folder / "postgresql.conf"):
            file.chmod(0o644)

    def _stop_orphan(self) -> None:
        """Stop the server that a killed supervisor left on this data, and sweep its stale pid file.

        PostgreSQL removes a stale ``postmaster.pid`` by itself, except where another process has
        since been given the same number; ours is told apart by its command line.
        """
        self.stop()
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _recorded_pid(self) -> int | None:
        return running_pid(self._data)


def configuration(tuning: Tuning, *, port: int, sockets: str) -> dict[str, str]:
    """The server's settings: a small machine shared with broker, services and a browser."""
    zone = "UTC" if Path("/usr/share/zoneinfo/UTC").exists() else "GMT"
    durable = "on" if tuning.durable else "off"
    return {
        "port": str(port),
        "listen_addresses": LOOPBACK,
        "unix_socket_directories": sockets,
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
        "max_connections": "100",
        "shared_preload_libraries": "timescaledb",
        "timescaledb.telemetry_level": "off",
        # Its workers would only run jobs that this edition refuses, and their sessions would be
        # in the way of CREATE DATABASE … TEMPLATE.
        "timescaledb.max_background_workers": "0",
        "max_worker_processes": "12",
        "max_parallel_workers_per_gather": "1",
        "jit": "off",
        "shared_buffers": f"{tuning.shared_buffers_mb}MB",
        "effective_cache_size": f"{tuning.shared_buffers_mb * 3}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "random_page_cost": "1.1",
        "max_locks_per_transaction": "256",
        "fsync": durable,
        "synchronous_commit": durable,
        "full_page_writes": durable,
        "wal_level": "minimal" if not tuning.durable else "replica",
        "max_wal_senders": "0" if not tuning.durable else "4",
        "wal_compression": "lz4",
        "min_wal_size": "256MB",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "autovacuum_naptime": "30s",
        "timezone": zone,
        "log_timezone": zone,
        "log_line_prefix": "%m [%p] %q%a@%d ",
        "log_checkpoints": "off",
        "log_min_duration_statement": "2s",
        "log_parameter_max_length": "200",
    }


def running_pid(data: Path) -> int | None:
    """The process that serves this data folder, told from its pid file and its command line."""
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    is_ours = process.is_alive(pid) and str(data) in process.command_line(pid)
    return pid if is_ours else None


def installed_versions(postgres_bin: Path) -> dict[str, str]:
    """Versions of PostgreSQL, TimescaleDB and PostGIS as installed."""
    printed = subprocess.run(  # noqa: S603 - our own binary
        [postgres_bin / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    extensions = postgres_bin.parents[3] / "share/postgresql/17/extension"
    return {"PostgreSQL": printed.split()[2]} | {
        shown: _default_version(extensions / f"{name}.control")
        for shown, name in (("TimescaleDB", "timescaledb"), ("PostGIS", "postgis"))
    }


def _default_version(control: Path) -> str:
    lines: Mapping[str, str] = {
        name.strip(): value.strip(" '\n")
        for name, equals, value in (
            line.partition("=") for line in control.read_text().splitlines()
        )
        if equals
    }
    return lines.get("default_version", "unknown")


def _exists(connection: psycopg.Connection, query: LiteralString, value: str) -> bool:
    return connection.execute(query, (value,)).fetchone() is not None


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except OSError:
        return []
