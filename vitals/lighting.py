"""Street lighting: what state each lamp is in, and which share of an area's lamps burns.

No national norm says how to tell a failed lamp from its power; every rule here is an engineering
choice. The rate's targets are local rules (see `vitals.indicators`).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FAILED_BELOW = 0.2  # share of the power expected at the commanded dimming
DEGRADED_BELOW = 0.7
DAY_BURNER_ABOVE = 0.5  # share of the rated power, commanded off
CONFIRMING_REPORTS = 2


class Lamp(StrEnum):
    """What a lamp does."""

    LIT = "lit"
    DEGRADED = "degraded"
    FAILED = "failed"
    DAY_BURNER = "day-burner"
    OFF = "off"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Report:
    """What one reading said of its lamp: commanded dimming in % (0 = off) and power in W."""

    ts: datetime
    dim_pct: float
    power_w: float


def expected_power_w(rated_w: float, dim_pct: float) -> float:
    """Return the power a healthy lamp draws: proportional to its dimming."""
    return rated_w * dim_pct / 100


def lamp_state(
    reports: Sequence[Report], *, rated_w: float | None, now: datetime, stale_after: timedelta
) -> Lamp:
    """Return a lamp's state from its newest reports (newest first).

    A lamp has failed when it draws less than 20 % of what is expected in two reports on end, while
    commanded on; below 70 % it is degraded. A failure seen last stays one when the lamp falls
    silent, so that losing contact never mends a lamp; any other silent lamp is unknown.
    Without a rated power, or without a report, nothing is known.
    """
    if not reports or rated_w is None or rated_w <= 0:
        return Lamp.UNKNOWN
    state = _reported_state(reports, rated_w)
    is_silent = now - reports[0].ts > stale_after
    return Lamp.UNKNOWN if is_silent and state is not Lamp.FAILED else state


def _reported_state(reports: Sequence[Report], rated_w: float) -> Lamp:
    newest = reports[0]
    if newest.dim_pct <= 0:
        is_burning = newest.power_w > DAY_BURNER_ABOVE * rated_w
        return Lamp.DAY_BURNER if is_burning else Lamp.OFF
    confirming = reports[:CONFIRMING_REPORTS]
    if len(confirming) == CONFIRMING_REPORTS and all(_is_dark(r, rated_w) for r in confirming):
        return Lamp.FAILED
    expected = expected_power_w(rated_w, newest.dim_pct)
    return Lamp.DEGRADED if newest.power_w < DEGRADED_BELOW * expected else Lamp.LIT


def _is_dark(report: Report, rated_w: float) -> bool:
    expected = expected_power_w(rated_w, report.dim_pct)
    return report.dim_pct > 0 and report.power_w < FAILED_BELOW * expected


@dataclass(frozen=True, slots=True)
class LitRate:
    """The share of lamps that burn among those that should, and what that is known from.

    `rate_pct` is None when no lamp of known state is commanded on. `coverage` is the share of the
    installed lamps whose state is known, 0 to 1.
    """

    rate_pct: float | None
    installed: int
    counts: dict[Lamp, int]

    @property
    def coverage(self) -> float:
        """Share of the installed lamps whose state is known."""
        known = self.installed - self.counts.get(Lamp.UNKNOWN, 0)
        return known / self.installed if self.installed else 0.0


def lit_rate(states: Iterable[Lamp]) -> LitRate:
    """Return the lit rate (亮灯率) of a set of installed lamps, in %.

    Degraded lamps burn, and count as lit. Unknown lamps stand in neither part of the fraction and
    are counted apart.
    """
    counts = Counter(states)
    burning = counts[Lamp.LIT] + counts[Lamp.DEGRADED]
    commanded = burning + counts[Lamp.FAILED]
    rate = 100 * burning / commanded if commanded else None
    return LitRate(rate, counts.total(), dict(counts))
