"""The demonstration's live line says what is true, and troubles only where there are some."""

from pathlib import Path

import pytest

from citypulse.commands.demonstrating import live_line
from citypulse.supervisor import Part
from store.ledger import Totals


class Runs:
    """A part that was started, or has ended."""

    log = Path("part.log")

    def __init__(self, pid: int | None) -> None:
        self._pid = pid

    @property
    def pid(self) -> int | None:
        return self._pid

    def start(self) -> None: ...

    def stop(self) -> None: ...


BOOKS = Totals(9, stored=10, merged=0, duplicate=2, conflict=0, quarantined=0, last_commit_at=None)


def line(api: str, *parts: Part) -> str:
    return live_line(parts, BOOKS, rate=5.0, api=api)


def test_when_all_is_well_it_says_so() -> None:
    well = line("ok", Part("ingest", Runs(1)), Part("api", Runs(2)))
    assert well == "12 readings since the start · 5/s · quarantined 0 · all parts run"


def test_a_part_that_was_restarted_is_named() -> None:
    assert line("ok", Part("ingest", Runs(1), restarts=2)).endswith(" · ingest restarted 2×")


@pytest.mark.parametrize(
    ("said", "shown"),
    [("no answer", "the API does not answer"), ("HTTP 500", "the API says HTTP 500")],
)
def test_an_api_that_is_not_well_is_told_apart_from_readings(said: str, shown: str) -> None:
    assert line(said, Part("api", Runs(1))).endswith(f" · {shown}")


def test_an_api_that_does_not_run_is_not_told_twice() -> None:
    assert line("no answer", Part("api", Runs(None))).endswith(" · not running: api")
