"""Evaluates all signs: air from valid hours, lighting from lamps' last reports, networks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from city.catalogue import PROFILES
from store import across
from vitals import area_air, evaluate_networks, hours, lighting, networks
from vitals.aqi import pollutant_of, realtime_indicators, rounded
from vitals.area_air import AreaAir, Basis
from vitals.areas import Area, Device
from vitals.hours import DeviceHours
from vitals.indicators import AIR_AQI, LIT_RATE, level_of
from vitals.lighting import Lamp, LitRate, Report
from vitals.networks import Networks
from vitals.signs import Sign

STATION = PROFILES["air-station"]
POLE = PROFILES["smart-pole"]
LISTED = 60  # devices named in a sign's detail, at most

# A lamp's failure is remembered for a day of silence.
LAMP_MEMORY = timedelta(hours=24)


async def evaluate(
    conn: AsyncConnection[Any],
    areas: Sequence[Area],
    now: datetime,
    city: Networks | None = None,
) -> list[Sign]:
    """Return every indicator as of `now`; brings the hours due up to date first.

    Args:
        conn: where from.
        areas: with their devices.
        now: the instant.
        city: roads, tunnels and meters; None: loaded now.
    """
    devices = {device.device_key: device for area in areas for device in area.devices}
    for profile in hours.AIR_PROFILES:
        keys = [key for key, device in devices.items() if device.profile == profile.name]
        await hours.bring_up_to_date(conn, profile, keys, now)
    air = await hours.kept(conn, now)
    lamps = await lamp_states(conn, list(devices.values()), now)
    signs = [
        sign for area in areas for sign in (air_sign(area, air, now), lit_sign(area, lamps, now))
    ]
    networks_now = city if city is not None else await networks.load(conn)
    return signs + await evaluate_networks.evaluate(conn, networks_now, now)


def air_sign(area: Area, air: DeviceHours, now: datetime) -> Sign:
    """Return an area's AQI: of its reference stations, or indicative where it has none."""
    stations = area.of_profile(STATION.name)
    basis = Basis.REFERENCE if stations else Basis.INDICATIVE
    devices = stations or [pole for pole in area.of_profile(POLE.name) if pole.measures_air]
    found = area_air.assess([device.device_key for device in devices], air, now)
    level = None if found.value is None else level_of(AIR_AQI, found.value).number
    return Sign(
        entity_key=area.area_key,
        entity=area.code,
        indicator=AIR_AQI.id,
        ts=now,
        value=found.value,
        status=found.status,
        level=level,
        coverage=found.coverage,
        norm=found.norm.cited,
        reason=found.reason,
        detail=_air_detail(found, basis, devices, air),
    )


def _air_detail(
    found: AreaAir, basis: Basis, devices: Sequence[Device], air: DeviceHours
) -> dict[str, Any]:
    detail: dict[str, Any] = {"basis": basis, "devices": len(devices)}
    if found.hour is None or found.index is None:
        return detail
    by_pollutant = {pollutant_of(name): name for name in realtime_indicators(found.norm)}
    means = {
        pollutant: float(rounded(by_pollutant[pollutant], value))
        for pollutant, value in found.means.items()
        if value is not None
    }
    listed = [device for device in devices if device.device_key in found.present][:LISTED]
    return {
        **detail,
        "hour": found.hour.isoformat(),
        "reporting": len(found.present),
        "concentrations": means,
        "iaqi": dict(found.index.iaqi),
        "primary": list(found.index.primary),
        "missing": list(found.index.missing),
        "inputs": {
            device.code: {
                pollutant: float(value)
                for pollutant, value in air[device.device_key][found.hour].items()
                if value is not None
            }
            for device in listed
        },
    }


async def lamp_states(
    conn: AsyncConnection[Any], devices: Sequence[Device], now: datetime
) -> dict[int, Lamp]:
    """Return the state of the lamp of each device that has one."""
    lamps = {d.device_key: d for d in devices if d.lamp_rated_w is not None}
    rows = await across.newest_rows(
        conn,
        POLE,
        ("lamp_dim_pct", "lamp_power_w"),
        devices=list(lamps),
        since=now - LAMP_MEMORY,
        count=lighting.CONFIRMING_REPORTS,
    )
    reports: dict[int, list[Report]] = {}
    for row in rows:
        reports.setdefault(row.device_key, []).append(Report(row.ts, *row.values))
    stale_after = timedelta(seconds=POLE.stale_after_s)
    return {
        key: lighting.lamp_state(
            reports.get(key, ()), rated_w=lamp.lamp_rated_w, now=now, stale_after=stale_after
        )
        for key, lamp in lamps.items()
    }


def lit_sign(area: Area, lamps: Mapping[int, Lamp], now: datetime) -> Sign:
    """Return the share of an area's lamps that burn of those commanded on."""
    states = {d.code: lamps[d.device_key] for d in area.devices if d.device_key in lamps}
    rate = lighting.lit_rate(states.values())
    status, reason = _lit_status(rate)
    value = None if rate.rate_pct is None or status != "ok" else round(rate.rate_pct, 2)
    return Sign(
        entity_key=area.area_key,
        entity=area.code,
        indicator=LIT_RATE.id,
        ts=now,
        value=value,
        status=status,
        level=None if value is None else level_of(LIT_RATE, value).number,
        coverage=rate.coverage,
        norm=LIT_RATE.norm,
        reason=reason,
        detail=_lit_detail(rate, states),
    )


def _lit_status(rate: LitRate) -> tuple[str, str | None]:
    if rate.installed == 0:
        return "not-monitored", "no-devices"
    if rate.coverage == 0:
        return "stale", "no-data"
    if rate.rate_pct is None:
        return "na", "off-by-schedule"
    is_alarm = level_of(LIT_RATE, rate.rate_pct).is_alarm
    if rate.coverage < lighting.MINIMUM_COVERAGE and not is_alarm:
        return "na", "coverage"
    return "ok", None


def _lit_detail(rate: LitRate, states: Mapping[str, Lamp]) -> dict[str, Any]:
    faulty = (Lamp.FAILED, Lamp.DEGRADED, Lamp.DAY_BURNER, Lamp.UNKNOWN)
    return {
        "installed": rate.installed,
        "counts": {str(lamp): rate.counts.get(lamp, 0) for lamp in Lamp},
        "inputs": {
            str(kind): [code for code, lamp in states.items() if lamp is kind][:LISTED]
            for kind in faulty
        },
    }
