"""What can go wrong with the local stack; each message ends with what to do about it."""

from pathlib import Path
from typing import ClassVar

from city.errors import CitypulseError

ELSEWHERE = (
    "use compose (`docker compose -f deploy/compose.yaml up`, see docs/deployment.md) or name "
    "existing servers in CITYPULSE_DATABASE_URL and CITYPULSE_MQTT_URL"
)


class StackUnavailable(CitypulseError):
    """This machine can't carry the local stack; says why, and leads to compose."""

    code: ClassVar[str] = "stack-unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the local stack can't be set up here: {reason}; {ELSEWHERE}")
        self.reason = reason


class PortTaken(CitypulseError):
    """A port that was asked for by number is in use by something else."""

    code: ClassVar[str] = "port-taken"

    def __init__(self, port: int, setting: str) -> None:
        super().__init__(
            f"port {port} is in use by another program: free it, or set {setting} to another port"
        )
        self.port = port
        self.setting = setting


class StartFailed(CitypulseError):
    """A server did not come up; carries the last lines it logged."""

    code: ClassVar[str] = "start-failed"

    def __init__(self, name: str, log: Path, reason: str) -> None:
        super().__init__(f"{name} did not start ({reason}); its log: {log}{_last_lines(log)}")
        self.name = name
        self.log = log


class NotRunning(CitypulseError):
    """Something needs the local stack, and it isn't up."""

    code: ClassVar[str] = "not-running"

    def __init__(self, what: str, setting: str) -> None:
        super().__init__(
            f"no {what}: start the local stack with `citypulse up --detach`, or set {setting}"
        )


class AlreadyRunning(CitypulseError):
    """The stack of this state folder is up already, under another supervisor."""

    code: ClassVar[str] = "already-running"

    def __init__(self, pid: int) -> None:
        super().__init__(
            f"citypulse is already running (process {pid}): see `citypulse status`, "
            "stop it with `citypulse down`"
        )
        self.pid = pid


def _last_lines(log: Path, count: int = 6) -> str:
    """The end of a log file, indented, or nothing when there is none to read."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-count:]
    except OSError:
        return ""
    return "".join(f"\n  | {line}" for line in lines)
