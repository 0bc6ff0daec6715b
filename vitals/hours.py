"""Valid 1-h means of the air's pollutants, kept for a day and a bit.

In: hours that the follower marked as due. Out: `vitals.hour_mean`, NULL where an hour has less
than 45 minutes of data (GB 3095-2026 Table 4).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from psycopg import AsyncConnection

from city.catalogue import PROFILES
from city.profiles import Profile
from store import across
from store.across import HourMean
from vitals.aqi import POLLUTANTS, exact
from vitals.aqi_reports import HOUR

VALID_HOUR_S = 45 * 60
KEPT = timedelta(hours=27)  # a rolling 24-h mean of an hour that is up to 3 h old

Concentrations = Mapping[str, Fraction | None]
DeviceHours = dict[int, dict[datetime, Concentrations]]

_MARK = """
INSERT INTO vitals.due_hour (profile, hour)
SELECT %s, unnest(%s::timestamptz[])
ON CONFLICT DO NOTHING
"""
_DUE = "SELECT hour FROM vitals.due_hour WHERE profile = %s AND hour <= %s ORDER BY hour"
_DONE = "DELETE FROM vitals.due_hour WHERE profile = %s AND hour = %s"
_STORE = """
INSERT INTO vitals.hour_mean (device_key, hour, pm25, pm10, so2, no2, o3, co)
SELECT * FROM unnest(
    %s::integer[], %s::timestamptz[], %s::double precision[], %s::double precision[],
    %s::double precision[], %s::double precision[], %s::double precision[], %s::double precision[]
)
ON CONFLICT (device_key, hour) DO UPDATE
SET pm25 = excluded.pm25,
    pm10 = excluded.pm10,
    so2 = excluded.so2,
    no2 = excluded.no2,
    o3 = excluded.o3,
    co = excluded.co
"""
_FORGET = "DELETE FROM vitals.hour_mean WHERE hour < %s"
_KEPT = """
SELECT device_key, hour, pm25, pm10, so2, no2, o3, co
FROM vitals.hour_mean
WHERE hour >= %s
"""


def measures_air(profile: Profile) -> bool:
    """Whether a profile measures all that an air quality index needs."""
    return all(pollutant in profile.index for pollutant in POLLUTANTS)


AIR_PROFILES = tuple(profile for profile in PROFILES.values() if measures_air(profile))


def hour_of(moment: datetime) -> datetime:
    """Return the first instant of the hour a UTC time lies in."""
    return moment.replace(minute=0, second=0, microsecond=0)


async def mark_due(
    conn: AsyncConnection[Any], profile: Profile, times: Iterable[datetime], now: datetime
) -> None:
    """Note that hours with these instants have new data; those too old to matter are left."""
    if profile not in AIR_PROFILES:
        return
    touched = {hour_of(moment) for moment in times}
    due = sorted(hour for hour in touched if now - KEPT <= hour <= now + HOUR)
    if due:
        await conn.execute(_MARK, [profile.name, due])


async def bring_up_to_date(
    conn: AsyncConnection[Any], profile: Profile, devices: Sequence[int], now: datetime
) -> None:
    """Compute the due hours of a profile anew, each in a transaction.

    The hour that still runs waits for its end, unless the profile measures once an hour.
    """
    last = hour_of(now) if profile.interval_s >= HOUR.total_seconds() else hour_of(now) - HOUR
    cursor = await conn.execute(_DUE, [profile.name, last])
    for (hour,) in await cursor.fetchall():
        async with conn.transaction():
            await conn.execute(_DONE, [profile.name, hour])
            await _store(conn, await _means(conn, profile, devices, hour, hour + HOUR))


async def forget_old(conn: AsyncConnection[Any], now: datetime) -> None:
    """Delete hours that no sign can use any more."""
    await conn.execute(_FORGET, [now - KEPT])


async def kept(conn: AsyncConnection[Any], now: datetime) -> DeviceHours:
    """Return the valid hours of the last day, by device and hour."""
    found: DeviceHours = {}
    for device_key, hour, *means in await (await conn.execute(_KEPT, [now - KEPT])).fetchall():
        found.setdefault(device_key, {})[hour] = _concentrations(means)
    return found


async def of_device(
    conn: AsyncConnection[Any], profile: Profile, device_key: int, start: datetime, end: datetime
) -> dict[datetime, Concentrations]:
    """Return one device's hours in [start, end), computed from its readings."""
    means = await _means(conn, profile, [device_key], start, end)
    return {mean.hour: _concentrations(_valid(mean)) for mean in means}


async def _means(
    conn: AsyncConnection[Any],
    profile: Profile,
    devices: Sequence[int],
    start: datetime,
    end: datetime,
) -> list[HourMean]:
    return await across.hour_means(conn, profile, POLLUTANTS, devices=devices, start=start, end=end)


def _valid(mean: HourMean) -> list[float | None]:
    pairs = zip(mean.means, mean.sampled_s, strict=True)
    return [value if sampled_s >= VALID_HOUR_S else None for value, sampled_s in pairs]


async def _store(conn: AsyncConnection[Any], means: Sequence[HourMean]) -> None:
    rows = [(mean.device_key, mean.hour, *_valid(mean)) for mean in means]
    if rows:
        await conn.execute(_STORE, [list(column) for column in zip(*rows, strict=True)])


def _concentrations(means: Sequence[float | None]) -> Concentrations:
    values = zip(POLLUTANTS, means, strict=True)
    return {name: None if value is None else exact(value) for name, value in values}
