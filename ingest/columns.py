"""Readings of one profile as they gather: lists while they come, numpy columns at the end.

Readings that measure the same metrics in the same order share a group, so that their values go
from dicts to a matrix without a step for each value.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from city.profiles import Profile
from city.readings import Reading, instant_of
from ingest.flags import flag
from ingest.senders import Sender
from store.ledger import HourCount, Span
from store.telemetry import Int64s, Rows, repeats

_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """One profile's readings, ready to be written.

    Attributes:
        rows: in key order, with their range flags.
        repeats: (n,), how often each one's instant came before in these rows.
        district_of: where each device stands.
    """

    rows: Rows
    repeats: Int64s
    district_of: dict[int, str]


class _Group:
    """Readings with the same metrics.

    Attributes:
        rows: their places among the profile's readings.
        values: one after the other.
    """

    __slots__ = ("rows", "values")

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.values: list[float] = []


class Columns:
    """The admitted readings of one profile in one batch.

    Attributes:
        profile: what they measure.
        device_key: whose, one a reading.
        ts_us: when, microseconds since 1970.
        message: in which message of the batch.
        district_of: where each device stands.
    """

    __slots__ = ("_groups", "device_key", "district_of", "message", "profile", "ts_us")

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.device_key: list[int] = []
        self.ts_us: list[int] = []
        self.message: list[int] = []
        self.district_of: dict[int, str] = {}
        self._groups: dict[tuple[str, ...], _Group] = {}

    def add(self, sender: Sender, message: int, reading: Reading) -> None:
        """Take one reading in, whose metrics the profile has."""
        values = reading.values
        names = tuple(values)
        group = self._groups.get(names)
        if group is None:
            group = self._groups[names] = _Group()
        group.rows.append(len(self.ts_us))
        group.values += values.values()
        self.device_key.append(sender.device_key)
        self.ts_us.append(reading.ts_us)
        self.message.append(message)
        self.district_of[sender.device_key] = sender.district

    def prepare(self, max_repeats: int) -> tuple[Prepared, list[int]]:
        """The readings in key order, and the messages of those that repeat an instant too often."""
        unsorted = self._rows()
        order = np.lexsort((unsorted.ts_us, unsorted.device_key))
        rows = unsorted.take(order)
        again = repeats(rows)
        is_over = again >= max_repeats
        if not is_over.any():
            return Prepared(rows, again, self.district_of), []
        left_over = np.array(self.message)[order][is_over].tolist()
        return Prepared(rows.take(~is_over), again[~is_over], self.district_of), left_over

    def _rows(self) -> Rows:
        index = self.profile.index
        values = np.full((len(self.profile.metrics), len(self.ts_us)), np.nan)
        for names, group in self._groups.items():
            block = np.array(group.values).reshape(len(group.rows), len(names))
            metrics = [index[name] for name in names]
            values[np.ix_(metrics, group.rows)] = block.T
        return Rows(
            self.profile,
            np.array(self.device_key, np.int32),
            np.array(self.ts_us, np.int64),
            values,
            *flag(self.profile, values),
        )


def span(rows: Rows) -> Span:
    """What the ledger says of these rows, of which there is at least one."""
    first, last = int(rows.ts_us.min()), int(rows.ts_us.max())
    return Span(rows.profile.name, instant_of(first), instant_of(last), len(rows))


def hour_counts(rows: Rows, district_of: dict[int, str]) -> list[HourCount]:
    """The rows counted by hour of measurement and district."""
    keys, device = np.unique(rows.device_key, return_inverse=True)
    districts = [district_of[key] for key in keys.tolist()]
    names = sorted(set(districts))
    number = {name: at for at, name in enumerate(names)}
    district: npt.NDArray[np.int64] = np.array([number[name] for name in districts], np.int64)
    cells, counts = np.unique(
        rows.ts_us // _HOUR_US * len(names) + district[device], return_counts=True
    )
    return [
        HourCount(
            instant_of(cell // len(names) * _HOUR_US),
            names[cell % len(names)],
            rows.profile.name,
            count,
        )
        for cell, count in zip(cells.tolist(), counts.tolist(), strict=True)
    ]
