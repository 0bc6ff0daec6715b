"""The demonstration, twice: a city that speaks, an end that leaves nothing, codes that stay."""

import json
import signal
from typing import Any

from citypulse.stack.process import is_alive, wait_until


def run_demo_until_it_speaks(household: Any) -> tuple[str, dict[str, int]]:
    """Start the demo, stop it as Ctrl-C would once it shows its address; what ran meanwhile."""
    with household.running("demo") as demo:
        shown = ""
        for line in demo.stdout:
            shown += line
            if "Ctrl-C stops everything" in line:
                break
        pids = household.pids()
        demo.send_signal(signal.SIGINT)
        shown += demo.stdout.read()
        assert demo.wait(timeout=120) == 0, shown
    return shown, pids


def codes(household: Any) -> list[str]:
    fleet = json.loads((household.state / "fleet.json").read_text())
    return [device["code"] for device in fleet["devices"]]


def test_the_demo_speaks_ends_without_a_trace_and_keeps_its_codes(household: Any) -> None:
    first, pids = run_demo_until_it_speaks(household)
    assert {"database", "broker", "ingest", "vitals", "api", "stations", "fleet"} <= pids.keys()
    assert wait_until(lambda: not any(map(is_alive, pids.values())), deadline_s=5)
    enrolled = codes(household)
    assert f"enrolled {len(enrolled):,} of them" in first
    assert len(enrolled) >= 1500
    second, _ = run_demo_until_it_speaks(household)
    assert "city: 0 new, 0 changed" in second
    assert f"{len(enrolled):,} devices: " in second
    assert "enrolled" not in second
    assert codes(household) == enrolled
