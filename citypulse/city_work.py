"""Work on the city that more than one command does: import a file, give devices their secrets."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection

from city.frames import Frame
from citypulse.broker_access import refresh_broker, rights_are_written
from citypulse.settings import Settings
from citypulse.stack.state import State
from devices import enrolment
from devices.city_import import import_city
from devices.directory import load, with_keys
from devices.enrolment import Issued
from devices.fleet_file import add_to_fleet, follow_registry, read_fleet, write_fleet
from registry.city_file import Imported
from simulators.demo_city import device_keys
from store.pool import open_pool

TELL_EVERY_S = 1.0
Issue = Callable[[AsyncConnection[Any]], Coroutine[Any, Any, list[Issued]]]


async def import_document(
    url: str,
    document: object,
    *,
    frame: Frame | None = None,
    skip_bad: bool = False,
    dry_run: bool = False,
    tell: Callable[[str], None],
) -> Imported:
    """Import a parsed city file, telling each step, and each second how far it is.

    Raises:
        BadCityFile: with every problem found; nothing was written.
    """
    began = told = time.monotonic()
    last = ""

    def progress(step: str, done: int, total: int) -> None:
        nonlocal last, told
        now = time.monotonic()
        if step != last or now - told >= TELL_EVERY_S:
            last, told = step, now
            tell(f"{now - began:5.1f} s  {step} {done:,} of {total:,}")

    async with (
        open_pool(url, application_name="citypulse registry") as pool,
        pool.connection() as conn,
    ):
        return await import_city(
            conn, document, frame=frame, skip_bad=skip_bad, dry_run=dry_run, progress=progress
        )


async def issue_into(
    settings: Settings, url: str, fleet: Path | None, issue: Issue
) -> dict[Path, list[Issued]]:
    """Issue credentials, write their secrets to a fleet file, and let the broker know.

    The file is written before the commit: no credential takes effect whose secret nobody has.

    Args:
        settings: of all processes.
        url: the database.
        fleet: the file; None parts them in the state folder: what is simulated goes to its fleet
            file, so that nothing is published in the name of a device that is not.
        issue: what issues them.

    Returns:
        What was issued, by the file it was written to.
    """
    async with (
        open_pool(url, application_name="citypulse devices") as pool,
        pool.connection() as conn,
        conn.transaction(),
    ):
        issued = await issue(conn)
        ours = await with_keys(conn, device_keys()) if issued and fleet is None else frozenset()
        files = _by_file(settings.state, fleet, issued, ours)
        for file, devices in files.items():
            add_to_fleet(file, devices)
    # A needless reload is not harmless: see docs/operations.md on Mosquitto.
    if issued or not await rights_are_written(settings, url):
        await refresh_broker(settings, url)
    return files


def _by_file(
    state: State, fleet: Path | None, issued: Sequence[Issued], ours: Collection[str]
) -> dict[Path, list[Issued]]:
    files: dict[Path, list[Issued]] = {}
    for device in issued:
        file = fleet or (state.fleet if device.code in ours else state.enrolled)
        files.setdefault(file, []).append(device)
    return files


@dataclass(frozen=True, slots=True)
class Fleet:
    """The fleet file as `complete_fleet` leaves it.

    Attributes:
        by_profile: how many devices there are of each profile.
        issued: how many secrets are new.
        changed: how many entries did not say any more what the registry says.
    """

    by_profile: Mapping[str, int]
    issued: int
    changed: int


async def complete_fleet(settings: Settings, url: str, fleet: Path) -> Fleet:
    """See to it that the fleet file has the secret of every device of the demonstration city.

    Who has no credential gets one; who has one that the file does not know gets another. Places
    and attributes follow the registry, and who is not in service any more is left out. Devices of
    anybody else are never touched; an entry of theirs moves to the file of enrolled devices.
    """
    async with (
        open_pool(url, application_name="citypulse devices") as pool,
        pool.connection() as conn,
    ):
        ours = await with_keys(conn, device_keys())
        _hand_over(fleet, settings.state.enrolled, set(await load(conn)) - ours)
    known = {device.code for device in _devices_in(fleet)}

    async def issue(conn: AsyncConnection[Any]) -> list[Issued]:
        new = await enrolment.enrol(conn, sorted(ours))
        lost = ours - known - {device.code for device in new}
        return [*new, *(await enrolment.rotate(conn, sorted(lost)) if lost else [])]

    files = await issue_into(settings, url, fleet, issue)
    issued = sum(map(len, files.values()))
    changed = await _follow(url, fleet) if known or issued else 0
    return Fleet(Counter(each.profile for each in _devices_in(fleet)), issued, changed)


def _hand_over(fleet: Path, enrolled: Path, others: Collection[str]) -> None:
    """Move entries of others out of the fleet file; a secret that is there already is newer."""
    devices = _devices_in(fleet)
    leaving = [device for device in devices if device.code in others]
    if not leaving:
        return
    there = {device.code for device in _devices_in(enrolled)}
    add_to_fleet(enrolled, [device for device in leaving if device.code not in there])
    write_fleet(fleet, [device for device in devices if device.code not in others])


async def _follow(url: str, fleet: Path) -> int:
    async with (
        open_pool(url, application_name="citypulse devices") as pool,
        pool.connection() as conn,
    ):
        return follow_registry(fleet, await enrolment.described(conn))


def _devices_in(fleet: Path) -> list[Issued]:
    return read_fleet(fleet) if fleet.exists() else []
