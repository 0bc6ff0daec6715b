"""``citypulse up``, ``down`` and ``status``: the local stack and processes as a whole."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import click

from citypulse.commands.context import with_settings
from citypulse.commands.logs import show_log
from citypulse.doctor import examine
from citypulse.house import House, assemble, bring_up, moved, supervised
from citypulse.settings import Settings
from citypulse.stack import process, record
from citypulse.stack.errors import AlreadyRunning
from citypulse.stack.leftovers import stop_leftovers
from citypulse.status import describe

WATCH_S = 0.5
READY_DEADLINE_S = 120.0
DOWN_DEADLINE_S = 90.0
NOT_RUNNING_STATUS = 3


@click.command()
@click.option("--detach", is_flag=True, help="Return when everything is up; stop it with `down`.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="The port of page and API; default: a free one."
)
@with_settings
def up(settings: Settings, detach: bool, port: int | None) -> None:
    """Start database, broker, ingest, vitals and API, and keep them running.

    Missing servers are installed first, privately, below the state folder. Ctrl-C stops
    everything. CITYPULSE_DATABASE_URL and CITYPULSE_MQTT_URL name existing servers to be used
    instead of local ones.
    """
    if detach:
        _up_detached(settings, port)
        return
    show_log()
    with supervised(settings, click.echo) as (supervisor, stack):
        house = bring_up(supervisor, settings, stack, api_port=port, tell=click.echo)
        if house is None:
            return
        supervisor.declare_ready()
        _say_where(house)
        while supervisor.watch(WATCH_S):
            pass
        click.echo("stopping")


@click.command()
@click.option("--wipe", is_flag=True, help="Also remove data, credentials and logs; asks first.")
@click.option("--yes", is_flag=True, help="Don't ask before wiping.")
@with_settings
def down(settings: Settings, wipe: bool, yes: bool) -> None:
    """Stop everything that `up` or `demo` started; data is kept unless wiped."""
    state = settings.state
    if wipe and not yes:
        _confirm_wiping(state.root)
    known = record.read(state.run)
    if record.is_supervised(state.run) and known is not None:
        os.kill(known.pid, signal.SIGTERM)
        if not process.wait_until(
            lambda: not (record.is_supervised(state.run) or process.is_alive(known.pid)),
            deadline_s=DOWN_DEADLINE_S,
        ):
            raise click.ClickException(
                f"process {known.pid} did not end in {DOWN_DEADLINE_S:.0f} s: see {state.logs}"
            )
        click.echo("stopped")
    else:
        stopped = stop_leftovers(state)
        click.echo(f"stopped {', '.join(stopped)}" if stopped else "nothing was running")
    if wipe:
        _wipe(settings)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for machines.")
@with_settings
def status(settings: Settings, as_json: bool) -> None:
    """Show every part with its process, address, health and version.

    Exit status: 0 all well, 1 something is not, 3 nothing is running.
    """
    report = describe(settings)
    if as_json:
        click.echo(json.dumps(asdict(report)))
    else:
        click.echo(report.as_text())
    if not report.running:
        sys.exit(NOT_RUNNING_STATUS)
    sys.exit(0 if report.healthy else 1)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON list of findings, for machines.")
def doctor(as_json: bool) -> None:
    """Say what is wrong with this machine's citypulse, and what to do about it.

    Exit status 1 when there is a problem; notes are none.
    """
    findings = examine(os.environ)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            mark = {"ok": "ok  ", "note": "note", "problem": "BAD "}[finding.level]
            remedy = f"\n            → {finding.remedy}" if finding.remedy else ""
            click.echo(f"{mark}  {finding.about}: {finding.what}{remedy}")
    sys.exit(any(finding.level == "problem" for finding in findings))


def _up_detached(settings: Settings, port: int | None) -> None:
    """Install in the foreground, where progress is seen, then leave a supervisor behind."""
    state = settings.state
    state.create()
    if record.is_supervised(state.run):
        known = record.read(state.run)
        raise AlreadyRunning(known.pid if known else 0)
    stop_leftovers(state)
    assemble(settings, click.echo)
    log = state.logs / "supervisor.log"
    arguments = ["up", *(("--port", str(port)) if port else ())]
    command = [sys.executable, "-P", "-m", "citypulse", *arguments]
    child = process.spawn(command, log=log, environment=os.environ)
    known = _await_ready(settings, child)
    if known is None:
        raise click.ClickException(_why_not(log, child))
    api = known.part("api")
    page = api.address if api else ""
    click.echo(f"{moved(page)}citypulse is up: {page}")


def _await_ready(settings: Settings, child: subprocess.Popen[bytes]) -> record.RunRecord | None:
    end = time.monotonic() + READY_DEADLINE_S
    while child.poll() is None and time.monotonic() < end:
        known = record.read(settings.state.run)
        if known is not None and known.pid == child.pid and known.ready:
            return known
        time.sleep(0.1)
    return None


def _why_not(log: Path, child: subprocess.Popen[bytes]) -> str:
    lines = log.read_text(errors="replace").splitlines()
    errors = [line for line in lines if line.startswith("Error:")]
    reason = errors[-1].removeprefix("Error: ") if errors else "it gave no reason"
    state = "ended" if child.poll() is not None else "is not ready in time"
    return f"the supervisor {state}: {reason}; its log: {log}"


def _say_where(house: House) -> None:
    click.echo(
        f"{moved(house.page)}citypulse is up: {house.page}  (API documentation: {house.page}/docs)"
    )


def _confirm_wiping(root: Path) -> None:
    question = f"Remove the database, the registry's codes and all secrets in {root}?"
    try:
        wanted = click.confirm(question)
    except click.Abort:
        message = "nothing was removed: nobody answered; --yes removes without asking"
        raise click.ClickException(message) from None
    if not wanted:
        raise click.ClickException("nothing was removed")


def _wipe(settings: Settings) -> None:
    """Remove everything but the installed servers, which are no data and take time to fetch."""
    state = settings.state
    for folder in (state.postgres, state.broker, state.logs, state.run):
        shutil.rmtree(folder, ignore_errors=True)
    for file in (state.credentials, state.ports, state.fleet, state.enrolled):
        file.unlink(missing_ok=True)
    click.echo(f"removed the data in {state.root}")
