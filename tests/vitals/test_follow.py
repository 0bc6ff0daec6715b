"""The follower: newest values by device and metric, once, in commit order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from store import latest
from vitals import follow

Connection = psycopg.AsyncConnection[Any]

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def _state(conn: Connection, city: Any, code: str) -> dict[str, tuple[float, datetime, int]]:
    key = city.keys[code]
    state = (await latest.latest_of(conn, [key]))[key]
    return {name: (v.value, v.ts, v.quality) for name, v in state.metrics.items()}


async def test_the_newest_value_of_each_metric_wins(conn: Connection, known_city: Any) -> None:
    pole = known_city.pole("110101")
    known_city.put("smart-pole", pole, (NOW - MINUTE, {"pm25": 10, "noise_db": 50}))
    known_city.put("smart-pole", pole, (NOW, {"pm25": 12}))
    followed = await follow.follow(conn, NOW)
    assert (followed.entries, followed.devices) == (2, 1)
    assert await _state(conn, known_city, pole) == {
        "pm25": (12, NOW, 1),
        "noise_db": (50, NOW - MINUTE, 1),
    }


async def test_late_data_does_not_replace_newer_values(conn: Connection, known_city: Any) -> None:
    pole = known_city.pole("110101")
    known_city.put("smart-pole", pole, (NOW, {"pm25": 12}))
    await follow.follow(conn, NOW)
    known_city.put("smart-pole", pole, (NOW - MINUTE, {"pm25": 10, "no2": 7}))
    await follow.follow(conn, NOW)
    assert await _state(conn, known_city, pole) == {
        "pm25": (12, NOW, 1),
        "no2": (7, NOW - MINUTE, 1),
    }


async def test_a_metric_that_a_second_message_fills_in_is_taken_up(
    conn: Connection, known_city: Any
) -> None:
    pole = known_city.pole("110101")
    known_city.put("smart-pole", pole, (NOW, {"pm25": 12}))
    await follow.follow(conn, NOW)
    known_city.put("smart-pole", pole, (NOW, {"noise_db": 55}))
    await follow.follow(conn, NOW)
    assert set(await _state(conn, known_city, pole)) == {"pm25", "noise_db"}


async def test_a_failed_value_is_kept_and_says_so(conn: Connection, known_city: Any) -> None:
    pole = known_city.pole("110101")
    known_city.put("smart-pole", pole, (NOW, {"pm25": -3, "no2": 7}), failed="pm25")
    await follow.follow(conn, NOW)
    assert await _state(conn, known_city, pole) == {"pm25": (-3, NOW, 4), "no2": (7, NOW, 1)}


async def test_following_again_from_the_same_place_changes_nothing(
    conn: Connection, known_city: Any
) -> None:
    pole = known_city.pole("110101")
    known_city.put("smart-pole", pole, (NOW, {"pm25": 12}))
    await follow.follow(conn, NOW)
    before = await _state(conn, known_city, pole)
    assert (await follow.follow(conn, NOW)).entries == 0
    await conn.execute("DELETE FROM vitals.follower")
    assert (await follow.follow(conn, NOW)).entries == 1
    assert await _state(conn, known_city, pole) == before
    assert await follow.lag(conn) == 0


async def test_what_failed_half_way_is_taken_up_again(conn: Connection, known_city: Any) -> None:
    pole = known_city.pole("110101")
    known_city.put("smart-pole", pole, (NOW, {"pm25": 12}))
    await conn.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no'; END $$"
    )
    await conn.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON vitals.follower"
        " FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    try:
        await follow.follow(conn, NOW)
    except psycopg.errors.RaiseException:
        pass
    else:
        raise AssertionError("the trigger did not refuse")
    assert await latest.newest_times(conn) == {}
    await conn.execute("DROP TRIGGER refuse ON vitals.follower")
    assert (await follow.follow(conn, NOW)).entries == 1
    assert await follow.place(conn) > (0, 0)
