"""From the broker to the row, for real: what is stored, merged, refused and acknowledged."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

import ingest
from city.catalogue import PROFILES
from city.payload import Decoded, decode
from city.readings import REASONS

Until = Callable[..., Awaitable[None]]

ROWS = "SELECT device_key, pm25, no2, suspect, failed FROM store.smart_pole ORDER BY device_key, ts"
QUARANTINE = "SELECT reason, detail, topic, raw, reading_index FROM store.quarantine ORDER BY id"
BOOKS = (
    "SELECT coalesce(sum(messages), 0), coalesce(sum(stored), 0), coalesce(sum(merged), 0),"
    " coalesce(sum(duplicate), 0), coalesce(sum(conflict), 0), coalesce(sum(quarantined), 0)"
    " FROM store.ingest_batch"
)
T_US = 1_704_067_200_000_000


def books(city: Any) -> tuple[int, ...]:
    """messages, stored, merged, duplicate, conflict, quarantined."""
    ((*sums,),) = city.query(BOOKS)
    return tuple(int(value) for value in sums)


async def test_a_published_reading_becomes_a_row_and_the_ledger_says_so(
    city: Any, until: Until, payload: Any, topic_of: Any
) -> None:
    code = city.add(1)
    async with city.ingesting(), city.device(code) as device:
        device.publish(topic_of(code), payload(1, pm25=35.25, no2=9))
        await until(lambda: city.query(ROWS))
    assert city.query(ROWS) == [(city.keys[code], 35.25, 9, 0, 0)]
    ((member, spans, counts, late),) = city.query(
        "SELECT member, spans, counts, min_late_s FROM store.ingest_batch"
    )
    assert member == "ingest-0"
    assert [(span["profile"], span["rows"]) for span in spans] == [("smart-pole", 1)]
    assert list(counts.values()) == [{"smart-pole": {"000000": 1}}]
    assert late > 0


async def test_a_message_of_many_readings_and_profiles_side_by_side(
    city: Any, until: Until, payload: Any, topic_of: Any
) -> None:
    pole, station = city.add(1), city.add(2, "air-station")
    many = json.loads(payload(0))
    entries = []
    for number in range(50):
        reading = json.loads(payload(number, T_US + number * 1_000_000, pm25=number))
        entries.append({key: reading[key] for key in ("seq", "ts", "m")})
    raw = json.dumps({"v": 1, "boot": many["boot"], "r": entries}).encode()
    async with city.ingesting(), city.device(pole) as one, city.device(station) as other:
        one.publish(topic_of(pole), raw)
        other.publish(topic_of(station, "air-station"), payload(1, T_US, pm25=7, dew_point_c=-3))
        await until(lambda: books(city)[0] == 2)
    assert books(city) == (2, 51, 0, 0, 0, 0)
    assert city.query("SELECT pm25, dew_point_c FROM store.air_station") == [(7, -3)]


async def test_values_out_of_range_are_stored_and_flagged(
    city: Any, until: Until, payload: Any, topic_of: Any
) -> None:
    code = city.add(1)
    pm25 = PROFILES["smart-pole"].metric("pm25")
    async with city.ingesting(), city.device(code) as device:
        device.publish(topic_of(code), payload(1, pm25=pm25.high + 1, no2=1))
        await until(lambda: city.query(ROWS))
    assert city.query(ROWS) == [(city.keys[code], pm25.high + 1, 1, 0, 1 << pm25.bit)]


async def test_redelivery_merging_and_conflict_are_told_apart(
    city: Any, until: Until, payload: Any, topic_of: Any
) -> None:
    code = city.add(1)
    async with city.ingesting(), city.device(code) as device:
        sent = [
            payload(1, T_US, pm25=5),
            payload(1, T_US, pm25=5),
            payload(1, T_US, no2=6),
            payload(1, T_US, pm25=8),
        ]
        for number, raw in enumerate(sent, 1):
            device.publish(topic_of(code), raw)
            await until(lambda number=number: books(city)[0] == number)
    assert books(city) == (4, 1, 1, 1, 1, 0)
    assert city.query(ROWS) == [(city.keys[code], 5, 6, 0, 0)]
    assert city.query("SELECT metric, kept, refused FROM store.conflict") == [("pm25", 5.0, 8.0)]


async def test_repeats_in_one_batch_are_told_apart_as_well(
    city: Any, until: Until, payload: Any, topic_of: Any
) -> None:
    code = city.add(1)
    async with city.ingesting(flush_s=0.5), city.device(code) as device:
        for values in ({"pm25": 5}, {"pm25": 5}, {"no2": 6}, {"pm25": 8}):
            device.publish(topic_of(code), payload(1, T_US, **values))
        await until(lambda: books(city)[0] == 4)
    assert books(city) == (4, 1, 1, 1, 1, 0)


async def test_a_device_whose_clock_stands_still_is_stored_so_far_and_then_refused(
    city: Any, until: Until, payload: Any, topic_of: Any
) -> None:
    code = city.add(1)
    async with city.ingesting(flush_s=0.5), city.device(code) as device:
        for number in range(20):
            device.publish(topic_of(code), payload(number, T_US, pm25=number))
        await until(lambda: books(city)[0] == 20)
    assert books(city) == (20, 1, 0, 0, 15, 4)
    assert {row[0] for row in city.query(QUARANTINE)} == {"repeated-instant"}


BAD = [
    pytest.param(b"", "not-json", id="nothing"),
    pytest.param(b"\x00\xff{", "not-json", id="bytes that are no text"),
    pytest.param(b"[1]", "not-an-object", id="a list"),
    pytest.param(b'{"v":2,"boot":"b","seq":1}', "bad-version", id="another version"),
    pytest.param(None, "too-large", id="a payload larger than a device may send"),
    pytest.param(
        b'{"v":1,"boot":"b","seq":1,"ts":"2024-01-01T08:00:00Z","m":{"pm2.5":1}}',
        "unknown-metric",
        id="an unknown metric",
    ),
    pytest.param(
        b'{"v":1,"boot":"b","seq":1,"ts":"2024-01-01T08:00:00Z","m":{"pm25":null}}',
        "bad-value",
        id="null",
    ),
    pytest.param(
        b'{"v":1,"boot":"b","seq":1,"ts":"2024-01-01T08:00:00Z","m":{"pm25":1e300}}',
        "bad-value",
        id="a value that float4 can't hold",
    ),
    pytest.param(
        b'{"v":1,"boot":"b","seq":1,"ts":"2024-01-01T08:00:00Z","m":{"ev_state":9}}',
        "bad-state",
        id="a state that there is not",
    ),
    pytest.param(
        b'{"v":1,"boot":"b","seq":1,"ts":"1999-12-31T23:59:59Z","m":{"pm25":1}}',
        "time-too-old",
        id="a clock without battery",
    ),
    pytest.param(
        b'{"v":1,"boot":"b","seq":1,"ts":"2126-01-01T00:00:00Z","m":{"pm25":1}}',
        "time-in-future",
        id="a clock that runs ahead",
    ),
    pytest.param(
        b'{"v":1,"boot":"b","seq":1,"ts":"2024-01-01T08:00:00","m":{"pm25":1}}',
        "bad-time",
        id="a time without offset",
    ),
    pytest.param(
        b'{"v":1,"boot":"b","seq":1,"ts":"2024-01-01T08:00:00Z","m":{}}',
        "no-metrics",
        id="no metrics",
    ),
]


@pytest.mark.parametrize(("raw", "reason"), BAD)
async def test_what_can_not_be_admitted_is_kept_as_it_came_and_does_not_block(
    city: Any, until: Until, payload: Any, topic_of: Any, raw: bytes | None, reason: str
) -> None:
    code = city.add(1)
    sent = b"x" * 300_000 if raw is None else raw
    async with city.ingesting(), city.device(code) as device:
        device.publish(topic_of(code), sent)
        device.publish(topic_of(code), payload(1))
        await until(lambda: books(city)[0] == 2)
    ((found, _, topic, kept, index),) = city.query(QUARANTINE)
    assert (found, topic, kept, index) == (reason, topic_of(code), sent, None)
    assert books(city) == (2, 1, 0, 0, 0, 1)


async def test_identity_is_refused_by_topic_profile_and_directory(
    city: Any, until: Until, payload: Any, topic_of: Any
) -> None:
    code, unknown = city.add(1), city.add(2, enrolled=False)
    raw = payload(1)
    async with (
        city.ingesting(),
        city.device(code) as device,
        city.device(unknown) as stranger,
    ):
        device.publish(topic_of(code, district="beijing"), raw)
        device.publish(topic_of(code, "air-station"), raw)
        device.publish(topic_of(code, district="东城"), raw)
        stranger.publish(topic_of(unknown), raw)
        device.publish(topic_of(code), raw)
        await until(lambda: books(city)[0] == 5)
    assert sorted(row[0] for row in city.query(QUARANTINE)) == [
        *("bad-topic", "bad-topic", "profile-mismatch", "unknown-device"),
    ]
    assert all(row[3] == raw for row in city.query(QUARANTINE))
    assert len(city.query(ROWS)) == 1


async def test_good_readings_of_a_message_are_stored_and_bad_ones_named_by_index(
    city: Any, until: Until, topic_of: Any
) -> None:
    code = city.add(1)
    raw = json.dumps(
        {
            "v": 1,
            "boot": "b",
            "r": [
                {"seq": 0, "ts": "2024-01-01T08:00:00Z", "m": {"pm25": 1}},
                {"seq": 1, "ts": "2024-01-01T08:00:01Z", "m": {"pm25": None}},
                {"seq": 2, "ts": "1999-11-22T08:00:02Z", "m": {"pm25": 2}},
                {"seq": 3, "ts": "2024-01-01T08:00:03Z", "m": {"pm25": 3}},
            ],
        }
    ).encode()
    async with city.ingesting(), city.device(code) as device:
        device.publish(topic_of(code), raw)
        await until(lambda: books(city)[0] == 1)
    assert [row[1] for row in city.query(ROWS)] == [1, 3]
    refused = {(row[0], row[4]) for row in city.query(QUARANTINE)}
    assert refused == {("bad-value", 1), ("time-too-old", 2)}
    assert sorted(row[3] is None for row in city.query(QUARANTINE)) == [False, True]


async def test_a_device_enrolled_while_ingest_runs_is_admitted_without_restart(
    city: Any, until: Until, payload: Any, topic_of: Any
) -> None:
    code = city.add(1, enrolled=False)
    async with city.ingesting(), city.device(code) as device:
        device.publish(topic_of(code), payload(0))
        await until(lambda: books(city)[5] == 1)
        city.enrol(code)
        seq = 0

        def stored_after_another_try() -> list[Any]:
            nonlocal seq
            seq += 1
            loop.call_soon_threadsafe(device.publish, topic_of(code), payload(seq))
            return list(city.query(ROWS))

        loop = asyncio.get_running_loop()
        await until(stored_after_another_try)


async def test_a_first_message_of_a_device_enrolled_meanwhile_is_not_lost(
    city: Any, until: Until, payload: Any, topic_of: Any
) -> None:
    async with city.ingesting():
        code = city.add(1)
        async with city.device(code) as device:
            device.publish(topic_of(code), payload(0))
            await until(lambda: books(city)[0] == 1)
    assert books(city) == (1, 1, 0, 0, 0, 0)


async def test_a_row_that_the_database_refuses_is_found_and_the_others_are_stored(
    city: Any, until: Until, payload: Any, topic_of: Any
) -> None:
    code = city.add(1)
    with psycopg.connect(city.database_url) as conn:
        conn.execute("ALTER TABLE store.smart_pole ADD CONSTRAINT few CHECK (pm25 <> 66)")
    async with city.ingesting(flush_s=0.5), city.device(code) as device:
        for number in range(100):
            device.publish(topic_of(code), payload(number, T_US + number * 1000, pm25=number))
        await until(lambda: books(city)[0] == 100)
    assert books(city) == (100, 99, 0, 0, 0, 1)
    ((reason, detail, _, raw, _),) = city.query(QUARANTINE)
    assert reason == "refused-by-database"
    assert "23514" in detail
    assert json.loads(raw)["m"] == {"pm25": 66}


async def test_a_mistake_of_our_own_costs_one_message(
    city: Any,
    until: Until,
    payload: Any,
    topic_of: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(raw: bytes, profile: Any) -> Decoded:
        if b"13" in raw:
            raise ZeroDivisionError("a bug")
        return decode(raw, profile)

    monkeypatch.setattr("ingest.batch.decode", broken)
    code = city.add(1)
    async with city.ingesting(), city.device(code) as device:
        device.publish(topic_of(code), b"13")
        device.publish(topic_of(code), payload(1, 1_704_067_200_000_000))
        await until(lambda: books(city)[0] == 2)
    assert [row[0] for row in city.query(QUARANTINE)] == ["unforeseen"]
    assert books(city)[1] == 1


async def test_two_members_of_a_group_share_the_work_and_store_each_reading_once(
    city: Any, until: Until, payload: Any, topic_of: Any
) -> None:
    code = city.add(1)
    one = city.ingesting(member="ingest-0", share_group="ingest")
    two = city.ingesting("ingest-1", member="ingest-1", share_group="ingest")
    async with one, two, city.device(code) as device:
        for number in range(200):
            device.publish(topic_of(code), payload(number, T_US + number * 1000))
        await until(lambda: books(city)[0] == 200)
    assert books(city) == (200, 200, 0, 0, 0, 0)
    assert city.query("SELECT count(DISTINCT member) FROM store.ingest_batch") == [(2,)]


def test_every_reason_that_ingest_gives_is_in_the_catalogue_of_reasons() -> None:
    code = "".join(path.read_text() for path in Path(ingest.__path__[0]).glob("*.py"))
    refused = set(re.findall(r'\bRefused\(\s*"([^"]+)"', code))
    assert {"bad-topic", "repeated-instant"} <= refused
    assert refused | {"refused-by-database", "unforeseen"} <= REASONS.keys()
