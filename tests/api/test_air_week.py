"""Six stations, one recorded week, from the broker to HTTP: the AQI of every hour, both editions.

What the index must be is worked out here from the files alone, by other means than the product's:
decimals instead of fractions, the tables written out once more, no shared code.
"""

import asyncio
import csv
import gzip
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from devices.enrolment import enrol
from ingest.address import parse_address
from ingest.service import Ingest
from ingest.settings import IngestSettings
from simulators import service as simulators
from simulators.options import ReplayOptions

DATA = Path(simulators.__file__).parent / "data"
STATIONS = ("Aotizhongxin", "Dingling", "Guanyuan", "Huairou", "Shunyi", "Wanliu")
LOCAL = timezone(timedelta(hours=8))
FIRST_DAY = date(2016, 12, 15)
HOURS = 7 * 24
HOUR = timedelta(hours=1)
COLUMNS = {"PM2.5": "pm25", "PM10": "pm10", "SO2": "so2", "NO2": "no2", "CO": "co", "O3": "o3"}

Hours = dict[datetime, dict[str, Decimal]]
Expected = tuple[int | None, dict[str, int], set[str]]

STEPS = [0, 50, 100, 150, 200, 300, 400, 500]
LIMITS = {
    "so2": [0, 150, 500, 650, 800],
    "so2_day": [0, 50, 150, 475, 800, 1600, 2100, 2620],
    "no2": [0, 100, 200, 700, 1200, 2340, 3090, 3840],
    "co": [0, 5, 10, 35, 60, 90, 120, 150],
    "o3": [0, 160, 200, 300, 400, 800, 1000, 1200],
    "o3_8h": [0, 100, 160, 215, 265, 800],
}
PARTICLES = {
    "2026": {"pm10": [0, 50, 120, 250, 350, 420, 500, 600], "pm25": [0, 35, 60, 115]},
    "2012": {"pm10": [0, 50, 150, 250, 350, 420, 500, 600], "pm25": [0, 35, 75, 115]},
}


def _file(station: str) -> Path:
    (found,) = DATA.glob(f"PRSA_Data_{station}_*.csv.gz")
    return found


def _recorded(station: str) -> Hours:
    """The file's hours: concentrations in µg/m³, CO in mg/m³; what is NA is left out."""
    with gzip.open(_file(station), "rt") as lines:
        return {
            _local(row): {
                metric: Decimal(row[name]) / (1000 if metric == "co" else 1)
                for name, metric in COLUMNS.items()
                if row[name] != "NA"
            }
            for row in csv.DictReader(lines)
        }


def _local(row: dict[str, str]) -> datetime:
    year, month, day, hour = (int(row[name]) for name in ("year", "month", "day", "hour"))
    return datetime(year, month, day, hour, tzinfo=LOCAL)


def _limits(norm: str, name: str) -> list[int]:
    if name == "pm25":
        return [*PARTICLES[norm]["pm25"], 150, 250, 350, 500]
    return PARTICLES[norm].get(name) or LIMITS[name]


def _single(norm: str, name: str, value: Decimal) -> int | None:
    quantum = Decimal("0.1") if name == "co" else Decimal(1)
    value = value.quantize(quantum, ROUND_HALF_EVEN)
    limits = _limits(norm, name)
    if value > limits[-1]:
        if norm == "2012" and name in ("so2", "o3_8h"):
            return None
        return STEPS[len(limits) - 1]
    for low, high, bottom, top in zip(limits, limits[1:], STEPS, STEPS[1:], strict=False):
        if value <= high:
            return math.ceil((top - bottom) * (value - low) / (high - low) + bottom)
    raise AssertionError(value)


def _mean(hours: Hours, at: datetime, metric: str, length: int, least: int) -> Decimal | None:
    past = [hours.get(at - HOUR * back, {}).get(metric) for back in range(length)]
    values = [value for value in past if value is not None]
    return sum(values, Decimal(0)) / len(values) if len(values) >= least else None


def _inputs(hours: Hours, at: datetime, norm: str) -> Iterator[tuple[str, str, Decimal | None]]:
    """Pollutant, table and concentration of everything the hourly report of an edition uses."""
    now = hours.get(at, {})
    for metric in ("so2", "no2", "co", "o3"):
        yield metric, metric, now.get(metric)
    for metric in ("pm25", "pm10"):
        rolling = _mean(hours, at, metric, 24, 20)
        yield metric, metric, now.get(metric) if norm == "2026" else rolling
    if norm == "2012":
        yield "o3", "o3_8h", _mean(hours, at, "o3", 8, 6)


def _index(hours: Hours, at: datetime, norm: str) -> Expected:
    single: dict[str, int] = {}
    missing: set[str] = set()
    for pollutant, table, value in _inputs(hours, at, norm):
        found = None if value is None else _single(norm, table, value)
        if found is None:
            missing.add(pollutant)
        else:
            single[pollutant] = max(found, single.get(pollutant, 0))
    worst = max(single.values(), default=0)
    return (None if missing and worst <= 100 else worst), single, missing


@pytest.fixture
async def played(known_city: Any, broker: Any, tmp_path: Path) -> int:
    """Replay the week through broker and ingest into the store; readings stored."""
    codes = [known_city.station(name) for name in STATIONS]
    secrets = broker.add_devices(codes)
    async with await psycopg.AsyncConnection.connect(known_city.url, autocommit=True) as conn:
        issued = [replace(each, secret=secrets[each.code]) for each in await enrol(conn, codes)]
    fleet = tmp_path / "fleet.json"
    fleet.write_text(json.dumps({"devices": [asdict(each) for each in issued]}))
    options = ReplayOptions(
        files=[_file(name) for name in STATIONS],
        fleet=fleet,
        broker_url=f"mqtt://127.0.0.1:{broker.port}",
        ending="as-recorded",
        # A day more before it: the 2012 edition looks back 24 hours.
        start=FIRST_DAY - timedelta(days=1),
        hours=HOURS + 24,
    )
    stop = asyncio.Event()
    address = parse_address(broker.url_for("ingest"))
    taking = Ingest(IngestSettings(), known_city.url, address, stop)
    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        tasks.create_task(taking.run())
        try:
            await taking.subscribed.wait()
            assert (await simulators.replay(options)).complete
            return await _stored(known_city.url, expected=len(STATIONS) * (HOURS + 24))
        finally:
            stop.set()


async def _stored(url: str, *, expected: int) -> int:
    """Rows in the store, once they are all there."""
    async with (
        await psycopg.AsyncConnection.connect(url, autocommit=True) as conn,
        asyncio.timeout(60),
    ):
        while True:
            cursor = await conn.execute("SELECT count(*) FROM store.air_station")
            row = await cursor.fetchone()
            if row is not None and row[0] >= expected:
                return int(row[0])
            await asyncio.sleep(0.05)


@pytest.mark.timeout(280)
async def test_the_index_of_every_hour_equals_one_worked_out_from_the_files(
    played: int, known_city: Any, client: httpx.AsyncClient, record_property: Callable[..., None]
) -> None:
    compared, published, differing = 0, 0, []
    begin = datetime.combine(FIRST_DAY, datetime.min.time(), LOCAL)
    span = {"from": begin.isoformat(), "to": (begin + HOUR * HOURS).isoformat()}
    for station in STATIONS:
        recorded = _recorded(station)
        path = f"/api/v1/devices/{known_city.station(station)}/aqi"
        for norm in ("2026", "2012"):
            answer = await client.get(path, params={**span, "norm": norm})
            assert answer.status_code == 200, answer.text
            items = {datetime.fromisoformat(i["ts"]): i for i in answer.json()["items"]}
            for offset in range(HOURS):
                at = begin + HOUR * offset
                with localcontext(prec=50):
                    aqi, single, missing = _index(recorded, at, norm)
                item = items.get(at.astimezone(UTC))
                found = item and (item["aqi"], item["iaqi"], set(item["missing"]))
                compared += 1
                published += aqi is not None
                if found != (aqi, single, missing):
                    differing.append((station, norm, at, found, (aqi, single, missing)))
    record_property("hours_compared", compared)
    assert differing[:5] == []
    assert (played, compared) == (6 * (HOURS + 24), 6 * 2 * HOURS)
    assert published > compared // 2
