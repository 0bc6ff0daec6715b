"""Puts the servers' binaries in place: runs ``install.sh`` once, and knows when it need not run.

In: the state folder. Out: an :class:`Installation`, the paths of the binaries.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from citypulse.stack.errors import StackUnavailable
from citypulse.stack.process import guarded

DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
ARCHITECTURES = {"x86_64", "aarch64"}
NEEDED_COMMANDS = ("bash", "apt-get", "dpkg", "dpkg-deb", "setpriv")
NEEDED_FREE_BYTES = 600 * 1024 * 1024
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the installation is: a step, and ``done`` of ``total`` packages where it counts."""

    step: str
    done: int = 0
    total: int = 0


Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Installation:
    """The binaries below one prefix."""

    prefix: Path

    @property
    def postgres_bin(self) -> Path:
        """The folder with ``postgres``, ``initdb``, ``psql``, ``pg_dump``."""
        return self.prefix / "tree/usr/lib/postgresql/17/bin"

    @property
    def mosquitto(self) -> Path:
        """The broker's binary."""
        return self.prefix / "tree/usr/lib/mosquitto/mosquitto"

    @property
    def extensions(self) -> Path:
        """The folder with the control files of PostgreSQL's extensions."""
        return self.prefix / "tree/usr/share/postgresql/17/extension"

    def is_complete(self, installer_digest: str) -> bool:
        """Whether this very installer has finished here, and its binaries still stand."""
        try:
            manifest = json.loads((self.prefix / MANIFEST).read_text())
        except (OSError, ValueError):
            return False
        servers = (self.postgres_bin / "postgres", self.mosquitto)
        return manifest.get("installer") == installer_digest and all(map(Path.exists, servers))


def ensure_installed(folder: Path, report: Report | None = None) -> Installation:
    """Install the servers below ``folder`` unless they are there; return their paths.

    Two processes that ask at once install once: the second waits. When nothing is to do this
    costs reading one small file. Each version of the installer has a folder of its own, so that
    servers that run are not pulled from under by an upgrade.

    Raises:
        StackUnavailable: not Debian, an unknown processor, no room, or no network.
    """
    script, digest = _installer()
    installation = Installation(folder / digest[:12])
    if installation.is_complete(digest):
        return installation
    _refuse_unsupported(folder)
    tell = report or (lambda _: None)
    with _locked(folder, tell):
        if not installation.is_complete(digest):
            _run_installer(script, installation.prefix, tell)
            manifest = {"installer": digest, "machine": platform.machine()}
            (installation.prefix / MANIFEST).write_text(json.dumps(manifest) + "\n")
    return installation


def find_installed(folder: Path) -> Installation | None:
    """The servers below ``folder``, if this version's are installed; looks and does nothing."""
    _, digest = _installer()
    installation = Installation(folder / digest[:12])
    return installation if installation.is_complete(digest) else None


def _installer() -> tuple[bytes, str]:
    script = resources.files("citypulse.stack").joinpath("install.sh").read_bytes()
    return script, hashlib.sha256(script).hexdigest()


def unsupported_reason() -> str | None:
    """Why this machine can't carry the local stack, or ``None`` when it can."""
    if platform.system() != "Linux" or not DEBIAN_KEYRING.exists():
        return "this is not a Debian system"
    if platform.machine() not in ARCHITECTURES:
        return f"there are no packages for {platform.machine()} processors"
    missing = [command for command in NEEDED_COMMANDS if shutil.which(command) is None]
    return f"the command {missing[0]} is missing" if missing else None


def _refuse_unsupported(folder: Path) -> None:
    if reason := unsupported_reason():
        raise StackUnavailable(reason)
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < NEEDED_FREE_BYTES:
        raise StackUnavailable(
            f"{folder} has {free >> 20} MB free and needs {NEEDED_FREE_BYTES >> 20}"
        )


@contextmanager
def _locked(folder: Path, report: Report) -> Iterator[None]:
    """Hold the installation lock; it vanishes with the process, however that ends."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(Progress("waiting for another process that is installing"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run_installer(script: bytes, prefix: Path, report: Report) -> None:
    """Run the shell script, turn its output into progress, keep that output in ``install.log``."""
    prefix.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        prefix.parent.chmod(0o755)
    path = prefix / "install.sh"
    path.write_bytes(script)
    last: deque[str] = deque(maxlen=3)
    with (
        (prefix / "install.log").open("w") as log,
        subprocess.Popen(  # noqa: S603 - our own script
            guarded(["bash", str(path), str(prefix)], death_signal=signal.SIGTERM, drop=False),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
        for line in _followed(process.stdout, report):
            log.write(line)
            if line.strip():
                last.append(line.strip())
    if process.returncode != 0:
        raise StackUnavailable(
            f"installing its packages failed ({' / '.join(last)}; whole log: {prefix}/install.log;"
            " is the network up?)"
        )


def _followed(lines: Iterator[str], report: Report) -> Iterator[str]:
    """Pass lines on, reporting the installer's steps and each package that apt fetches."""
    done = total = 0
    for line in lines:
        if line.startswith("citypulse:step "):
            total = 0
            report(Progress(line.removeprefix("citypulse:step ").strip()))
        elif line.startswith("citypulse:download "):
            total = int(line.removeprefix("citypulse:download "))
            report(Progress("downloading packages", 0, total))
        elif total and line.startswith("Get:"):
            done += 1
            report(Progress("downloading packages", min(done, total), total))
        yield line
