"""Devices as the API lists them: registry's and devices' published views, with newest values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row

from api.errors import Unassigned, WrongKind
from city.catalogue import profile
from city.profiles import Profile
from store import latest
from store.latest import DeviceState

_UNITS = {"1": "", "Cel": "°C", "deg": "°", "ug/m3": "µg/m³", "mg/m3": "mg/m³", "m3": "m³"}
"""UCUM codes that people write otherwise."""
QUALITY = {1: "good", 3: "suspect", 4: "fail"}


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device in service; `district` and `area` are the codes of areas it lies in."""

    device_key: int
    code: str
    profile: str
    names: Mapping[str, str]
    attributes: Mapping[str, Any]
    district: str | None
    area: str | None
    mounted_on: str | None
    lon: float | None
    lat: float | None


_LIST = """
SELECT d.device_key, d.code, d.profile, d.names, d.attributes, district.ancestor_code AS district,
    d.area_code AS area, d.mounted_on_code AS mounted_on, d.lon, d.lat
FROM devices.device_now d
LEFT JOIN registry.area_within district
    ON district.area_key = d.area_key
    AND district.ancestor_class = 'district'
WHERE (%(profile)s::text IS NULL OR d.profile = %(profile)s)
  AND (%(codes)s::text[] IS NULL OR d.code = ANY(%(codes)s))
  AND (%(area)s::text IS NULL OR d.area_key IN (
      SELECT w.area_key
      FROM registry.area_within w
      WHERE w.ancestor_code = %(area)s
  ))
  AND (%(mounted_on)s::text IS NULL OR d.mounted_on_code = %(mounted_on)s)
  AND d.code > %(after)s
ORDER BY d.code
LIMIT %(limit)s
"""


async def page(
    conn: AsyncConnection[Any],
    *,
    area: str | None = None,
    profile_name: str | None = None,
    codes: Sequence[str] | None = None,
    mounted_on: str | None = None,
    after: str = "",
    limit: int,
) -> list[DeviceRow]:
    """Return devices by code, after one, at most `limit`; in an area at any depth."""
    parameters = {
        "area": area,
        "profile": profile_name,
        "codes": None if codes is None else list(codes),
        "mounted_on": mounted_on,
        "after": after,
        "limit": limit,
    }
    async with conn.cursor(row_factory=class_row(DeviceRow)) as cur:
        await cur.execute(_LIST, parameters)
        return await cur.fetchall()


async def one(conn: AsyncConnection[Any], code: str) -> DeviceRow:
    """Return a device in service.

    Raises:
        WrongKind: the code is not that of a device.
        Unassigned: no device in service has it.
    """
    if not code.startswith("D"):
        raise WrongKind(code, "a device (kind D)")
    rows = await page(conn, codes=[code], limit=1)
    if not rows:
        raise Unassigned(code)
    return rows[0]


async def states(
    conn: AsyncConnection[Any], rows: Sequence[DeviceRow]
) -> Mapping[int, DeviceState]:
    """Return the newest values of these devices."""
    return await latest.latest_of(conn, [row.device_key for row in rows])


def item(row: DeviceRow, state: DeviceState | None, now: datetime) -> dict[str, Any]:
    """Return a device as lists show it, with its newest values."""
    return {
        "code": row.code,
        "profile": row.profile,
        "name": row.names,
        "district": row.district,
        "area": row.area,
        "mounted_on": row.mounted_on,
        "lon": row.lon,
        "lat": row.lat,
        "latest": None if state is None else _summary(state, now),
    }


def age_s(moment: datetime, now: datetime) -> float:
    """Return seconds since a moment, never negative, to a tenth."""
    return max(0.0, round((now - moment).total_seconds(), 1))


def _summary(state: DeviceState, now: datetime) -> dict[str, Any]:
    return {"ts": state.ts, "age_s": age_s(state.ts, now), "metrics": values(state)}


def values(state: DeviceState, of: Profile | None = None) -> dict[str, Any]:
    """Return each metric's newest value; with its unit where the profile is given."""
    return {
        name: {
            "value": value.value,
            **({"unit": of.metric(name).unit} if of is not None and name in of.index else {}),
            "ts": value.ts,
            "quality": QUALITY[value.quality],
        }
        for name, value in state.metrics.items()
    }


def legible(
    state: DeviceState, of: Profile, language: str, now: datetime
) -> list[tuple[str, str, float]]:
    """Return each metric's name, newest value with unit as people read it, and age in seconds."""
    told = []
    for name, value in state.metrics.items():
        if name in of.index:
            metric = of.metric(name)
            names = metric.states.get(int(value.value))
            unit = _UNITS.get(metric.unit, metric.unit)
            shown = names[language] if names else f"{round(value.value, 4):.12g} {unit}".strip()
            told.append((metric.names[language], shown, age_s(value.ts, now)))
    return told


def newest(row: DeviceRow, state: DeviceState | None, now: datetime) -> dict[str, Any]:
    """Return a device's newest values in full; `stale` after three nominal intervals."""
    kind = profile(row.profile)
    age = None if state is None else age_s(state.ts, now)
    return {
        "code": row.code,
        "profile": row.profile,
        "ts": None if state is None else state.ts,
        "age_s": age,
        "stale": age is None or age > kind.stale_after_s,
        "metrics": {} if state is None else values(state, kind),
    }
