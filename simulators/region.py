"""What real stations recorded, as the air and weather of any place near them at any instant.

In: station records and where the stations stand. Out: concentrations and weather that poles are
then a little different from. The record is repeated end to end (`simulators.recurrence`), the same
way as a replay with ``ending="repeating"``: at a full hour a station publishes what this says.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from city.errors import InvalidValue
from simulators.clock import HOUR_S
from simulators.records import Record, read_record
from simulators.recurrence import Recurrence, recurrence_of
from simulators.stations import STATIONS, station_files

Floats = NDArray[np.float64]

# A station counts by the inverse square of its distance; nearer than this it counts no more. So a
# pole beside a station follows it, and one between stations follows all of them.
_NEAR_KM = 4.0
_KM_PER_DEG = 111.2
_BRIDGED_H = 6  # gaps of a station up to this are bridged in time, longer ones by the others
_TIP_MM = 0.1  # one tip of the rain gauge's bucket


class Regional(NamedTuple):
    """Air and weather of a place, before what its street adds; units as in profile air-station."""

    pm25: float
    pm10: float
    so2: float
    no2: float
    o3: float
    co: float
    temperature_c: float
    dew_point_c: float
    pressure_hpa: float
    wind_speed_ms: float
    wind_direction_deg: float


_STEADY = Regional._fields[:-1]  # averaged as they are; the direction goes as a unit vector


class _Span(NamedTuple):
    hour: int
    left: list[float]
    right: list[float]


class Region:
    """The repeated record of some stations.

    Args:
        records: one of each station.
        places: longitude and latitude of each station, in the records' order.

    Raises:
        InvalidValue: when the records hold no whole day, or nowhere a value of a metric.
    """

    def __init__(self, records: Sequence[Record], places: Sequence[tuple[float, float]]) -> None:
        self.recurrence = recurrence_of(records)
        self._places = np.array(places)
        columns = [_bridged(_recorded(records, name, self.recurrence), name) for name in _STEADY]
        direction = np.radians(_recorded(records, "wind_direction_deg", self.recurrence))
        columns += [_bridged(part(direction), "wind_direction_deg") for part in (np.sin, np.cos)]
        self._table: Floats = np.stack(columns, axis=-1)  # (hours, stations, columns)
        rain = _recorded(records, "rain_mm", self.recurrence)
        self._rain_mm: list[float] = _mean_of_known(rain, otherwise=0.0).tolist()
        # Rain is recorded for the hour that ends: what falls in hour 0 is in the row of hour 1.
        self._fallen_mm: list[float] = [0.0, *np.cumsum(np.roll(self._rain_mm, -1)).tolist()]

    def here(self, lon: float, lat: float) -> "Here":
        """The region as seen from a place (WGS 84)."""
        east_km = (self._places[:, 0] - lon) * _KM_PER_DEG * math.cos(math.radians(lat))
        north_km = (self._places[:, 1] - lat) * _KM_PER_DEG
        weights = 1 / (east_km**2 + north_km**2 + _NEAR_KM**2)
        return Here(self.recurrence, self._table, weights / weights.sum())

    def rain_mm_h(self, t_s: float) -> float:
        """Intensity, mm/h: even within an hour, the same for the whole region."""
        return self._rain_mm[(self.recurrence.hour(t_s) + 1) % self.recurrence.hours]

    def rain_mm(self, since_s: float, until_s: float) -> float:
        """What a tipping bucket counts between two instants, mm: whole tips of 0.1 mm."""
        return max(0, self._tips(until_s) - self._tips(since_s)) * _TIP_MM

    def _tips(self, t_s: float) -> int:
        """Tips since the record's beginning; negative before it."""
        turns, hour = divmod((t_s - self.recurrence.begin_s) / HOUR_S, self.recurrence.hours)
        whole = min(int(hour), self.recurrence.hours - 1)
        before, after = self._fallen_mm[whole], self._fallen_mm[whole + 1]
        fallen = turns * self._fallen_mm[-1] + before + (after - before) * (hour - whole)
        return math.floor(fallen / _TIP_MM + 1e-6)  # 0.3 is to be three tips


class Here:
    """The region as seen from one place.

    Args:
        recurrence: which hour of the record an instant falls into.
        table: (hours, stations, columns), without gaps.
        weights: (stations,), how much each counts here; their sum is 1.
    """

    __slots__ = ("_recurrence", "_span", "_table", "_weights")

    def __init__(self, recurrence: Recurrence, table: Floats, weights: Floats) -> None:
        self._recurrence = recurrence
        self._table = table
        self._weights = weights
        self._span = self._between(0)

    def at(self, t_s: float) -> Regional:
        """Air and weather at an instant: as recorded on the hour, straight lines in between."""
        hour = self._recurrence.hour(t_s)
        span = self._span  # only a memo, which another thread may change meanwhile
        if span.hour != hour:
            self._span = span = self._between(hour)
        part = (t_s % HOUR_S) / HOUR_S
        *steady, east, north = [
            a + (b - a) * part for a, b in zip(span.left, span.right, strict=True)
        ]
        return Regional._make((*steady, math.degrees(math.atan2(east, north)) % 360))

    def _between(self, hour: int) -> _Span:
        after = (hour + 1) % self._recurrence.hours
        left, right = self._weights @ self._table[hour], self._weights @ self._table[after]
        return _Span(hour, left.tolist(), right.tolist())


@lru_cache(maxsize=1)
def shipped_region() -> Region:
    """The region of the six stations that come with the simulators; read once."""
    records = [read_record(path) for path in station_files()]
    return Region(records, [STATIONS[record.station][1:] for record in records])


def _recorded(records: Sequence[Record], name: str, recurrence: Recurrence) -> Floats:
    """A metric's values, (hours, stations), NaN where missing."""
    values = np.full((recurrence.hours, len(records)), np.nan)
    for station, record in enumerate(records):
        for hour in record.hours:
            number = recurrence.hour(hour.at_s)
            if name in hour.values and recurrence.recorded_s(hour.at_s) == hour.at_s:
                values[number, station] = hour.values[name]
    return values


def _bridged(values: Floats, name: str) -> Floats:
    """(hours, stations) without gaps: short ones bridged in time, long ones by other stations."""
    if np.isnan(values).all():
        raise InvalidValue("record", name, "must be there in some hour of some station")
    filled = np.column_stack([_joined(column, up_to_h=_BRIDGED_H) for column in values.T])
    others = _joined(_mean_of_known(filled, otherwise=np.nan), up_to_h=len(filled))
    return np.where(np.isnan(filled), others[:, np.newaxis], filled)


def _joined(column: Floats, *, up_to_h: int) -> Floats:
    """Straight lines over gaps of up to so many hours; the last hour is followed by the first."""
    hours = np.arange(len(column))
    known = np.flatnonzero(~np.isnan(column))
    if not len(known):
        return column
    following = np.searchsorted(known, hours)
    gap = (known[following % len(known)] - known[following - 1] - 1) % len(column)
    lines = np.interp(hours, known, column[known], period=len(column))
    return np.where(np.isnan(column) & (gap <= up_to_h), lines, column)


def _mean_of_known(values: Floats, *, otherwise: float) -> Floats:
    """Mean over stations of each hour, (hours,)."""
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), otherwise)
