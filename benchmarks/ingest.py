"""Ingest beside its broker's ceiling: one run, one JSON line.

QoS 1, eight metrics a message, through a real Mosquitto into a real TimescaleDB of this run's own.
In turn, with the same publisher: a subscriber that only acknowledges, then ingest, which
acknowledges after commit. CPU time is read from the kernel, so that a noisy machine does not
matter as much; of rates, only the ratio within one run means anything.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from benchmarks.mqtt_load import METRICS
from city.catalogue import PROFILES
from city.codes import Kind, entity_code
from citypulse.migrations import migrate_all
from citypulse.stack.broker import Broker
from citypulse.stack.credentials import Credentials
from citypulse.stack.install import ensure_installed
from citypulse.stack.ports import any_free
from citypulse.stack.postgres import DATABASE, Postgres, Tuning
from citypulse.stack.state import state_folder
from devices.passwords import hash_secret
from store.telemetry import Rows, copy_rows

PROFILE = PROFILES["smart-pole"]
DISTRICT = "110105"
DEVICES = 1000
BATCH = 2000
PATIENCE_S = 300.0
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run works with."""

    database_url: str
    load_url: str
    ingest_url: str
    topics: list[str]


@contextmanager
def parts() -> Iterator[Parts]:
    """A database and a broker of this run's own, with devices in them."""
    installation = ensure_installed(state_folder(os.environ).binaries)
    folder = Path(tempfile.mkdtemp(prefix="citypulse-bench-"))
    folder.chmod(0o755)
    postgres = Postgres(
        installation,
        folder / "postgres",
        credentials=Credentials(),
        port=any_free(),
        log=folder / "postgres.log",
        tuning=Tuning.for_this_machine(),
    )
    broker = Broker(installation, folder / "broker", port=any_free(), log=folder / "broker.log")
    passwords = {"bench": "bench-load", "ingest": "bench-ingest"}
    broker.password_file.parent.mkdir(parents=True)
    broker.password_file.write_text(
        "".join(f"{user}:{hash_secret(word)}\n" for user, word in passwords.items())
    )
    broker.acl_file.write_text(
        "user bench\ntopic write city/v1/#\nuser ingest\ntopic read city/v1/#\n"
    )
    try:
        with postgres, broker:
            postgres.prepare()
            url = postgres.url_of(DATABASE)
            migrate_all(url)
            topics = enrol(url)
            urls = [broker.url_as(user, word) for user, word in passwords.items()]
            yield Parts(url, urls[0], urls[1], topics)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def enrol(url: str) -> list[str]:
    """Make the devices; their topics."""
    codes = [str(entity_code(Kind.DEVICE, "7K3", number)) for number in range(DEVICES)]
    with psycopg.connect(url) as conn:
        conn.execute(
            "WITH entity AS ("
            "  INSERT INTO registry.entity (code, state, external_key, bound_at)"
            "  SELECT code, 'bound', code, now() FROM unnest(%s::text[]) AS code"
            "  RETURNING entity_key"
            "), version AS ("
            "  INSERT INTO registry.entity_version (entity_key, valid, class)"
            "  SELECT entity_key, tstzrange(now(), NULL), 'pole-sensor' FROM entity"
            ") INSERT INTO devices.device (entity_key, profile)"
            "  SELECT entity_key, %s FROM entity",
            [codes, PROFILE.name],
        )
    return [f"city/v1/{DISTRICT}/{PROFILE.name}/{code}/telemetry" for code in codes]


@contextmanager
def process(arguments: list[str], given: dict[str, Any]) -> Iterator["subprocess.Popen[str]"]:
    """One of our processes; secrets go by its standard input."""
    child = subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        tell(child, given)
        yield child
    finally:
        child.terminate()
        child.wait(20)


def tell(child: "subprocess.Popen[str]", given: dict[str, Any]) -> None:
    if child.stdin is None:
        raise RuntimeError("the process was started without a pipe")
    child.stdin.write(json.dumps(given) + "\n")
    child.stdin.flush()


def hear(child: "subprocess.Popen[str]") -> dict[str, Any]:
    line = child.stdout.readline() if child.stdout else ""
    if not line:
        raise RuntimeError(f"a process of the benchmark ended with status {child.wait(5)}")
    answer: dict[str, Any] = json.loads(line)
    return answer


def load(run: Parts, messages: int, start_ms: int) -> Any:
    """A publisher that has everything encoded and waits for the word."""
    arguments = ["-m", "benchmarks.mqtt_load"]
    arguments += ["--messages", str(messages), "--start-ms", str(start_ms)]
    return process(arguments, {"url": run.load_url, "topics": run.topics})


def ceiling(run: Parts, messages: int, start_ms: int) -> dict[str, float]:
    """What the broker delivers to a subscriber that only acknowledges."""
    given = {"url": run.ingest_url, "messages": messages}
    with (
        process(["-m", "benchmarks.mqtt_sink"], given) as sink,
        load(run, messages, start_ms) as publisher,
    ):
        hear(sink)
        hear(publisher)
        tell(publisher, {})
        started = hear(publisher)["started"]
        end = hear(sink)
    return {
        "rate": messages / (end["ended"] - started),
        "cpu_us": end["cpu_s"] / messages * 1e6,
    }


INGEST = """
import asyncio, json, sys
from ingest.service import Ingest
from ingest.address import parse_address
from ingest.settings import IngestSettings
async def main():
    given = json.loads(sys.stdin.readline())
    stop = asyncio.Event()
    # A session that outlives its round would have the broker queue the next round for it.
    settings = IngestSettings(member="bench").model_copy(update={"session_expiry_s": 0})
    ingest = Ingest(settings, given["db"], parse_address(given["url"]), stop)
    task = asyncio.create_task(ingest.run())
    await ingest.subscribed.wait()
    print(json.dumps({"ready": True}), flush=True)
    import signal
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await task
asyncio.run(main())
"""


def ingest(run: Parts, messages: int, start_ms: int) -> dict[str, float]:
    """What ingest commits, and what it and its database backend spend on it."""
    given = {"url": run.ingest_url, "db": run.database_url}
    with (
        process(["-c", INGEST], given) as ingesting,
        load(run, messages, start_ms) as publisher,
        psycopg.connect(run.database_url, autocommit=True) as conn,
    ):
        hear(ingesting)
        hear(publisher)
        backend = backend_pid(conn)
        before = committed(conn)[0]
        cpu = cpu_s(ingesting.pid), cpu_s(backend)
        tell(publisher, {})
        started = hear(publisher)["started"]
        ended = until_committed(conn, before + messages)
        spent = cpu_s(ingesting.pid) - cpu[0], cpu_s(backend) - cpu[1]
    return {
        "rate": messages / (ended - started),
        "cpu_us": spent[0] / messages * 1e6,
        "backend_us": spent[1] / messages * 1e6,
    }


def until_committed(conn: psycopg.Connection[Any], messages: int) -> float:
    """When the last of so many messages was committed, Unix seconds."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        count, last = committed(conn)
        if count >= messages:
            return last
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} of {messages} messages committed in {PATIENCE_S:g} s")
        time.sleep(0.2)


def committed(conn: psycopg.Connection[Any]) -> tuple[int, float]:
    query = (
        "SELECT coalesce(sum(messages), 0)::bigint,"
        " extract(epoch FROM max(committed_at))::double precision FROM store.ingest_batch"
    )
    count, last = conn.execute(query).fetchone() or (0, 0.0)
    return count, last


def backend_pid(conn: psycopg.Connection[Any]) -> int:
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'citypulse-ingest'"
    (pid,) = conn.execute(query).fetchone() or (0,)
    return int(pid)


def cpu_s(pid: int) -> float:
    """CPU seconds of a process and its threads, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def bare_copy(run: Parts, messages: int, start_ms: int) -> float:
    """CPU microseconds of the backend for COPY and COMMIT of the same rows, nothing beside."""
    with psycopg.connect(run.database_url) as conn, conn.cursor() as cur:
        pid = conn.info.backend_pid
        before = cpu_s(pid)
        for first in range(0, messages, BATCH):
            copy_rows(cur, rows(first, min(BATCH, messages - first), start_ms), 0)
            conn.commit()
        return float((cpu_s(pid) - before) / messages * 1e6)


def rows(first: int, count: int, start_ms: int) -> Rows:
    """Rows as the publisher's messages become, in the same order and sorted as ingest sorts."""
    number = np.arange(first, first + count)
    seq, device = np.divmod(number, DEVICES)
    values = np.full((len(PROFILE.metrics), count), np.nan)
    for at, name in enumerate(METRICS):
        values[PROFILE.index[name]] = 10 + (seq * (at + 3)) % 500 / 10
    unsorted = Rows(
        PROFILE,
        (device + 1).astype(np.int32),
        (start_ms + seq * 1000) * 1000,
        values,
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
    )
    return unsorted.take(np.lexsort((unsorted.ts_us, unsorted.device_key)))


def bytes_per_reading(url: str) -> float:
    """Bytes on disk for each value stored, indexes included."""
    with psycopg.connect(url, autocommit=True) as conn:
        query = (
            "SELECT hypertable_size('store.smart_pole'), (SELECT count(*) FROM store.smart_pole)"
        )
        size, count = conn.execute(query).fetchone() or (0, 1)
    return float(size / (count * len(METRICS)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--messages", type=int, help="messages in a round")
    parser.add_argument("--rounds", type=int, help="rounds; medians are reported")
    arguments = parser.parse_args()
    messages = arguments.messages or (20_000 if arguments.quick else 100_000)
    rounds = arguments.rounds or (1 if arguments.quick else 3)
    # Yesterday: each round its own hour, so that every reading is new and none in the future.
    yesterday_ms = (int(time.time()) // 86_400 - 1) * 86_400_000
    ceilings, ingests, copies = [], [], []
    with parts() as run:
        for number in range(rounds):
            start_ms = yesterday_ms + number * 7_200_000
            ceilings.append(ceiling(run, messages, start_ms))
            ingests.append(ingest(run, messages, start_ms))
            copies.append(bare_copy(run, messages, start_ms + 3_600_000))
        size = bytes_per_reading(run.database_url)
    print(json.dumps(report(messages, ceilings, ingests, copies, size)))


def report(
    messages: int,
    ceilings: list[dict[str, float]],
    ingests: list[dict[str, float]],
    copies: list[float],
    size: float,
) -> dict[str, object]:
    """The figures; ratios are taken within a round, then their median."""

    def median(values: list[float], digits: int) -> float:
        return round(statistics.median(values), digits)

    pairs = list(zip(ceilings, ingests, copies, strict=True))
    return {
        "benchmark": "ingest",
        "cores": os.cpu_count(),
        "rounds": len(pairs),
        "messages": messages,
        "metrics_per_message": len(METRICS),
        "broker_ceiling_msg_s": median([top["rate"] for top in ceilings], 0),
        "ingest_committed_msg_s": median([done["rate"] for done in ingests], 0),
        "ratio": median([done["rate"] / top["rate"] for top, done, _ in pairs], 3),
        "acknowledging_only_cpu_us_per_msg": median([top["cpu_us"] for top in ceilings], 2),
        "ingest_cpu_us_per_msg": median([done["cpu_us"] for done in ingests], 2),
        "backend_cpu_us_per_msg": median([done["backend_us"] for done in ingests], 2),
        "bare_copy_cpu_us_per_msg": median(copies, 2),
        "backend_to_bare_copy": median([done["backend_us"] / copy for _, done, copy in pairs], 2),
        "bytes_per_reading": round(size, 2),
    }


if __name__ == "__main__":
    main()
