"""The entry points that the command line calls.

``citypulse simulate``       → ``asyncio.run(simulate(SimulateOptions(...)))``
``citypulse simulate city``  → ``write_city(path, seed=…)``
``citypulse replay``         → ``asyncio.run(replay(ReplayOptions(...)))``

Both coroutines show progress on standard error, end on SIGTERM and SIGINT (or when ``stop`` is
set), say offline and disconnect before they return. Exit with 0 when ``summary.complete``, else
with 1: then readings were lost, refused or left unacknowledged.
"""

import asyncio
import math
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console

from city.errors import InvalidValue
from simulators.broker_address import parse_broker
from simulators.demo_city import city_file
from simulators.ensemble import SIMULATED, Ensemble
from simulators.fleet import Fleet, open_fleet
from simulators.fleet_file import first_of, read_fleet
from simulators.measuring import Measuring
from simulators.options import ReplayOptions, SimulateOptions
from simulators.pace import stopped_within
from simulators.preparing import keep_prepared, prepared
from simulators.progress import progress_line, show_progress
from simulators.records import read_record
from simulators.replay import Playback, plan_replay, stations_of
from simulators.tallies import Summary


def write_city(path: Path, *, seed: int = 1) -> int:
    """Write the demonstration city's file (GeoJSON); return how many bytes."""
    return path.write_bytes(city_file(seed))


async def simulate(options: SimulateOptions, *, stop: asyncio.Event | None = None) -> Summary:
    """Run a fleet of simulated devices until the stop, a signal, or the end of its duration.

    Raises:
        BadFleetFile: when the fleet file can't be used.
        InvalidValue: when an option, or an attribute of a device, makes no sense.
    """
    _require_sensible(options)
    broker = parse_broker(options.broker_url)
    known = read_fleet(options.fleet, *SIMULATED)
    devices = first_of(known, options.devices, options.fleet)
    ensemble = Ensemble(options.seed, devices)
    instruments = [ensemble.instrument(device) for device in devices]
    async with (
        stopping(stop) as ended,
        open_fleet(devices, broker) as fleet,
        _shown(fleet, "simulating"),
    ):
        terminals = list(fleet.terminals.values())
        run = Measuring(instruments, terminals, interval_s=options.interval_s)
        # The devices connect meanwhile.
        await prepared(ensemble.prepare, back_s=options.backfill_s)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_prepared(ensemble.prepare, ended), name="prepare")
            tasks.create_task(run.measure(ended), name="measure")
            tasks.create_task(run.deliver_history(options.backfill_s, ended), name="history")
            if options.duration_s is not None:
                await stopped_within(ended, options.duration_s)
                ended.set()
    return _concluded(fleet.summary(), json_summary=options.json_summary)


async def replay(options: ReplayOptions, *, stop: asyncio.Event | None = None) -> Summary:
    """Play recorded station files through the station devices of the fleet file.

    Raises:
        BadRecord: when a file breaks its format; nothing has been published then.
        BadFleetFile: when the fleet file can't be used.
        InvalidValue: when an option makes no sense, or a station has no device.
    """
    broker = parse_broker(options.broker_url)
    records = [read_record(path) for path in options.files]
    devices = stations_of(read_fleet(options.fleet, "air-station"), records)
    plan = plan_replay(records, options, now_s=time.time())
    played = Playback(records, plan, speed=options.speed)
    async with (
        stopping(stop) as ended,
        open_fleet(devices, broker) as fleet,
        _shown(fleet, "replaying"),
    ):
        await played.run(list(fleet.terminals.values()), ended, follow=options.follow)
        await fleet.delivered(ended)
    return _concluded(fleet.summary(**played.notes()), json_summary=options.json_summary)


@asynccontextmanager
async def stopping(stop: asyncio.Event | None) -> AsyncIterator[asyncio.Event]:
    """The event that ends a run: the caller's or a new one, set by SIGTERM and SIGINT too."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for each in signals:
        loop.add_signal_handler(each, stop.set)
    try:
        yield stop
    finally:
        for each in signals:
            loop.remove_signal_handler(each)


@asynccontextmanager
async def _shown(fleet: Fleet, doing: str) -> AsyncIterator[None]:
    """Progress on standard error while the body runs."""
    done = asyncio.Event()
    showing = asyncio.create_task(
        show_progress(lambda: (fleet.totals(), doing), done, Console(stderr=True)), name="progress"
    )
    try:
        yield
    finally:
        done.set()
        await showing


def _concluded(summary: Summary, *, json_summary: bool) -> Summary:
    console = Console(stderr=True)
    console.print(progress_line(summary.totals, "finished"), soft_wrap=True)
    for reason, count in summary.reasons.most_common():
        console.print(f"  {count} × {reason}", soft_wrap=True, markup=False)
    if json_summary:
        sys.stdout.write(f"{summary.to_json()}\n")
    return summary


def _require_sensible(options: SimulateOptions) -> None:
    if not 0 < options.interval_s < math.inf:
        raise InvalidValue("interval", options.interval_s, "must be a number of seconds above 0")
    if not 0 <= options.backfill_s < math.inf:
        raise InvalidValue("backfill", options.backfill_s, "must be 0 or more seconds")
    if options.duration_s is not None and not options.duration_s > 0:
        raise InvalidValue("duration", options.duration_s, "must be a number of seconds above 0")
