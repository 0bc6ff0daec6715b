"""One server or service as a child process: who it runs as, how it starts, how it surely stops."""

import contextlib
import os
import pwd
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

UNPRIVILEGED_USER = "nobody"
POLL_S = 0.02
LOG_LIMIT_BYTES = 16 * 1024 * 1024
# A device holds one descriptor; the usual soft limit of 1024 would end a fleet early.
WANTED_DESCRIPTORS = 65_536


def server_owner() -> tuple[int, int] | None:
    """User and group that servers drop to when we are root, else ``None``: they run as we do."""
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam(UNPRIVILEGED_USER)
    return user.pw_uid, user.pw_gid


def give_to_server(path: Path) -> None:
    """Hand a file or folder to the servers' user."""
    if owner := server_owner():
        os.chown(path, *owner)


def make_server_folder(path: Path) -> None:
    """A folder that only the server's user can enter."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    give_to_server(path)
    path.chmod(0o700)


def guarded(command: Sequence[str], *, death_signal: signal.Signals, drop: bool) -> list[str]:
    """The command, wrapped so that it dies with its parent and, as root, gives up root.

    The kernel forgets the death signal when a process changes its user, so ``setpriv`` sets it
    after that and before the program starts. It fires when the *thread* that started the process
    ends: start from the main thread.
    """
    wrapped = ["setpriv", "--pdeathsig", death_signal.name.removeprefix("SIG")]
    if drop and (owner := server_owner()):
        wrapped += [f"--reuid={owner[0]}", f"--regid={owner[1]}", "--clear-groups"]
    return [*wrapped, "--", *command]


def server_environment() -> dict[str, str]:
    """A clean environment: the host's locale and time zone must not reach the servers."""
    return {"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ.get("PATH", os.defpath)}


def spawn(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, its output appended to a log file.

    Its own session keeps a terminal's Ctrl-C from it: the parent stops its parts in order.
    """
    _rotate(log)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - the command is ours
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd="/",
            start_new_session=True,
        )


def raise_descriptor_limit() -> None:
    """Lift this process's limit of open files, which children inherit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(WANTED_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def run_as_server(command: Sequence[str], *, log: Path) -> int:
    """Run a one-off tool as the servers' user to its end, output to the log; return its status."""
    wrapped = guarded(command, death_signal=signal.SIGKILL, drop=True)
    return spawn(wrapped, log=log, environment=server_environment()).wait()


def wait_until(condition: Callable[[], bool], *, deadline_s: float) -> bool:
    """Poll a condition until it holds or the deadline has passed; say whether it held."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
    return True


def is_alive(pid: int) -> bool:
    """Whether a process with this number exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in "ZX"


def command_line(pid: int) -> str:
    """The arguments a process was started with, blank-separated; empty when it is gone."""
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except OSError:
        return ""


def stop_process(
    pid: int, *, gently: signal.Signals, deadline_s: float, child: subprocess.Popen[bytes] | None
) -> bool:
    """Ask a process to end, kill it when it does not; say whether it ended by itself.

    Args:
        pid: the process; may be no child of ours (an orphan of a killed supervisor).
        gently: the signal that asks.
        deadline_s: how long it may take.
        child: the same process where it is our child, to be reaped.
    """

    def has_ended() -> bool:
        return child.poll() is not None if child is not None else not is_alive(pid)

    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, gently)
    if wait_until(has_ended, deadline_s=deadline_s):
        return True
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    wait_until(has_ended, deadline_s=deadline_s)
    return False


def _rotate(log: Path) -> None:
    """Keep one older log beside a log that has grown large."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))
