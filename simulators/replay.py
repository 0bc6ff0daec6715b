"""Plays what stations recorded, as if it were measured now: gaps stay gaps.

In: records and a plan of when each hour is to appear. Out: readings, put into the terminals of the
station devices.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from itertools import count
from typing import NamedTuple

from city.errors import InvalidValue
from simulators.clock import DAY_S, HOUR_S
from simulators.fleet_file import FleetDevice
from simulators.options import ReplayOptions
from simulators.outbox import READINGS_PER_MESSAGE
from simulators.pace import stopped_within
from simulators.records import LOCAL, VALUES_PER_ROW, Record
from simulators.recurrence import Recurrence, recurrence_of
from simulators.terminal import Terminal

_MICROSECONDS = 1_000_000
_LOOK_AT_CLOCK_S = 30.0  # a clock that is set shall not delay an hour by more


class Plan(NamedTuple):
    """Which recorded hours to play, and how far to move them.

    Attributes:
        begin_s: the first recorded instant to play, seconds since 1970-01-01T00:00Z.
        until_s: the last recorded instant to play at once; later ones only by following.
        shift_s: added to each instant, a whole number of days.
        repeats: how the record is laid end to end; with it, begin and until are instants of that
            endless record, which needs no shift. None plays the record once.
    """

    begin_s: int
    until_s: int
    shift_s: int
    repeats: Recurrence | None = None


class _Played(NamedTuple):
    at_s: int
    station: int
    values: dict[str, float]


def plan_replay(records: Sequence[Record], options: ReplayOptions, *, now_s: float) -> Plan:
    """What the options mean for these records at this moment.

    Raises:
        InvalidValue: when the options contradict each other, or leave nothing to play.
    """
    _require_sensible(options)
    if options.ending == "repeating":
        return plan_repeating(recurrence_of(records), hours=options.hours, now_s=now_s)
    first = min(record.hours[0].at_s for record in records)
    last = max(record.hours[-1].at_s for record in records)
    start = None if options.start is None else _midnight_s(options.start)
    if start is not None and not first <= start <= last:
        rule = f"must be a day recorded, from {_iso(first)} to {_iso(last)}"
        raise InvalidValue("from", options.start, rule)
    if options.ending == "now":
        return plan_ending_now(first, last, start_s=start, hours=options.hours, now_s=now_s)
    return plan_as_recorded(first, last, start_s=start, hours=options.hours)


def plan_ending_now(
    first_s: int, last_s: int, *, start_s: int | None, hours: int | None, now_s: float
) -> Plan:
    """Move the record by whole days, so that it reaches the current hour and keeps its own hours.

    Without a start, the record's end is moved to the current hour or less than a day beyond it,
    and the last so many hours until now are played. With a start, so many hours from it (or all)
    are moved to end at the current hour or less than a day before it; hours of the record between
    that end and now are played as well.
    """
    now_h = math.floor(now_s / HOUR_S) * HOUR_S
    if start_s is None:
        shift = _days_up(now_h - last_s)
        begin = first_s if hours is None else now_h - shift - (hours - 1) * HOUR_S
        return Plan(max(first_s, begin), now_h - shift, shift)
    end = last_s if hours is None else min(last_s, start_s + (hours - 1) * HOUR_S)
    shift = (now_h - end) // DAY_S * DAY_S
    if last_s + shift < now_h:
        shift += DAY_S
    return Plan(start_s, now_h - shift, shift)


def plan_as_recorded(first_s: int, last_s: int, *, start_s: int | None, hours: int | None) -> Plan:
    """Play so many hours from the start, or all, at the instants they were recorded at."""
    begin = first_s if start_s is None else start_s
    until = last_s if hours is None else min(last_s, begin + (hours - 1) * HOUR_S)
    return Plan(begin, until, 0)


def plan_repeating(repeats: Recurrence, *, hours: int | None, now_s: float) -> Plan:
    """Play so many hours, or the record once, of the endless record up to the current hour.

    What an instant gets does not depend on now: whoever plays it, whenever, says the same.
    """
    now_h = math.floor(now_s / HOUR_S) * HOUR_S
    played = repeats.hours if hours is None else hours
    return Plan(now_h - (played - 1) * HOUR_S, now_h, 0, repeats)


def stations_of(devices: Sequence[FleetDevice], records: Sequence[Record]) -> list[FleetDevice]:
    """Each record's device, in the records' order: the one whose attribute ``station`` names it.

    Raises:
        InvalidValue: when a station has no device, or comes in two files.
    """
    by_station = {str(device.attributes.get("station")): device for device in devices}
    names = [record.station for record in records]
    for record in records:
        if record.station not in by_station:
            known = ", ".join(sorted(by_station)) or "none"
            rule = f"({record.path}) has no device in the fleet file; it has stations: {known}"
            raise InvalidValue("station", record.station, rule)
        if names.count(record.station) > 1:
            raise InvalidValue("station", record.station, "comes in more than one file")
    return [by_station[name] for name in names]


class Playback:
    """The playing of records by a plan.

    Args:
        records: one for each terminal.
        plan: which hours, and how far to move them.
        speed: recorded seconds per second; None means as fast as they are taken.
        clock: seconds since 1970-01-01T00:00Z, now.
    """

    def __init__(
        self,
        records: Sequence[Record],
        plan: Plan,
        *,
        speed: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._records = records
        self._plan = plan
        self._speed = speed
        self._clock = clock
        self._rows = 0
        self._empty_rows = 0
        self._missing = 0

    def notes(self) -> dict[str, object]:
        """What has been played: rows, rows without any value, missing values, how it was moved."""
        return {
            "rows": self._rows,
            "empty_rows": self._empty_rows,
            "missing_values": self._missing,
            "first_hour": _iso(self._plan.begin_s + self._plan.shift_s),
            **self._moved(),
        }

    async def run(
        self, terminals: Sequence[Terminal], stop: asyncio.Event, *, follow: bool
    ) -> None:
        """Play the plan's hours; with `follow` then each next one when the clock reaches it."""
        hours = self._hours()
        upcoming: list[_Played] = []
        for number, together in enumerate(hours, start=1):
            if together[0].at_s > self._plan.until_s:
                upcoming = together
                break
            if stop.is_set():
                return
            self._put(terminals, together)
            await self._pace(terminals, number, stop)
        _send(terminals)
        if follow and upcoming:
            await self._follow(terminals, upcoming, hours, stop)

    def _moved(self) -> dict[str, object]:
        if self._plan.repeats is not None:
            return {"repeats_after_days": self._plan.repeats.days}
        return {"shift_days": self._plan.shift_s // DAY_S}

    async def _follow(
        self,
        terminals: Sequence[Terminal],
        upcoming: list[_Played],
        hours: Iterator[list[_Played]],
        stop: asyncio.Event,
    ) -> None:
        while upcoming:
            due_s = upcoming[0].at_s + self._plan.shift_s
            while (left_s := due_s - self._clock()) > 0:
                if await stopped_within(stop, min(left_s, _LOOK_AT_CLOCK_S)):
                    return
            self._put(terminals, upcoming)
            _send(terminals)
            upcoming = next(hours, [])

    async def _pace(self, terminals: Sequence[Terminal], number: int, stop: asyncio.Event) -> None:
        """As fast as asked; at full speed, wait for the broker once a batch is together."""
        if self._speed is not None:
            _send(terminals)
            await stopped_within(stop, HOUR_S / self._speed)
        elif number % READINGS_PER_MESSAGE == 0:
            _send(terminals)
            while any(each.waiting for each in terminals):
                if await stopped_within(stop, 0.02):
                    return

    def _put(self, terminals: Sequence[Terminal], together: list[_Played]) -> None:
        for played in together:
            self._rows += 1
            self._missing += VALUES_PER_ROW - len(played.values)
            if played.values:
                at_us = (played.at_s + self._plan.shift_s) * _MICROSECONDS
                terminals[played.station].remember(at_us, played.values)
            else:
                self._empty_rows += 1

    def _hours(self) -> Iterator[list[_Played]]:
        """From the plan's beginning to the records' end, if any: what all stations have."""
        merged = self._merged()
        if self._plan.repeats is None:
            yield from (merged[at_s] for at_s in sorted(merged) if at_s >= self._plan.begin_s)
            return
        for at_s in count(self._plan.begin_s, HOUR_S):
            recorded = merged.get(self._plan.repeats.recorded_s(at_s))
            if recorded is not None:
                yield [played._replace(at_s=at_s) for played in recorded]

    def _merged(self) -> dict[int, list[_Played]]:
        """Each recorded instant with what all stations have for it."""
        merged: dict[int, list[_Played]] = {}
        for station, record in enumerate(self._records):
            for hour in record.hours:
                played = _Played(hour.at_s, station, dict(hour.values))
                merged.setdefault(hour.at_s, []).append(played)
        return merged


def _require_sensible(options: ReplayOptions) -> None:
    if not options.files:
        raise InvalidValue("files", list(options.files), "must name one or more")
    if options.hours is not None and options.hours < 1:
        raise InvalidValue("hours", options.hours, "must be 1 or more")
    if options.speed is not None and not 0 < options.speed < math.inf:
        raise InvalidValue("speed", options.speed, "must be above 0, or max")
    if options.follow and options.ending == "as-recorded":
        rule = "goes with --ending now or repeating, not with the past"
        raise InvalidValue("follow", options.follow, rule)
    if options.start is not None and options.ending == "repeating":
        rule = "does not go with --ending repeating, where each instant has its recorded hour"
        raise InvalidValue("from", options.start, rule)


def _midnight_s(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=LOCAL).timestamp())


def _send(terminals: Sequence[Terminal]) -> None:
    for each in terminals:
        each.send()


def _days_up(seconds: int) -> int:
    """The smallest whole number of days, in seconds, that is not below."""
    return -(-seconds // DAY_S) * DAY_S


def _iso(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, LOCAL).isoformat()
