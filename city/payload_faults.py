"""The slow path of reading a payload: what exactly is wrong, and what is still good.

The fast decoder accepts or rejects as a whole. What it rejects comes here, is taken apart field by
field, and every fault is told with the field, the value and the rule.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from city.errors import shortened
from city.profiles import Profile
from city.readings import (
    MAX_ABS_VALUE,
    MAX_READINGS,
    Boot,
    Instant,
    Reading,
    Refused,
    Seq,
    microseconds,
)

_SINGLE_FIELDS = frozenset({"v", "boot", "seq", "ts", "m"})
_BATCH_FIELDS = frozenset({"v", "boot", "r"})
_READING_FIELDS = frozenset({"seq", "ts", "m"})


class _Fault(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def sort_out(raw: bytes, profile: Profile) -> tuple[str, list[Reading], list[Refused]]:
    """Take a rejected payload apart: its boot id, the readings that are good, and the refusals.

    The boot id is empty when the message as a whole is refused. Never raises.
    """
    try:
        message = _object(_parsed(raw), "the payload")
        boot = _header(message)
        if "r" not in message:
            return boot, [_reading(message, profile)], []
        entries = _batch(message["r"])
    except _Fault as fault:
        return "", [], [Refused(fault.reason, fault.detail)]
    readings: list[Reading] = []
    refusals: list[Refused] = []
    for index, entry in enumerate(entries):
        try:
            fields = _object(entry, f"r[{index}]")
            _known_fields(fields, _READING_FIELDS)
            readings.append(_reading(fields, profile))
        except _Fault as fault:
            refusals.append(Refused(fault.reason, f"r[{index}]: {fault.detail}", index))
    return boot, readings, refusals


def _parsed(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _Fault("not-json", str(error)) from None
    except RecursionError:
        raise _Fault("not-json", "nested too deeply") from None


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Fault("not-an-object", f"{what} must be an object, not {shortened(value)}")
    return value


def _header(message: Mapping[str, Any]) -> str:
    if "v" not in message:
        raise _Fault("bad-version", 'v: (missing) the envelope {"v":1,"boot":…} must be there')
    version = message["v"]
    if version != 1 or isinstance(version, bool):
        raise _Fault("bad-version", f"v: {shortened(version)} must be 1")
    _known_fields(message, _BATCH_FIELDS if "r" in message else _SINGLE_FIELDS)
    return str(_field(message, "boot", Boot, "must be text of 1 to 32 characters"))


def _batch(entries: object) -> list[object]:
    if not isinstance(entries, list) or not entries:
        raise _Fault("bad-field", f"r: {shortened(entries)} must be a list of readings, not empty")
    if len(entries) > MAX_READINGS:
        raise _Fault("too-many-readings", f"r: {len(entries)} readings; at most {MAX_READINGS}")
    return entries


def _reading(fields: Mapping[str, Any], profile: Profile) -> Reading:
    seq = _field(fields, "seq", Seq, "must be a whole number from 0 to 2^53 - 1")
    try:
        ts = msgspec.convert(fields.get("ts"), Instant)
    except msgspec.ValidationError:
        given = shortened(fields.get("ts"))
        raise _Fault(
            "bad-time", f"ts: {given!r} must be an RFC 3339 time with its offset"
        ) from None
    return Reading(seq, microseconds(ts), _values(fields.get("m"), profile))


def _values(given: object, profile: Profile) -> dict[str, float]:
    if not isinstance(given, dict):
        raise _Fault("bad-field", f"m: {shortened(given)} must be an object of metrics")
    if not given:
        raise _Fault("no-metrics", "m: {} must hold at least one metric")
    return {name: _value(name, value, profile) for name, value in given.items()}


def _value(name: str, value: object, profile: Profile) -> float:
    if name not in profile.index:
        raise _Fault("unknown-metric", f"m: profile {profile.name} has no {shortened(name)!r}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Fault("bad-value", f"m.{name}: {shortened(value)} must be a number")
    if not -MAX_ABS_VALUE <= value <= MAX_ABS_VALUE:
        raise _Fault("bad-value", f"m.{name}: {shortened(value)} is beyond ±{MAX_ABS_VALUE:.3g}")
    states = profile.code_lists.get(name)
    if states is not None and value not in states:
        known = ", ".join(map(str, sorted(states)))
        raise _Fault("bad-state", f"m.{name}: {shortened(value)} must be one of {known}")
    return float(value)


def _known_fields(given: Mapping[str, Any], known: frozenset[str]) -> None:
    for name in given:
        if name not in known:
            allowed = ", ".join(sorted(known))
            raise _Fault("unknown-field", f"{shortened(name)!r} is not one of {allowed}")


def _field(fields: Mapping[str, Any], name: str, kind: Any, rule: str) -> Any:
    try:
        return msgspec.convert(fields.get(name), kind)
    except msgspec.ValidationError:
        given = shortened(fields[name]) if name in fields else "(missing)"
        raise _Fault("bad-field", f"{name}: {given} {rule}") from None
