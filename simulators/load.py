"""The entry point of load runs: ``citypulse load`` → ``asyncio.run(run_load(LoadOptions(...)))``.

Progress goes to standard error; the summary, as one JSON line, to standard output or a file, for
``citypulse verify-load``; the faults that showed, as JSON lines, to a file.
"""

import asyncio
import resource
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from city.errors import InvalidValue
from simulators.broker_address import parse_broker
from simulators.ensemble import SIMULATED, Ensemble
from simulators.faults import record
from simulators.fleet_file import FleetDevice, first_of, read_fleet
from simulators.instruments import Instrument
from simulators.pace import stopped_within
from simulators.preparing import keep_prepared, prepared
from simulators.sent import SentSummary
from simulators.service import stopping
from simulators.swarm import Scenario, Swarm, open_swarm

_REPORT_EVERY_S = 10.0
_OTHER_FILES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """How a load run is to go.

    Attributes:
        fleet: the fleet file, with every device's code and secret.
        broker_url: ``mqtt://host:port``; a user in it is not used, each device has its own.
        scenario: how the devices behave.
        profiles: which take part.
        devices: how many at most, in the file's order, of all profiles together.
        duration_s: stop by itself after so many seconds; None runs until SIGTERM or SIGINT.
        cheap: send the first reading of each device again and again, to spare this machine the
            physics when the load is what is tested.
        summary: where the summary goes; None means standard output.
        faults: where the faults that showed go; None means nowhere.
    """

    fleet: Path
    broker_url: str
    scenario: Scenario = field(default_factory=Scenario)
    profiles: Sequence[str] = SIMULATED
    devices: int | None = None
    duration_s: float | None = None
    cheap: bool = False
    summary: Path | None = None
    faults: Path | None = None


async def run_load(options: LoadOptions, *, stop: asyncio.Event | None = None) -> SentSummary:
    """Run a swarm until the stop, a signal, or the end of its duration.

    Raises:
        BadFleetFile: when the fleet file can't be used.
        InvalidValue: when an option, or an attribute of a device, makes no sense.
    """
    broker = parse_broker(options.broker_url)
    devices = _devices(options)
    _allow_connections(len(devices))
    ensemble = Ensemble(options.scenario.seed, devices)
    instruments = _instruments(ensemble, devices, cheap=options.cheap)
    async with (
        stopping(stop) as ending,
        open_swarm(devices, broker, options.scenario, instruments) as swarm,
        _reported(swarm),
        asyncio.TaskGroup() as tasks,
    ):
        await prepared(ensemble.prepare)
        tasks.create_task(keep_prepared(ensemble.prepare, ending), name="prepare")
        tasks.create_task(swarm.run(ending), name="run")
        if options.duration_s is not None:
            await stopped_within(ending, options.duration_s)
            ending.set()
    return _concluded(swarm, options)


def _devices(options: LoadOptions) -> list[FleetDevice]:
    if options.duration_s is not None and not options.duration_s > 0:
        raise InvalidValue("duration", options.duration_s, "must be a number of seconds above 0")
    unknown = sorted(set(options.profiles) - set(SIMULATED))
    if unknown:
        raise InvalidValue("profile", unknown[0], f"must be one of {', '.join(SIMULATED)}")
    found = read_fleet(options.fleet, *options.profiles)
    return first_of(found, options.devices, options.fleet)


def _allow_connections(devices: int) -> None:
    """Ask for as many open files as there may be connections."""
    needed = devices + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and needed > hard:
        rule = f"need {needed} open files, and this process may have {hard} (ulimit -n)"
        raise InvalidValue("devices", devices, rule)
    if soft != resource.RLIM_INFINITY and needed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _instruments(
    ensemble: Ensemble, devices: Sequence[FleetDevice], *, cheap: bool
) -> Mapping[str, Instrument]:
    real = {each.code: ensemble.instrument(each) for each in devices}
    return {code: _Canned(each) for code, each in real.items()} if cheap else real


class _Canned:
    """An instrument that measured once."""

    def __init__(self, inner: Instrument) -> None:
        self._inner = inner
        self._values: dict[str, float] = {}

    def reading(self, t_s: float, since_s: float) -> dict[str, float]:
        """The first reading, whatever the instant."""
        if not self._values:
            self._values = self._inner.reading(t_s, since_s)
        return dict(self._values)


@asynccontextmanager
async def _reported(swarm: Swarm) -> AsyncIterator[None]:
    """A line on standard error every ten seconds while the body runs."""
    done = asyncio.Event()
    reporting = asyncio.create_task(_report(swarm, done), name="report")
    try:
        yield
    finally:
        done.set()
        await reporting


async def _report(swarm: Swarm, done: asyncio.Event) -> None:
    console = Console(stderr=True)
    while not await stopped_within(done, _REPORT_EVERY_S):
        _say(console, swarm)


def _say(console: Console, swarm: Swarm) -> None:
    boots = [boot for each in swarm.members for boot in each.box.tallies]
    produced, taken = (sum(getattr(b, n) for b in boots) for n in ("produced", "acknowledged"))
    waiting = sum(each.box.waiting for each in swarm.members)
    console.print(
        f"connected {swarm.connected}/{len(swarm.lines)}  readings {produced:,}  "
        f"acknowledged {taken:,}  waiting {waiting:,}",
        soft_wrap=True,
    )


def _concluded(swarm: Swarm, options: LoadOptions) -> SentSummary:
    done = swarm.done()
    by_kind: dict[str, int] = {}
    for fault in done:
        by_kind[fault.kind] = by_kind.get(fault.kind, 0) + 1
    summary = swarm.summary(faults=by_kind)
    _say(Console(stderr=True), swarm)
    if options.summary is None:
        sys.stdout.write(f"{summary.to_json()}\n")
    else:
        options.summary.write_text(f"{summary.to_json()}\n")
    if options.faults is not None:
        options.faults.write_text(record(done))
    return summary
