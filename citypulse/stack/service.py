"""One of our own processes as a supervised part: ``python -m citypulse COMMAND``."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from citypulse.stack import process

STOP_DEADLINE_S = 30.0


class Service:
    """A child process that runs one of the command's own sub-commands."""

    def __init__(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], log: Path
    ) -> None:
        self.log = log
        self._arguments = tuple(arguments)
        self._environment = dict(environment)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process, while it runs."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def start(self) -> None:
        """Start the process; its output goes to the log."""
        # -P: the folder we happen to stand in must not shadow our packages.
        command = [sys.executable, "-P", "-m", "citypulse", *self._arguments]
        self._child = process.spawn(
            process.guarded(command, death_signal=signal.SIGTERM, drop=False),
            log=self.log,
            environment=self._environment,
        )

    def stop(self) -> None:
        """SIGTERM: it finishes what is in hand; SIGKILL if that takes too long."""
        if (pid := self.pid) is not None:
            process.stop_process(
                pid, gently=signal.SIGTERM, deadline_s=STOP_DEADLINE_S, child=self._child
            )
