"""Hourly and daily AQI reports from a station's hourly means.

An hour is named by the instant it begins or ends, whatever its source says: nothing here depends on
which, only on hours being 3,600 s apart.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from fractions import Fraction

from vitals import aqi
from vitals.aqi import Aqi, Norm

HOUR = timedelta(hours=1)
DAY_HOURS = 24
OZONE_HOURS = 8
# GB 3095-2026 Table 4: what a mean needs to be valid.
DAY_MINIMUM = 20
OZONE_MINIMUM = 6


Hours = Mapping[datetime, Mapping[str, Fraction | None]]


def trailing_mean(
    hours: Hours, pollutant: str, *, until: datetime, length: int, minimum: int
) -> Fraction | None:
    """Return the mean of the `length` hours ending with `until`, None with fewer than `minimum`."""
    window = (hours.get(until - HOUR * back) for back in range(length))
    values = [v for hour in window if hour is not None and (v := hour.get(pollutant)) is not None]
    return sum(values, Fraction(0)) / len(values) if len(values) >= minimum else None


def realtime(hours: Hours, hour: datetime, norm: Norm) -> Aqi:
    """Return the real-time AQI of `hour`.

    2026: this hour's means. 2012: particles as the mean of the last 24 hours (at least 20 of them)
    and ozone also as the mean of the last 8 (at least 6). The 2012 edition gives no minima for its
    rolling means; GB 3095's for a day and for 8 hours are used (an engineering choice).
    """
    now = hours.get(hour, {})
    wanted = {name: now.get(aqi.pollutant_of(name)) for name in aqi.realtime_indicators(norm)}
    if norm is Norm.HJ_633_2012:
        for name in ("pm25", "pm10", "so2"):
            wanted[f"{name}_24h"] = trailing_mean(
                hours, name, until=hour, length=DAY_HOURS, minimum=DAY_MINIMUM
            )
        wanted["o3_8h"] = trailing_mean(
            hours, "o3", until=hour, length=OZONE_HOURS, minimum=OZONE_MINIMUM
        )
    return aqi.index(wanted, aqi.realtime_indicators(norm), norm)


def daily(hours: Hours, day: date, norm: Norm) -> Aqi:
    """Return the AQI of the natural day 00-24, Beijing time.

    `hours` are named by the instant they begin. An 8-h ozone mean belongs to the day its last hour
    lies in, so that `hours` should reach back seven hours before midnight.
    """
    begin = datetime.combine(day, time(), tzinfo=aqi.CHINA)
    in_day = [begin + HOUR * offset for offset in range(DAY_HOURS)]
    wanted: dict[str, Fraction | None] = {
        f"{name}_24h": trailing_mean(
            hours, name, until=in_day[-1], length=DAY_HOURS, minimum=DAY_MINIMUM
        )
        for name in ("pm25", "pm10", "so2", "no2", "co")
    }
    wanted["o3_1h"] = _greatest(hours.get(hour, {}).get("o3") for hour in in_day)
    wanted["o3_8h"] = _greatest(
        trailing_mean(hours, "o3", until=hour, length=OZONE_HOURS, minimum=OZONE_MINIMUM)
        for hour in in_day
    )
    return aqi.index(wanted, aqi.daily_indicators(norm), norm)


def _greatest(values: Iterable[Fraction | None]) -> Fraction | None:
    return max((value for value in values if value is not None), default=None)
