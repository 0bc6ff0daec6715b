"""A record repeated end to end, so that every instant there is has one hour of it.

The replayed stations and the poles' background both ask here, which is why they agree.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from city.errors import InvalidValue
from simulators.clock import DAY_S, HOUR_S, LOCAL_OFFSET_S
from simulators.records import Record


class Recurrence(NamedTuple):
    """Whole local days of a record, laid end to end over all time, past and future.

    A recorded instant stands for itself; each other one for the instant that lies a whole number
    of records away. So hours keep their hour of the day and, when the record is whole weeks, their
    day of the week; and nothing depends on when anybody starts to play.

    Attributes:
        begin_s: the record's first local midnight, seconds since 1970-01-01T00:00Z.
        days: how many whole days follow it, 1 or more.
    """

    begin_s: int
    days: int

    @property
    def hours(self) -> int:
        """How many hours are repeated."""
        return self.days * DAY_S // HOUR_S

    def hour(self, at_s: float) -> int:
        """Which hour of the record an instant falls into: 0 ≤ hour < hours."""
        return math.floor((at_s - self.begin_s) / HOUR_S) % self.hours

    def recorded_s(self, at_s: float) -> int:
        """The recorded instant, a full hour, that an instant falls into."""
        return self.begin_s + self.hour(at_s) * HOUR_S


def recurrence_of(records: Sequence[Record]) -> Recurrence:
    """The recurrence of the days that the records hold together; parts of days are left out.

    Raises:
        InvalidValue: when there is no whole local day, or nothing in it.
    """
    first_s = min(record.hours[0].at_s for record in records)
    end_s = max(record.hours[-1].at_s for record in records) + HOUR_S
    first_day = -(-(first_s + LOCAL_OFFSET_S) // DAY_S)
    days = (end_s + LOCAL_OFFSET_S) // DAY_S - first_day
    begin_s = first_day * DAY_S - LOCAL_OFFSET_S
    inside = range(begin_s, begin_s + max(0, days) * DAY_S)
    if not any(hour.at_s in inside for record in records for hour in record.hours):
        files = [str(record.path) for record in records]
        raise InvalidValue("files", files, "must hold a whole local day, to be repeated")
    return Recurrence(begin_s, days)
