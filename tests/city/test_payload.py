"""Payload v1: what is admitted, what is refused and why, and that nothing else can happen."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.catalogue import AIR_STATION, SMART_POLE
from city.payload import MAX_BYTES, decode, encode_batch, encode_reading
from city.payload_faults import sort_out
from city.readings import MAX_READINGS, MAX_SEQ, REASONS, Reading, instant_of

ONE: dict[str, Any] = {
    "v": 1,
    "boot": "k3f9",
    "seq": 123,
    "ts": "2026-11-23T08:15:42.123Z",
    "m": {"pm25": 35.2, "noise_db": 55.1},
}
TS_US = 1_795_421_742_123_000


def as_bytes(**changes: Any) -> bytes:
    """The message of the design, with fields changed; None drops one."""
    fields = {name: value for name, value in (ONE | changes).items() if value is not ...}
    return json.dumps(fields).encode()


def batch(*entries: Any) -> bytes:
    return json.dumps({"v": 1, "boot": "k3f9", "r": list(entries)}).encode()


def entry(**changes: Any) -> dict[str, Any]:
    return {name: ONE[name] for name in ("seq", "ts", "m")} | changes


def test_the_message_of_the_design_is_read() -> None:
    decoded = decode(as_bytes(), SMART_POLE)
    assert decoded.boot == "k3f9"
    assert decoded.readings == [Reading(123, TS_US, {"pm25": 35.2, "noise_db": 55.1})]
    assert decoded.refusals == []


def test_a_batch_is_read_in_the_order_sent() -> None:
    decoded = decode(batch(entry(seq=2), entry(seq=1), entry(seq=3)), SMART_POLE)
    assert [reading.seq for reading in decoded.readings] == [2, 1, 3]


def test_an_offset_is_honoured() -> None:
    decoded = decode(as_bytes(ts="2026-11-23T16:15:42.123+08:00"), SMART_POLE)
    assert decoded.readings[0].ts_us == TS_US


def test_one_bad_reading_of_a_batch_does_not_cost_the_others() -> None:
    decoded = decode(batch(entry(), entry(m={"pm25": None}), entry(seq=7)), SMART_POLE)
    assert [reading.seq for reading in decoded.readings] == [123, 7]
    assert [(each.reason, each.index) for each in decoded.refusals] == [("bad-value", 1)]
    assert "r[1]" in decoded.refusals[0].detail
    assert "m.pm25" in decoded.refusals[0].detail


BAD = {
    "empty": (b"", "not-json"),
    "text that is no JSON": (b"hello", "not-json"),
    "bytes that are no UTF-8": (b'{"v":1,"boot":"\xff"}', "not-json"),
    "a NUL byte": (b"\x00", "not-json"),
    "NaN, which JSON has not": (as_bytes().replace(b"35.2", b"NaN"), "not-json"),
    "Infinity, which JSON has not": (as_bytes().replace(b"35.2", b"Infinity"), "not-json"),
    "a number beyond any float": (as_bytes().replace(b"35.2", b"1e999"), "not-json"),
    "nesting without end": (b"[" * 60_000, "not-json"),
    "objects without end": (b'{"v":' * 40_000, "not-json"),
    "something after the end": (as_bytes() + b"{}", "not-json"),
    "a list": (b"[]", "not-an-object"),
    "a number": (b"1", "not-an-object"),
    "null": (b"null", "not-an-object"),
    "no version": (as_bytes(v=...), "bad-version"),
    "another version": (as_bytes(v=2), "bad-version"),
    "a version as text": (as_bytes(v="1"), "bad-version"),
    "true as version": (as_bytes(v=True), "bad-version"),
    "an unknown field": (as_bytes(voltage=3), "unknown-field"),
    "a reading and a batch at once": (as_bytes(r=[entry()]), "unknown-field"),
    "no boot id": (as_bytes(boot=...), "bad-field"),
    "an empty boot id": (as_bytes(boot=""), "bad-field"),
    "a boot id too long": (as_bytes(boot="b" * 33), "bad-field"),
    "a boot id that is a number": (as_bytes(boot=5), "bad-field"),
    "no seq": (as_bytes(seq=...), "bad-field"),
    "a negative seq": (as_bytes(seq=-1), "bad-field"),
    "a seq with a fraction": (as_bytes(seq=1.5), "bad-field"),
    "a seq that JSON can't count": (as_bytes(seq=MAX_SEQ + 1), "bad-field"),
    "true as seq": (as_bytes(seq=True), "bad-field"),
    "no time": (as_bytes(ts=...), "bad-time"),
    "a time without offset": (as_bytes(ts="2026-11-23T08:15:42"), "bad-time"),
    "a time as number": (as_bytes(ts=1795421742), "bad-time"),
    "a day that is not": (as_bytes(ts="2026-02-30T00:00:00Z"), "bad-time"),
    "no metrics field": (as_bytes(m=...), "bad-field"),
    "metrics as list": (as_bytes(m=[1]), "bad-field"),
    "metrics null": (as_bytes(m=None), "bad-field"),
    "no metric": (as_bytes(m={}), "no-metrics"),
    "an unknown metric": (as_bytes(m={"pm26": 1}), "unknown-metric"),
    "an empty name": (as_bytes(m={"": 1}), "unknown-metric"),
    "a hostile name": (as_bytes(m={"pm25; DROP TABLE store.smart_pole": 1}), "unknown-metric"),
    "null as value": (as_bytes(m={"pm25": None}), "bad-value"),
    "a number as text": (as_bytes(m={"pm25": "35"}), "bad-value"),
    "true as value": (as_bytes(m={"pm25": True}), "bad-value"),
    "a list as value": (as_bytes(m={"pm25": [1]}), "bad-value"),
    "more than a float4 holds": (as_bytes(m={"pm25": 3.5e38}), "bad-value"),
    "less than a float4 holds": (as_bytes(m={"pm25": -3.5e38}), "bad-value"),
    "an integer of 400 digits": (
        as_bytes().replace(b"35.2", b"9" * 400),
        "bad-value",
    ),
    "a state outside the list": (as_bytes(m={"ev_state": 4}), "bad-state"),
    "a state with a fraction": (as_bytes(m={"ev_state": 0.5}), "bad-state"),
    "an empty batch": (batch(), "bad-field"),
    "a batch that is no list": (as_bytes(seq=..., ts=..., m=..., r=3), "bad-field"),
    "a batch of too many": (batch(*[entry()] * (MAX_READINGS + 1)), "too-many-readings"),
    "a batch of numbers": (batch(1), "not-an-object"),
    "an unknown field in a batch's reading": (batch(entry(v=1)), "unknown-field"),
    "a message too large": (b" " * (MAX_BYTES + 1), "too-large"),
}


@pytest.mark.parametrize(("raw", "reason"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_with_its_reason(raw: bytes, reason: str) -> None:
    decoded = decode(raw, SMART_POLE)
    assert decoded.readings == []
    assert [refused.reason for refused in decoded.refusals] == [reason]
    assert decoded.refusals[0].detail.isprintable()
    assert len(decoded.refusals[0].detail) < 400


def test_every_reason_that_is_given_is_explained() -> None:
    assert {reason for _, reason in BAD.values()} <= REASONS.keys()


@pytest.mark.parametrize("raw", [as_bytes(), batch(entry(), entry(seq=124))], ids=["one", "many"])
def test_every_truncation_is_refused_and_none_crashes(raw: bytes) -> None:
    for length in range(len(raw)):
        decoded = decode(raw[:length], SMART_POLE)
        assert (decoded.readings, len(decoded.refusals)) == ([], 1)


@given(st.binary(max_size=300))
def test_no_bytes_at_all_can_raise(raw: bytes) -> None:
    decoded = decode(raw, SMART_POLE)
    assert decoded.readings or decoded.refusals


numbers = st.floats(-3.4e38, 3.4e38) | st.integers(-(10**9), 10**9)
fields = st.fixed_dictionaries(
    {
        "seq": st.integers(-1, MAX_SEQ + 1) | st.none() | st.booleans(),
        "ts": st.sampled_from(["2026-11-23T08:15:42Z", "2026-11-23", "", None, 5]),
        "m": st.dictionaries(
            st.sampled_from(["pm25", "co", "ev_state", "nonsense"]),
            numbers | st.none() | st.booleans() | st.text(max_size=3),
            max_size=3,
        ),
    }
)


@given(fields | st.fixed_dictionaries({"r": st.lists(fields, max_size=4)}))
def test_the_fast_and_the_slow_path_agree(message: dict[str, Any]) -> None:
    raw = json.dumps({"v": 1, "boot": "b"} | message).encode()
    _boot, readings, refusals = sort_out(raw, SMART_POLE)
    decoded = decode(raw, SMART_POLE)
    assert decoded.readings == readings
    assert decoded.refusals == refusals


instants = st.integers(0, 4_102_444_800_000).map(lambda ms: ms * 1000)
values = st.dictionaries(st.sampled_from(sorted(AIR_STATION.index)), numbers, min_size=1)
readings = st.builds(Reading, st.integers(0, MAX_SEQ), instants, values)


@given(readings)
def test_what_a_simulator_encodes_is_read_back(reading: Reading) -> None:
    raw = encode_reading(boot="b", seq=reading.seq, ts_us=reading.ts_us, values=reading.values)
    assert decode(raw, AIR_STATION).readings == [reading]


@given(st.lists(readings, min_size=1, max_size=20))
def test_what_a_simulator_encodes_as_batch_is_read_back(sent: list[Reading]) -> None:
    assert decode(encode_batch("b", sent), AIR_STATION).readings == sent


def test_times_are_written_in_utc_to_the_millisecond() -> None:
    raw = encode_reading(boot="b", seq=0, ts_us=TS_US, values={"pm25": 1.0})
    assert msgspec.json.decode(raw)["ts"] == "2026-11-23T08:15:42.123Z"
    assert instant_of(TS_US).isoformat() == "2026-11-23T08:15:42.123000+00:00"


def test_values_without_the_envelope_are_told_that_it_is_missing() -> None:
    refusal = decode(b'{"pm25": 35.2}', SMART_POLE).refusals[0]
    assert refusal.reason == "bad-version"
    assert 'envelope {"v":1' in refusal.detail
