"""The interlock's truth table, row by row, and its memory."""

import numpy as np
import pytest

from simulators.interlock import Air, Asked, FanState, Interlock

STOPPED, NORMAL, ACCIDENT, FAULT = FanState


class Row:
    """Three compartments in a row; what is said is said of the middle one."""

    def __init__(self) -> None:
        self.interlock = Interlock(np.array([0, 0, 1]), np.array([1, 2, 2]))

    def fans(self, **of_the_middle: float) -> list[FanState]:
        def values(name: str, usual: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
            return np.array([usual, of_the_middle.get(name, usual), usual])

        air = Air(values("hot", 20), values("o2", 20.9), values("h2s", 0), values("ch4", 0))
        names = ("fire", "at_work", "timetable", "broken")
        asked = Asked(*(values(name, 0) > 0 for name in names))
        return [FanState(state) for state in self.interlock.fans(air, asked)]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param({}, (STOPPED, STOPPED, STOPPED), id="nothing"),
        pytest.param({"hot": 40.0}, (STOPPED, STOPPED, STOPPED), id="40 °C is not above"),
        pytest.param({"hot": 40.1}, (STOPPED, NORMAL, STOPPED), id="heat"),
        pytest.param({"o2": 19.5}, (STOPPED, STOPPED, STOPPED), id="19.5 % is not below"),
        pytest.param({"o2": 19.4}, (STOPPED, NORMAL, STOPPED), id="stale air"),
        pytest.param({"h2s": 10.1}, (STOPPED, NORMAL, STOPPED), id="hydrogen sulphide"),
        pytest.param({"at_work": 1}, (STOPPED, NORMAL, STOPPED), id="somebody at work"),
        pytest.param({"timetable": 1}, (STOPPED, NORMAL, STOPPED), id="timetable"),
        pytest.param({"ch4": 19.9}, (STOPPED, STOPPED, STOPPED), id="methane below the alarm"),
        pytest.param({"ch4": 20}, (ACCIDENT, ACCIDENT, ACCIDENT), id="methane, and next door"),
        pytest.param({"ch4": 20, "hot": 50}, (ACCIDENT, ACCIDENT, ACCIDENT), id="gas beats heat"),
        pytest.param({"fire": 1}, (STOPPED, STOPPED, STOPPED), id="fire"),
        pytest.param({"fire": 1, "ch4": 30, "hot": 90}, (STOPPED,) * 3, id="fire beats gas"),
        pytest.param({"fire": 1, "at_work": 1}, (STOPPED,) * 3, id="fire beats work"),
        pytest.param({"broken": 1, "ch4": 30}, (ACCIDENT, FAULT, ACCIDENT), id="a broken fan"),
    ],
)
def test_truth_table(condition: dict[str, float], expected: tuple[FanState, ...]) -> None:
    assert tuple(Row().fans(**condition)) == expected


def test_methane_at_a_quarter_of_the_limit_closes_the_valve_until_the_repair() -> None:
    row = Row()
    row.fans(ch4=24.9)
    assert not row.interlock.cut_off.any()
    row.fans(ch4=25)
    row.fans(ch4=0)
    assert row.interlock.cut_off.tolist() == [False, True, False]
    row.interlock.reset(np.array([True, True, True]))
    assert not row.interlock.cut_off.any()


@pytest.mark.parametrize(
    ("name", "trips", "stays", "ends"),
    [("hot", 41, 38.5, 37.9), ("o2", 19.0, 20.1, 20.3), ("h2s", 11, 8, 6.9), ("ch4", 21, 12, 9)],
)
def test_a_condition_ends_later_than_it_began(
    name: str, trips: float, stays: float, ends: float
) -> None:
    row = Row()
    assert row.fans(**{name: stays})[1] is STOPPED
    assert row.fans(**{name: trips})[1] is not STOPPED
    assert row.fans(**{name: stays})[1] is not STOPPED
    assert row.fans(**{name: ends})[1] is STOPPED
