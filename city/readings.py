"""A reading: what one device measured at one instant; and what is said of one that is refused."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

MAX_READINGS = 1000
MAX_SEQ = 2**53 - 1  # what every JSON implementation counts exactly
MAX_ABS_VALUE = 3.4028234e38  # beyond it a float4 column overflows

Boot = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
Seq = Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQ)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What one device measured at one instant.

    A struct rather than a dataclass: the ingest path makes one for every message.

    Attributes:
        seq: the device's own count since its boot, from 0.
        ts_us: the instant, microseconds since 1970-01-01T00:00Z.
        values: metric name → value in the catalogue's unit; absent means not measured.
    """

    seq: int
    ts_us: int
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a message, or one reading of it, can't be admitted. A device's mistake is data.

    Attributes:
        reason: one of `REASONS`, stable for machines.
        detail: the field, the value and the rule, for people.
        index: which reading of a batch, from 0; None when the whole message is refused.
    """

    reason: str
    detail: str
    index: int | None = None


REASONS = {
    "bad-topic": "the topic is not of the form city/v1/DISTRICT/PROFILE/DEVICE/CHANNEL",
    "unknown-device": "no enrolled device has the code in the topic",
    "profile-mismatch": "the device is enrolled with another profile than the topic's",
    "too-large": "the message is larger than a device may send",
    "not-json": "the payload is not JSON text",
    "not-an-object": "the payload, or a reading of it, is JSON but no object",
    "bad-version": "the payload's version is not one that is understood",
    "unknown-field": "the payload has a field that its version does not define",
    "bad-field": "a field is missing, of the wrong type, or outside its range",
    "too-many-readings": "the batch holds more readings than a message may",
    "bad-time": "ts is not an RFC 3339 time with its offset",
    "time-too-old": "ts lies before anything this city can have measured",
    "time-in-future": "ts lies later than a wrong clock can explain",
    "no-metrics": "the reading measures nothing",
    "unknown-metric": "the profile has no such metric",
    "bad-value": "a value is no number that can be stored",
    "bad-state": "a state is not in the metric's code list",
    "repeated-instant": "the device gave one instant far too often at once: its clock stands still",
    "unforeseen": "admission failed in a way that is our mistake, not the device's",
    "refused-by-database": "the database refused the row for a reason that was not foreseen",
}
"""Every reason for refusing, and what it means."""


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z of an aware datetime."""
    return (instant - _EPOCH) // _MICROSECOND


def instant_of(ts_us: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970-01-01T00:00Z."""
    return _EPOCH + timedelta(microseconds=ts_us)
