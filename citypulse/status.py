"""How the parts are doing now: asked of each part itself, not of the record that names it."""

from dataclasses import dataclass, field
from importlib import metadata

import httpx
import psycopg

from citypulse.settings import Settings
from citypulse.stack import broker, local, postgres, process, record
from citypulse.stack.errors import NotRunning
from citypulse.stack.install import Installation, find_installed
from citypulse.stack.leftovers import leftovers
from citypulse.stack.record import PartRecord

HEALTH_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part: ``health`` is ``ok``, or what is wrong in a few words."""

    name: str
    pid: int | None
    address: str
    health: str
    version: str
    restarts: int = 0
    log: str = ""


@dataclass(frozen=True, slots=True)
class StackStatus:
    """All parts, and whether a supervisor holds them."""

    running: bool
    healthy: bool
    supervisor: int | None
    started_at: str | None
    state: str
    parts: list[PartStatus] = field(default_factory=list)
    leftovers: dict[str, int] = field(default_factory=dict)
    """Pids by part of what a killed supervisor left running."""

    def as_text(self) -> str:
        """A table for people."""
        if not self.running:
            left = ", ".join(f"{name} {pid}" for name, pid in self.leftovers.items())
            more = f"; left over: {left} – `citypulse down` ends them" if left else ""
            return f"citypulse is not running (state folder: {self.state}){more}"
        head = f"citypulse runs since {self.started_at} (process {self.supervisor})"
        rows = [
            ("part", "process", "address", "health", "version"),
            *map(_row, self.parts),
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows)
        return "\n".join([head, *(line.rstrip() for line in lines)])


def _row(part: PartStatus) -> tuple[str, ...]:
    pid = str(part.pid or "-")
    return (part.name, pid, part.address or "-", part.health, part.version)


def describe(settings: Settings) -> StackStatus:
    """Ask every recorded part how it is."""
    state = settings.state
    known = record.read(state.run)
    if known is None or not record.is_supervised(state.run):
        root, left = str(state.root), leftovers(state)
        return StackStatus(False, False, None, None, root, leftovers=left)
    versions = _versions(settings)
    parts = [_ask(part, settings, versions) for part in known.parts]
    healthy = known.ready and all(part.health == "ok" for part in parts)
    return StackStatus(True, healthy, known.pid, known.started_at, str(state.root), parts)


def _ask(part: PartRecord, settings: Settings, versions: dict[str, str]) -> PartStatus:
    alive = part.pid is not None and process.is_alive(part.pid)
    health = _health(part, settings) if alive else "not running"
    version = versions.get(part.name, versions["citypulse"])
    return PartStatus(part.name, part.pid, part.address, health, version, part.restarts, part.log)


def _health(part: PartRecord, settings: Settings) -> str:
    match part.name:
        case "database":
            return _database_health(settings)
        case "broker":
            port = httpx.URL(part.address).port or 0
            return "ok" if broker.answers(port) else "no answer"
        case "api":
            return api_health(part.address)
        case _:
            return "ok"


def _database_health(settings: Settings) -> str:
    try:
        url = local.running_database(settings.state, database=settings.database)
        psycopg.connect(url, connect_timeout=2).close()
    except (psycopg.OperationalError, NotRunning):
        return "no answer"
    return "ok"


def api_health(address: str) -> str:
    """``ok`` or ``degraded``, as the API says, or why it could not be asked."""
    try:
        answer = httpx.get(f"{address}/health", timeout=HEALTH_TIMEOUT_S)
    except httpx.HTTPError:
        return "no answer"
    try:
        said = str(answer.json()["status"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"
    return said


def _versions(settings: Settings) -> dict[str, str]:
    versions = {"citypulse": metadata.version("citypulse")}
    installation = find_installed(settings.state.binaries)
    return versions | (server_versions(installation) if installation else {})


def server_versions(installation: Installation) -> dict[str, str]:
    """What the installed ``database`` and ``broker`` are, for people."""
    database = postgres.installed_versions(installation.postgres_bin)
    return {
        "database": ", ".join(f"{name} {value}" for name, value in database.items()),
        "broker": f"Mosquitto {broker.installed_version(installation.mosquitto)}",
    }
