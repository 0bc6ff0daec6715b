"""The demonstration: the whole house, a city in it, a fleet of poles and six replayed stations."""

import asyncio
from collections.abc import Iterator

from citypulse.city_work import complete_fleet, import_document
from citypulse.house import House, Tell, bring_up
from citypulse.settings import Settings
from citypulse.stack.local import LocalStack
from citypulse.stack.service import Service
from citypulse.supervisor import Part, Supervisor
from simulators.demo_city import generate
from simulators.stations import station_files

INTERVAL = "10s"
BACKFILL = "3h"
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
    issued = asyncio.run(complete_fleet(settings, url, settings.state.fleet))
    tell(f"enrolled {issued} devices" if issued else "all devices are enrolled")
    for part in _simulators(settings, house):
        if supervisor.stop.requested:
            return None
        supervisor.start(part)
    return house


def _simulators(settings: Settings, house: House) -> Iterator[Part]:
    """Six recorded stations, a week of them, and then the poles with their history."""
    # Repeating, so that a demo that is started again says the same of instants that are stored,
    # and says what the poles' background says.
    replay = ["replay", *map(str, station_files()), "--ending", "repeating"]
    replay += ["--hours", str(REPLAYED_HOURS), "--follow"]
    simulate = ["simulate", "--interval", INTERVAL, "--backfill", BACKFILL]
    for name, arguments in (("stations", replay), ("poles", simulate)):
        log = settings.state.logs / f"{name}.log"
        service = Service(name, arguments, environment=house.environment, log=log)
        yield Part(name, service)
