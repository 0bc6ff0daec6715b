"""Who supervises a state folder now, and what it runs: a lock that can't go stale, and a record.

The kernel drops the lock with its process, so a record without a lock is a killed supervisor's.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from citypulse.stack.errors import AlreadyRunning


@dataclass(frozen=True, slots=True)
class PartRecord:
    """One running part.

    Attributes:
        name: ``database``, ``broker``, ``ingest``, ….
        pid: its process.
        address: where it listens, without secrets; empty when it does not.
        log: its log file.
        restarts: how often it had to be started again.
    """

    name: str
    pid: int | None
    address: str
    log: str
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What a supervisor says about itself; holds no secrets."""

    pid: int
    started_at: str
    ready: bool
    parts: list[PartRecord] = field(default_factory=list)

    def part(self, name: str) -> PartRecord | None:
        """The part of this name, if it is supervised."""
        return next((part for part in self.parts if part.name == name), None)


def write(folder: Path, record: RunRecord) -> None:
    """Replace the record in one step."""
    draft = folder / "supervisor.json.new"
    draft.write_text(json.dumps(asdict(record)) + "\n")
    draft.replace(folder / "supervisor.json")


def read(folder: Path) -> RunRecord | None:
    """The last record, be its supervisor alive or not."""
    try:
        stored: dict[str, Any] = json.loads((folder / "supervisor.json").read_text())
    except (OSError, ValueError):
        return None
    parts = [PartRecord(**part) for part in stored.pop("parts")]
    return RunRecord(**stored, parts=parts)


def forget(folder: Path) -> None:
    """Remove the record after everything in it has been stopped."""
    (folder / "supervisor.json").unlink(missing_ok=True)


def is_supervised(folder: Path) -> bool:
    """Whether a living supervisor holds the lock."""
    try:
        with (folder / "lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def supervising(folder: Path) -> Iterator[None]:
    """Be the one supervisor of a state folder.

    Raises:
        AlreadyRunning: another process is.
    """
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            record = read(folder)
            raise AlreadyRunning(record.pid if record else 0) from None
        yield
