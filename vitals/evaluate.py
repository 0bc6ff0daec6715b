"""Evaluates all signs: air from valid hours, lighting from lamps' last reports, networks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from city.catalogue import PROFILES
from store import across
from vitals import area_air, hours, lighting
from vitals.aqi import pollutant_of, realtime_indicators, rounded
from vitals.area_air import AreaAir, Basis
from vitals.areas import Area, Device
from vitals.evaluate_energy import energy_signs
from vitals.evaluate_traffic import traffic_signs
from vitals.evaluate_tunnels import tunnel_signs
from vitals.hours import DeviceHours
from vitals.indicator import MINIMUM_COVERAGE
from vitals.indicators import AIR_AQI, LIT_RATE, level_of
from vitals.lighting import Lamp, LitRate, Report
from vitals.networks import Networks
from vitals.outcome import LISTED, Outcome, sign_of
from vitals.signs import Sign

STATION = PROFILES["air-station"]
POLE = PROFILES["smart-pole"]

# A lamp's failure is remembered for a day of silence.
LAMP_MEMORY = timedelta(hours=24)


async def evaluate(
    conn: AsyncConnection[Any], areas: Sequence[Area], city: Networks, now: datetime
) -> list[Sign]:
    """Return every indicator as of `now`; brings the hours due up to date first."""
    devices = {device.device_key: device for area in areas for device in area.devices}
    for profile in hours.AIR_PROFILES:
        keys = [key for key, device in devices.items() if device.profile == profile.name]
        await hours.bring_up_to_date(conn, profile, keys, now)
    air = await hours.kept(conn, now)
    lamps = await _lamp_states(conn, list(devices.values()), now)
    signs = [
        sign for area in areas for sign in (_air_sign(area, air, now), _lit_sign(area, lamps, now))
    ]
    signs += await traffic_signs(conn, city, now)
    signs += await tunnel_signs(conn, city, now)
    return signs + await energy_signs(conn, city, now)


def _air_sign(area: Area, air: DeviceHours, now: datetime) -> Sign:
    """Return an area's AQI: of its reference stations, or indicative where it has none."""
    stations = area.of_profile(STATION.name)
    basis = Basis.REFERENCE if stations else Basis.INDICATIVE
    devices = stations or [pole for pole in area.of_profile(POLE.name) if pole.measures_air]
    found = area_air.assess([device.device_key for device in devices], air, now)
    outcome = Outcome(found.value, found.status, found.reason, found.coverage)
    detail = _air_detail(found, basis, devices, air)
    return sign_of(AIR_AQI, area, outcome, detail, now, norm=found.norm.cited)


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


async def _lamp_states(
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


def _lit_sign(area: Area, lamps: Mapping[int, Lamp], now: datetime) -> Sign:
    """Return the share of an area's lamps that burn of those commanded on."""
    states = {d.code: lamps[d.device_key] for d in area.devices if d.device_key in lamps}
    rate = lighting.lit_rate(states.values())
    status, reason = _lit_status(rate)
    value = None if rate.rate_pct is None or status != "ok" else round(rate.rate_pct, 2)
    outcome = Outcome(value, status, reason, rate.coverage)
    return sign_of(LIT_RATE, area, outcome, _lit_detail(rate, states), now)


def _lit_status(rate: LitRate) -> tuple[str, str | None]:
    if rate.installed == 0:
        return "not-monitored", "no-devices"
    if rate.coverage == 0:
        return "stale", "no-data"
    if rate.rate_pct is None:
        return "na", "off-by-schedule"
    is_alarm = level_of(LIT_RATE, rate.rate_pct).is_alarm
    if rate.coverage < MINIMUM_COVERAGE and not is_alarm:
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
