"""A city comes in as one GeoJSON file: areas, components, devices, in any order, all or nothing.

docs/city-file.md is the format. Importing the same file again changes nothing; a file that says
something else about a key opens a new version of that entity from now on.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection, Rollback

from city.codes import Kind
from city.frames import Frame
from registry.city_features import Feature, Progress, read_features
from registry.city_links import link_problems, surroundings, without_bad
from registry.city_write import Written, write_features
from registry.errors import BadCityFile, Problem
from registry.versions import instant, write_alone

__all__ = ["DeviceFound", "Imported", "OnDevices", "Progress", "import_city", "load_city_file"]

# An import is one long transaction by design: a pool's limit for pages' queries is not for it.
_STATEMENT_TIMEOUT = "SET LOCAL statement_timeout = '15min'"


@dataclass(frozen=True, slots=True)
class DeviceFound:
    """A feature of kind D, now bound: for those who keep devices as equipment.

    Attributes:
        feature: its index in the file.
        code: its city code.
        profile: what it measures.
    """

    feature: int
    code: str
    profile: str


OnDevices = Callable[[AsyncConnection[Any], Sequence[DeviceFound]], Awaitable[None]]
"""Called inside the import's transaction; what it raises undoes the import."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or with `dry_run` would have done.

    Attributes:
        created: entities bound by this import.
        changed: entities that got a new version.
        unchanged: entities that were already so.
        mounts: devices that now stand on something they did not stand on before.
        relations: other relations that began or ended.
        aliases: aliases that were opened.
        skipped: problems of features left out; empty unless bad ones were to be skipped.
        codes: key → code of every feature taken in; with `dry_run` the codes are not issued.
        dry_run: whether everything was undone.
    """

    created: int
    changed: int
    unchanged: int
    mounts: int
    relations: int
    aliases: int
    skipped: tuple[Problem, ...]
    codes: Mapping[str, str]
    dry_run: bool


def load_city_file(path: Path) -> object:
    """Parse a city file.

    Raises:
        BadCityFile: when it is not JSON in UTF-8.
        OSError: when it can't be read.
    """
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        rule = f"is not JSON in UTF-8: {error}"
        raise BadCityFile([Problem(-1, path.name, "", rule)]) from None


async def import_city(
    conn: AsyncConnection[Any],
    document: object,
    *,
    on_devices: OnDevices,
    frame: Frame | None = None,
    skip_bad: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Imported:
    """Import a parsed city file in one transaction, alone among writers of descriptions.

    Args:
        conn: where to.
        document: the parsed GeoJSON.
        on_devices: told which devices there are, before the commit; ``devices.city_import`` fits.
        frame: of coordinates that neither the file nor the feature gives a frame for; None: WGS 84.
        skip_bad: leave out bad features, and what refers to them, instead of refusing the file.
        dry_run: do everything, then undo it.
        progress: called with the step, how much is done and how much there is.

    Raises:
        BadCityFile: with every problem found; nothing was written.
    """
    tell = progress or _silent
    features, problems = read_features(document, frame=frame, progress=tell)
    if problems and not skip_bad:
        raise BadCityFile(problems)
    async with conn.transaction() as transaction:
        await conn.execute(_STATEMENT_TIMEOUT)
        await write_alone(conn)
        tell("checking", 0, len(features))
        around = await surroundings(conn, features)
        if skip_bad:
            features, more = without_bad(features, around)
            problems += more
        elif more := link_problems(features, around):
            raise BadCityFile(more)
        tell("checking", len(features), len(features))
        written = await write_features(conn, features, around, await instant(conn), tell)
        await on_devices(conn, _devices(features, written.codes))
        if dry_run:
            raise Rollback(transaction)
    return _imported(written, problems, dry_run=dry_run)


def _devices(features: Sequence[Feature], codes: Mapping[str, str]) -> list[DeviceFound]:
    return [
        DeviceFound(feature.index, codes[feature.key], feature.profile)
        for feature in features
        if feature.kind is Kind.DEVICE and feature.profile is not None
    ]


def _imported(written: Written, skipped: Sequence[Problem], *, dry_run: bool) -> Imported:
    return Imported(
        created=written.descriptions.created,
        changed=written.descriptions.changed,
        unchanged=written.descriptions.unchanged,
        mounts=written.mounts,
        relations=written.relations,
        aliases=written.aliases,
        skipped=tuple(sorted(skipped, key=lambda problem: problem.feature)),
        codes=written.codes,
        dry_run=dry_run,
    )


def _silent(step: str, done: int, total: int) -> None:
    """Progress that nobody watches."""
