"""Fixtures on real parts: one PostgreSQL a run, one database a test, one Mosquitto a test.

Nothing is skipped when a part is missing: the run stops and says what to do.
"""

import asyncio
import importlib.util
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from psycopg import sql

from city.errors import CitypulseError
from citypulse.stack import broker as stack_broker
from citypulse.stack import postgres as stack_postgres
from citypulse.stack.broker import Broker
from citypulse.stack.credentials import Credentials
from citypulse.stack.install import Installation, ensure_installed
from citypulse.stack.ports import any_free
from citypulse.stack.postgres import Postgres, Tuning
from citypulse.stack.state import state_folder
from devices.broker_files import acl_file, password_file
from devices.passwords import hash_secret

# A busy machine is slow, not wrong: nothing in the suite is judged by its time.
hypothesis_settings.register_profile(
    "citypulse", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("citypulse")

TEMPLATE = "citypulse_template"
CITY_TEMPLATE = "citypulse_template_city"


def _installation() -> Installation:
    """The same binaries that `citypulse up` uses; installed now if nobody did."""
    override = os.environ.get("CITYPULSE_STATE_DIR")
    state = state_folder(os.environ, Path(override) if override else None)
    try:
        return ensure_installed(state.binaries)
    except CitypulseError as error:
        pytest.exit(f"the tests need the real database and broker: {error}", returncode=3)


def pytest_report_header() -> str:
    """Versions of the real parts, so that a log says what was tested against."""
    installation = _installation()
    versions = stack_postgres.installed_versions(installation.postgres_bin)
    versions["Mosquitto"] = stack_broker.installed_version(installation.mosquitto)
    return "real parts: " + ", ".join(f"{name} {version}" for name, version in versions.items())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the browser's tests last: its library may leave an event loop running in this thread.

    Every asynchronous test after it would be refused a loop of its own.
    """
    items.sort(key=lambda item: item.path.parent.name == "browser")


@pytest.fixture(scope="session")
def stack_prefix() -> Installation:
    """The installed servers."""
    return _installation()


@pytest.fixture(scope="session")
def server_tmp() -> Iterator[Path]:
    """A temporary folder that the servers' unprivileged user can pass through.

    pytest's own are private to the user that runs it; and their long names would not leave room
    for a socket's path.
    """
    folder = Path(tempfile.mkdtemp(prefix="citypulse-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(stack_prefix: Installation, server_tmp: Path) -> Iterator[Postgres]:
    """One PostgreSQL for the whole run, on nothing durable."""
    server = Postgres(
        stack_prefix,
        server_tmp / "postgres",
        credentials=Credentials(),
        port=any_free(),
        log=server_tmp / "postgres.log",
        tuning=Tuning.for_tests(),
    )
    with server:
        server.prepare(TEMPLATE)
        yield server


@pytest.fixture(scope="session")
def template_database(postgres: Postgres) -> str:
    """The name of a database with all migrations applied, to be copied from."""
    from citypulse.migrations import migrate_all  # noqa: PLC0415 - not needed by pure tests

    migrate_all(postgres.url_of(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def database_url(request: pytest.FixtureRequest, postgres: Postgres) -> Iterator[str]:
    """The address of a database of this test's own: migrated, and empty but for `known_city`."""
    wants_city = "known_city" in request.fixturenames
    fixture = "city_template" if wants_city else "template_database"
    yield from _database(postgres, str(request.getfixturevalue(fixture)))


@pytest.fixture
def empty_database_url(postgres: Postgres) -> Iterator[str]:
    """The address of a database without any migration applied: the extensions and nothing else."""
    name = f"test_{secrets.token_hex(6)}"
    postgres.prepare(name)
    yield postgres.url_of(name)
    _drop(postgres, name)


@pytest.fixture
async def conn(database_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """An autocommit connection to this test's database."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        yield connection


class RunningBroker:
    """A broker of one test's own, and the identities it knows."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._passwords: dict[str, str] = {}
        for service in ("ingest", "ingest-1", "console"):
            self._passwords[service] = secrets.token_urlsafe(12)
        self._write()

    @property
    def port(self) -> int:
        """The loopback port it listens on."""
        return self._broker.port

    @property
    def pid(self) -> int | None:
        """Its process, if it runs."""
        return self._broker.pid

    @property
    def log(self) -> Path:
        """Its log file."""
        return self._broker.log

    @property
    def password_file(self) -> Path:
        """Where ``devices/`` writes hashes."""
        return self._broker.password_file

    @property
    def acl_file(self) -> Path:
        """Where ``devices/`` writes rights."""
        return self._broker.acl_file

    def url_for(self, username: str) -> str:
        """The address for ``ingest``, ``ingest-1``, ``console`` or a device added before."""
        return self._broker.url_as(username, self._passwords[username])

    def add_device(self, code: str) -> str:
        """Give a device a credential, have the broker read it, and return the secret."""
        self.add_devices([code])
        return self._passwords[code]

    def add_devices(self, codes: list[str]) -> dict[str, str]:
        """Give many devices credentials with one reload; return the secrets by code."""
        for code in codes:
            self._passwords[code] = secrets.token_urlsafe(12)
        self._write()
        self.reload()
        return {code: self._passwords[code] for code in codes}

    def secret_of(self, username: str) -> str:
        """The password of a known user."""
        return self._passwords[username]

    def reload(self) -> None:
        """Have the files read again, as after ``devices/`` has written them."""
        self._broker.reload()

    def start(self) -> None:
        """Start it (again), on the same port and with what it persisted."""
        self._broker.start()

    def stop(self) -> int | None:
        """Stop it in order; it persists sessions and queues. Its exit status, below 0 a crash."""
        return self._broker.stop()

    def kill(self) -> None:
        """SIGKILL it."""
        self._broker.kill()

    def _write(self) -> None:
        self.password_file.parent.mkdir(parents=True, exist_ok=True)
        hashes = {user: hash_secret(word) for user, word in self._passwords.items()}
        self.password_file.write_text(password_file(hashes))
        self.acl_file.write_text(acl_file())


@pytest.fixture
def broker(stack_prefix: Installation, server_tmp: Path) -> Iterator[RunningBroker]:
    """A real Mosquitto of this test's own with the local stack's configuration."""
    folder = server_tmp / f"broker-{secrets.token_hex(4)}"
    server = Broker(stack_prefix, folder, port=any_free(), log=folder / "broker.log")
    running = RunningBroker(server)
    with server:
        yield running


def _database(postgres: Postgres, template: str) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as connection:
        # FILE_COPY: five times faster than WAL_LOG here, where nothing is flushed.
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    yield postgres.url_of(name)
    _drop(postgres, name)


def _drop(postgres: Postgres, name: str) -> None:
    # A test may have ended with the server down on purpose.
    with suppress(psycopg.OperationalError):
        maintenance = postgres.url_of("postgres", superuser=True)
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


def _known_city_module() -> ModuleType:
    # Test folders are no packages: the module is taken from its file.
    place = Path(__file__).parent / "known_city.py"
    spec = importlib.util.spec_from_file_location("known_city", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["known_city"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def founded_city(postgres: Postgres, template_database: str) -> Any:
    """The small demonstration city, imported once into a database to be copied from."""
    with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(CITY_TEMPLATE), sql.Identifier(template_database)
            )
        )
    return asyncio.run(_known_city_module().found_city(postgres.url_of(CITY_TEMPLATE)))


@pytest.fixture(scope="session")
def city_template(founded_city: Any) -> str:
    """The name of that database."""
    assert founded_city is not None
    return CITY_TEMPLATE


@pytest.fixture(scope="session")
def shared_city_url(postgres: Postgres, city_template: str) -> Iterator[str]:
    """The address of one database with that city for all tests that only read."""
    yield from _database(postgres, city_template)


@pytest.fixture
def known_city(founded_city: Any, database_url: str) -> Any:
    """A small demonstration city in this test's database: see tests/known_city.py."""
    return replace(founded_city, url=database_url)
