"""``citypulse simulate`` and ``replay``: devices that do not exist, over real MQTT."""

import asyncio
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import click

from citypulse.commands.context import with_settings
from citypulse.commands.durations import DURATION
from citypulse.settings import Settings
from citypulse.stack.local import running_broker
from simulators.options import Ending, ReplayOptions, SimulateOptions
from simulators.service import replay as play
from simulators.service import simulate as run_fleet
from simulators.service import write_city

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FLEET = click.option("--fleet", type=FILE, help="Codes and secrets; default: the demo's.")
SEED = click.option(
    "--seed", type=int, default=1, show_default=True, help="Same seed, same readings."
)
SUMMARY = click.option(
    "--json", "as_json", is_flag=True, help="End with a summary as one JSON line."
)


@click.group(invoke_without_command=True)
@click.option("--devices", type=click.IntRange(min=1), help="How many, poles first; default: all.")
@click.option(
    "--interval", type=DURATION, default="60s", show_default=True, help="Between two readings."
)
@FLEET
@click.option(
    "--backfill", type=DURATION, default="0", show_default=True, help="History to deliver first."
)
@click.option("--duration", type=DURATION, help="Stop after so long; default: at Ctrl-C.")
@SEED
@SUMMARY
@click.pass_context
def simulate(context: click.Context, /, **options: Any) -> None:
    """Run devices that publish believable readings, each with its own MQTT identity.

    Exit status 1 when readings were lost, refused or left unacknowledged.
    """
    if context.invoked_subcommand is None:
        _simulate(options)


@simulate.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same city.")
def city(file: Path, seed: int) -> None:
    """Write the demonstration city as a city file, for `citypulse registry import`."""
    click.echo(f"wrote {file} ({write_city(file, seed=seed)} bytes)")


@click.command()
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option(
    "--ending",
    type=click.Choice(get_args(Ending)),
    default="now",
    show_default=True,
    help="Move the record to reach the current hour, lay it end to end, or leave its times.",
)
@click.option("--speed", type=float, help="Recorded seconds a second; default: at once.")
@click.option("--hours", type=click.IntRange(min=1), help="How much to play; default: all.")
@click.option(
    "--from", "start", type=click.DateTime(["%Y-%m-%d"]), help="First recorded day to play."
)
@click.option("--follow", is_flag=True, help="Go on with each next hour as the clock reaches it.")
@FLEET
@SUMMARY
@with_settings
def replay(  # noqa: PLR0913, PLR0917 - one parameter for each option
    settings: Settings,
    files: tuple[Path, ...],
    ending: Ending,
    speed: float | None,
    hours: int | None,
    start: datetime | None,
    follow: bool,
    fleet: Path | None,
    as_json: bool,
) -> None:
    """Play recorded air-quality files through the station devices of a fleet.

    FILES are hourly station records in the UCI PRSA format, plain or gzip; gaps stay gaps.
    Exit status 1 when readings were lost, refused or left unacknowledged.
    """
    options = ReplayOptions(
        files=files,
        fleet=fleet_file(settings, fleet),
        broker_url=running_broker(settings.state, mqtt=settings.broker),
        ending=ending,
        start=start.date() if start else None,
        hours=hours,
        speed=speed,
        follow=follow,
        json_summary=as_json,
    )
    sys.exit(0 if asyncio.run(play(options)).complete else 1)


@with_settings
def _simulate(settings: Settings, options: Mapping[str, Any]) -> None:
    asked = SimulateOptions(
        fleet=fleet_file(settings, options["fleet"]),
        broker_url=running_broker(settings.state, mqtt=settings.broker),
        devices=options["devices"],
        interval_s=options["interval"],
        duration_s=options["duration"],
        seed=options["seed"],
        backfill_s=options["backfill"],
        json_summary=options["as_json"],
    )
    sys.exit(0 if asyncio.run(run_fleet(asked)).complete else 1)


def fleet_file(settings: Settings, given: Path | None) -> Path:
    """The fleet file that was named, else the one that `demo` enrolled."""
    if given is not None:
        return given
    if not settings.state.fleet.exists():
        raise click.UsageError(
            "no fleet yet: run `citypulse demo`, or enrol devices with "
            "`citypulse devices enrol --fleet FILE` and name it with --fleet"
        )
    return settings.state.fleet
