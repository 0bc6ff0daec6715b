"""The demonstration: the whole house, a city in it, a fleet of poles and six replayed stations."""

import asyncio
import time
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

import psycopg

from citypulse.city_work import enrol_into, import_document
from citypulse.house import House, Tell, bring_up
from citypulse.settings import Settings
from citypulse.stack.local import LocalStack
from citypulse.stack.service import Service
from citypulse.supervisor import Part, Supervisor
from devices import enrolment
from devices.fleet_file import read_fleet
from simulators.demo_city import generate
from store.pool import open_pool

INTERVAL_S = 10
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
    done = asyncio.run(import_document(url, generate(), tell=_nothing))
    tell(f"city: {done.created} new, {done.changed} changed, {done.unchanged} as they were")
    issued = asyncio.run(_enrol_missing(settings, url))
    if issued:
        tell(f"enrolled {issued} devices")
    if supervisor.stop.requested:
        return None
    for part in _simulators(settings, house):
        supervisor.start(part)
    return house
