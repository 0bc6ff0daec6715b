"""Looks for what stands in the way of a healthy run, and says for each what to do about it."""

import ctypes
import os
import platform
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Literal

import psycopg

from city.errors import CitypulseError
from citypulse.settings import Settings, read_settings
from citypulse.stack import local, ports, record
from citypulse.stack.errors import ELSEWHERE
from citypulse.stack.install import find_installed, unsupported_reason
from citypulse.stack.state import State
from citypulse.status import describe, server_versions

LOW_DISK_BYTES = 2 * 1024**3
EARLIEST_PLAUSIBLE = datetime(2026, 1, 1, tzinfo=UTC)
SHOWN_LIBRARIES = ("psycopg", "mqtt5", "paho-mqtt", "fastapi", "uvicorn", "numpy", "shapely")
STA_UNSYNC = 0x40

_REFUSED = """
    SELECT reason, count(*)
    FROM store.quarantine
    WHERE received_at >= now() - interval '24 h'
    GROUP BY reason
    ORDER BY count(*) DESC, reason
"""
# Index: quarantine_received (received_at, id).
_NEWEST = """
    SELECT topic, reason, detail
    FROM store.quarantine
    WHERE received_at >= now() - interval '24 h'
    ORDER BY received_at DESC, id DESC
    LIMIT 1
"""
LOOK_AT_QUARANTINE = (
    'citypulse db shell -- -c "SELECT received_at, topic, reason, detail FROM store.quarantine '
    'ORDER BY received_at DESC LIMIT 20"'
)

Level = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes:
        about: what was looked at, in a word or two.
        level: a ``problem`` stops something from working; a ``note`` may.
        what: what was found.
        remedy: what to do; empty when nothing is.
    """

    about: str
    level: Level
    what: str
    remedy: str = ""


def examine(environ: Mapping[str, str]) -> list[Finding]:
    """Look at everything; nothing is changed, started or installed."""
    try:
        settings = read_settings(environ)
    except CitypulseError as error:
        return [Finding("settings", "problem", str(error), "correct or unset the variable")]
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _libraries,
        _machine,
        _mirror,
        _disk,
        _permissions,
        _clock,
        _page,
        _fixed_ports,
        _running,
        _database,
        _quarantine,
    )
    return [finding for check in checks for finding in check(settings)]


def _libraries(settings: Settings) -> Iterator[Finding]:
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in SHOWN_LIBRARIES)
    yield Finding(
        "libraries",
        "ok",
        f"citypulse {metadata.version('citypulse')} on Python {platform.python_version()} "
        f"({sys.prefix}); {versions}",
    )


def _machine(settings: Settings) -> Iterator[Finding]:
    installation = find_installed(settings.state.binaries)
    if installation is not None:
        shown = ", ".join(server_versions(installation).values())
        yield Finding("local stack", "ok", f"installed: {shown}")
    elif settings.database.url is not None and settings.broker.url is not None:
        yield Finding("local stack", "ok", "not needed: database and broker are named by settings")
    elif reason := unsupported_reason():
        yield Finding("local stack", "problem", f"can't be installed: {reason}", ELSEWHERE)
    else:
        yield Finding("local stack", "note", "not installed yet", "`citypulse up` installs it")


def _mirror(settings: Settings) -> Iterator[Finding]:
    """Without lists apt can still say what it would fetch; without sources it can't."""
    if find_installed(settings.state.binaries) or unsupported_reason():
        return
    if settings.own.debian_mirror is not None:
        return
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"],  # noqa: S607 - wherever apt is
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    if "/debian" not in listed:
        yield Finding(
            "apt",
            "problem",
            "this host's apt names no Debian mirror",
            "set CITYPULSE_DEBIAN_MIRROR to one",
        )
    elif not any(Path("/var/lib/apt/lists").glob("*Packages*")):
        yield Finding("apt", "ok", "has no package lists yet; the installer makes its own")


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = _nearest_existing(settings.state.root)
    free = shutil.disk_usage(folder).free
    level: Level = "ok" if free >= LOW_DISK_BYTES else "problem"
    remedy = "" if level == "ok" else "free some, or set CITYPULSE_STATE_DIR to a larger disk"
    yield Finding("disk", level, f"{free / 1024**3:.1f} GB free at {folder}", remedy)


def _permissions(settings: Settings) -> Iterator[Finding]:
    root = settings.state.root
    folder = _nearest_existing(root)
    if not os.access(folder, os.W_OK | os.X_OK):
        yield Finding(
            "state folder",
            "problem",
            f"{folder} can't be written by this user",
            f"chown it to this user, or set CITYPULSE_STATE_DIR (now {root})",
        )
    if os.geteuid() == 0 and (closed := _closed_to_others(root)):
        yield Finding(
            "state folder",
            "problem",
            f"{closed} keeps out the unprivileged user that the servers run as",
            f"chmod o+x {closed}",
        )
    for secret in _open_secrets(settings.state):
        yield Finding(
            "secrets", "problem", f"{secret} can be read by others", f"chmod 600 {secret}"
        )


def _clock(settings: Settings) -> Iterator[Finding]:
    now = datetime.now(UTC)
    if now < EARLIEST_PLAUSIBLE:
        yield Finding("clock", "problem", f"it says {now:%Y-%m-%d}", "set the clock")
    elif _is_unsynchronised():
        yield Finding(
            "clock",
            "note",
            "no time service keeps it right; readings more than 5 min ahead are refused",
            "run systemd-timesyncd or chrony, unless the host of this machine does",
        )
    else:
        yield Finding("clock", "ok", f"{now:%Y-%m-%dT%H:%M:%SZ}, synchronised")


def _page(settings: Settings) -> Iterator[Finding]:
    from api.page import built_page  # noqa: PLC0415 - loads the web framework

    if built_page(settings.api.page_dir) is None:
        yield Finding("page", "note", "the operators' page is not built", "`make page`")


def _fixed_ports(settings: Settings) -> Iterator[Finding]:
    if record.is_supervised(settings.state.run):
        return
    api_port = settings.api.port if "port" in settings.api.model_fields_set else None
    for name, port in (
        ("CITYPULSE_STACK_POSTGRES_PORT", settings.stack.postgres_port),
        ("CITYPULSE_STACK_BROKER_PORT", settings.stack.broker_port),
        ("CITYPULSE_API_PORT", api_port),
    ):
        if port and not ports.is_free(port):
            yield Finding("ports", "problem", f"port {port} is taken", f"free it, or change {name}")


def _running(settings: Settings) -> Iterator[Finding]:
    status = describe(settings)
    if not status.running:
        yield Finding("processes", "note", "nothing is running", "`citypulse up --detach`")
        return
    for part in status.parts:
        if part.health != "ok":
            yield Finding(part.name, "problem", part.health, f"see its log {part.log}")
        elif part.restarts:
            yield Finding(
                part.name, "note", f"was restarted {part.restarts} times", f"see {part.log}"
            )
    if status.healthy:
        yield Finding("processes", "ok", f"{len(status.parts)} parts run and answer")


def _database(settings: Settings) -> Iterator[Finding]:
    """Edition and extensions; a server that is not up has been reported already."""
    if settings.database.url is None and not record.is_supervised(settings.state.run):
        return
    try:
        with _connected(settings) as connection:
            rows = connection.execute("SELECT extname, extversion FROM pg_extension").fetchall()
            extensions: dict[str, str] = {name: version for name, version in rows}  # noqa: C416 - typed
            edition = connection.execute(
                "SELECT current_setting('timescaledb.license', true)"
            ).fetchone()
    except (psycopg.OperationalError, CitypulseError) as error:
        yield Finding(
            "database",
            "problem",
            f"does not answer: {str(error).strip().splitlines()[0]}",
            "check CITYPULSE_DATABASE_URL, or the log of the local one",
        )
        return
    missing = {"timescaledb", "postgis", "btree_gist"} - extensions.keys()
    if missing:
        yield Finding(
            "database",
            "problem",
            f"lacks the extension {', '.join(sorted(missing))}",
            "install it, and run `citypulse db migrate`",
        )
    else:
        licence = edition[0] if edition and edition[0] else "unknown"
        yield Finding(
            "database",
            "ok",
            f"TimescaleDB {extensions['timescaledb']} ({licence} edition), "
            f"PostGIS {extensions['postgis']}",
        )


def _quarantine(settings: Settings) -> Iterator[Finding]:
    """What was refused of late; a database that does not answer has been reported already."""
    try:
        with _connected(settings) as connection:
            counts = connection.execute(_REFUSED).fetchall()
            newest = connection.execute(_NEWEST).fetchone()
    except (psycopg.Error, CitypulseError):
        return
    if newest is None:
        return
    topic, reason, detail = newest
    by_reason = ", ".join(f"{count:,} {name}" for name, count in counts)
    yield Finding(
        "quarantine",
        "note",
        f"refused in the last 24 h: {by_reason}; the newest: {reason} on {topic} ({detail})",
        "correct what the device sends (docs/devices.md explains each reason); look with "
        f"`{LOOK_AT_QUARANTINE}`",
    )


def _connected(settings: Settings) -> psycopg.Connection:
    url = local.running_database(settings.state, database=settings.database)
    return psycopg.connect(url, connect_timeout=5)


def _nearest_existing(path: Path) -> Path:
    return next(one for one in (path, *path.parents) if one.exists())


def _closed_to_others(path: Path) -> Path | None:
    folders = (one for one in (path, *path.parents) if one.exists())
    return next((one for one in folders if not one.stat().st_mode & stat.S_IXOTH), None)


def _open_secrets(state: State) -> Iterator[Path]:
    for path in (state.credentials, state.fleet, state.enrolled, state.broker / "passwords"):
        if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield path


def _is_unsynchronised() -> bool:
    """Ask the kernel whether anything disciplines its clock; changes nothing.

    Source: adjtimex(2): ``modes`` 0 only reads; ``status`` follows an int and four longs.
    """
    long_size = ctypes.sizeof(ctypes.c_long)
    timex = (ctypes.c_byte * 512)()
    if ctypes.CDLL(None).adjtimex(ctypes.byref(timex)) < 0:
        return False
    status = ctypes.c_int.from_buffer(timex, 5 * long_size).value
    return bool(status & STA_UNSYNC)
