"""What all simulated instruments do alike: round as the catalogue says, and read their fittings."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from city.errors import InvalidValue
from city.profiles import Metric, Profile


class Instrument(Protocol):
    """A terminal that does not exist: what it would measure, as a pure function of time."""

    def reading(self, t_s: float, since_s: float) -> dict[str, float]:
        """Metric → value at an instant, seconds since 1970-01-01T00:00Z.

        Args:
            t_s: the instant; taken to the millisecond, as a payload carries it.
            since_s: the instant of the reading before.
        """
        ...


def rounded(metric: Metric, value: float) -> float:
    """The value as the instrument gives it: inside its range, on its nearest step."""
    inside = min(max(value, metric.low), metric.high)
    steps = round(inside / metric.resolution)
    return round(steps * metric.resolution, _decimals(metric.resolution))


def fitted(
    profile: Profile, attributes: Mapping[str, Any], *, usual: Sequence[str]
) -> tuple[Metric, ...]:
    """What a terminal is fitted to measure, in the catalogue's order.

    Args:
        profile: of the terminal.
        attributes: of the device; ``fitted`` names metrics.
        usual: what it measures without that attribute.

    Raises:
        InvalidValue: when ``fitted`` is empty or names what the profile does not have.
    """
    names: Sequence[str] = attributes.get("fitted", usual)
    unknown = sorted(set(names) - set(profile.index))
    if unknown or not names:
        raise InvalidValue("attributes.fitted", names, f"must be metrics of {profile.name}")
    return tuple(metric for metric in profile.metrics if metric.name in names)


def number(
    attributes: Mapping[str, Any], name: str, usual: float, *, above: float, below: float = math.inf
) -> float:
    """A number among a device's attributes.

    Raises:
        InvalidValue: when it is none, or not between the limits.
    """
    value = attributes.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not above < value < below:
        rule = f"must be a number above {above:g}" + (
            f", below {below:g}" if below < math.inf else ""
        )
        raise InvalidValue(f"attributes.{name}", value, rule)
    return float(value)


def choice(attributes: Mapping[str, Any], name: str, usual: str, known: Sequence[str]) -> str:
    """One of the known words among a device's attributes.

    Raises:
        InvalidValue: when it is another.
    """
    value = attributes.get(name, usual)
    if value not in known:
        raise InvalidValue(f"attributes.{name}", value, f"must be one of {', '.join(known)}")
    return str(value)


@lru_cache
def _decimals(resolution: float) -> int:
    return max(0, -math.floor(math.log10(resolution)))
