"""The command line as people run it: its own process, its own state folder, real servers."""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from citypulse.stack.install import Installation
from citypulse.stack.process import is_alive, wait_until

DEADLINE_S = 60.0


@dataclass(frozen=True)
class Household:
    """A state folder of a test's own, and the command run on it."""

    state: Path

    @property
    def environment(self) -> dict[str, str]:
        """Ours, without settings of whoever runs the tests."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("CITYPULSE_")}
        return inherited | {"CITYPULSE_STATE_DIR": str(self.state)}

    def run(
        self, *arguments: str, answer: str = "", **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """Run ``citypulse ARGUMENTS`` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "citypulse", *arguments],
            env=self.environment | settings,
            input=answer,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    def running(self, *arguments: str) -> subprocess.Popen[str]:
        """Start ``citypulse ARGUMENTS`` in the foreground, all that it shows in ``stdout``."""
        return subprocess.Popen(
            [sys.executable, "-m", "citypulse", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def status(self) -> dict[str, Any]:
        """What ``status --json`` says."""
        said: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return said

    def record(self) -> dict[str, Any]:
        """What the supervisor recorded last."""
        recorded: dict[str, Any] = json.loads((self.state / "run/supervisor.json").read_text())
        return recorded

    def pids(self) -> dict[str, int]:
        """Processes by part, and the supervisor's."""
        recorded = self.record()
        parts = {part["name"]: part["pid"] for part in recorded["parts"] if part["pid"]}
        return parts | {"supervisor": recorded["pid"]}

    def log(self, part: str) -> str:
        """What a part has logged."""
        return (self.state / "logs" / f"{part}.log").read_text()


@pytest.fixture
def household(stack_prefix: Installation, server_tmp: Path) -> Iterator[Household]:
    """A fresh state folder that shares the installed servers; all is stopped afterwards."""
    state = server_tmp / f"state-{secrets.token_hex(4)}"
    state.mkdir()
    (state / "stack").symlink_to(stack_prefix.prefix.parent)
    household = Household(state)
    yield household
    if (state / "run/supervisor.json").exists():
        pids = household.pids()
        household.run("down")
        wait_until(lambda: not any(map(is_alive, pids.values())), deadline_s=DEADLINE_S)
        for pid in pids.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
