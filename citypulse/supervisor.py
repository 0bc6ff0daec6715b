"""Keeps a list of parts running: starts them in order, restarts what ends, stops all in reverse.

It owns every process of the local stack. When it is killed outright the kernel signals its
children, so none outlives it.
"""

import logging
import os
import random
import select
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Protocol, Self

from city.errors import CitypulseError
from citypulse.stack import record
from citypulse.stack.record import PartRecord, RunRecord

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
# Doubled so often the first pause has reached the longest; a float can't be doubled for ever.
MOST_DOUBLINGS = 5
# A part that has run so long has recovered: its next failure starts the back-off anew.
STEADY_S = 60.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

log = logging.getLogger("citypulse.supervisor")


class Runnable(Protocol):
    """What the supervisor needs to know of a part."""

    log: Path

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""

    def start(self) -> None:
        """Start it; return when it may be used."""

    def stop(self) -> object:
        """Stop it and wait for its end."""


@dataclass(slots=True)
class Part:
    """A running part and the history of its failures."""

    name: str
    runs: Runnable
    address: str = ""
    restarts: int = 0
    failures: int = 0
    started: float = 0.0
    next_try: float | None = None


class StopSignals:
    """Turns SIGTERM, SIGINT and SIGHUP into a flag that waiting can be cut short by."""

    def __init__(self) -> None:
        self.requested = False
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for one in STOP_SIGNALS:
            self._before[one] = signal.signal(one, self._request)
        return self

    def __exit__(self, *_: object) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)
        signal.set_wakeup_fd(-1)
        os.close(self._reader)
        os.close(self._writer)

    def wait(self, seconds: float) -> bool:
        """Sleep, or less when asked to stop; say whether we are."""
        if not self.requested and select.select([self._reader], [], [], seconds)[0]:
            os.read(self._reader, 512)
        return self.requested

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.requested = True


class Supervisor:
    """The parts of one state folder; call everything from the main thread."""

    def __init__(self, run_folder: Path, stop: StopSignals) -> None:
        self._folder = run_folder
        self._parts: list[Part] = []
        self._ready = False
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self.stop = stop

    def __enter__(self) -> Self:
        self._write_record()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_all()

    @property
    def parts(self) -> tuple[Part, ...]:
        """What it runs, in the order of starting."""
        return tuple(self._parts)

    def start(self, part: Part) -> None:
        """Start a part and keep it running from now on.

        Raises:
            StartFailed: the first start failed; nothing is tried again then.
        """
        self._parts.append(part)
        part.runs.start()
        part.started = time.monotonic()
        log.info("started part=%s pid=%s address=%s", part.name, part.runs.pid, part.address)
        self._write_record()

    def declare_ready(self) -> None:
        """Say in the record that everything that was wanted is up."""
        self._ready = True
        self._write_record()

    def watch(self, seconds: float) -> bool:
        """Wait so long, unless asked to stop, then look after the parts; say whether to go on."""
        if self.stop.wait(seconds):
            return False
        for part in self._parts:
            self._look_after(part)
        return not self.stop.requested

    def stop_all(self) -> None:
        """Stop all parts, last first, so that what writes ends before what is written to."""
        while self._parts:
            part = self._parts[-1]
            log.info("stopping part=%s pid=%s", part.name, part.runs.pid)
            part.runs.stop()
            self._parts.pop()
            self._write_record()
        record.forget(self._folder)

    def _look_after(self, part: Part) -> None:
        if part.runs.pid is not None:
            if time.monotonic() - part.started > STEADY_S:
                part.failures = 0
            return
        if part.next_try is None:
            part.failures += 1
            pause = pause_after(part.failures)
            part.next_try = time.monotonic() + pause
            log.warning(
                "part ended part=%s restart_in_s=%.1f log=%s", part.name, pause, part.runs.log
            )
        elif time.monotonic() >= part.next_try:
            self._restart(part)

    def _restart(self, part: Part) -> None:
        part.next_try = None
        part.restarts += 1
        part.started = time.monotonic()
        try:
            part.runs.start()
        except CitypulseError as error:
            log.warning("restart failed part=%s error=%s", part.name, error)
        else:
            log.info("restarted part=%s pid=%s", part.name, part.runs.pid)
        self._write_record()

    def _write_record(self) -> None:
        parts = [
            PartRecord(
                name=part.name,
                pid=part.runs.pid,
                address=part.address,
                log=str(part.runs.log),
                restarts=part.restarts,
            )
            for part in self._parts
        ]
        record.write(
            self._folder,
            RunRecord(os.getpid(), started_at=self._started_at, ready=self._ready, parts=parts),
        )


def pause_after(failures: int) -> float:
    """Seconds to wait after so many failures in a row: doubling, capped, half of it random."""
    ceiling = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, MOST_DOUBLINGS))
    return ceiling * (0.5 + random.random() / 2)  # noqa: S311 - jitter is no secret
