"""``citypulse registry``: bring a city in, and ask what a code names."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from psycopg import AsyncConnection
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from city.codes import Kind, normalise
from city.errors import BadCode
from city.frames import frame_named
from citypulse.city_work import import_document
from citypulse.commands.context import with_settings
from citypulse.settings import Settings
from citypulse.stack.local import running_database
from registry.city_file import Imported, load_city_file
from registry.classes import REGISTERED_KINDS
from registry.errors import BadCityFile
from registry.foreign_file import Reading, as_city_file
from registry.resolve import Resolution, code_of_key
from registry.resolve import resolve as look_up
from store.pool import open_pool

SHOWN_PROBLEMS = 20
SHOWN_CODES = 20


@click.group()
def registry() -> None:
    """Import entities, and resolve codes."""


@registry.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--frame", help="Of coordinates the file says no frame for: WGS 84 or GCJ-02.")
@click.option("--skip-bad", is_flag=True, help="Leave bad features out instead of refusing all.")
@click.option(
    "--codes",
    "codes_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the codes of the file's features there, by key, as one JSON object.",
)
@click.option("--dry-run", is_flag=True, help="Check and count; write nothing.")
@click.option("--kind", help="Somebody else's file: what its features are, such as L.")
@click.option("--class", "class_", help="With --kind: their class, such as road-segment.")
@click.option("--key-from", help="With --kind: the property that is their key; else their id.")
@click.option("--name-from", help="With --kind: the property that is their name.")
@click.option("--name-language", default="zh", show_default=True, help="Of those names.")
@click.option("--source", help="With --kind: stands before their keys; else the file's name.")
@with_settings
def import_(settings: Settings, /, file: Path, **options: Any) -> None:
    """Bring a city in from a GeoJSON FILE; repeating it changes only what differs.

    A bad feature is named by its index, field and rule, and then nothing is written. With --kind,
    FILE may be anybody's: its own properties become attributes.
    """
    document = load_city_file(file)
    reading = _reading(file, options)
    if reading is not None:
        document = as_city_file(document, reading)
    frame, skip_bad, dry_run = (options[name] for name in ("frame", "skip_bad", "dry_run"))
    url = running_database(settings.state, database=settings.database)
    work = import_document(
        url,
        document,
        frame=frame_named(frame) if frame else None,
        skip_bad=skip_bad,
        dry_run=dry_run,
        tell=click.echo,
    )
    try:
        done = asyncio.run(work)
    except BadCityFile as error:
        raise click.ClickException(_problems(file, error)) from error
    click.echo(_summary(done))
    _tell_codes(done, options["codes_file"])
    for problem in done.skipped:
        click.echo(f"  left out {problem}", err=True)


@registry.command()
@click.argument("code", metavar="CODE|KEY")
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d"]), help="As of this instant."
)
@with_settings
def resolve(settings: Settings, code: str, at: datetime | None) -> None:
    """Say what a city code names, as one JSON object; --at asks about the past.

    Written with hyphens or in lower case is fine; so is the key that its source gave the thing. An
    unassigned code ends with status 1.
    """
    url = running_database(settings.state, database=settings.database)
    instant = at.replace(tzinfo=at.tzinfo or UTC) if at else None
    found = asyncio.run(_resolve(url, code, instant))
    click.echo(json.dumps(asdict(found), default=_plain, ensure_ascii=False))


def _reading(file: Path, options: Mapping[str, Any]) -> Reading | None:
    """How to read somebody else's file; None for a city file.

    Raises:
        click.UsageError: options that need each other are not all there.
    """
    if options["kind"] is None:
        for option in ("class_", "key_from", "name_from", "source"):
            if options[option] is not None:
                name = option.rstrip("_").replace("_", "-")
                raise click.UsageError(f"--{name} goes with --kind, for files of others")
        return None
    if options["kind"] not in REGISTERED_KINDS or options["class_"] is None:
        kinds = " ".join(sorted(REGISTERED_KINDS))
        raise click.UsageError(f"--kind must be one of {kinds}, and --class must come with it")
    return Reading(
        kind=Kind(options["kind"]),
        class_=options["class_"],
        source=options["source"] or file.stem,
        key_from=options["key_from"],
        name_from=options["name_from"],
        language=options["name_language"],
    )


async def _resolve(url: str, text: str, at: datetime | None) -> Resolution:
    async with (
        open_pool(url, application_name="citypulse registry") as pool,
        pool.connection() as conn,
    ):
        return await look_up(conn, await _code(conn, text), at)


async def _code(conn: AsyncConnection[Any], text: str) -> str:
    """The code that a person's text is, or whose thing has it for a key.

    Raises:
        BadCode: it is neither.
    """
    try:
        return normalise(text).code.text
    except BadCode as error:
        code = await code_of_key(conn, text)
        if code is None:
            detail = f"{error.detail}; nor is it the key of anything registered"
            raise BadCode(text, error.rule, detail) from None
        return code


def _plain(value: object) -> object:
    """What JSON has no form for: an instant, a geometry."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, BaseGeometry):
        return mapping(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


def _tell_codes(done: Imported, file: Path | None) -> None:
    """Codes by key: into the file, or shown where they are few; a dry run issues none."""
    if done.dry_run:
        return
    if file is not None:
        text = json.dumps(dict(done.codes), ensure_ascii=False, indent=1)
        file.write_text(f"{text}\n", encoding="utf-8")
        click.echo(f"wrote {len(done.codes)} codes to {file}")
    elif len(done.codes) <= SHOWN_CODES:
        for key, code in done.codes.items():
            click.echo(f"  {code}  {key}")
    else:
        click.echo("their codes by key: the same again with --codes FILE")


def _summary(done: Imported) -> str:
    would = "would have " if done.dry_run else ""
    return (
        f"{would}created {done.created}, changed {done.changed}, unchanged {done.unchanged}, "
        f"mounted {done.mounts}, related {done.relations}, "
        f"aliases {done.aliases}, left out {len(done.skipped)}"
    )


def _problems(file: Path, error: BadCityFile) -> str:
    shown = [f"  {problem}" for problem in error.problems[:SHOWN_PROBLEMS]]
    rest = len(error.problems) - len(shown)
    more = [f"  … and {rest} more"] if rest > 0 else []
    return "\n".join([f"{file} was refused, nothing was written:", *shown, *more])
