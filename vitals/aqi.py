"""Air quality index by HJ 633-2026 and HJ 633-2012, exactly: concentrations in, index out.

Everything is rational arithmetic: the norm rounds its result *up*, and a binary float that stands a
hair above a whole number would be one point too high (CO 2.2 mg/m³ over 24 h is 55, not 56).
Concentrations are µg/m³, CO mg/m³. Nothing here reads a clock or a database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from fractions import Fraction
from math import ceil
from types import MappingProxyType

import numpy as np

from city.errors import CitypulseError

POLLUTANTS = ("pm25", "pm10", "so2", "no2", "o3", "co")
ALARM_ABOVE = 100  # light pollution begins: HJ 633-2026 Table 1, and the threshold of §5.3.1

CHINA = timezone(timedelta(hours=8), "UTC+8")
_FORCE_2026 = datetime(2026, 3, 1, tzinfo=CHINA)


class BadConcentration(CitypulseError):
    """A concentration is negative or not a number."""

    code = "bad-concentration"

    def __init__(self, indicator: str, value: object) -> None:
        self.indicator = indicator
        super().__init__(f"{indicator}: {value!s:.40} is not a concentration (a number >= 0)")


class Norm(StrEnum):
    """An edition of HJ 633, named by its year."""

    HJ_633_2012 = "2012"
    HJ_633_2026 = "2026"

    @property
    def cited(self) -> str:
        """The edition as it is cited, e.g. "HJ 633-2026"."""
        return f"HJ 633-{self.value}"


def edition(observed_at: datetime) -> Norm:
    """Return the edition in force when the air was measured: 2026 from 2026-03-01, China time."""
    return Norm.HJ_633_2026 if observed_at >= _FORCE_2026 else Norm.HJ_633_2012


@dataclass(frozen=True, slots=True)
class Level:
    """One of the six AQI levels: HJ 633-2026 Table 1 and Table A.1 (colours)."""

    number: int
    upper: int
    name: Mapping[str, str]
    colour: str


def _level(number: int, upper: int, zh: str, en: str, colour: str) -> Level:
    return Level(number, upper, MappingProxyType({"zh": zh, "en": en}), colour)


LEVELS = (
    _level(1, 50, "优", "Excellent", "#00e400"),
    _level(2, 100, "良", "Good", "#ffff00"),
    _level(3, 150, "轻度污染", "Lightly polluted", "#ff7e00"),
    _level(4, 200, "中度污染", "Moderately polluted", "#ff0000"),
    _level(5, 300, "重度污染", "Heavily polluted", "#99004c"),
    _level(6, 500, "严重污染", "Severely polluted", "#7e0023"),
)


def level_of(aqi: int) -> Level:
    """Return the level an index of 0 to 500 lies in."""
    return next(level for level in LEVELS if aqi <= level.upper)


# HJ 633-2026 Table 3, the concentrations at which each IAQI of _IAQI_STEPS is reached.
_IAQI_STEPS = (0, 50, 100, 150, 200, 300, 400, 500)
_TABLE_2026: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "so2_24h": (0, 50, 150, 475, 800, 1600, 2100, 2620),
        "so2_1h": (0, 150, 500, 650, 800),
        "no2_24h": (0, 40, 80, 180, 280, 565, 750, 940),
        "no2_1h": (0, 100, 200, 700, 1200, 2340, 3090, 3840),
        "co_24h": (0, 2, 4, 14, 24, 36, 48, 60),
        "co_1h": (0, 5, 10, 35, 60, 90, 120, 150),
        "o3_8h": (0, 100, 160, 215, 265, 800),
        "o3_1h": (0, 160, 200, 300, 400, 800, 1000, 1200),
        "pm10_24h": (0, 50, 120, 250, 350, 420, 500, 600),
        "pm25_24h": (0, 35, 60, 115, 150, 250, 350, 500),
    }
)
# The 2012 edition differs in the 100-point of the particles only.
_TABLE_2012: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        **_TABLE_2026,
        "pm10_24h": (0, 50, 150, 250, 350, 420, 500, 600),
        "pm25_24h": (0, 35, 75, 115, 150, 250, 350, 500),
    }
)
_TABLES = {Norm.HJ_633_2012: _TABLE_2012, Norm.HJ_633_2026: _TABLE_2026}
INDICATORS = tuple(_TABLE_2026)


def pollutant_of(indicator: str) -> str:
    """Return the pollutant an indicator such as "o3_8h" is about."""
    return indicator.partition("_")[0]


def exact(value: float) -> Fraction:
    """Return a stored float4 as the decimal that was measured: 35.2, not 35.20000076293945.

    It is the shortest decimal that reads back as the same float4. Half-to-even rounding is decided
    on decimals, so 60.5 must be 60.5.
    """
    if not np.isfinite(value):
        raise BadConcentration("value", value)
    return Fraction(str(np.float32(value)))


def rounded(indicator: str, concentration: Fraction) -> Fraction:
    """Round a concentration as §4.2.2 does before it is looked up (GB/T 8170, half to even).

    Whole µg/m³; CO to a tenth of a mg/m³. The 2012 edition states no rounding of its input; the
    same is applied, so that both editions differ by their tables only.
    """
    digits = 1 if pollutant_of(indicator) == "co" else 0
    return Fraction(round(concentration, digits))


def iaqi(indicator: str, concentration: Fraction, norm: Norm) -> int | None:
    """Return the individual index, 0..500, rounded up (§4.2.6); None where the norm computes none.

    None happens in the 2012 edition only: SO₂ 1 h and O₃ 8 h above 800 µg/m³ "are no longer
    computed". The 2026 edition fixes them at 200 and 300 (Table 3, notes b and c).

    Raises:
        BadConcentration: the concentration is negative.
    """
    if concentration < 0:
        raise BadConcentration(indicator, concentration)
    points = _TABLES[norm][indicator]
    value = rounded(indicator, concentration)
    if value > points[-1]:
        ends_early = len(points) < len(_IAQI_STEPS)
        return None if ends_early and norm is Norm.HJ_633_2012 else _IAQI_STEPS[len(points) - 1]
    high = next(index for index, point in enumerate(points) if value <= point)
    if high == 0:
        return 0
    bp_low, bp_high = points[high - 1], points[high]
    i_low, i_high = _IAQI_STEPS[high - 1], _IAQI_STEPS[high]
    return ceil(Fraction(i_high - i_low, bp_high - bp_low) * (value - bp_low) + i_low)


@dataclass(frozen=True, slots=True)
class Aqi:
    """An index and what it was made of; `aqi` is None where the norm says "NA"."""

    norm: Norm
    aqi: int | None
    primary: tuple[str, ...]
    iaqi: Mapping[str, int]
    missing: tuple[str, ...]

    @property
    def status(self) -> str:
        """Whether the index is published: "ok", or "na" by the missing-data rule."""
        return "na" if self.aqi is None else "ok"

    @property
    def level(self) -> Level | None:
        """The level of a published index."""
        return None if self.aqi is None else level_of(self.aqi)


def combine(indices: Mapping[str, int], missing: tuple[str, ...], norm: Norm) -> Aqi:
    """Return the AQI of pollutants' IAQIs under the missing-data rule, §5.3.1 of HJ 633-2026.

    With something missing the index is published only if it is above 100 already: what is missing
    could only raise it. The 2012 edition has no such rule; it is applied to it as well.
    Pollutants that reach the maximum together are all primary (§4.3.1); none up to 50.
    """
    highest = max(indices.values(), default=None)
    published = highest is not None and (not missing or highest > ALARM_ABOVE)
    if highest is None or not published:
        return Aqi(norm, None, (), indices, missing)
    primary = tuple(
        p for p in POLLUTANTS if highest > LEVELS[0].upper and indices.get(p) == highest
    )
    return Aqi(norm, highest, primary, indices, missing)


# Which indicators each report uses. Where a pollutant has two, its IAQI is the greater of them.
_REALTIME_2026 = ("pm25_24h", "pm10_24h", "so2_1h", "no2_1h", "o3_1h", "co_1h")
_REALTIME_2012 = ("pm25_24h", "pm10_24h", "so2_1h", "no2_1h", "o3_1h", "o3_8h", "co_1h")
_DAILY_2026 = ("pm25_24h", "pm10_24h", "so2_24h", "no2_24h", "o3_8h", "co_24h")
_DAILY_2012 = ("pm25_24h", "pm10_24h", "so2_24h", "no2_24h", "o3_1h", "o3_8h", "co_24h")


def realtime_indicators(norm: Norm) -> tuple[str, ...]:
    """Return the indicators of the hourly report.

    2026: this hour's mean of all six, particles against the 24-h column, ozone 1 h only.
    2012: particles as the rolling mean of the last 24 hours, ozone 1 h and rolling 8 h.
    """
    return _REALTIME_2026 if norm is Norm.HJ_633_2026 else _REALTIME_2012


def daily_indicators(norm: Norm) -> tuple[str, ...]:
    """Return the indicators of the daily report: 24-h means and the day's greatest 8-h ozone mean.

    The 2012 edition adds the day's greatest 1-h ozone mean.
    """
    return _DAILY_2026 if norm is Norm.HJ_633_2026 else _DAILY_2012


# 2012 edition, notes to Table 1: what speaks when an indicator "is no longer computed".
_FALLBACK_2012 = {"so2_1h": "so2_24h", "o3_8h": "o3_1h"}


def index(
    concentrations: Mapping[str, Fraction | None], indicators: tuple[str, ...], norm: Norm
) -> Aqi:
    """Return the AQI over `indicators`; one that is absent or None counts as missing.

    `missing` names pollutants, once each. Of two indicators of one pollutant the greater counts.
    """
    found = {name: _speaking(name, concentrations, norm) for name in indicators}
    missing = {pollutant_of(name) for name, value in found.items() if value is None}
    indices = {
        pollutant: max(values)
        for pollutant in POLLUTANTS
        if (
            values := [
                v for n, v in found.items() if v is not None and pollutant_of(n) == pollutant
            ]
        )
    }
    return combine(indices, tuple(p for p in POLLUTANTS if p in missing), norm)


def _speaking(
    indicator: str, concentrations: Mapping[str, Fraction | None], norm: Norm
) -> int | None:
    concentration = concentrations.get(indicator)
    if concentration is None:
        return None
    value = iaqi(indicator, concentration, norm)
    if value is None:
        substitute = _FALLBACK_2012[indicator]
        other = concentrations.get(substitute)
        return None if other is None else iaqi(substitute, other, norm)
    return value
