"""What an indicator says of a thing, and the sign that is made of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from vitals.indicator import Indicator
from vitals.indicators import level_of
from vitals.signs import Sign

LISTED = 60
"""Devices or parts named in a sign's detail, at most."""


class Thing(Protocol):
    """What a sign is of: an area, a route, a link."""

    entity_key: int
    code: str


class Outcome(NamedTuple):
    """A value, or why there is none; see `vitals.signs.Sign`."""

    value: float | None
    status: str
    reason: str | None
    coverage: float


def sign_of(
    indicator: Indicator,
    of: Thing,
    outcome: Outcome,
    detail: Mapping[str, Any],
    now: datetime,
    *,
    norm: str | None = None,
) -> Sign:
    """Return the sign, its level read off the value; `norm` where it is not the indicator's."""
    level = None if outcome.value is None else level_of(indicator, outcome.value).number
    return Sign(
        entity_key=of.entity_key,
        entity=of.code,
        indicator=indicator.id,
        ts=now,
        value=outcome.value,
        status=outcome.status,
        level=level,
        coverage=outcome.coverage,
        norm=norm or indicator.norm,
        reason=outcome.reason,
        detail=detail,
    )
