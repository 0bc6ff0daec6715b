"""What a killed supervisor may have left running: find it by more than a number, and stop it."""

import signal

from citypulse.stack import broker, postgres, process, record
from citypulse.stack.state import State

SERVICE_MARK = "-m citypulse"
DEADLINE_S = 20.0


def stop_leftovers(state: State) -> list[str]:
    """Stop every part of this state folder that runs without a supervisor; return their names.

    Call it only while holding the supervisor's lock, or when nobody does.
    """
    found = _leftovers(state)
    for name, (pid, gently) in found.items():
        process.stop_process(pid, gently=gently, deadline_s=DEADLINE_S, child=None)
        if name == "database":  # after SIGKILL its pid file stays; the next start looks at it
            (state.postgres / "data" / "postmaster.pid").unlink(missing_ok=True)
    record.forget(state.run)
    return list(found)


def leftovers(state: State) -> dict[str, int]:
    """Pids by part of what runs without a supervisor; ask when nobody holds the lock."""
    return {name: pid for name, (pid, _) in _leftovers(state).items()}


def _leftovers(state: State) -> dict[str, tuple[int, signal.Signals]]:
    """Pids by part, in the order in which they are to be stopped: services, broker, database."""
    found: dict[str, tuple[int, signal.Signals]] = {}
    for part in known.parts if (known := record.read(state.run)) else []:
        is_service = part.pid is not None and SERVICE_MARK in process.command_line(part.pid)
        if is_service and part.pid is not None and process.is_alive(part.pid):
            found[part.name] = (part.pid, signal.SIGTERM)
    if (pid := broker.running_pid(state.broker)) is not None:
        found["broker"] = (pid, signal.SIGTERM)
    if (pid := postgres.running_pid(state.postgres / "data")) is not None:
        found["database"] = (pid, signal.SIGINT)
    return found
