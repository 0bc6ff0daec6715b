"""What an indicator is: its names, the norm it follows, its levels."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Names = Mapping[str, str]

MINIMUM_COVERAGE = 0.75
"""The 75 % rule: with less of its inputs there, a value that is no alarm is withheld."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One class of an indicator, best first: `low` and `high` bound its values, both inclusive.

    A level that begins where the better one ends is exclusive of the shared bound.
    """

    number: int
    label: Names
    colour: str
    low: float
    high: float
    is_alarm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A vital sign: identity, norm, levels and rules.

    Attributes:
        norm: where formula and limits come from.
        clause: the places in it.
        validity: what data a value needs, in words.
        engineering: each rule that is our own choice, not the norm's.
        bound_is_worse: whether a value on the bound of two levels lies in the worse one.
    """

    id: str
    names: Names
    unit: str
    norm: str
    clause: str
    levels: tuple[Level, ...]
    validity: Names
    engineering: tuple[Names, ...]
    bound_is_worse: bool = False


def text(zh: str, en: str) -> Names:
    """Return a text in both languages."""
    return MappingProxyType({"zh": zh, "en": en})
