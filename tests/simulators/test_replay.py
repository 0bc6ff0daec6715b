"""When recorded hours appear, and that a replay through a real broker is the record."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.errors import InvalidValue
from simulators.broker_address import parse_broker
from simulators.fleet import open_fleet
from simulators.fleet_file import FleetDevice, read_fleet
from simulators.options import ReplayOptions
from simulators.records import LOCAL, Hour, Record, read_record
from simulators.recurrence import Recurrence, recurrence_of
from simulators.replay import (
    Playback,
    plan_as_recorded,
    plan_ending_now,
    plan_repeating,
    plan_replay,
    stations_of,
)
from simulators.service import replay

MakeFleet = Callable[..., Path]
HUAIROU_DATA = Path(
    str(files("simulators").joinpath("data", "PRSA_Data_Huairou_20161205-20170101.csv.gz"))
)
HOUR, DAY = 3600, 86_400
HEADER = "No,year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM,station"
FIRST = 1480867200  # 2016-12-05T00:00+08:00
LAST = FIRST + 28 * DAY - HOUR

hours = st.integers(1, 28 * 24)
moments = st.integers(LAST + DAY, LAST + 20_000 * DAY)
starts = st.integers(0, 27).map(lambda day: FIRST + day * DAY)


@given(now=moments, wanted=st.none() | hours)
def test_ending_now_moves_by_whole_days_and_reaches_the_current_hour(
    now: int, wanted: int | None
) -> None:
    plan = plan_ending_now(FIRST, LAST, start_s=None, hours=wanted, now_s=now)

    assert plan.shift_s % DAY == 0
    assert plan.until_s + plan.shift_s == now // HOUR * HOUR
    assert plan.until_s <= LAST < plan.until_s + DAY
    if wanted is not None:
        assert plan.begin_s == max(FIRST, plan.until_s - (wanted - 1) * HOUR)


@given(now=moments, start=starts, wanted=st.none() | hours)
def test_from_a_day_on_the_wanted_hours_end_less_than_a_day_from_now(
    now: int, start: int, wanted: int | None
) -> None:
    plan = plan_ending_now(FIRST, LAST, start_s=start, hours=wanted, now_s=now)
    end = LAST if wanted is None else min(LAST, start + (wanted - 1) * HOUR)

    assert plan.begin_s == start
    assert plan.shift_s % DAY == 0
    assert plan.until_s + plan.shift_s == now // HOUR * HOUR
    assert plan.until_s <= LAST
    assert abs(end - plan.until_s) < DAY


def test_a_week_from_a_day_on_keeps_the_hour_of_day() -> None:
    now = datetime(2026, 11, 23, 4, 45, tzinfo=UTC)  # 12:45 in Beijing
    start = int(datetime(2016, 12, 12, tzinfo=LOCAL).timestamp())

    plan = plan_ending_now(FIRST, LAST, start_s=start, hours=168, now_s=now.timestamp())

    played_last = datetime.fromtimestamp(plan.until_s, LOCAL)
    assert played_last == datetime(2016, 12, 19, 12, tzinfo=LOCAL)
    moved = datetime.fromtimestamp(plan.begin_s + plan.shift_s, LOCAL)
    assert moved == datetime(2026, 11, 16, 0, tzinfo=LOCAL)


def test_as_recorded_nothing_moves() -> None:
    plan = plan_as_recorded(FIRST, LAST, start_s=FIRST + DAY, hours=3)

    assert plan == (FIRST + DAY, FIRST + DAY + 2 * HOUR, 0, None)


@given(now=moments, wanted=st.none() | st.integers(1, 3000))
def test_repeating_plays_the_wanted_hours_up_to_the_current_one_however_many(
    now: int, wanted: int | None
) -> None:
    plan = plan_repeating(Recurrence(FIRST, 28), hours=wanted, now_s=now)

    assert plan.until_s == now // HOUR * HOUR
    assert plan.begin_s == plan.until_s - ((wanted or 28 * 24) - 1) * HOUR
    assert plan.shift_s == 0


def record_of(station: str) -> Record:
    return Record(Path(f"{station}.csv"), station, [Hour(FIRST, {}), Hour(LAST, {})])


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        pytest.param({"start": date(2015, 1, 1)}, "must be a day recorded", id="before the record"),
        pytest.param({"start": date(2017, 1, 2)}, "must be a day recorded", id="after the record"),
        pytest.param({"hours": 0}, "1 or more", id="no hours"),
        pytest.param({"speed": 0.0}, "above 0", id="no speed"),
        pytest.param({"speed": float("nan")}, "above 0", id="a speed that is none"),
        pytest.param({"files": []}, "one or more", id="no files"),
        pytest.param(
            {"follow": True, "ending": "as-recorded"}, "--ending now", id="follow the past"
        ),
        pytest.param(
            {"start": date(2016, 12, 6), "ending": "repeating"},
            "does not go with --ending repeating",
            id="a first day where instants have their hours",
        ),
    ],
)
def test_options_that_make_no_sense_are_refused(changed: dict[str, Any], rule: str) -> None:
    options = ReplayOptions(
        **{"files": [Path("a.csv")], "fleet": Path("f"), "broker_url": "mqtt://b", **changed}
    )

    with pytest.raises(InvalidValue, match=rule):
        plan_replay([record_of("Wanliu")], options, now_s=LAST + DAY)


def device_at(station: str) -> FleetDevice:
    return FleetDevice("D0000000", "s", "110108", "air-station", 116, 40, {"station": station})


def test_a_station_is_played_by_the_device_whose_attribute_names_it() -> None:
    wanliu, shunyi = device_at("Wanliu"), device_at("Shunyi")

    found = stations_of([shunyi, wanliu], [record_of("Wanliu")])

    assert found == [wanliu]


def test_a_station_without_a_device_is_refused_with_what_there_is() -> None:
    with pytest.raises(InvalidValue, match=r"Dingling.*has stations: Wanliu"):
        stations_of([device_at("Wanliu")], [record_of("Dingling")])


def test_a_station_in_two_files_is_refused() -> None:
    with pytest.raises(InvalidValue, match="more than one file"):
        stations_of([device_at("Wanliu")], [record_of("Wanliu"), record_of("Wanliu")])


def station_file(tmp_path: Path, station: str, rows: list[tuple[datetime, str]]) -> Path:
    """A file with the given PM2.5 column and all else missing."""
    path = tmp_path / f"{station}.csv"
    lines = [
        f"{number},{at.year},{at.month},{at.day},{at.hour},{pm25},NA,NA,NA,NA,NA,NA,NA,NA,NA,NA,NA,"
        f"{station}"
        for number, (at, pm25) in enumerate(rows)
    ]
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


def options_for(broker: Any, fleet: Path, *paths: Path, **more: Any) -> ReplayOptions:
    url = f"mqtt://127.0.0.1:{broker.port}"
    return ReplayOptions(files=paths, fleet=fleet, broker_url=url, **more)


async def test_a_replay_publishes_the_record_and_leaves_its_gaps(
    broker: Any, make_fleet: MakeFleet, listener: Any, tmp_path: Path
) -> None:
    noon = datetime(2016, 12, 16, 12, tzinfo=LOCAL)
    later = [noon + timedelta(hours=number) for number in (0, 1, 4)]
    rows = list(zip(later, ["41", "NA", "44"], strict=True))
    path = station_file(tmp_path, "Wanliu", rows)
    fleet = make_fleet(1, profile="air-station", attributes=[{"station": "Wanliu"}])

    summary = await replay(options_for(broker, fleet, path, ending="as-recorded"))

    assert summary.complete
    assert listener.wait_until(lambda: bool(listener.readings()))
    (by_seq,) = listener.readings().values()
    assert [(reading["ts"], reading["m"]) for reading in by_seq.values()] == [
        ("2016-12-16T04:00:00.000Z", {"pm25": 41.0}),
        ("2016-12-16T08:00:00.000Z", {"pm25": 44.0}),
    ]
    assert (summary.notes["empty_rows"], summary.notes["missing_values"]) == (1, 11 + 12 + 11)


async def test_every_value_of_the_shipped_record_arrives_unchanged(
    broker: Any, make_fleet: MakeFleet, listener: Any
) -> None:
    path = HUAIROU_DATA
    fleet = make_fleet(1, profile="air-station", attributes=[{"station": "Huairou"}])

    summary = await replay(options_for(broker, fleet, path, ending="as-recorded"))

    recorded = [dict(hour.values) for hour in read_record(path).hours if hour.values]
    assert summary.complete
    assert listener.wait_until(
        lambda: sum(len(by_seq) for by_seq in listener.readings().values()) == len(recorded)
    )
    (by_seq,) = listener.readings().values()
    assert [by_seq[number]["m"] for number in range(len(recorded))] == recorded


async def test_following_publishes_the_next_hour_when_the_clock_reaches_it(
    broker: Any, make_fleet: MakeFleet, listener: Any
) -> None:
    """The clock is the test's: it stands half a second before an hour when the play begins."""
    record = Record(
        Path("none"), "Wanliu", [Hour(FIRST + n * HOUR, {"pm25": float(n)}) for n in range(6)]
    )
    path = make_fleet(1, profile="air-station", attributes=[{"station": "Wanliu"}])
    devices = read_fleet(path, "air-station")
    begun = time.monotonic()
    next_hour = FIRST + 100 * DAY + 3 * HOUR

    def clock() -> float:
        return next_hour - 0.5 + time.monotonic() - begun

    plan = plan_ending_now(FIRST, FIRST + 5 * HOUR, start_s=None, hours=2, now_s=clock())
    playback = Playback([record], plan, clock=clock)
    stop = asyncio.Event()
    address = parse_broker(f"mqtt://127.0.0.1:{broker.port}")
    async with open_fleet(devices, address) as fleet:
        terminals = list(fleet.terminals.values())
        playing = asyncio.create_task(playback.run(terminals, stop, follow=True))
        arrived = await asyncio.to_thread(
            listener.wait_until, lambda: sum(map(len, listener.readings().values())) == 3
        )
        stop.set()
        await playing

    assert arrived
    (by_seq,) = listener.readings().values()
    assert [reading["m"]["pm25"] for reading in by_seq.values()] == [1, 2, 3]
    assert clock() >= next_hour


async def test_whenever_a_repeated_record_is_played_an_instant_gets_the_same_values(
    broker: Any, make_fleet: MakeFleet, listener: Any
) -> None:
    """Two days of record with a gap, played twice, on different days and over several ends."""
    gap = range(20, 29)
    recorded = {n: {"pm25": float(n)} for n in range(48) if n not in gap}
    record = Record(
        Path("none"), "Wanliu", [Hour(FIRST + n * HOUR, each) for n, each in recorded.items()]
    )
    devices = read_fleet(
        make_fleet(1, profile="air-station", attributes=[{"station": "Wanliu"}]), "air-station"
    )
    address = parse_broker(f"mqtt://127.0.0.1:{broker.port}")
    first_now, second_now = FIRST + 1001 * DAY + 5 * HOUR, FIRST + 1002 * DAY + 13 * HOUR
    runs: list[dict[int, float]] = []
    for now in (first_now, second_now):
        plan = plan_repeating(recurrence_of([record]), hours=120, now_s=now)
        async with open_fleet(devices, address) as fleet:
            await Playback([record], plan).run(
                list(fleet.terminals.values()), asyncio.Event(), follow=False
            )
            await fleet.delivered(asyncio.Event())
        runs.append(dict(_published(listener)))
        listener.messages.clear()

    for now, played in zip((first_now, second_now), runs, strict=True):
        instants = range(now - 119 * HOUR, now + HOUR, HOUR)
        hours_of_record = {at: (at - FIRST) // HOUR % 48 for at in instants}
        assert played == {at: float(n) for at, n in hours_of_record.items() if n not in gap}
    both = runs[0].keys() & runs[1].keys()
    assert len(both) > 50
    assert all(runs[0][at] == runs[1][at] for at in both)


def _published(listener: Any) -> Iterator[tuple[int, float]]:
    """Instant and PM2.5 of each reading, once the last message has come."""
    assert listener.wait_until(lambda: bool(listener.readings()))
    for by_seq in listener.readings().values():
        for reading in by_seq.values():
            yield int(datetime.fromisoformat(reading["ts"]).timestamp()), reading["m"]["pm25"]


async def test_a_repeated_record_is_followed_beyond_its_end(
    broker: Any, make_fleet: MakeFleet, listener: Any
) -> None:
    """The clock is the test's: half a second before the day's record begins again."""
    record = Record(
        Path("none"), "Wanliu", [Hour(FIRST + n * HOUR, {"pm25": float(n)}) for n in range(24)]
    )
    path = make_fleet(1, profile="air-station", attributes=[{"station": "Wanliu"}])
    begun, midnight = time.monotonic(), FIRST + 100 * DAY

    def clock() -> float:
        return midnight - 0.5 + time.monotonic() - begun

    plan = plan_repeating(recurrence_of([record]), hours=2, now_s=clock())
    stop = asyncio.Event()
    address = parse_broker(f"mqtt://127.0.0.1:{broker.port}")
    async with open_fleet(read_fleet(path, "air-station"), address) as fleet:
        playback = Playback([record], plan, clock=clock)
        playing = asyncio.create_task(
            playback.run(list(fleet.terminals.values()), stop, follow=True)
        )
        arrived = await asyncio.to_thread(
            listener.wait_until, lambda: sum(map(len, listener.readings().values())) == 3
        )
        stop.set()
        await playing

    assert arrived
    assert [value for _, value in sorted(_published(listener))] == [22, 23, 0]


async def test_a_replay_that_follows_waits_until_it_is_stopped(
    broker: Any, make_fleet: MakeFleet, listener: Any, tmp_path: Path
) -> None:
    now = datetime.now(LOCAL).replace(minute=0, second=0, microsecond=0)
    rows = [
        (now + timedelta(days=-100, hours=number), str(50 + number)) for number in range(-5, 10)
    ]
    path = station_file(tmp_path, "Wanliu", rows)
    fleet = make_fleet(1, profile="air-station", attributes=[{"station": "Wanliu"}])
    stop = asyncio.Event()

    running = asyncio.create_task(
        replay(options_for(broker, fleet, path, follow=True, hours=3), stop=stop)
    )
    arrived = await asyncio.to_thread(
        listener.wait_until, lambda: any(len(each) >= 3 for each in listener.readings().values())
    )
    assert arrived
    assert not running.done()
    stop.set()
    summary = await asyncio.wait_for(running, 15)

    newest = max(
        datetime.fromisoformat(reading["ts"])
        for by_seq in listener.readings().values()
        for reading in by_seq.values()
    )
    assert summary.complete
    assert now <= newest <= datetime.now(UTC)


async def test_a_bad_file_stops_a_replay_before_anything_is_published(
    broker: Any, make_fleet: MakeFleet, listener: Any, tmp_path: Path
) -> None:
    good = station_file(tmp_path, "Wanliu", [(datetime(2016, 12, 16, tzinfo=LOCAL), "41")])
    bad = station_file(tmp_path, "Shunyi", [(datetime(2016, 12, 16, tzinfo=LOCAL), "x")])
    fleet = make_fleet(1, profile="air-station", attributes=[{"station": "Wanliu"}])

    with pytest.raises(Exception, match=r"Shunyi\.csv, line 2, column PM2\.5"):
        await replay(options_for(broker, fleet, good, bad))

    assert listener.messages == []


async def test_speed_spreads_the_hours_out(
    broker: Any, make_fleet: MakeFleet, listener: Any, tmp_path: Path
) -> None:
    noon = datetime(2016, 12, 16, 12, tzinfo=LOCAL)
    rows = [(noon + timedelta(hours=number), str(number)) for number in range(4)]
    path = station_file(tmp_path, "Wanliu", rows)
    fleet = make_fleet(1, profile="air-station", attributes=[{"station": "Wanliu"}])

    summary = await replay(options_for(broker, fleet, path, ending="as-recorded", speed=HOUR / 0.2))

    assert summary.totals.messages == 4
    assert summary.duration_s > 0.8
    assert json.loads(summary.to_json())["rows"] == 4
