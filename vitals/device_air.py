"""The hourly AQI of one device over a range."""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from city.profiles import Profile
from vitals import aqi, aqi_reports, hours
from vitals.aqi import Aqi, Norm
from vitals.aqi_reports import HOUR
from vitals.area_air import Basis


def basis(profile: Profile) -> Basis:
    """Return what a profile's index is worth: hourly analysers are reference, others indicative."""
    is_hourly = profile.interval_s >= HOUR.total_seconds()
    return Basis.REFERENCE if is_hourly else Basis.INDICATIVE


async def hourly(
    conn: AsyncConnection[Any],
    profile: Profile,
    device_key: int,
    start: datetime,
    end: datetime,
    norm: Norm | None = None,
) -> list[tuple[datetime, Aqi]]:
    """Return the real-time AQI of each hour that begins in [start, end) and has any reading.

    Without `norm` each hour follows the edition in force then. The 2012 edition's rolling means
    look back up to 23 hours before `start`.
    """
    first = hours.hour_of(start)
    look_back = HOUR * (aqi_reports.DAY_HOURS - 1)
    found = await hours.of_device(conn, profile, device_key, first - look_back, end)
    return [
        (hour, aqi_reports.realtime(found, hour, norm or aqi.edition(hour)))
        for hour in sorted(found)
        if start <= hour < end
    ]
