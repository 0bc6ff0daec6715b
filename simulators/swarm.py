"""Thousands of simulated devices in one process: ramps, bursts, reconnect storms, gateways, faults.

In: devices of a fleet file and a `Scenario`. Out: their readings at the broker, and a summary of
what was sent that the database can be held against.

Each device has a connection of its own, but those that name a ``gateway`` among their attributes:
they share that device's. It is the same wire contract as the paho fleet's (`simulators.fleet`), in
the codec's few microseconds a message.
"""

import asyncio
import math
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from city.catalogue import profile
from city.errors import InvalidValue
from simulators.broker_address import BrokerAddress
from simulators.chance import Chance
from simulators.faults import HABITS, Fault, FaultPlan
from simulators.faulty import FaultyDevice, FaultyInstrument
from simulators.fleet_file import FleetDevice
from simulators.instruments import Instrument
from simulators.lines import Line
from simulators.outbox import MEMORY_READINGS, Outbox, numbered_boots
from simulators.pace import Gate, stopped_within
from simulators.schedule import grid_of, keep_schedule
from simulators.sent import SentByDevice, SentSummary
from simulators.uplinks import kept_up

_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """Connections cut all at once, as when a cell of the mobile network restarts.

    Attributes:
        at_s: seconds after the beginning.
        share: of all connections, 0 to 1.
    """

    at_s: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Readings made all at once, as after an alarm.

    Attributes:
        at_s: seconds after the beginning.
        readings: of each device.
    """

    at_s: float
    readings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """How a swarm behaves.

    Attributes:
        interval_s: seconds between two readings of a device, above 0.
        connects_per_s: the ramp: how many dial in a second, also after a storm.
        storms: when connections are cut.
        bursts: when everybody measures at once.
        faults: ``none``, ``usual`` or ``harsh``: see `simulators.faults`.
        memory: readings each device keeps while it can't deliver.
        leave_within_s: how long the end may take.
        seed: the same seed gives the same readings and faults.
    """

    interval_s: float = 60.0
    connects_per_s: float = 400.0
    storms: Sequence[Storm] = ()
    bursts: Sequence[Burst] = ()
    faults: str = "none"
    memory: int = MEMORY_READINGS
    leave_within_s: float = 20.0
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what can't be run.

        Raises:
            InvalidValue: naming the field.
        """
        if not 0 < self.interval_s < math.inf:
            raise InvalidValue("interval", self.interval_s, "must be a number of seconds above 0")
        if not 0 < self.connects_per_s < math.inf:
            raise InvalidValue("connects per second", self.connects_per_s, "must be above 0")
        if self.faults not in HABITS:
            raise InvalidValue("faults", self.faults, f"must be one of {', '.join(HABITS)}")
        for storm in self.storms:
            if not 0 < storm.share <= 1:
                raise InvalidValue("storm", storm.share, "must be a share above 0, at most 1")
        for burst in self.bursts:
            if burst.readings < 1:
                raise InvalidValue("burst", burst.readings, "must be 1 or more readings")


class Member:
    """One device of a swarm: what it measures, how it behaves, and its memory."""

    def __init__(self, device: FleetDevice, instrument: Instrument, scenario: Scenario) -> None:
        metrics = profile(device.profile).metrics
        plan = FaultPlan(scenario.seed, device.code, metrics, HABITS[scenario.faults])
        boots = numbered_boots(secrets.token_hex(4))
        sleeps_s = device.attributes.get("sleeps_s", 0.0)
        self.device = device
        self.box = Outbox(device.topic("telemetry"), boots, memory=scenario.memory)
        self.behaviour = FaultyDevice(self.box, plan, seed=scenario.seed, sleeps_s=sleeps_s)
        self._instrument = FaultyInstrument(instrument, plan, metrics, scenario.seed)

    def measure(self, t_s: float, since_s: float) -> None:
        """Make the reading of an instant and take it into the memory."""
        self.behaviour.put(t_s, self._instrument.reading(t_s, since_s))


class Swarm:
    """Devices that stay connected and measure. Made by `open_swarm`."""

    def __init__(
        self, members: Sequence[Member], lines: Sequence[Line], scenario: Scenario
    ) -> None:
        self.members = members
        self.lines = lines
        self._scenario = scenario
        self._begun_us = time.time_ns() // 1000

    @property
    def connected(self) -> int:
        """Lines that the broker has accepted and that have not been lost since."""
        return sum(line.is_connected for line in self.lines)

    async def run(self, stop: asyncio.Event, *, clock: Callable[[], float] = time.time) -> None:
        """Measure, with storms and bursts, until the stop."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._measure(stop, clock), name="measure")
            tasks.create_task(self._advance(stop, clock), name="advance")
            for storm in self._scenario.storms:
                tasks.create_task(self._storm(storm, stop), name=f"storm at {storm.at_s:g} s")
            for burst in self._scenario.bursts:
                tasks.create_task(
                    self._burst(burst, stop, clock), name=f"burst at {burst.at_s:g} s"
                )

    def done(self) -> Counter[Fault]:
        """Which faults have shown, and how many readings each has touched."""
        return sum((each.behaviour.done for each in self.members), Counter[Fault]())

    def summary(self, **notes: object) -> SentSummary:
        """What has been sent so far."""
        tallies = [line.tally for line in self.lines]
        lines = {
            "lines": len(tallies),
            "connects": sum(tally.connects for tally in tallies),
            "failed_connects": sum(tally.failed_connects for tally in tallies),
            "cut": sum(tally.cut for tally in tallies),
            "repeated_after_loss": sum(tally.repeated_after_loss for tally in tallies),
        }
        return SentSummary(
            from_us=self._begun_us,
            until_us=time.time_ns() // 1000,
            by_device={
                each.device.code: SentByDevice.by(each.device.profile, each.box)
                for each in self.members
            },
            lines=lines,
            reasons=sum((tally.reasons for tally in tallies), Counter[str]()),
            notes=notes,
        )

    async def _measure(self, stop: asyncio.Event, clock: Callable[[], float]) -> None:
        grids = [grid_of(each.device.code, self._scenario.interval_s) for each in self.members]

        def measure(number: int, at_s: float, since_s: float) -> None:
            self.members[number].measure(at_s, since_s)

        await keep_schedule(grids, measure, stop, clock)

    async def _advance(self, stop: asyncio.Event, clock: Callable[[], float]) -> None:
        """Outages end and sleepers wake between readings too."""
        while not await stopped_within(stop, 1.0):
            for number, each in enumerate(self.members, start=1):
                each.behaviour.advance(clock())
                if number % (4 * _AT_ONCE) == 0:
                    await asyncio.sleep(0)

    async def _storm(self, storm: Storm, stop: asyncio.Event) -> None:
        if await stopped_within(stop, storm.at_s):
            return
        chosen = Chance(self._scenario.seed, "storm", round(storm.at_s * 1000))
        for number, line in enumerate(self.lines):
            if chosen.uniform(number) < storm.share:
                line.cut()

    async def _burst(self, burst: Burst, stop: asyncio.Event, clock: Callable[[], float]) -> None:
        if await stopped_within(stop, burst.at_s):
            return
        # A millisecond apart, and off the grid of the ordinary readings.
        begin_s = math.floor(clock() * 1000) / 1000
        for number, each in enumerate(self.members, start=1):
            for place in range(burst.readings):
                at_s = begin_s - (burst.readings - place) / 1000
                each.measure(at_s, at_s - self._scenario.interval_s)
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)


@asynccontextmanager
async def open_swarm(
    devices: Sequence[FleetDevice],
    broker: BrokerAddress,
    scenario: Scenario,
    instruments: Mapping[str, Instrument],
) -> AsyncIterator[Swarm]:
    """Devices that connect by the scenario's ramp and leave in good order at the end.

    Args:
        devices: who takes part; a gateway may be among them or stand for others only.
        broker: where they deliver.
        scenario: how they behave.
        instruments: code → what the device measures; a device without one is silent.

    Raises:
        InvalidValue: when a device names a gateway that is not among the devices.
    """
    gate = Gate(scenario.connects_per_s)
    members = [
        Member(each, instruments[each.code], scenario)
        for each in devices
        if each.code in instruments
    ]
    lines = [
        Line(speaker, [each.box for each in theirs], broker, gate)
        for speaker, theirs in _speakers(devices, members)
    ]
    swarm = Swarm(members, lines, scenario)
    async with kept_up(lines, leave_within_s=scenario.leave_within_s):
        yield swarm


def _speakers(
    devices: Sequence[FleetDevice], members: Sequence[Member]
) -> list[tuple[FleetDevice, list[Member]]]:
    """Who connects, and for whom: each device for itself, unless it has a gateway."""
    known = {each.code: each for each in devices}
    spoken_for: dict[str, list[Member]] = {}
    for member in members:
        gateway = member.device.attributes.get("gateway", member.device.code)
        if gateway not in known:
            raise InvalidValue("attributes.gateway", gateway, "must be a device of the fleet file")
        spoken_for.setdefault(gateway, []).append(member)
    return [(known[code], theirs) for code, theirs in spoken_for.items()]
