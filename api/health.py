"""Is it working: `/health` for people and supervisors, `/metrics` for Prometheus."""

import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
from fastapi import APIRouter, Response
from psycopg import AsyncConnection
from psycopg_pool import PoolClosed, PoolTimeout

from api import models
from api.context import App
from api.device_reads import age_s
from api.measures import CONTENT_TYPE, CityState, exposition
from api.replies import JSON, LIVE
from city.catalogue import profile
from devices import directory
from store import latest, ledger, quarantine
from vitals import follow, signs

router = APIRouter(tags=["operation"])

SILENT_AFTER_S = 300.0
SIGNS_LATE_AFTER_S = 90.0
QUARANTINE_WINDOW = timedelta(hours=24)
DATABASE_DOWN = (psycopg.OperationalError, PoolTimeout, PoolClosed)

_EXAMPLE = {
    "status": "ok",
    "checks": {
        "database": {"status": "ok", "latency_ms": 0.6},
        "ingest": {"status": "ok", "last_batch_at": "2026-11-23T08:15:42Z", "lag_s": 0.4},
        "vitals": {"status": "ok", "signs_at": "2026-11-23T08:15:40Z", "age_s": 2.1, "behind": 0},
    },
}


@router.get(
    "/health",
    summary="Whether the parts work",
    response_model=models.Health,
    responses={
        200: {
            "description": "`ok`, or `degraded` with the part that is not.",
            "content": {JSON: {"example": _EXAMPLE}},
        },
        503: {"description": "The database does not answer.", "model": models.Health},
    },
)
async def health(app: App) -> Response:
    """Say whether the database answers, ingest commits and vitals keeps up."""
    try:
        async with app.connection() as conn:
            checks = await _checks(conn, app.clock())
    except DATABASE_DOWN as error:
        checks = {"database": {"status": "down", "error": type(error).__name__}}
    is_ok = all(check["status"] in ("ok", "no-data") for check in checks.values())
    is_up = checks["database"]["status"] == "ok"
    body = {"status": "ok" if is_ok else "degraded", "checks": checks}
    return Response(
        msgspec.json.encode(body),
        200 if is_up else 503,
        {"Cache-Control": LIVE},
        JSON,
    )


async def _checks(conn: AsyncConnection[Any], now: datetime) -> dict[str, dict[str, Any]]:
    began = time.perf_counter()
    await conn.execute("SELECT 1")
    latency_ms = round(1000 * (time.perf_counter() - began), 2)
    return {
        "database": {"status": "ok", "latency_ms": latency_ms},
        "ingest": _ingest(await ledger.last_commit_at(conn), now),
        "vitals": _vitals(await signs.evaluated_at(conn), await follow.lag(conn), now),
    }


def _ingest(last_batch_at: datetime | None, now: datetime) -> dict[str, Any]:
    if last_batch_at is None:
        return {"status": "no-data", "last_batch_at": None, "lag_s": None}
    lag_s = age_s(last_batch_at, now)
    status = "ok" if lag_s <= SILENT_AFTER_S else "silent"
    return {"status": status, "last_batch_at": last_batch_at, "lag_s": lag_s}


def _vitals(signs_at: datetime | None, behind: int, now: datetime) -> dict[str, Any]:
    age = None if signs_at is None else age_s(signs_at, now)
    if age is None:
        status = "no-data" if behind == 0 else "late"
    else:
        status = "ok" if age <= SIGNS_LATE_AFTER_S else "late"
    return {"status": status, "signs_at": signs_at, "age_s": age, "behind": behind}


@router.get(
    "/metrics",
    summary="Prometheus metrics",
    response_class=Response,
    responses={
        200: {
            "description": "Text exposition of this process and of the state of the data.",
            "content": {"text/plain": {"example": "citypulse_database_up 1.0\n"}},
        }
    },
)
async def metrics(app: App) -> Response:
    """Expose requests by route, the ledger's lag, the last batch's age, quarantine, freshness."""
    try:
        async with app.connection() as conn:
            state = await _state(conn, app.clock())
    except DATABASE_DOWN:
        state = CityState(database_up=False)
    content = exposition(app.measures, state, app.clock())
    return Response(content, headers={"Cache-Control": LIVE}, media_type=CONTENT_TYPE)


async def _state(conn: AsyncConnection[Any], now: datetime) -> CityState:
    counted = await quarantine.counts(conn, now - QUARANTINE_WINDOW, now)
    return CityState(
        database_up=True,
        last_batch_at=await ledger.last_commit_at(conn),
        follower_lag=await follow.lag(conn),
        signs_at=await signs.evaluated_at(conn),
        quarantined=tuple(sorted(counted.items())),
        fresh=await _freshness(conn, now),
    )


async def _freshness(conn: AsyncConnection[Any], now: datetime) -> tuple[tuple[str, int, int], ...]:
    """Return for each profile how many devices are fresh, and how many there are."""
    times = await latest.newest_times(conn)
    total: Counter[str] = Counter()
    fresh: Counter[str] = Counter()
    for device in (await directory.load(conn)).values():
        total[device.profile] += 1
        newest = times.get(device.device_key)
        stale_after = timedelta(seconds=profile(device.profile).stale_after_s)
        fresh[device.profile] += newest is not None and now - newest <= stale_after
    return tuple((name, fresh[name], count) for name, count in sorted(total.items()))
