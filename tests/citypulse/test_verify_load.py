"""A load run held against the database: what is lost or double is found, and nothing else."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from subprocess import Popen
from typing import Any

import psycopg
import pytest

from city.codes import Kind, entity_code
from citypulse.verify_load import BadSummary, Claim, Sent, read_summary, verify
from simulators.load import LoadOptions, run_load
from simulators.options import SimulateOptions
from simulators.sent import FORM
from simulators.service import simulate
from simulators.swarm import Scenario, Storm
from store.pool import open_pool

FIRST = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CODE = entity_code(Kind.DEVICE, "7K3", 0)


def enrol(database_url: str, codes: list[str]) -> None:
    """Make devices known to the directory."""
    with psycopg.connect(database_url) as conn, conn.cursor() as cur:
        for code in codes:
            cur.execute(
                "WITH made AS (INSERT INTO registry.entity (code, state, external_key, bound_at)"
                " VALUES (%s, 'bound', %s, now()) RETURNING entity_key), described AS ("
                " INSERT INTO registry.entity_version (entity_key, valid, class)"
                " SELECT entity_key, tstzrange(now(), NULL), 'sensor' FROM made)"
                " INSERT INTO devices.device (entity_key, profile)"
                " SELECT entity_key, 'smart-pole' FROM made",
                [code, code],
            )


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - a log tells nobody
            await asyncio.sleep(0.02)


@contextmanager
def ingesting(database_url: str, mqtt_url: str, log: Path) -> Iterator["Popen[bytes]"]:
    """Ingest as a process of its own, to be killed."""
    script = (
        "import asyncio, logging, os; from ingest.service import run;"
        "from ingest.settings import IngestSettings; logging.basicConfig(level='INFO');"
        "asyncio.run(run(IngestSettings(), os.environ['DB'], os.environ['MQTT']))"
    )
    environ = {**os.environ, "DB": database_url, "MQTT": mqtt_url}
    with log.open("ab") as output:
        process = Popen([sys.executable, "-c", script], env=environ, stderr=output)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def is_subscribed(log: Path) -> bool:
    return "connected broker" in log.read_text()


def fleet_of(broker: Any, codes: list[str], path: Path) -> Path:
    secrets = broker.add_devices(codes)
    place = {"district": "110105", "profile": "smart-pole", "lon": 116.48, "lat": 39.92}
    entries = [{"code": code, "secret": secrets[code], **place} for code in codes]
    path.write_text(json.dumps({"devices": entries}))
    return path


@pytest.mark.timeout(180)
async def test_with_faults_a_storm_and_a_killed_ingest_nothing_is_lost_or_double(
    broker: Any, database_url: str, tmp_path: Path
) -> None:
    codes = [entity_code(Kind.DEVICE, "7K3", number) for number in range(20)]
    unknown = codes[-1]  # not enrolled: what it sends is quarantined
    enrol(database_url, codes[:-1])
    options = LoadOptions(
        fleet=fleet_of(broker, codes, tmp_path / "fleet.json"),
        broker_url=broker.url_for("ingest"),
        scenario=Scenario(
            interval_s=0.25, faults="harsh", seed=7, storms=[Storm(at_s=3, share=0.8)]
        ),
        summary=tmp_path / "summary.json",
        cheap=True,
    )
    mqtt_url, stop = broker.url_for("ingest"), asyncio.Event()
    logs = [tmp_path / f"ingest-{number}.log" for number in range(3)]
    running: asyncio.Task[Any] | None = None
    for log in logs[:2]:
        with ingesting(database_url, mqtt_url, log) as process:
            await until(partial(is_subscribed, log))
            running = running or asyncio.create_task(run_load(options, stop=stop))
            await asyncio.sleep(2.5)  # of load, before the kill
            process.send_signal(signal.SIGKILL)
    stop.set()
    assert running is not None
    assert (await running).complete
    with ingesting(database_url, mqtt_url, logs[2]):
        async with open_pool(database_url, autocommit=True) as pool, pool.connection() as conn:
            report = await verify(conn, read_summary(tmp_path / "summary.json"), wait_s=30)
    assert report.holds, report.line()
    assert len(report.verdicts) == 20
    assert report.total("sent") > 20 * 10
    (away,) = [each for each in report.verdicts if each.code == unknown]
    assert away.quarantined == away.sent
    assert report.total("stored") + away.quarantined == report.total("sent")
    assert "0 lost, 0 double" in report.line()


async def test_what_a_simulated_fleet_says_of_itself_can_be_held_against_the_database(
    broker: Any, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = [entity_code(Kind.DEVICE, "7K3", number) for number in range(5)]
    enrol(database_url, codes)
    options = SimulateOptions(
        fleet=fleet_of(broker, codes, tmp_path / "fleet.json"),
        broker_url=broker.url_for("ingest"),
        interval_s=0.2,
        duration_s=3,
        backfill_s=600,
        json_summary=True,
    )
    mqtt_url, log, summary = broker.url_for("ingest"), tmp_path / "log", tmp_path / "summary.json"
    with ingesting(database_url, mqtt_url, log):
        await until(partial(is_subscribed, log))
        assert (await simulate(options)).complete
        summary.write_text(capsys.readouterr().out)
        async with open_pool(database_url, autocommit=True) as pool, pool.connection() as conn:
            report = await verify(conn, read_summary(summary), wait_s=30)
    assert report.holds, report.line()
    assert report.total("stored") == report.total("sent") > 5 * 10


def rows(conn_url: str, seconds: list[float], *, batch: int = 1) -> None:
    """Readings of the device at so many seconds after `FIRST`."""
    with psycopg.connect(conn_url) as conn:
        (key,) = conn.execute("SELECT device_key FROM devices.device_now").fetchone() or (0,)
        for each in seconds:
            conn.execute(
                "INSERT INTO store.smart_pole (ts, batch_id, device_key, pm25)"
                " VALUES (%s, %s, %s, 1)",
                [FIRST + timedelta(seconds=each), batch, key],
            )


def claim(seconds: list[float]) -> Sent:
    """That the device has sent readings at so many seconds after `FIRST`."""
    first, last = (FIRST + timedelta(seconds=each) for each in (min(seconds), max(seconds)))
    after_ms = sum(round((each - min(seconds)) * 1000) for each in seconds)
    return Sent(FIRST, [Claim(CODE, "smart-pole", len(seconds), first, last, after_ms)])


@pytest.mark.parametrize(
    ("stored", "sent", "lost", "double", "is_same"),
    [
        pytest.param([0, 1, 2.5, 4], [0, 1, 2.5, 4], 0, 0, True, id="all of it"),
        pytest.param([0, 4], [0, 1, 2.5, 4], 2, 0, True, id="two are missing"),
        pytest.param([], [0, 1], 2, 0, True, id="all are missing"),
        pytest.param([0, 1, 2, 4], [0, 4], 0, 2, True, id="two that nobody sent"),
        pytest.param([0, 2, 4], [0, 1, 4], 0, 0, False, id="another instant than was sent"),
        pytest.param([-9, 0, 4, 99], [0, 4], 0, 0, True, id="rows outside the run do not count"),
    ],
)
async def test_what_is_lost_or_double_is_found(
    conn: Any,
    database_url: str,
    stored: list[float],
    sent: list[float],
    lost: int,
    double: int,
    is_same: bool,
) -> None:
    enrol(database_url, [CODE])
    rows(database_url, stored)
    (verdict,) = (await verify(conn, claim(sent))).verdicts
    assert (verdict.lost, verdict.double, verdict.is_same) == (lost, double, is_same)
    assert verdict.holds == (lost == double == 0 and is_same)


async def test_what_was_stored_before_the_run_does_not_count(conn: Any, database_url: str) -> None:
    """A clock that runs behind writes among the rows of those who sent before."""
    enrol(database_url, [CODE])
    rows(database_url, [0, 1, 4], batch=1)
    rows(database_url, [2, 3, 5], batch=2)
    for batch, at_s in ((1, -1), (2, 1)):
        await conn.execute(
            "INSERT INTO store.ingest_batch (batch_id, member, committed_at, messages, readings,"
            " stored, merged, duplicate, conflict, quarantined, spans, counts)"
            " VALUES (%s, '', %s, 3, 3, 3, 0, 0, 0, 0, '[]', '[]')",
            [batch, FIRST + timedelta(seconds=at_s)],
        )
    (verdict,) = (await verify(conn, claim([2, 3, 5]))).verdicts
    assert verdict.holds


async def test_readings_of_a_device_that_nobody_knows_are_lost(conn: Any) -> None:
    report = await verify(conn, claim([0, 1, 2]))
    assert (report.total("lost"), report.holds) == (3, False)
    assert "3 lost" in report.line()


async def test_it_waits_for_what_is_still_under_way(conn: Any, database_url: str) -> None:
    enrol(database_url, [CODE])
    rows(database_url, [0])
    checking = asyncio.create_task(verify(conn, claim([0, 1]), wait_s=20))
    await asyncio.sleep(0)
    await asyncio.to_thread(rows, database_url, [1])
    assert (await checking).holds


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("[]", id="a list"),
        pytest.param('{"complete": true}', id="another summary"),
        pytest.param(json.dumps({"form": FORM}), id="no devices"),
        pytest.param(
            json.dumps({"form": FORM, "from": "2026-11-23T08:00:00Z", "by_device": {"D": {}}}),
            id="a device without its readings",
        ),
        pytest.param(
            json.dumps(
                {
                    "form": FORM,
                    "from": "2026-11-23T08:00:00Z",
                    "by_device": {"D": {"profile": "toaster", "expected": {"readings": 1}}},
                }
            ),
            id="a profile that there is not",
        ),
    ],
)
def test_what_is_no_summary_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text(text)
    with pytest.raises(BadSummary, match="summary"):
        read_summary(path)


def test_a_summary_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadSummary, match="No such file"):
        read_summary(tmp_path / "none.json")
