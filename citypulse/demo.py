"""The demonstration: the whole house, a city in it, a fleet of poles and six replayed stations."""

import asyncio
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from citypulse.city_work import complete_fleet, import_document
from citypulse.house import House, Tell, bring_up
from citypulse.settings import Settings
from citypulse.stack.local import LocalStack
from citypulse.stack.service import Service
from citypulse.supervisor import Part, Supervisor
from simulators.demo_city import generate

INTERVAL = "10s"
BACKFILL = "3h"
REPLAYED_HOURS = 7 * 24
# Into the heavy pollution of December 2016, with a fortnight of the record left to follow.
REPLAYED_FROM = "2016-12-12"


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
    replay = ["replay", *map(str, recorded_stations()), "--follow"]
    replay += ["--from", REPLAYED_FROM, "--hours", str(REPLAYED_HOURS)]
    simulate = ["simulate", "--interval", INTERVAL, "--backfill", BACKFILL]
    for name, arguments in (("stations", replay), ("poles", simulate)):
        log = settings.state.logs / f"{name}.log"
        service = Service(name, arguments, environment=house.environment, log=log)
        yield Part(name, service)


def recorded_stations() -> list[Path]:
    """The recorded station files that come with the simulators."""
    folder = Path(str(files("simulators").joinpath("data")))
    return sorted(folder.glob("PRSA_Data_*.csv.gz"))
