"""What requests may say: each parameter parsed to a typed value, or refused by name."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from re import compile as pattern
from typing import Annotated

from fastapi import Query

from api.errors import BadParameter
from city.catalogue import PROFILES
from city.codes import Code, Kind, parse_code

_CLASS = pattern(r"[a-z][a-z0-9-]{0,63}")
_RFC3339 = pattern(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)")
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
MAX_LON, MAX_LAT = 180.0, 90.0
_SIDES = 4

From = Annotated[
    str | None,
    Query(alias="from", description="First instant, RFC 3339.", examples=["2026-11-23T00:00:00Z"]),
]
To = Annotated[
    str | None,
    Query(description="First instant no longer asked for; now.", examples=["2026-11-24T00:00:00Z"]),
]


@dataclass(frozen=True, slots=True)
class Box:
    """A bounding box in WGS 84 degrees: west, south, east, north."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of time, [start, end)."""

    start: datetime
    end: datetime


def moment(field: str, text: str) -> datetime:
    """Return an RFC 3339 time with offset as UTC.

    Raises:
        BadParameter: it is none, or lies outside 2000 to 2100.
    """
    rule = "is not an RFC 3339 time with offset, such as 2026-11-23T08:00:00Z (send + as %2B)"
    if not text.isascii() or not _RFC3339.fullmatch(text):
        raise BadParameter(field, text, rule)
    try:
        parsed = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadParameter(field, text, rule) from None
    if not EARLIEST <= parsed < LATEST:
        raise BadParameter(field, text, "lies outside 2000 to 2100")
    return parsed


def span(
    start: str | None, end: str | None, *, now: datetime, default: timedelta, longest: timedelta
) -> Span:
    """Return the range of `from` and `to`: to now, and `default` long, where they are not given.

    Raises:
        BadParameter: a time is none, `from` is not before `to`, or the range exceeds `longest`.
    """
    until = moment("to", end) if end is not None else now
    since = moment("from", start) if start is not None else until - default
    if since >= until:
        raise BadParameter("from", start or since.isoformat(), "must be before 'to'")
    if until - since > longest:
        raise BadParameter("from", start, f"must be at most {longest.days} days before 'to'")
    return Span(since, until)


def bbox(text: str) -> Box:
    """Return "west,south,east,north" as a box.

    Raises:
        BadParameter: not four numbers, outside the globe, or empty.
    """
    try:
        sides = [float(part) for part in text.split(",")]
    except ValueError:
        sides = []
    if len(sides) != _SIDES or not all(math.isfinite(side) for side in sides):
        raise BadParameter("bbox", text, "must be four numbers: west,south,east,north")
    box = Box(*sides)
    if max(abs(box.west), abs(box.east)) > MAX_LON or max(abs(box.south), abs(box.north)) > MAX_LAT:
        raise BadParameter("bbox", text, "lies outside longitude +-180, latitude +-90")
    if box.west >= box.east or box.south >= box.north:
        raise BadParameter("bbox", text, "must have west < east and south < north")
    return box


def code(field: str, text: str, kind: Kind | None = None) -> str:
    """Return a code given as a parameter, in canonical form.

    Raises:
        BadParameter: not a code, or of another kind than `kind`.
        BadCode: as the resolver says it.
    """
    parsed: Code = parse_code(text)
    if kind is not None and parsed.kind is not kind:
        raise BadParameter(field, text, f"must be a code of kind {kind.value}")
    return str(parsed)


def kind_letter(text: str) -> Kind:
    """Return a kind by its letter.

    Raises:
        BadParameter: no kind has it.
    """
    try:
        return Kind(text)
    except ValueError:
        letters = " ".join(kind.value for kind in Kind)
        raise BadParameter("kind", text, f"must be one of {letters}") from None


def class_name(text: str) -> str:
    """Return a class such as "smart-pole".

    Raises:
        BadParameter: it has not the form of one.
    """
    if not _CLASS.fullmatch(text):
        raise BadParameter("class", text, "must be lower-case letters, digits and hyphens")
    return text


def profile_name(text: str) -> str:
    """Return a profile's name.

    Raises:
        BadParameter: the catalogue has none of this name.
    """
    if text not in PROFILES:
        raise BadParameter("profile", text, f"must be one of {', '.join(PROFILES)}")
    return text
