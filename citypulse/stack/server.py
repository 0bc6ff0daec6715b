"""What the local stack's servers have in common: one child process that answers, or has ended."""

import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

from citypulse.stack.errors import StartFailed


class Server(ABC):
    """One server on a loopback port; the constructor assigns, ``with`` starts and stops it."""

    name: ClassVar[str]
    start_deadline_s: ClassVar[float]
    ask_every_s: ClassVar[float]

    def __init__(self, *, port: int, log: Path) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self.port = port
        self.log = log

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The server's process, ours or an orphan's, if it runs."""
        if self._child is not None and self._child.poll() is None:
            return self._child.pid
        return self._recorded_pid()

    @abstractmethod
    def start(self) -> None:
        """Bring the server up; return when it answers."""

    @abstractmethod
    def stop(self) -> object:
        """Stop it and wait for its end."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves a client now."""

    @abstractmethod
    def _recorded_pid(self) -> int | None:
        """The process that serves its folder, whoever started it."""

    def _await_answer(self, child: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + self.start_deadline_s
        while not self.answers():
            if child.poll() is not None:
                raise StartFailed(self.name, self.log, f"it ended with status {child.returncode}")
            if time.monotonic() > end:
                self.stop()
                raise StartFailed(
                    self.name, self.log, f"no answer in {self.start_deadline_s:.0f} s"
                )
            time.sleep(self.ask_every_s)
