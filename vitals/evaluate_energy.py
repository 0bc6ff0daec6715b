"""Evaluates the electricity of buildings: power, and use over an hour and a day, per area."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from city.catalogue import PROFILES
from store import across, latest
from vitals import networks
from vitals.follow import FAILED
from vitals.indicator import MINIMUM_COVERAGE, Indicator
from vitals.indicators import ENERGY_DAY, ENERGY_HOUR, ENERGY_POWER
from vitals.networks import Networks
from vitals.outcome import Outcome, sign_of
from vitals.signs import Sign

METER = PROFILES[networks.METER]
STALE_AFTER = timedelta(seconds=METER.stale_after_s)
DAY_RENEWED = timedelta(minutes=5)

_DAY_AT = "SELECT max(ts) FROM vitals.sign_now WHERE indicator = %s"


async def energy_signs(conn: AsyncConnection[Any], city: Networks, now: datetime) -> list[Sign]:
    """Return electric power, and use over an hour and a day, of every area with meters.

    The day's use is added up anew once in five minutes only: it reads a day of registers.
    """
    if not city.meters:
        return []
    keys = [meter.device_key for meter in city.meters]
    power = {
        key: (value.value, value.ts)
        for key, state in (await latest.latest_of(conn, keys)).items()
        if (value := state.metrics.get("power_kw")) and value.quality != FAILED
    }
    signs = _energy_signs(ENERGY_POWER, "power_kw", city, power, now)
    spans = [(ENERGY_HOUR, timedelta(hours=1))]
    if await _is_due(conn, now):
        spans.append((ENERGY_DAY, timedelta(days=1)))
    for indicator, span in spans:
        used = await across.over(
            conn,
            METER,
            "energy_kwh",
            devices=keys,
            start=now - span,
            end=now,
            look_back=STALE_AFTER,
        )
        known = {key: (value.value, value.newest_at) for key, value in used.items()}
        signs += _energy_signs(indicator, "energy_kwh", city, known, now)
    return signs


async def _is_due(conn: AsyncConnection[Any], now: datetime) -> bool:
    row = await (await conn.execute(_DAY_AT, [ENERGY_DAY.id])).fetchone()
    return row is None or row[0] is None or now - row[0] >= DAY_RENEWED


def _energy_signs(
    indicator: Indicator,
    metric: str,
    city: Networks,
    known: Mapping[int, tuple[float, datetime]],
    now: datetime,
) -> list[Sign]:
    signs = []
    for area in city.meter_areas:
        meters = [meter for meter in area.meters if meter.measures(metric)]
        keys = (meter.device_key for meter in meters)
        there = [known[k][0] for k in keys if k in known and now - known[k][1] <= STALE_AFTER]
        coverage = len(there) / len(meters) if meters else 0.0
        status, reason = _energy_status(len(meters), coverage)
        value = round(sum(there), 2) if status == "ok" else None
        detail = {"meters": len(meters), "reporting": len(there)}
        outcome = Outcome(value, status, reason, coverage)
        signs.append(sign_of(indicator, area, outcome, detail, now))
    return signs


def _energy_status(meters: int, coverage: float) -> tuple[str, str | None]:
    if meters == 0:
        return "not-monitored", "no-devices"
    if coverage == 0:
        return "stale", "no-data"
    return ("ok", None) if coverage >= MINIMUM_COVERAGE else ("na", "coverage")
