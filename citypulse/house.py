"""Brings the whole house up under a supervisor: servers, schema, broker files, our processes."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from citypulse.broker_access import refresh_broker
from citypulse.migrations import migrate_all
from citypulse.settings import Settings
from citypulse.stack import local, record
from citypulse.stack.install import Progress
from citypulse.stack.leftovers import stop_leftovers
from citypulse.stack.local import Addresses, LocalStack
from citypulse.stack.ports import Ports, is_free
from citypulse.stack.service import Service
from citypulse.supervisor import Part, StopSignals, Supervisor

FIRST_API_PORT = 8321

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class House:
    """What is up: the servers, and the address that people open."""

    stack: LocalStack
    page: str
    environment: Mapping[str, str]


@contextmanager
def supervised(settings: Settings, tell: Tell) -> Iterator[tuple[Supervisor, LocalStack]]:
    """Be the supervisor of the state folder, with the servers installed; stop all at the end.

    Until the servers are installed a signal simply ends us; from then on it is a request to stop.

    Raises:
        AlreadyRunning: there is a supervisor.
        StackUnavailable: this machine can't carry the local stack.
        PortTaken: a fixed port is in use.
    """
    settings.state.create()
    with record.supervising(settings.state.run):
        stop_leftovers(settings.state)
        stack = assemble(settings, tell)
        with StopSignals() as stop, Supervisor(settings.state.run, stop) as supervisor:
            yield supervisor, stack


def bring_up(
    supervisor: Supervisor,
    settings: Settings,
    stack: LocalStack,
    *,
    api_port: int | None,
    tell: Tell,
) -> House | None:
    """Start everything in order; ``None`` when asked to stop before it was all up.

    Args:
        supervisor: who owns the processes from now on.
        settings: of all processes; URLs in it replace local servers.
        stack: the servers, as `supervised` assembled them.
        api_port: the API's port; None means the remembered or first free one.
        tell: shown to the person who waits.

    Raises:
        PortTaken: the API's fixed port is in use; nothing was started.
        CitypulseError: a part can't be set up; what was started is stopped by the supervisor.
    """
    port = _api_port(settings, api_port)
    for step in (_start_database, _migrate, _start_broker):
        if supervisor.stop.requested:
            return None
        step(supervisor, settings, stack, tell)
    house = _start_services(supervisor, settings, stack, port=port)
    return None if supervisor.stop.requested else house


def assemble(settings: Settings, tell: Tell) -> LocalStack:
    """Install what is missing, showing how far it is."""
    return local.assemble(
        settings.state,
        database=settings.database,
        mqtt=settings.broker,
        stack=settings.stack,
        report=_progress_lines(tell),
    )


def _start_database(
    supervisor: Supervisor, settings: Settings, stack: LocalStack, tell: Tell
) -> None:
    if stack.postgres is None:
        tell("using the database named in CITYPULSE_DATABASE_URL")
        return
    tell("starting the database")
    address = local.shown(stack.postgres.url)
    supervisor.start(Part("database", stack.postgres, address))
    stack.postgres.prepare()


def _migrate(supervisor: Supervisor, settings: Settings, stack: LocalStack, tell: Tell) -> None:
    applied = migrate_all(stack.addresses.database_url)
    if applied:
        tell(f"database migrated: {len(applied)} steps")


def _start_broker(
    supervisor: Supervisor, settings: Settings, stack: LocalStack, tell: Tell
) -> None:
    if stack.broker is None:
        tell("using the broker named in CITYPULSE_MQTT_URL")
        return
    tell("starting the broker")
    asyncio.run(refresh_broker(settings, stack.addresses.database_url))
    supervisor.start(Part("broker", stack.broker, local.shown(stack.broker.url_as("", ""))))


def _start_services(
    supervisor: Supervisor, settings: Settings, stack: LocalStack, *, port: int
) -> House:
    page = f"http://{settings.api.host}:{port}"
    environment = service_environment(stack.addresses, api_port=port, public=page)
    for name, address in (("ingest", ""), ("vitals", ""), ("api", page)):
        if supervisor.stop.requested:
            break
        log = settings.state.logs / f"{name}.log"
        service = Service([name], environment=environment, log=log)
        supervisor.start(Part(name, service, address))
    return House(stack, page, environment)


def moved(page: str) -> str:
    """Why the address is another than the documented one, as the start of a sentence, or empty."""
    if page.endswith(f":{FIRST_API_PORT}") or is_free(FIRST_API_PORT):
        return ""
    return f"{FIRST_API_PORT} is in use, so "


def service_environment(addresses: Addresses, *, api_port: int, public: str) -> dict[str, str]:
    """The environment of our own processes: this one's, and where the servers are."""
    return {
        "CITYPULSE_PUBLIC_URL": public,  # one that is set already wins
        **os.environ,
        "CITYPULSE_DATABASE_URL": addresses.database_url,
        "CITYPULSE_MQTT_URL": addresses.broker_url,
        "CITYPULSE_API_PORT": str(api_port),
        "PYTHONUNBUFFERED": "1",
    }


def _api_port(settings: Settings, asked: int | None) -> int:
    fixed = asked
    if fixed is None and "port" in settings.api.model_fields_set and settings.api.port:
        fixed = settings.api.port
    return Ports(settings.state.ports).choose(
        "api", first=FIRST_API_PORT, fixed=fixed, setting="--port or CITYPULSE_API_PORT"
    )


def _progress_lines(tell: Tell) -> Callable[[Progress], None]:
    """Report an installation as lines: each step, and every tenth package."""
    shown = ""

    def report(progress: Progress) -> None:
        nonlocal shown
        tenths = progress.done * 10 // progress.total if progress.total else 0
        line = f"{progress.step} … {tenths * 10} %" if progress.total else progress.step
        if line != shown:
            shown = line
            tell(f"local stack: {line}")

    return report
