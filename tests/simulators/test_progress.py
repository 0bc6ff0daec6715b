"""What a person sees while a run goes on, and which options are refused before it begins."""

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from city.errors import InvalidValue
from simulators.options import SimulateOptions
from simulators.progress import progress_line, show_progress
from simulators.service import simulate
from simulators.tallies import Totals

QUIET = Totals(
    devices=3,
    connected=2,
    produced=1234,
    messages=1200,
    acknowledged=1230,
    in_flight=4,
    waiting=0,
    dropped=0,
    refused=0,
    reconnects=0,
    failed_connects=0,
)


def test_a_line_says_what_goes_on_and_troubles_only_where_there_are_some() -> None:
    troubled = Totals(**{name: getattr(QUIET, name) for name in QUIET.__slots__} | {"refused": 7})

    assert str(progress_line(QUIET, "simulating", rate=60)) == (
        "simulating: connected 2/3 · published 1,200 · readings 1,234 · acknowledged 1,230"
        " · in flight 4 · 60/s"
    )
    assert str(progress_line(troubled, "simulating")).endswith(" · refused 7")


async def test_a_terminal_gets_a_live_line_until_the_stop() -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=120)
    stop = asyncio.Event()
    seen = asyncio.Event()

    def watch() -> tuple[Totals, str]:
        if shown.getvalue().count("connected"):
            seen.set()
        return QUIET, "simulating"

    showing = asyncio.create_task(show_progress(watch, stop, console))
    await asyncio.wait_for(seen.wait(), 10)
    stop.set()
    await asyncio.wait_for(showing, 5)

    assert "connected 2/3" in shown.getvalue()


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        pytest.param({"interval_s": 0}, "interval", id="no time between readings"),
        pytest.param({"interval_s": float("inf")}, "interval", id="for ever between readings"),
        pytest.param({"interval_s": float("nan")}, "interval", id="an interval that is no number"),
        pytest.param({"backfill_s": -1}, "backfill", id="history of the future"),
        pytest.param({"duration_s": 0}, "duration", id="no time at all"),
        pytest.param({"broker_url": "localhost"}, "broker URL", id="an address that is none"),
    ],
)
async def test_options_that_make_no_sense_are_refused_before_anything_begins(
    changed: dict[str, Any], rule: str
) -> None:
    options = {"fleet": Path("none"), "broker_url": "mqtt://localhost", **changed}

    with pytest.raises(InvalidValue, match=rule):
        await simulate(SimulateOptions(**options))
