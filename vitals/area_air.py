"""The real-time AQI of an area: which hour, whose data, and when a value is withheld. Pure.

In: the valid hourly means of the devices that stand for the area. Out: one assessment. The index
is that of the mean concentrations; it follows HJ 633, the rest is an engineering choice.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from vitals import aqi, aqi_reports
from vitals.aqi import POLLUTANTS, Aqi, Norm
from vitals.aqi_reports import HOUR
from vitals.indicator import MINIMUM_COVERAGE

STALE_AFTER = 3 * HOUR  # three nominal intervals of an hourly report
REMEMBERED = timedelta(hours=24)  # after a day a silent device counts as gone

Hour = Mapping[str, Fraction | None]
DeviceHours = Mapping[int, Mapping[datetime, Hour]]


class Basis(StrEnum):
    """Whose measurements an area's index rests on."""

    REFERENCE = "reference"
    INDICATIVE = "indicative"


class Withheld(StrEnum):
    """Why there is no value."""

    NO_DEVICES = "no-devices"
    NO_DATA = "no-data"
    POLLUTANT_MISSING = "pollutant-missing"
    COVERAGE = "coverage"
    SILENT_ALARM = "silent-alarm"


@dataclass(frozen=True, slots=True)
class AreaAir:
    """An area's index, or why there is none.

    Attributes:
        status: ok, na, stale or not-monitored, as signs have it.
        hour: the hour it is of; None where there is no current data.
        index: what the norm makes of the concentrations that are there.
        means: mean concentrations of the hour.
        present: devices that have data in that hour.
        coverage: share of (device, pollutant) pairs that have data in it.
    """

    status: str
    norm: Norm
    reason: Withheld | None = None
    hour: datetime | None = None
    index: Aqi | None = None
    means: Hour = field(default_factory=dict)
    present: tuple[int, ...] = ()
    coverage: float = 0.0

    @property
    def value(self) -> int | None:
        """The published index."""
        return self.index.aqi if self.index is not None and self.status == "ok" else None


def assess(
    devices: Collection[int], hours: DeviceHours, now: datetime, norm: Norm | None = None
) -> AreaAir:
    """Return the AQI of the area that `devices` stand for.

    A value up to 100 is withheld when a pollutant is missing (§5.3.1), when less than 75 % of the
    data is there, or when it would exceed 100 with the last values (of 24 h) of what is silent now:
    losing a sensor never turns an alarm into a normal value.
    """
    edition = norm or aqi.edition(now)
    if not devices:
        return AreaAir("not-monitored", edition, Withheld.NO_DEVICES)
    own = {key: hours.get(key, {}) for key in devices}
    hour = current_hour(own, now)
    if hour is None:
        return AreaAir("stale", edition, Withheld.NO_DATA)
    edition = norm or aqi.edition(hour)
    area = {each: _mean_hour(own, each) for each in _day_until(hour)}
    index = aqi_reports.realtime(area, hour, edition)
    found = AreaAir(
        "ok",
        edition,
        hour=hour,
        index=index,
        means=area[hour],
        present=tuple(key for key in own if any(_values(own[key], hour))),
        coverage=_coverage(own, hour),
    )
    if index.aqi is not None and index.aqi > aqi.ALARM_ABOVE:
        return found
    remembered = {**area, hour: _mean_hour(_remembering(own, hour), hour)}
    worst = aqi_reports.realtime(remembered, hour, edition)
    reason = _why_withheld(found, index, worst)
    return found if reason is None else replace(found, status="na", reason=reason)


def _why_withheld(found: AreaAir, index: Aqi, worst: Aqi) -> Withheld | None:
    if worst.aqi is not None and worst.aqi > aqi.ALARM_ABOVE:
        return Withheld.SILENT_ALARM
    if index.aqi is None:
        return Withheld.POLLUTANT_MISSING
    return Withheld.COVERAGE if found.coverage < MINIMUM_COVERAGE else None


def current_hour(own: DeviceHours, now: datetime) -> datetime | None:
    """Return the hour an index is of: the newest that all devices heard of today have reported.

    It may lag one hour behind the newest there is (HJ 633: a report is due within the hour); with
    devices silent for longer the newest is taken. None when there is no data within three hours.
    """
    seen = {hour for of in own.values() for hour in of if hour <= now and any(_values(of, hour))}
    newest = max(seen, default=None)
    if newest is None or now - newest > STALE_AFTER:
        return None
    active = [of for of in own.values() if any(newest - hour < REMEMBERED for hour in of)]
    complete = all(any(_values(of, newest)) for of in active)
    before = newest - HOUR
    if not complete and all(any(_values(of, before)) for of in active):
        return before if now - before <= STALE_AFTER else newest
    return newest


def _values(of: Mapping[datetime, Hour], hour: datetime) -> tuple[bool, ...]:
    values = of.get(hour, {})
    return tuple(values.get(pollutant) is not None for pollutant in POLLUTANTS)


def _coverage(own: DeviceHours, hour: datetime) -> float:
    there = sum(sum(_values(of, hour)) for of in own.values())
    return there / (len(own) * len(POLLUTANTS))


def _day_until(hour: datetime) -> list[datetime]:
    return [hour - HOUR * back for back in range(aqi_reports.DAY_HOURS)]


def _mean_hour(own: DeviceHours, hour: datetime) -> dict[str, Fraction | None]:
    return {pollutant: _mean(own, hour, pollutant) for pollutant in POLLUTANTS}


def _mean(own: DeviceHours, hour: datetime, pollutant: str) -> Fraction | None:
    values = [v for of in own.values() if (v := of.get(hour, {}).get(pollutant)) is not None]
    return sum(values, Fraction(0)) / len(values) if values else None


def _remembering(own: DeviceHours, hour: datetime) -> DeviceHours:
    """Return the devices with what is absent from `hour` filled by their last value of a day."""
    return {
        key: {hour: {pollutant: _last(of, hour, pollutant) for pollutant in POLLUTANTS}}
        for key, of in own.items()
    }


def _last(of: Mapping[datetime, Hour], hour: datetime, pollutant: str) -> Fraction | None:
    for each in _day_until(hour):
        value = of.get(each, {}).get(pollutant)
        if value is not None:
            return value
    return None
