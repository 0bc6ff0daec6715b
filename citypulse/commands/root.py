"""All sub-commands under one name."""

import click

from citypulse.commands.coding import code
from citypulse.commands.context import CitypulseGroup
from citypulse.commands.demonstrating import demo
from citypulse.commands.enrolling import devices
from citypulse.commands.loading import load, verify_load
from citypulse.commands.processes import api, db, ingest, vitals
from citypulse.commands.registering import registry
from citypulse.commands.running import doctor, down, status, up
from citypulse.commands.simulating import replay, simulate


@click.group(
    cls=CitypulseGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="citypulse")
def cli() -> None:
    """Run a city's sensing: devices feed it, codes say what they stand on, signs how it does.

    Start with `citypulse demo`, or `citypulse up`. Settings are environment variables named
    CITYPULSE_…; docs/settings.md lists them.
    """


for command in (
    up,
    down,
    status,
    doctor,
    db,
    ingest,
    vitals,
    api,
    simulate,
    replay,
    load,
    verify_load,
    code,
    registry,
    devices,
    demo,
):
    cli.add_command(command)
