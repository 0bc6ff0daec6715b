"""Many simulated devices in one process and one loop: each with a connection of its own.

In comes the fleet file; out go the devices' readings, and at the end a `Summary`.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from simulators.broker_address import BrokerAddress
from simulators.fleet_file import FleetDevice
from simulators.outbox import MEMORY_READINGS
from simulators.pace import Gate, stopped_within
from simulators.sockets import SocketServing
from simulators.tallies import Summary, Totals, reconnects
from simulators.terminal import Terminal
from simulators.uplinks import kept_up

CONNECTS_PER_SECOND = 150
LEAVE_WITHIN_S = 10.0

_DIALLERS = 4


class Fleet:
    """Devices that stay connected. Made by `open_fleet`."""

    def __init__(self, terminals: Sequence[Terminal]) -> None:
        self.terminals = {terminal.device.code: terminal for terminal in terminals}
        self._begun_s = time.monotonic()
        self._begun_us = time.time_ns() // 1000

    def totals(self) -> Totals:
        """The sum over all devices, now."""
        all_of_them = list(self.terminals.values())
        tallies = [terminal.tally for terminal in all_of_them]
        return Totals(
            devices=len(tallies),
            connected=sum(terminal.is_connected for terminal in all_of_them),
            produced=sum(tally.produced for tally in tallies),
            messages=sum(tally.messages for tally in tallies),
            acknowledged=sum(tally.acknowledged for tally in tallies),
            in_flight=sum(terminal.in_flight for terminal in all_of_them),
            waiting=sum(terminal.waiting for terminal in all_of_them),
            dropped=sum(tally.dropped for tally in tallies),
            refused=sum(tally.refused for tally in tallies),
            reconnects=reconnects(tallies),
            failed_connects=sum(tally.failed_connects for tally in tallies),
        )

    def summary(self, **notes: object) -> Summary:
        """What the run came to so far."""
        return Summary(
            totals=self.totals(),
            from_us=self._begun_us,
            duration_s=time.monotonic() - self._begun_s,
            by_device={code: terminal.tally for code, terminal in self.terminals.items()},
            notes=notes,
        )

    async def delivered(self, stop: asyncio.Event) -> None:
        """Wait until every device has delivered what it has, or until the stop."""
        while not all(
            terminal.waiting == terminal.in_flight == 0 for terminal in self.terminals.values()
        ):
            if await stopped_within(stop, 0.05):
                return


@asynccontextmanager
async def open_fleet(
    devices: Sequence[FleetDevice],
    broker: BrokerAddress,
    *,
    memory: int = MEMORY_READINGS,
    leave_within_s: float = LEAVE_WITHIN_S,
) -> AsyncIterator[Fleet]:
    """Devices that connect, stay connected, and leave in good order at the end.

    Args:
        devices: who takes part.
        broker: where they deliver.
        memory: readings each keeps while it can't deliver.
        leave_within_s: how long the end may take; what is undelivered then is reported as such.
    """
    with ThreadPoolExecutor(_DIALLERS, thread_name_prefix="dialler") as dialler:
        sockets, gate = SocketServing(dialler), Gate(CONNECTS_PER_SECOND)
        boot = secrets.token_hex(4)
        terminals = [
            Terminal(each, broker, sockets=sockets, gate=gate, boot=boot, memory=memory)
            for each in devices
        ]
        fleet = Fleet(terminals)
        async with kept_up(terminals, leave_within_s=leave_within_s):
            yield fleet
