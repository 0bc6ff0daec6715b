"""Tiers of what tunnels measure; losing a sensor never turns an alarm into normal."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitals import tunnel
from vitals.tunnel import Compartment, Measured, assess, tier, together

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STALE = timedelta(minutes=3)
LIMIT_M = 1.5
GOOD = {"o2_pct": 20.8, "ch4_lel_pct": 0.0, "h2s": 0.0, "co": 1.0, "temperature_c": 18.0}

readings = st.fixed_dictionaries(
    {
        "o2_pct": st.floats(15, 26),
        "ch4_lel_pct": st.floats(0, 40),
        "h2s": st.floats(0, 20),
        "co": st.floats(0, 50),
        "temperature_c": st.floats(-5, 60),
        "water_level_m": st.floats(0, 3),
    }
)


def measured(values: dict[str, float], silent: frozenset[str] = frozenset()) -> Compartment:
    newest = {
        metric: Measured(value, NOW - timedelta(hours=metric in silent))
        for metric, value in values.items()
    }
    return assess(tunnel.RATED, newest, now=NOW, stale_after=STALE, water_limit_m=LIMIT_M)


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("o2_pct", 19.5, tunnel.NORMAL),
        ("o2_pct", 22.0, tunnel.NORMAL),
        ("o2_pct", 19.4, tunnel.WARNING),
        ("o2_pct", 22.1, tunnel.WARNING),
        ("o2_pct", 18.0, tunnel.WARNING),
        ("o2_pct", 17.9, tunnel.DANGER),
        ("o2_pct", 23.6, tunnel.DANGER),
        ("ch4_lel_pct", 9.9, tunnel.NORMAL),
        ("ch4_lel_pct", 10.0, tunnel.WARNING),
        ("ch4_lel_pct", 20.0, tunnel.DANGER),
        ("h2s", 10.0, tunnel.NORMAL),
        ("h2s", 10.1, tunnel.DANGER),
        ("co", 20.0, tunnel.NORMAL),
        ("co", 20.1, tunnel.WARNING),
        ("co", 30.1, tunnel.ALARM),
        ("temperature_c", 40.0, tunnel.NORMAL),
        ("temperature_c", 40.1, tunnel.ALARM),
        ("temperature_c", 4.9, tunnel.WARNING),
        ("water_level_m", 1.5, tunnel.ALARM),
        ("humidity_pct", 100.0, tunnel.NORMAL),
    ],
)
def test_limits_as_published(metric: str, value: float, expected: int) -> None:
    assert tier(metric, value, LIMIT_M) == expected


def test_the_worst_measurement_counts() -> None:
    found = measured({**GOOD, "water_level_m": 0.2, "ch4_lel_pct": 12, "o2_pct": 17})
    assert (found.level, found.worst and found.worst.metric) == (tunnel.DANGER, "o2_pct")


def test_every_current_measurement_with_a_limit_tells_its_tier() -> None:
    found = measured({"o2_pct": 20.8, "ch4_lel_pct": 12, "humidity_pct": 99, "temperature_c": 41})
    assert found.tiers == {
        "o2_pct": tunnel.NORMAL,
        "ch4_lel_pct": tunnel.WARNING,
        "temperature_c": tunnel.ALARM,
    }


def test_a_water_level_without_a_limit_is_not_judged() -> None:
    newest = {metric: Measured(value, NOW) for metric, value in GOOD.items()}
    found = assess((*GOOD, "water_level_m"), newest, now=NOW, stale_after=STALE)
    assert (found.status, found.level, found.coverage) == ("ok", tunnel.NORMAL, 1.0)


def test_normal_needs_every_sensor_and_an_alarm_needs_one() -> None:
    some = {"o2_pct": 20.8, "temperature_c": 18.0}
    assert measured(some).reason == "input-missing"
    assert measured({**some, "ch4_lel_pct": 25}).level == tunnel.DANGER
    assert measured({}).status == "stale"


@given(
    values=st.lists(readings, min_size=1, max_size=6),
    where=st.integers(0, 5),
    lost=st.frozensets(st.sampled_from(tunnel.RATED), min_size=1),
)
def test_losing_sensors_never_turns_an_alarm_into_normal(
    values: list[dict[str, float]], where: int, lost: frozenset[str]
) -> None:
    at = where % len(values)
    before = [measured(each) for each in values]
    after = [measured(each, lost if n == at else frozenset()) for n, each in enumerate(values)]
    was, now = before[at].level, after[at].level
    if was is not None and was > tunnel.NORMAL:
        assert now is None or now > tunnel.NORMAL
    all_before, all_after = together(before).level, together(after).level
    if all_before is not None and all_before > tunnel.NORMAL:
        assert all_after is None or all_after > tunnel.NORMAL
