"""Signs of roads, tunnels and energy over a real database: links, routes, areas, silence."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from vitals import areas, evaluate, follow, networks, signs, tunnel
from vitals.signs import Sign

Connection = psycopg.AsyncConnection[Any]

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 23, 12, 20, tzinfo=UTC)
DONGCHENG = "110101"
GOOD = {"o2_pct": 20.8, "ch4_lel_pct": 0.0, "temperature_c": 18.0}


@pytest.fixture
async def city(known_city: Any) -> Any:
    """The small city with its networks."""
    return await known_city.with_networks()


async def _evaluate(conn: Connection, now: datetime = NOW) -> dict[tuple[str, str], Sign]:
    while (await follow.follow(conn, now)).entries:
        pass
    await signs.write(
        conn, await evaluate.evaluate(conn, await areas.load(conn), await networks.load(conn), now)
    )
    return {(sign.entity, sign.indicator): sign for sign in await signs.current(conn)}


def _drive(city: Any, number: int, speed_kmh: float, *, until: datetime = NOW) -> None:
    code = city.codes[f"detector-{number}"]
    values = {"flow_veh_h": 600, "speed_kmh": speed_kmh, "occupancy_pct": 10}
    readings = ((until - n * MINUTE - MINUTE / 2, values) for n in range(4))
    city.put("road", code, *readings)


async def test_links_routes_and_districts_have_an_index(conn: Connection, city: Any) -> None:
    _drive(city, 1, 60)
    _drive(city, 2, 18)
    found = await _evaluate(conn)
    links = [found[city.codes[f"link-{n}"], "traffic.index"] for n in (1, 2)]
    assert [(sign.value, sign.level) for sign in links] == [(0, 1), (8, 5)]
    assert links[0].area is None
    assert links[0].detail["free_flow"] == {"kmh": 60, "basis": "declared"}
    route = found[city.codes["road"], "traffic.index"]
    assert (route.value, route.level) == (2.5, 2)
    assert route.detail["length_pct_by_level"] == {"1": 50, "5": 50}
    assert found[city.district(DONGCHENG), "traffic.index"].value == 2.5
    elsewhere = found[city.district("110102"), "traffic.index"]
    assert (elsewhere.status, elsewhere.reason) == ("not-monitored", "no-devices")


async def test_a_jammed_detector_that_falls_silent_frees_nothing(
    conn: Connection, city: Any
) -> None:
    _drive(city, 1, 30)
    _drive(city, 2, 10)
    assert (await _evaluate(conn))[city.codes["road"], "traffic.index"].level == 4
    later = NOW + 10 * MINUTE
    _drive(city, 1, 45, until=later)
    found = await _evaluate(conn, later)
    assert found[city.codes["link-1"], "traffic.index"].level == 1
    assert found[city.codes["link-2"], "traffic.index"].status == "stale"
    assert found[city.codes["road"], "traffic.index"].reason == "silent-alarm"


async def test_the_worst_compartment_is_the_tunnels_state(conn: Connection, city: Any) -> None:
    city.put("utility-tunnel", city.codes["tunnel-device-1"], (NOW - MINUTE, GOOD))
    gas = {**GOOD, "ch4_lel_pct": 26.0}
    city.put("utility-tunnel", city.codes["tunnel-device-2"], (NOW - MINUTE, gas))
    found = await _evaluate(conn)
    name = "tunnel.environment"
    assert found[city.codes["compartment-1"], name].level == tunnel.NORMAL
    leaking = found[city.codes["compartment-2"], name]
    assert (leaking.level, leaking.detail["worst"]["life_safety"]) == (tunnel.DANGER, True)
    assert leaking.detail["tiers"]["ch4_lel_pct"] == tunnel.DANGER
    assert leaking.detail["tiers"]["o2_pct"] == tunnel.NORMAL
    for key in (city.codes["tunnel"], city.district(DONGCHENG)):
        assert found[key, name].level == tunnel.DANGER
        assert found[key, name].detail["beyond"][0]["entity"] == city.codes["compartment-2"]


async def test_a_failed_value_does_not_hide_the_alarm_before_it(
    conn: Connection, city: Any
) -> None:
    code = city.codes["tunnel-device-1"]
    city.put("utility-tunnel", city.codes["tunnel-device-2"], (NOW - MINUTE, GOOD))
    city.put("utility-tunnel", code, (NOW - 30 * MINUTE, {**GOOD, "ch4_lel_pct": 26.0}))
    broken = (NOW - MINUTE, {**GOOD, "ch4_lel_pct": 150.0})
    city.put("utility-tunnel", code, broken, failed="ch4_lel_pct")
    found = await _evaluate(conn)
    sign = found[city.codes["compartment-1"], "tunnel.environment"]
    assert (sign.status, sign.reason) == ("na", "silent-alarm")
    assert found[city.codes["tunnel"], "tunnel.environment"].reason == "silent-alarm"


async def test_energy_is_added_up_over_reset_and_roll_over(conn: Connection, city: Any) -> None:
    times = [NOW - n * 5 * MINUTE for n in range(12, -1, -1)]
    rolling = [(10_000_000 - 3 + n / 2) % 10_000_000 for n in range(13)]
    reset = [100 + n for n in range(6)] + [float(n) for n in range(7)]
    for number, counts in ((1, rolling), (2, reset)):
        readings = [
            (ts - timedelta(seconds=1), {"energy_kwh": count, "power_kw": 6.0})
            for ts, count in zip(times, counts, strict=True)
        ]
        city.put("energy-meter", city.codes[f"meter-{number}"], *readings)
    found = await _evaluate(conn)
    district = city.district(DONGCHENG)
    assert found[district, "energy.power"].value == 12
    assert found[district, "energy.use-hour"].value == 6 + 5 + 6
    assert found[district, "energy.use-day"].value == 6 + 5 + 6
    assert found[city.district("110102"), "energy.power"].status == "not-monitored"


async def test_power_with_a_silent_meter_is_withheld(conn: Connection, city: Any) -> None:
    city.put("energy-meter", city.codes["meter-1"], (NOW - MINUTE, {"power_kw": 6.0}))
    sign = (await _evaluate(conn))[city.district(DONGCHENG), "energy.power"]
    assert (sign.value, sign.reason, sign.coverage) == (None, "coverage", 0.5)


async def test_whole_numbers_and_fractions_are_written_together(
    conn: Connection, city: Any
) -> None:
    _drive(city, 1, 55)
    city.put("utility-tunnel", city.codes["tunnel-device-1"], (NOW - MINUTE, GOOD))
    found = await _evaluate(conn)
    assert found[city.codes["link-1"], "traffic.index"].value == 0.56
    assert found[city.codes["compartment-1"], "tunnel.environment"].value == 1


async def test_history_notes_values_alone_once_in_five_minutes(conn: Connection, city: Any) -> None:
    for minute in range(12):
        now = NOW + minute * MINUTE
        _drive(city, 1, 50 + minute / 10, until=now)
        await _evaluate(conn, now)
    kept = await signs.history(
        conn, city.codes["link-1"], indicator="traffic.index", start=NOW, end=now, limit=100
    )
    assert [sign.ts for sign in kept] == [NOW, NOW + 5 * MINUTE, NOW + 10 * MINUTE]
