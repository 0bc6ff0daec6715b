"""Readings as the live stream carries them: a commit's rows with codes instead of keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from city.catalogue import PROFILES
from city.profiles import Profile
from store import series
from store.ledger import Entry
from store.series import StoredRow

_DIRECTORY = """
SELECT d.device_key, d.code, d.profile,
    coalesce(array_agg(w.ancestor_code) FILTER (WHERE w.ancestor_code IS NOT NULL), '{}')
FROM devices.device_now d
LEFT JOIN registry.area_within w
    ON w.area_key = d.area_key
GROUP BY d.device_key, d.code, d.profile
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading as it goes out, and what clients filter by."""

    code: str
    profile: str
    areas: frozenset[str]
    ts: datetime
    values: Mapping[str, float]

    def over(self, older: "Reading") -> "Reading":
        """Return this and another reading of the same device as one, the newer values winning."""
        first, last = sorted((older, self), key=lambda reading: reading.ts)
        return replace(last, values={**first.values, **last.values})

    def as_json(self) -> dict[str, Any]:
        """Return the shape that clients get."""
        return {"code": self.code, "profile": self.profile, "ts": self.ts, "m": self.values}


class Directory:
    """Who is who and where, as of the last load."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[str, str, frozenset[str]]] = {}

    async def refresh(self, conn: AsyncConnection[Any]) -> None:
        """Load all devices in service."""
        cursor = await conn.execute(_DIRECTORY)
        self._known = {
            key: (code, profile, frozenset(areas))
            for key, code, profile, areas in await cursor.fetchall()
        }

    async def read(
        self, conn: AsyncConnection[Any], entries: Sequence[Entry]
    ) -> tuple[Reading, ...]:
        """Return the readings of some commits; of devices that are no longer in service, none."""
        readings: list[Reading] = []
        for profile in PROFILES.values():
            rows = await series.rows_in_batches(conn, profile, entries)
            if any(row.device_key not in self._known for row in rows):
                await self.refresh(conn)
            for row in rows:
                if row.device_key in self._known:
                    known = self._known[row.device_key]
                    readings.append(Reading(*known, row.ts, _valid(profile, row)))
        return tuple(readings)


def _valid(profile: Profile, row: StoredRow) -> dict[str, float]:
    measured = row.measured(profile)
    return {metric.name: value for metric, value in measured if not row.failed >> metric.bit & 1}
