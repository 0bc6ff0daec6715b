"""The air and water in utility tunnels: tiers of each measurement, the worst of them. Pure.

In: newest good values of a compartment's terminal. Out: the compartment's level, and that of many
compartments together. Limits as the standards have them; where two conflict, both, as two tiers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vitals.indicator import MINIMUM_COVERAGE

NORMAL, WARNING, ALARM, DANGER = 1, 2, 3, 4
RATED = ("o2_pct", "ch4_lel_pct", "h2s", "co", "temperature_c", "water_level_m")
"""What is held against a limit; the water level only where a limit is configured."""
REQUIRED = ("o2_pct", "temperature_c")
"""What every compartment must have monitored (GB 50838, Table 7.5.4)."""

# (limit, tier), the worst first. A value beyond the limit is in the tier; at it where inclusive.
_O2_LOW = ((18.0, DANGER), (19.5, WARNING))  # GBZ/T 205; GB 8958, GB 30871
_O2_HIGH = ((23.5, DANGER), (22.0, WARNING))  # OSHA 1910.146 and GB 30871; GBZ/T 205
_CH4 = ((20.0, DANGER), (10.0, WARNING))  # GB 50838: alarm, accident ventilation; GBZ/T 205: entry
_H2S = ((10.0, DANGER),)  # mg/m³, a ceiling: GBZ 2.1-2019
_CO = ((30.0, ALARM), (20.0, WARNING))  # mg/m³, PC-STEL and PC-TWA: GBZ 2.1-2019
_HOT = ((40.0, ALARM),)  # °C: GB/T 51274 with GBZ/T 205
_COLD = ((5.0, WARNING),)

LIFE_SAFETY = frozenset({"o2_pct", "ch4_lel_pct", "h2s"})


@dataclass(frozen=True, slots=True)
class Measured:
    """A newest good value and when it was measured."""

    value: float
    ts: datetime


@dataclass(frozen=True, slots=True)
class Rated:
    """A measurement in its tier."""

    metric: str
    value: float
    tier: int


@dataclass(frozen=True, slots=True)
class Compartment:
    """A compartment, or why it has no level.

    Attributes:
        status: ok, na, stale or not-monitored.
        level: 1 normal, 2 warning, 3 alarm, 4 danger to life; None unless status is ok.
        reason: why there is none.
        coverage: share of what it should measure that is current.
        worst: of what is current, whatever the status.
        was_alarm: whether something that is silent now was beyond a limit when last heard of.
        missing: what it should measure and does not.
        tiers: of each measurement that is current and has a limit, whatever the status.
    """

    status: str
    level: int | None
    reason: str | None
    coverage: float
    worst: Rated | None = None
    was_alarm: bool = False
    missing: tuple[str, ...] = ()
    tiers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Together:
    """Many compartments: the worst of them, or why there is no level."""

    status: str
    level: int | None
    reason: str | None
    coverage: float


def tier(metric: str, value: float, water_limit_m: float | None = None) -> int:
    """Return the tier of a value in the catalogue's unit: 1 normal to 4 danger to life."""
    match metric:
        case "o2_pct":
            found = max(_below(value, _O2_LOW), _above(value, _O2_HIGH))
        case "ch4_lel_pct":
            found = _from(value, _CH4)
        case "h2s":
            found = _above(value, _H2S)
        case "co":
            found = _above(value, _CO)
        case "temperature_c":
            found = max(_below(value, _COLD), _above(value, _HOT))
        case "water_level_m" if water_limit_m is not None:
            found = _from(value, ((water_limit_m, ALARM),))
        case _:
            found = NORMAL
    return found


def assess(
    expected: Iterable[str],
    newest: Mapping[str, Measured],
    *,
    now: datetime,
    stale_after: timedelta,
    water_limit_m: float | None = None,
) -> Compartment:
    """Return a compartment's level: the worst of its measurements' tiers.

    Normal only with everything current: with an input missing it is published if it is an alarm
    already, else withheld (HJ 633-2026 §5.3.1, generalised).

    Args:
        expected: metrics it should measure; those without a limit do not matter.
        newest: good values, of at most a day ago.
        now: the instant.
        stale_after: older values are not current.
        water_limit_m: the sump's high level, where there is one.
    """
    wanted = [m for m in RATED if m in set(expected) and _has_limit(m, water_limit_m)]
    if not wanted:
        return Compartment("not-monitored", None, "no-devices", 0.0)
    rated = {m: Rated(m, v.value, tier(m, v.value, water_limit_m)) for m, v in newest.items()}
    current = [m for m in wanted if m in newest and now - newest[m].ts <= stale_after]
    missing = tuple(m for m in wanted if m not in current)
    was_alarm = any(rated[m].tier > NORMAL for m in missing if m in rated)
    coverage = len(current) / len(wanted)
    tiers = {m: rated[m].tier for m in current}
    worst = max((rated[m] for m in current), key=lambda each: each.tier, default=None)
    if worst is None:
        return Compartment("stale", None, "no-data", 0.0, None, was_alarm, missing)
    if worst.tier == NORMAL and missing:
        reason = "silent-alarm" if was_alarm else "input-missing"
        return Compartment("na", None, reason, coverage, worst, was_alarm, missing, tiers)
    return Compartment("ok", worst.tier, None, coverage, worst, was_alarm, missing, tiers)


def together(compartments: Sequence[Compartment]) -> Together:
    """Return the worst level of many; a normal one only with 75 % of them known and none in doubt.

    In doubt is one that fell silent beyond a limit.
    """
    there = [each for each in compartments if each.status != "not-monitored"]
    if not there:
        return Together("not-monitored", None, "no-devices", 0.0)
    known = [each.level for each in there if each.level is not None]
    coverage = len(known) / len(there)
    worst = max(known, default=None)
    if worst is not None and worst > NORMAL:
        return Together("ok", worst, None, coverage)
    if any(each.was_alarm for each in there):
        return Together("na", None, "silent-alarm", coverage)
    if worst is None:
        all_stale = all(each.status == "stale" for each in there)
        return Together(
            "stale" if all_stale else "na", None, "no-data" if all_stale else "input-missing", 0.0
        )
    if coverage < MINIMUM_COVERAGE:
        return Together("na", None, "coverage", coverage)
    return Together("ok", worst, None, coverage)


def _has_limit(metric: str, water_limit_m: float | None) -> bool:
    return metric != "water_level_m" or water_limit_m is not None


Tiers = tuple[tuple[float, int], ...]


def _below(value: float, tiers: Tiers) -> int:
    return next((tier for limit, tier in tiers if value < limit), NORMAL)


def _above(value: float, tiers: Tiers) -> int:
    return next((tier for limit, tier in tiers if value > limit), NORMAL)


def _from(value: float, tiers: Tiers) -> int:
    return next((tier for limit, tier in tiers if value >= limit), NORMAL)
