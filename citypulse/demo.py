"""The demonstration: the whole house, a city in it, its simulated fleet and replayed stations."""

import asyncio
from collections.abc import Iterator

from citypulse.city_work import Fleet, complete_fleet, import_document
from citypulse.house import House, Tell, bring_up
from citypulse.settings import Settings
from citypulse.stack.local import LocalStack
from citypulse.stack.service import Service
from citypulse.supervisor import Part, Supervisor
from simulators.demo_city import generate
from simulators.stations import station_files

# Of what reports once a minute; meters, which do so every five minutes, in proportion. Some 140
# readings a second: it moves before one's eyes, and a tenth of a core carries the fleet.
INTERVAL = "10s"
# Enough for hourly means and a curve to look at; 170,000 readings for the demonstration city.
BACKFILL = "2h"
REPLAYED_HOURS = 7 * 24


def start_demo(
    supervisor: Supervisor,
    settings: Settings,
    stack: LocalStack,
    *,
    api_port: int | None,
    tell: Tell,
) -> House | None:
    """Bring up the house, put the city in, and let its devices speak.

    A second run finds the city and the credentials there, and keeps all codes.

    Returns:
        The house; None when asked to stop on the way.
    """
    house = bring_up(supervisor, settings, stack, api_port=api_port, tell=tell)
    if house is None:
        return None
    url = stack.addresses.database_url
    tell("importing the city")
    done = asyncio.run(import_document(url, generate(), tell=lambda _: None))
    tell(f"city: {done.created} new, {done.changed} changed, {done.unchanged} as they were")
    _tell_of(asyncio.run(complete_fleet(settings, url, settings.state.fleet)), tell)
    for part in _simulators(settings, house):
        if supervisor.stop.requested:
            return None
        supervisor.start(part)
    return house


def _tell_of(fleet: Fleet, tell: Tell) -> None:
    kinds = ", ".join(f"{count:,} {name}" for name, count in sorted(fleet.by_profile.items()))
    tell(f"{sum(fleet.by_profile.values()):,} devices: {kinds}")
    if fleet.issued:
        tell(f"enrolled {fleet.issued:,} of them")
    if fleet.changed:
        tell(f"{fleet.changed:,} have changed since the fleet file was written")


def _simulators(settings: Settings, house: House) -> Iterator[Part]:
    """Six recorded stations, a week of them, and then everything else with its history."""
    # Repeating, so that a demo that is started again says the same of instants that are stored,
    # and says what the simulated devices' background says.
    replay = ["replay", *map(str, station_files()), "--ending", "repeating"]
    replay += ["--hours", str(REPLAYED_HOURS), "--follow"]
    simulate = ["simulate", "--interval", INTERVAL, "--backfill", BACKFILL]
    for name, arguments in (("stations", replay), ("fleet", simulate)):
        log = settings.state.logs / f"{name}.log"
        service = Service(arguments, environment=house.environment, log=log)
        yield Part(name, service)
