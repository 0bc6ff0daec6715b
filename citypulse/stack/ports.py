"""TCP ports on the loopback interface: choose a free one, remember it, refuse a taken one."""

import json
import socket
from pathlib import Path

from citypulse.stack.errors import PortTaken

LOOPBACK = "127.0.0.1"
SCANNED = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now.

    Addresses in TIME_WAIT do not count as taken: the servers reuse them too.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def any_free() -> int:
    """A free port of the system's choice; good for servers that live as long as a test."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


class Ports:
    """The ports of one state folder's parts, so that addresses stay from run to run."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def choose(self, name: str, *, first: int, fixed: int | None, setting: str) -> int:
        """The port for a part: the fixed one, else the remembered one, else the first free one.

        Args:
            name: the part, as a key of the memory.
            first: where to look from when nothing is remembered or that is taken.
            fixed: what the user asked for.
            setting: what the user would change, for the error.

        Raises:
            PortTaken: the fixed port is in use, or none of the scanned ones is free.
        """
        if fixed is not None:
            if not is_free(fixed):
                raise PortTaken(fixed, setting)
            return fixed
        remembered = self._read()
        candidates = [remembered.get(name, first), *range(first, first + SCANNED)]
        port: int | None = next((port for port in candidates if is_free(port)), None)
        if port is None:
            raise PortTaken(first, setting)
        self._path.write_text(json.dumps(remembered | {name: port}) + "\n")
        return port

    def _read(self) -> dict[str, int]:
        try:
            stored = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return {str(name): int(port) for name, port in stored.items()}
