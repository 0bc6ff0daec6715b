"""Addressed chance: fixed for ever, evenly spread, smooth where it says so."""

import itertools
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.chance import Chance, Dice, drift

INDICES = st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=20)


def test_numbers_never_change() -> None:
    """Whoever changes them changes every simulated city there is."""
    chance = Chance(1, "a")

    assert [chance.uniform(index) for index in (-1, 0, 1)] == pytest.approx(
        [0.028995605601539576, 0.7146005335378692, 0.0698514543303913], abs=1e-15
    )


@given(seed=st.integers(), indices=INDICES)
def test_many_at_once_are_the_same_numbers(seed: int, indices: list[int]) -> None:
    chance = Chance(seed, "name", 5)

    at_once = chance.uniforms(np.array(indices, dtype=np.int64))

    assert at_once.tolist() == [chance.uniform(index) for index in indices]
    assert all(0 < number < 1 for number in at_once)


def test_numbers_are_evenly_spread_and_independent() -> None:
    numbers = [Chance(3, "spread").uniform(index) for index in range(20_000)]

    assert statistics.fmean(numbers) == pytest.approx(0.5, abs=0.01)
    assert statistics.variance(numbers) == pytest.approx(1 / 12, abs=0.005)
    assert abs(statistics.correlation(numbers[:-1], numbers[1:])) < 0.03


def test_names_are_not_run_together() -> None:
    assert Chance(1, "ab", "c").uniform(0) != Chance(1, "a", "bc").uniform(0)
    assert Chance(1, "2").uniform(0) != Chance(12).uniform(0)


def test_a_drift_is_smooth_and_forgets_itself() -> None:
    curve = drift(1, "curve", period_s=100)
    values = [curve.at(t) for t in range(0, 100_000)]

    steps = [abs(after - before) for before, after in itertools.pairwise(values)]
    assert max(steps) < 0.2
    assert statistics.fmean(values) == pytest.approx(0, abs=0.15)
    assert statistics.stdev(values) == pytest.approx(1, abs=0.1)
    assert abs(statistics.correlation(values[:-400], values[400:])) < 0.15


def test_dice_pick_by_weight() -> None:
    dice = Dice(1, "dice")
    picked = [dice.pick({"often": 3, "seldom": 1}) for _ in range(2000)]

    assert picked.count("often") / 2000 == pytest.approx(0.75, abs=0.04)
