"""PostgreSQL as a part: what it survives, and what it finds at its start."""

import subprocess
from pathlib import Path

import psycopg
import pytest

from citypulse.stack import process
from citypulse.stack.credentials import Credentials, load_or_make
from citypulse.stack.errors import StartFailed
from citypulse.stack.install import Installation
from citypulse.stack.ports import any_free
from citypulse.stack.postgres import Postgres, Tuning
from citypulse.supervisor import LONGEST_PAUSE_S, pause_after


@pytest.fixture(scope="module")
def server(stack_prefix: Installation, server_tmp: Path) -> Postgres:
    """A server of this module's own; each test starts and stops it."""
    return Postgres(
        stack_prefix,
        server_tmp / "other-postgres",
        credentials=Credentials(),
        port=any_free(),
        log=server_tmp / "other-postgres.log",
        tuning=Tuning(shared_buffers_mb=128),
    )


def test_what_is_committed_outlives_a_power_cut(server: Postgres) -> None:
    with server:
        server.prepare()
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        server.kill()
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
            connection.execute("DROP TABLE kept")


def test_a_server_left_by_a_killed_supervisor_is_replaced(
    server: Postgres, stack_prefix: Installation, server_tmp: Path
) -> None:
    with server:
        orphan = server.pid
        assert orphan is not None
        successor = Postgres(
            stack_prefix,
            server_tmp / "other-postgres",
            credentials=server._credentials,
            port=server.port,
            log=server.log,
            tuning=Tuning(shared_buffers_mb=128),
        )
        with successor:
            assert successor.pid != orphan
            assert not process.is_alive(orphan)
            assert successor.answers()


def test_a_stale_pid_file_with_another_process_number_is_no_obstacle(
    server: Postgres, server_tmp: Path
) -> None:
    with server:
        pass
    with subprocess.Popen(["sleep", "60"]) as bystander:
        stale = server_tmp / "other-postgres/data/postmaster.pid"
        stale.write_text(f"{bystander.pid}\n")
        with server:
            assert server.answers()
        assert bystander.poll() is None
        bystander.kill()


def test_a_server_that_cannot_start_says_why(server: Postgres, server_tmp: Path) -> None:
    with server:
        pass
    control = server_tmp / "other-postgres/data/global/pg_control"
    hidden = control.with_suffix(".hidden")
    control.rename(hidden)
    with pytest.raises(StartFailed, match=r"(?s)PostgreSQL did not start.*pg_control"):
        server.start()
    hidden.rename(control)


def test_the_log_holds_no_secret(server: Postgres) -> None:
    words = (server._credentials.owner, server._credentials.superuser)
    assert [word for word in words if word in server.log.read_text()] == []


def test_credentials_are_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "state/credentials.json"
    made = load_or_make(path)
    path.chmod(0o644)
    assert load_or_make(path) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert made.owner not in repr(made)


def test_pauses_between_restarts_grow_to_a_limit() -> None:
    assert 0.5 <= pause_after(1) <= 1.0
    assert LONGEST_PAUSE_S / 2 <= pause_after(10_000) <= LONGEST_PAUSE_S
