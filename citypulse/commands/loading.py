"""``citypulse load`` and ``verify-load``: fleets at size, and whether all they sent has arrived."""

import asyncio
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from citypulse.commands.context import with_settings
from citypulse.commands.durations import DURATION
from citypulse.commands.simulating import FILE, FLEET, SEED, fleet_file
from citypulse.settings import Settings
from citypulse.stack.local import running_broker, running_database
from citypulse.verify_load import Report, Sent, read_summary, verify
from simulators.ensemble import SIMULATED
from simulators.faults import HABITS
from simulators.load import LoadOptions, run_load
from simulators.swarm import Burst, Scenario, Storm
from store.pool import open_pool

_SHOWN = 20
_WRITABLE = click.Path(dir_okay=False, writable=True, path_type=Path)


class _At(click.ParamType[tuple[float, float]]):
    """A number at a time: ``90%@30s``, ``50@10s``."""

    name = "number@time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        """The number (a part of 1 when it was given in per cent), and the seconds."""
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)@(.+)", value)
        if match is None:
            self.fail(f"{value!r}: write 50@10s, or 90%@30s", param, ctx)
        amount = float(match[1]) / (100 if match[2] else 1)
        return amount, DURATION.convert(match[3], param, ctx)


@click.command()
@click.option(
    "--profile",
    "profiles",
    type=click.Choice(SIMULATED),
    multiple=True,
    help="Which kinds take part; default: all.",
)
@click.option("--devices", type=click.IntRange(min=1), help="How many; default: all.")
@click.option(
    "--interval",
    type=DURATION,
    default="60s",
    show_default=True,
    help="Between two readings of a device.",
)
@click.option("--duration", type=DURATION, help="Stop after so long; default: at Ctrl-C.")
@click.option(
    "--ramp", type=float, default=400.0, show_default=True, help="Connections made in a second."
)
@click.option(
    "--storm",
    "storms",
    type=_At(),
    multiple=True,
    help="Cut a share of the connections: 90%@30s. May be repeated.",
)
@click.option(
    "--burst",
    "bursts",
    type=_At(),
    multiple=True,
    help="So many readings of each device at once: 50@10s. May be repeated.",
)
@click.option(
    "--faults",
    type=click.Choice(list(HABITS)),
    default="none",
    show_default=True,
    help="How often devices go wrong.",
)
@click.option("--faults-file", type=_WRITABLE, help="Write which faults showed, as JSON lines.")
@click.option("--cheap", is_flag=True, help="Measure once, send it again and again.")
@FLEET
@SEED
@click.option(
    "--json", "summary", type=_WRITABLE, help="Write the summary here; default: standard output."
)
@with_settings
def load(settings: Settings, /, **options: Any) -> None:
    """Run many devices from one process, as hard as asked, and say what was sent.

    Exit status 1 when readings were lost, refused or left unacknowledged.
    """
    scenario = Scenario(
        interval_s=options["interval"],
        connects_per_s=options["ramp"],
        storms=[Storm(at_s=at_s, share=share) for share, at_s in options["storms"]],
        bursts=[Burst(at_s=at_s, readings=round(n)) for n, at_s in options["bursts"]],
        faults=options["faults"],
        seed=options["seed"],
    )
    asked = LoadOptions(
        fleet=fleet_file(settings, options["fleet"]),
        broker_url=running_broker(settings.state, mqtt=settings.broker),
        scenario=scenario,
        profiles=options["profiles"] or SIMULATED,
        devices=options["devices"],
        duration_s=options["duration"],
        cheap=options["cheap"],
        summary=options["summary"],
        faults=options["faults_file"],
    )
    sys.exit(0 if asyncio.run(run_load(asked)).complete else 1)


@click.command("verify-load")
@click.argument("summary", type=FILE)
@click.option(
    "--wait",
    type=DURATION,
    default="60s",
    show_default=True,
    help="How long ingest may still be catching up.",
)
@click.option("--json", "as_json", is_flag=True, help="The verdict on each device, as JSON.")
@with_settings
def verify_load(settings: Settings, summary: Path, wait: float, as_json: bool) -> None:
    """Compare the SUMMARY of a load run with the database: what is lost, what is double.

    The devices must not have sent anything else meanwhile. Exit status 1 when the books do not
    balance.
    """
    url = running_database(settings.state, database=settings.database)
    report = asyncio.run(_verify(url, read_summary(summary), wait))
    if as_json:
        verdicts = [asdict(verdict) for verdict in report.verdicts]
        click.echo(json.dumps({"holds": report.holds, "devices": verdicts}))
    else:
        click.echo(report.line())
        for line in _troubles(report):
            click.echo(line, err=True)
    sys.exit(0 if report.holds else 1)


async def _verify(url: str, sent: Sent, wait_s: float) -> Report:
    async with open_pool(url, autocommit=True) as pool, pool.connection() as conn:
        return await verify(conn, sent, wait_s=wait_s)


def _troubles(report: Report) -> Sequence[str]:
    """The first devices whose books do not balance."""
    troubled = [verdict for verdict in report.verdicts if not verdict.holds]
    lines = [
        f"  {each.code}: {each.sent} sent, {each.stored} stored, "
        f"{each.quarantined} quarantined, {each.lost} lost, {each.double} double"
        + ("" if each.is_same else ", other instants than sent")
        for each in troubled[:_SHOWN]
    ]
    if len(troubled) > _SHOWN:
        lines.append(f"  and {len(troubled) - _SHOWN} more")
    return lines
