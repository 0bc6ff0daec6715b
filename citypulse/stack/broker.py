"""The local stack's Mosquitto: nobody anonymous, nothing dropped inside a stated budget.

It knows where the password and ACL files lie and how to have them read again; what stands in them
is the business of ``devices/``.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from citypulse.stack import process
from citypulse.stack.errors import StartFailed
from citypulse.stack.install import Installation
from citypulse.stack.ports import LOOPBACK

START_DEADLINE_S = 20.0
STOP_DEADLINE_S = 15.0
# What one client's queue may hold while it is away; beyond it the broker drops and $SYS counts.
QUEUE_BUDGET_BYTES = 512 * 1024 * 1024
# At most this much of what was acknowledged is lost when the broker itself is killed.
AUTOSAVE_S = 30
# Above the payload limit of 256 KiB, so that an oversized payload arrives and is quarantined.
MAX_PACKET_BYTES = 1024 * 1024
# MQTT 3.1.1, clean session, no user: refused, but refused by a broker that is awake.
ANONYMOUS_CONNECT = b"\x10\x14\x00\x04MQTT\x04\x02\x00\x0a\x00\x08cp-alive"
CONNACK = b"\x20"
CONFIGURATION = "mosquitto.conf"
PID_FILE = "broker.pid"
PASSWORD_FILE = "passwords"  # noqa: S105 - the name of a file
ACL_FILE = "acl"


class Broker:
    """One Mosquitto with its own folder: configuration, credentials, persistence.

    The password and ACL files must be there before ``start``.
    """

    def __init__(self, installation: Installation, folder: Path, *, port: int, log: Path) -> None:
        self._binary = installation.mosquitto
        self._folder = folder
        self._persistence = folder / "persistence"
        self._child: subprocess.Popen[bytes] | None = None
        self.port = port
        self.log = log

    @property
    def password_file(self) -> Path:
        """User names and password hashes, one a line."""
        return self._folder / PASSWORD_FILE

    @property
    def acl_file(self) -> Path:
        """Who may publish and read what."""
        return self._folder / ACL_FILE

    def url_as(self, username: str, password: str) -> str:
        """The address for one user; holds a secret."""
        return f"mqtt://{username}:{password}@{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The broker's process, ours or an orphan's, if it runs."""
        if self._child is not None and self._child.poll() is None:
            return self._child.pid
        return running_pid(self._folder)

    def start(self) -> None:
        """Bring the broker up with what its last snapshot holds.

        A broker that an earlier, killed supervisor left behind is stopped first.

        Raises:
            StartFailed: it ended or did not answer in time.
        """
        self.stop()
        self._folder.mkdir(parents=True, exist_ok=True)
        process.make_server_folder(self._persistence)
        configuration = self._folder / CONFIGURATION
        configuration.write_text(self._configuration_text())
        configuration.chmod(0o644)
        _share_files(self._folder)
        process.raise_descriptor_limit()
        command = [str(self._binary), "-c", str(configuration)]
        child = process.spawn(
            process.guarded(command, death_signal=signal.SIGTERM, drop=True),
            log=self.log,
            environment=process.server_environment(),
        )
        self._child = child
        (self._folder / PID_FILE).write_text(f"{child.pid}\n")
        self._await_answer(child)

    def stop(self) -> int | None:
        """Stop the broker; it writes its snapshot on the way out.

        Returns:
            Its exit status, below 0 for a crash; None when it was not running, or no child of ours.
        """
        if (pid := self.pid) is not None:
            process.stop_process(
                pid, gently=signal.SIGTERM, deadline_s=STOP_DEADLINE_S, child=self._child
            )
        status = self._child.returncode if self._child is not None else None
        self._child = None
        (self._folder / PID_FILE).unlink(missing_ok=True)
        return status

    def kill(self) -> None:
        """SIGKILL: what came since the last snapshot is lost; for tests of recovery."""
        if (pid := self.pid) is not None:
            process.stop_process(
                pid, gently=signal.SIGKILL, deadline_s=STOP_DEADLINE_S, child=self._child
            )
        self._child = None

    def reload(self) -> None:
        """Have the password and ACL files read again; sessions of revoked users end."""
        reload(self._folder)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def answers(self) -> bool:
        """Whether the broker answers an MQTT CONNECT now."""
        return answers(self.port)

    def _await_answer(self, child: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + START_DEADLINE_S
        while not self.answers():
            if child.poll() is not None:
                raise StartFailed("Mosquitto", self.log, f"it ended with status {child.returncode}")
            if time.monotonic() > end:
                self.stop()
                raise StartFailed("Mosquitto", self.log, f"no answer in {START_DEADLINE_S:.0f} s")
            time.sleep(process.POLL_S)

    def _configuration_text(self) -> str:
        """Settings of mosquitto.conf; the two zeros lift limits that drop silently by default.

        What is not there on purpose: ``persistent_client_expiration``. It gives every session an
        end, and Mosquitto 2.0.21 crashes over such sessions: see docs/operations.md.
        """
        return f"""\
# Written by citypulse at every start; edits are lost.
listener {self.port} {LOOPBACK}
allow_anonymous false
password_file {self.password_file}
acl_file {self.acl_file}

persistence true
persistence_location {self._persistence}/
autosave_interval {AUTOSAVE_S}

max_inflight_messages 0
max_queued_messages 0
max_queued_bytes {QUEUE_BUDGET_BYTES}
max_packet_size {MAX_PACKET_BYTES}
set_tcp_nodelay true

sys_interval 5
log_dest stdout
log_timestamp_format %Y-%m-%dT%H:%M:%S
log_type error
log_type warning
log_type notice
log_type information
connection_messages false
"""


def reload(folder: Path) -> None:
    """Have the broker that serves this folder, if one runs, read its credentials again."""
    _share_files(folder)
    if (pid := running_pid(folder)) is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGHUP)


def _share_files(folder: Path) -> None:
    """Let the broker's user, and nobody else, read the credentials."""
    for file in (folder / PASSWORD_FILE, folder / ACL_FILE):
        process.give_to_server(file)
        file.chmod(0o600)


def answers(port: int) -> bool:
    """Whether an MQTT broker on this loopback port answers a CONNECT now."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=2) as connection:
            connection.sendall(ANONYMOUS_CONNECT)
            return connection.recv(1) == CONNACK
    except OSError:
        return False


def running_pid(folder: Path) -> int | None:
    """The broker that serves this folder, told from our pid file and its command line."""
    try:
        pid = int((folder / PID_FILE).read_text())
    except (OSError, ValueError):
        return None
    is_ours = process.is_alive(pid) and str(folder / CONFIGURATION) in process.command_line(pid)
    return pid if is_ours else None


def installed_version(binary: Path) -> str:
    """The version of the installed Mosquitto."""
    printed = subprocess.run(  # noqa: S603 - our own binary
        [binary, "-h"], capture_output=True, text=True, check=False
    ).stdout
    first = printed.partition("\n")[0].split()
    return first[-1] if first else "unknown"
