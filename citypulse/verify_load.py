"""Is everything that a load run sent in the database, once? The summary against the rows.

In: the summary that `citypulse load` wrote. Out: a `Verdict` a device. A reading that the broker
took over is accounted for when its instant is stored, or quarantined with a reason.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from psycopg import AsyncConnection

from city.catalogue import PROFILES
from city.errors import CitypulseError
from city.topics import parse_topic
from devices.directory import load
from simulators.sent import FORM
from store import presence, quarantine
from store.presence import Present, Span

_POLL_S = 1.0
_MILLISECOND = timedelta(milliseconds=1)


class BadSummary(CitypulseError):
    """The summary can't be read; says where and why."""

    code: ClassVar[str] = "bad-summary"

    def __init__(self, where: str, rule: str) -> None:
        super().__init__(f"summary of a load run: {where}: {rule}")
        self.where = where
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Claim:
    """What the summary says of one device.

    Attributes:
        code: the device's.
        profile: of the device.
        readings: different instants that the broker took over, above 0.
        first: the earliest.
        last: the latest.
        sum_ms: of all, milliseconds after the first.
    """

    code: str
    profile: str
    readings: int
    first: datetime
    last: datetime
    sum_ms: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """One device's books.

    Attributes:
        code: the device's.
        sent: readings that the broker took over, each instant once.
        stored: of the instants between the first and the last.
        quarantined: sent, not stored, kept with a reason.
        lost: sent, and neither.
        double: rows beyond what was sent, or a second row for an instant.
        is_same: whether the stored instants are those that were sent; always when something is
            lost or double, where that has been said already.
    """

    code: str
    sent: int
    stored: int
    quarantined: int
    lost: int
    double: int
    is_same: bool

    @property
    def holds(self) -> bool:
        """Whether nothing is lost, double or different."""
        return self.lost == 0 and self.double == 0 and self.is_same


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on a whole run."""

    verdicts: Sequence[Verdict]

    @property
    def holds(self) -> bool:
        """Whether every device's books balance."""
        return all(verdict.holds for verdict in self.verdicts)

    def total(self, count: str) -> int:
        """The sum of one count of `Verdict`."""
        return sum(int(getattr(verdict, count)) for verdict in self.verdicts)

    def line(self) -> str:
        """What a person wants to know, in one line."""
        different = sum(not verdict.is_same for verdict in self.verdicts)
        return (
            f"{len(self.verdicts):,} devices, {self.total('sent'):,} readings acknowledged: "
            f"{self.total('stored'):,} stored, {self.total('quarantined'):,} quarantined, "
            f"{self.total('lost'):,} lost, {self.total('double'):,} double"
            + (f", {different:,} devices with other instants than sent" if different else "")
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """A summary as far as it is compared."""

    begun_at: datetime
    claims: Sequence[Claim]


def read_summary(path: Path) -> Sent:
    """The claims of a summary file.

    Raises:
        BadSummary: when it can't be read, or is no summary of a load run.
    """
    try:
        whole = json.loads(path.read_bytes())
    except OSError as error:
        raise BadSummary(str(path), error.strerror or str(error)) from error
    except ValueError as error:
        raise BadSummary(str(path), f"it is not JSON: {error}") from error
    if not isinstance(whole, dict) or whole.get("form") != FORM:
        rule = f"must be {FORM}: what `citypulse load`, or `simulate --json`, writes"
        raise BadSummary(f"{path}: form", rule)
    try:
        found = [_claim(code, entry) for code, entry in whole["by_device"].items()]
        return Sent(_instant(whole["from"]), [claim for claim in found if claim is not None])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadSummary(str(path), f"a field is missing or wrong: {error!r}") from error


async def verify(conn: AsyncConnection[Any], sent: Sent, *, wait_s: float = 0.0) -> Report:
    """Compare, again and again while something is missing and there is time to wait.

    Args:
        conn: to read from, in autocommit.
        sent: what the run claims.
        wait_s: how long ingest may still be catching up.
    """
    deadline = asyncio.get_running_loop().time() + wait_s
    while True:
        report = await _compare(conn, sent)
        if not report.total("lost") or asyncio.get_running_loop().time() >= deadline:
            return report
        await asyncio.sleep(_POLL_S)


async def _compare(conn: AsyncConnection[Any], sent: Sent) -> Report:
    directory = await load(conn)
    # A clock that runs behind writes instants of before the run, among what was sent then.
    before = await presence.last_batch_before(conn, sent.begun_at)
    turned_away = await _quarantined(conn, sent.begun_at, {claim.code for claim in sent.claims})
    verdicts = []
    for name in sorted({claim.profile for claim in sent.claims}):
        claims = [claim for claim in sent.claims if claim.profile == name]
        spans = {
            claim.code: Span(directory[claim.code].device_key, claim.first, claim.last)
            for claim in claims
            if claim.code in directory
        }
        found = await presence.present(
            conn, PROFILES[name], list(spans.values()), after_batch=before
        )
        for claim in claims:
            span = spans.get(claim.code)
            away = turned_away.get(claim.code, set())
            if span is not None and away:
                away -= await presence.instants(conn, PROFILES[name], span, after_batch=before)
            there = found[span.device_key] if span else Present(0, 0, 0, 0)
            verdicts.append(_verdict(claim, there, away))
    return Report(verdicts)


def _verdict(claim: Claim, there: Present, away: set[datetime]) -> Verdict:
    missing = claim.readings - there.instants - len(away)
    away_ms = sum((instant - claim.first) // _MILLISECOND for instant in away)
    is_same = missing != 0 or there.sum_ms + away_ms == claim.sum_ms
    return Verdict(
        code=claim.code,
        sent=claim.readings,
        stored=there.instants,
        quarantined=len(away),
        lost=max(0, missing),
        double=max(0, -missing) + there.rows - there.instants,
        is_same=is_same,
    )


async def _quarantined(
    conn: AsyncConnection[Any], since: datetime, codes: set[str]
) -> dict[str, set[datetime]]:
    """Device → instants of its readings that were quarantined since the run began."""
    found: dict[str, set[datetime]] = {}
    after = 0
    end = datetime.now(UTC) + timedelta(hours=1)
    while page := await quarantine.search(
        conn, start=since, end=end, after=after, limit=quarantine.SEARCH_LIMIT
    ):
        after = page[-1].id
        for each in page:
            code = _device_of(each.topic)
            if code in codes:
                found.setdefault(code, set()).update(_instants(each.raw, each.reading_index))
    return found


def _device_of(topic: str) -> str:
    try:
        parsed = parse_topic(topic)
    except CitypulseError:
        return ""
    return parsed.device if parsed.channel == "telemetry" else ""


def _instants(raw: bytes, index: int | None) -> list[datetime]:
    """The times of a quarantined message's readings; our own simulators' messages can be read."""
    try:
        payload = json.loads(raw)
        readings = payload.get("r", [payload])
        chosen = readings if index is None else [readings[index]]
        return [_instant(reading["ts"]) for reading in chosen]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return []


def _claim(code: str, entry: Mapping[str, Any]) -> Claim | None:
    expected = entry["expected"]
    if expected["readings"] == 0:
        return None
    if entry["profile"] not in PROFILES:
        raise ValueError(f"profile {entry['profile']!r}")
    return Claim(
        code=code,
        profile=entry["profile"],
        readings=int(expected["readings"]),
        first=_instant(expected["first"]),
        last=_instant(expected["last"]),
        sum_ms=int(expected["sum_ms"]),
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
