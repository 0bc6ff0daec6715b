"""The local stack's Mosquitto: nobody anonymous, nothing dropped inside a stated budget.

It knows where the password and ACL files lie and how to have them read again; what stands in them
is the business of ``devices/``.
"""

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path

from citypulse.stack import process
from citypulse.stack.install import Installation
from citypulse.stack.ports import LOOPBACK
from citypulse.stack.server import Server

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


class Broker(Server):
    """One Mosquitto with its own folder: configuration, credentials, persistence.

    The password and ACL files must be there before ``start``.
    """

    name = "Mosquitto"
    start_deadline_s = 20.0
    ask_every_s = process.POLL_S

    def __init__(self, installation: Installation, folder: Path, *, port: int, log: Path) -> None:
        super().__init__(port=port, log=log)
        self._binary = installation.mosquitto
        self._folder = folder
        self._persistence = folder / "persistence"

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

    def answers(self) -> bool:
        """Whether the broker answers an MQTT CONNECT now."""
        return answers(self.port)

    def _recorded_pid(self) -> int | None:
        return running_pid(self._folder)

    def _configuration_text(self) -> str:
        """Settings of mosquitto.conf; the two zeros lift limits that drop silently by default.

        A client's identifier is its user's name, whatever it says: nobody takes over the session of
        somebody else, whose queue would be thrown away.

        What is not there on purpose, because of Mosquitto 2.0.21 (see docs/operations.md):
        ``persistent_client_expiration`` gives every session an end, and it crashes over those;
        ``per_listener_settings`` has it drop what comes for a client that is away.
        """
        return f"""\
# Written by citypulse at every start; edits are lost.
listener {self.port} {LOOPBACK}
use_username_as_clientid true
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
