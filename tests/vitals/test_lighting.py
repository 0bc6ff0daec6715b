"""Lamp states and the lit rate."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitals import indicators, lighting
from vitals.lighting import Lamp, Report

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STALE = timedelta(minutes=3)
RATED_W = 100.0


def _state(*reports: tuple[float, float], age_s: float = 10, rated: float | None = RATED_W) -> Lamp:
    newest_first = [
        Report(NOW - timedelta(seconds=age_s + 60 * back), dim, power)
        for back, (dim, power) in enumerate(reports)
    ]
    return lighting.lamp_state(newest_first, rated_w=rated, now=NOW, stale_after=STALE)


@pytest.mark.parametrize(
    ("reports", "state"),
    [
        pytest.param([(100, 98), (100, 99)], Lamp.LIT, id="full power is lit"),
        pytest.param([(50, 49), (50, 51)], Lamp.LIT, id="half the power at half dimming is lit"),
        pytest.param([(100, 69), (100, 99)], Lamp.DEGRADED, id="under 70 % is degraded"),
        pytest.param([(100, 70), (100, 99)], Lamp.LIT, id="70 % is lit"),
        pytest.param([(100, 5), (100, 98)], Lamp.DEGRADED, id="one dark report is no failure yet"),
        pytest.param([(100, 5)], Lamp.DEGRADED, id="a single dark report is no failure"),
        pytest.param([(100, 5), (100, 5)], Lamp.FAILED, id="two dark reports are a failure"),
        pytest.param([(100, 20), (100, 5)], Lamp.DEGRADED, id="20 % is not dark"),
        pytest.param([(100, 5), (0, 0)], Lamp.DEGRADED, id="dark by schedule confirms nothing"),
        pytest.param([(0, 1), (0, 1)], Lamp.OFF, id="commanded off and dark is off"),
        pytest.param([(0, 51), (0, 51)], Lamp.DAY_BURNER, id="off but burning is a day-burner"),
        pytest.param([(0, 50), (0, 51)], Lamp.OFF, id="50 % while off is not yet burning"),
    ],
)
def test_a_lamp_state_follows_its_reports(reports: list[tuple[float, float]], state: Lamp) -> None:
    assert _state(*reports) is state


def test_a_silent_lamp_is_unknown() -> None:
    assert _state((100, 98), (100, 98), age_s=181) is Lamp.UNKNOWN


def test_a_lamp_that_failed_before_it_fell_silent_stays_failed() -> None:
    assert _state((100, 1), (100, 1), age_s=3600) is Lamp.FAILED


@pytest.mark.parametrize("rated", [None, 0, -5])
def test_without_a_rated_power_nothing_is_known(rated: float | None) -> None:
    assert _state((100, 98), rated=rated) is Lamp.UNKNOWN


def test_without_a_report_nothing_is_known() -> None:
    assert _state() is Lamp.UNKNOWN


def test_unknown_lamps_are_left_out_of_the_rate_and_counted() -> None:
    rate = lighting.lit_rate([Lamp.LIT] * 7 + [Lamp.DEGRADED, Lamp.FAILED, Lamp.UNKNOWN])
    assert rate.rate_pct == pytest.approx(800 / 9)
    assert rate.coverage == pytest.approx(0.9)
    assert rate.counts[Lamp.UNKNOWN] == 1


def test_with_every_lamp_off_there_is_no_rate() -> None:
    assert lighting.lit_rate([Lamp.OFF, Lamp.DAY_BURNER]).rate_pct is None


@given(st.lists(st.tuples(st.floats(0, 110), st.booleans()), min_size=1, max_size=30))
def test_lamps_that_fall_silent_never_raise_the_rate(lamps: list[tuple[float, bool]]) -> None:
    def rate(with_losses: bool) -> float | None:
        states = [
            _state((100, power), (100, power), age_s=3600 if silent and with_losses else 10)
            for power, silent in lamps
        ]
        return lighting.lit_rate(states).rate_pct

    before, after = rate(with_losses=False), rate(with_losses=True)
    assert before is not None
    assert after is None or after <= before


@pytest.mark.parametrize(("rate", "number"), [(100, 1), (98, 1), (97.9, 2), (96, 2), (95.9, 3)])
def test_a_lit_rate_lies_in_the_level_of_the_local_rules(rate: float, number: int) -> None:
    assert indicators.level_of(indicators.LIT_RATE, rate).number == number


def test_an_unknown_indicator_is_refused_with_the_known_ones() -> None:
    with pytest.raises(indicators.UnknownIndicator, match=r"'x'; there are air\.aqi"):
        indicators.indicator("x")
