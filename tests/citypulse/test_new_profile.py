"""A city adds a kind of terminal as docs/profiles.md says: one entry, one command."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from paho.mqtt import publish

from api.app import create_app
from api.settings import ApiSettings
from city import catalogue
from city.payload import encode_reading
from city.profiles import Aggregation, Metric, Profile, Storage
from city.topics import device_topic
from citypulse.migrations import migrate_all
from devices.city_import import import_city
from ingest.address import parse_address
from ingest.service import Ingest
from ingest.settings import IngestSettings

PATIENCE_S = 30.0
BIN = Profile(
    name="waste-bin",
    names={"zh": "智能垃圾箱", "en": "Waste bin"},
    interval_s=600,
    chunk_days=30,
    metrics=(
        Metric(
            name="fill_pct",
            bit=0,
            names={"zh": "满溢度", "en": "How full"},
            unit="%",
            low=0,
            high=100,
            resolution=1,
            aggregation=Aggregation.LAST,
            suspect_high=99,
        ),
        Metric(
            name="lid_state",
            bit=1,
            names={"zh": "箱盖", "en": "Lid"},
            unit="1",
            low=0,
            high=1,
            resolution=1,
            aggregation=Aggregation.LAST,
            storage=Storage.STATE,
            states={0: {"zh": "关", "en": "closed"}, 1: {"zh": "开", "en": "open"}},
        ),
    ),
)
SQUARE = [[116.3, 39.9], [116.5, 39.9], [116.5, 40.0], [116.3, 40.0], [116.3, 39.9]]
CITY = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
            "properties": {
                "key": "district",
                "kind": "A",
                "class": "district",
                "aliases": {"gbt2260": "110101"},
            },
        },
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [116.4, 39.95]},
            "properties": {"key": "bin", "kind": "D", "profile": "waste-bin"},
        },
    ],
}


@pytest.fixture(autouse=True)
def entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one entry."""
    monkeypatch.setitem(catalogue._ENTRIES, BIN.name, BIN)


@pytest.fixture
def migrated(database_url: str) -> str:
    """The one command."""
    migrate_all(database_url)
    return database_url


async def http(database_url: str, path: str, **query: Any) -> Any:
    app = create_app(ApiSettings(), database_url, public_url="http://testserver")
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://testserver"
        ) as client,
    ):
        answer = await client.get(path, params=query)
    assert answer.status_code == httpx.codes.OK, answer.text
    return answer.json()


async def ingested(database_url: str, broker: Any, code: str, raw: bytes) -> None:
    """Publish one message as the device, and let ingest run until it is in a batch."""
    stop = asyncio.Event()
    settings = IngestSettings(flush_s=0.02, coalesce_s=0.0)
    service = Ingest(settings, database_url, parse_address(broker.url_for("ingest")), stop)
    running = asyncio.create_task(service.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await service.subscribed.wait()
            await asyncio.to_thread(_publish, broker.url_for(code), code, raw)
            await asyncio.to_thread(_wait_for_a_batch, database_url)
    finally:
        stop.set()
        await running


def _publish(url: str, code: str, raw: bytes) -> None:
    parts = urlsplit(url)
    publish.single(
        device_topic(district="110101", profile=BIN.name, device=code, channel="telemetry"),
        raw,
        qos=1,
        hostname=parts.hostname or "",
        port=parts.port or 0,
        client_id=code,
        auth={"username": code, "password": parts.password or ""},
    )


def _wait_for_a_batch(database_url: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not _batches(database_url) and time.monotonic() < deadline:
        time.sleep(0.02)


def _batches(database_url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database_url) as conn:
        return conn.execute("SELECT messages, quarantined FROM store.ingest_batch").fetchall()


async def test_a_new_profile_is_stored_and_served_from_its_entry_alone(
    migrated: str, broker: Any
) -> None:
    async with await psycopg.AsyncConnection.connect(migrated, autocommit=True) as conn:
        imported = await import_city(conn, CITY)
    code = imported.codes["bin"]
    broker.add_device(code)
    now = datetime.now(UTC).replace(microsecond=0)
    ts_us = int(now.timestamp()) * 1_000_000
    raw = encode_reading(boot="b1", seq=1, ts_us=ts_us, values={"fill_pct": 64, "lid_state": 1})

    await ingested(migrated, broker, code, raw)

    assert _batches(migrated) == [(1, 0)]
    (device,) = (await http(migrated, "/api/v1/devices", profile="waste-bin"))["items"]
    assert (device["code"], device["profile"]) == (code, "waste-bin")
    series = await http(
        migrated,
        f"/api/v1/devices/{code}/telemetry",
        metric="fill_pct",
        **{"from": (now - timedelta(hours=1)).isoformat(), "to": (now + timedelta(1)).isoformat()},
    )
    assert (series["unit"], series["aggregation"]) == ("%", "last")
    assert [point["value"] for point in series["points"]] == [64]


async def test_units_and_ranges_are_the_same_in_database_and_api(migrated: str) -> None:
    items = (await http(migrated, "/api/v1/profiles"))["items"]
    served = {
        (profile["name"], metric["name"]): (metric["unit"], metric["low"], metric["high"])
        for profile in items
        for metric in profile["metrics"]
    }
    with psycopg.connect(migrated) as conn:
        rows = conn.execute("SELECT profile, name, unit, low, high FROM store.metric").fetchall()
    assert {(profile, name): facts for profile, name, *facts in map(tuple, rows)} == {
        key: list(facts) for key, facts in served.items()
    }
    assert ("waste-bin", "fill_pct") in served
