"""Telemetry payload v1: one reading, or a batch of them, as JSON.

One: ``{"v":1,"boot":"k3f9","seq":123,"ts":"2026-11-23T08:15:42.123Z","m":{"pm25":35.2}}``.
Many: ``{"v":1,"boot":"k3f9","r":[{"seq":…,"ts":…,"m":{…}},…]}``.
The unit of admission is the reading: one bad reading of a batch does not cost the others.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, NamedTuple

import msgspec

from city.payload_faults import sort_out
from city.profiles import Profile
from city.readings import (
    MAX_ABS_VALUE,
    MAX_READINGS,
    Boot,
    Instant,
    Reading,
    Refused,
    Seq,
    instant_of,
    microseconds,
)

MAX_BYTES = 256 * 1024

Values = Annotated[dict[str, float], msgspec.Meta(min_length=1)]


class _Entry(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    seq: Seq
    ts: Instant
    m: Values


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    v: Literal[1]
    boot: Boot
    seq: Seq | msgspec.UnsetType = msgspec.UNSET
    ts: Instant | msgspec.UnsetType = msgspec.UNSET
    m: Values | msgspec.UnsetType = msgspec.UNSET
    r: (
        Annotated[list[_Entry], msgspec.Meta(min_length=1, max_length=MAX_READINGS)]
        | msgspec.UnsetType
    ) = msgspec.UNSET


_decode = msgspec.json.Decoder(_Message).decode


class Decoded(NamedTuple):
    """What a payload held: everything in it is either a reading or refused.

    Attributes:
        boot: the device's boot id; empty when the message as a whole was refused.
        readings: what can be admitted, in the order sent.
        refusals: what can't, and why.
    """

    boot: str
    readings: list[Reading]
    refusals: list[Refused]


def decode(raw: bytes, profile: Profile) -> Decoded:
    """Read a payload. Never raises, whatever the bytes: a device's mistake is data.

    Args:
        raw: the payload as received; more than `MAX_BYTES` is refused unread.
        profile: the profile of the device that sent it.
    """
    if len(raw) > MAX_BYTES:
        rule = f"{len(raw)} bytes; at most {MAX_BYTES} are taken"
        return Decoded("", [], [Refused("too-large", rule)])
    try:
        message = _decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return Decoded(*sort_out(raw, profile))
    readings = _readings(message)
    if readings is None or not _fit(readings, profile):
        return Decoded(*sort_out(raw, profile))
    return Decoded(message.boot, readings, [])


def encode_reading(*, boot: str, seq: int, ts_us: int, values: Mapping[str, float]) -> bytes:
    """The payload of one reading; the time is written to the millisecond."""
    return msgspec.json.encode({"v": 1, "boot": boot, **_entry(Reading(seq, ts_us, dict(values)))})


def encode_batch(boot: str, readings: Iterable[Reading]) -> bytes:
    """The payload of 1 to `MAX_READINGS` readings; times are written to the millisecond."""
    entries = [_entry(reading) for reading in readings]
    return msgspec.json.encode({"v": 1, "boot": boot, "r": entries})


def _readings(message: _Message) -> list[Reading] | None:
    """The message's readings; None when its fields do not go together."""
    unset = msgspec.UNSET
    if message.r is unset:
        if message.m is unset or message.ts is unset or message.seq is unset:
            return None
        return [Reading(message.seq, microseconds(message.ts), message.m)]
    if message.m is message.ts is message.seq is unset:
        return [Reading(entry.seq, microseconds(entry.ts), entry.m) for entry in message.r]
    return None


def _fit(readings: list[Reading], profile: Profile) -> bool:
    """Whether the profile can store all of them. Loops, because generators cost 0.5 µs each."""
    names, code_lists = profile.index.keys(), profile.code_lists.items()
    for reading in readings:
        values = reading.values
        if not values.keys() <= names:
            return False
        if max(values.values()) > MAX_ABS_VALUE or min(values.values()) < -MAX_ABS_VALUE:
            return False
        for name, states in code_lists:
            if name in values and values[name] not in states:
                return False
    return True


def _entry(reading: Reading) -> dict[str, object]:
    instant = instant_of(reading.ts_us)
    text = f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"
    return {"seq": reading.seq, "ts": text, "m": reading.values}
