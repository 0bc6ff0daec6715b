"""The recorded air and weather of any place: as recorded on the hour, bridged, without jumps."""

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from city.errors import InvalidValue
from simulators.clock import DAY_S, HOUR_S
from simulators.records import Hour, Record
from simulators.region import Region, Regional, shipped_region

FIRST = 1480867200  # 2016-12-05T00:00+08:00
HERE, FAR = (116.40, 39.91), (116.40, 40.81)
EVEN = dict.fromkeys(Regional._fields, 10.0) | {"rain_mm": 0.0}
SHIPPED = shipped_region()

places = st.tuples(st.floats(115.4, 117.5), st.floats(39.4, 41.1))
instants = st.floats(0, 4e9)


def record(*changes: Mapping[str, float | None], days: int = 1) -> Record:
    """Hours of even values; each change names what differs in its hour, None what is missing."""
    hours = []
    for number in range(days * 24):
        change = changes[number] if number < len(changes) else {}
        values = {name: v for name, v in (EVEN | dict(change)).items() if v is not None}
        hours.append(Hour(FIRST + number * HOUR_S, values))
    return Record(Path("a.csv"), "A", hours)


@given(turn=st.integers(-500, 5000), hour=st.integers(0, 23))
def test_beside_a_lone_station_the_full_hour_is_its_record_in_every_repetition(
    turn: int, hour: int
) -> None:
    lone = record(*({"pm25": 40.0 + n, "wind_direction_deg": 15.0 * n} for n in range(24)))

    found = Region([lone], [HERE]).here(*HERE).at(FIRST + turn * DAY_S + hour * HOUR_S)

    assert found.pm25 == pytest.approx(40 + hour)
    assert found.wind_direction_deg == pytest.approx(15 * hour)
    assert found.temperature_c == pytest.approx(10)


def test_between_hours_values_move_along_a_line_and_the_end_joins_the_beginning() -> None:
    lone = record(*({"pm25": 40.0 + n} for n in range(24)))
    place = Region([lone], [HERE]).here(*HERE)

    assert place.at(FIRST + 3.25 * HOUR_S).pm25 == pytest.approx(43.25)
    assert place.at(FIRST + 23.5 * HOUR_S).pm25 == pytest.approx((63 + 40) / 2)


def test_wind_turns_through_north_and_not_the_long_way_round() -> None:
    lone = record({"wind_direction_deg": 350.0}, {"wind_direction_deg": 20.0})
    place = Region([lone], [HERE]).here(*HERE)

    assert place.at(FIRST + 0.5 * HOUR_S).wind_direction_deg == pytest.approx(5)


def test_a_near_station_counts_more_than_a_far_one_and_both_count() -> None:
    region = Region([record(), record(*[{"pm25": 110.0}] * 24)], [HERE, FAR])

    near, middle, far = (region.here(116.40, lat).at(FIRST).pm25 for lat in (39.91, 40.36, 40.81))

    assert 10 < near < 15
    assert middle == pytest.approx(60)
    assert 105 < far < 110


def test_a_short_gap_is_bridged_in_time_and_a_long_one_by_the_other_stations() -> None:
    missing: dict[str, float | None] = {"pm25": None}
    short = record({"pm25": 30.0}, missing, missing, {"pm25": 60.0})
    long = record({"pm25": 30.0}, *[missing] * 20, {"pm25": 60.0})
    other = record(*[{"pm25": 200.0}] * 24)

    assert Region([short], [HERE]).here(*HERE).at(FIRST + HOUR_S).pm25 == pytest.approx(40)
    bridged = Region([long, other], [HERE, FAR]).here(*HERE).at(FIRST + 10 * HOUR_S)
    assert bridged.pm25 == pytest.approx(200)


def test_a_long_gap_of_all_stations_is_bridged_in_time() -> None:
    missing: dict[str, float | None] = {"pm25": None}
    lone = record({"pm25": 30.0}, *[missing] * 19, {"pm25": 70.0}, days=1)

    found = Region([lone], [HERE]).here(*HERE).at(FIRST + 10 * HOUR_S)

    assert found.pm25 == pytest.approx(50)


@pytest.mark.parametrize("metric", Regional._fields)
def test_what_no_station_ever_recorded_is_refused(metric: str) -> None:
    with pytest.raises(InvalidValue, match=metric):
        Region([record(*[{metric: None}] * 24)], [HERE])


@settings(max_examples=300, deadline=None)
@given(t=instants, place=places)
def test_the_shipped_record_has_a_value_for_every_place_and_instant(
    t: float, place: tuple[float, float]
) -> None:
    found = SHIPPED.here(*place).at(t)

    assert all(math.isfinite(value) for value in found)
    assert 3 <= found.pm25 < 600
    assert found.dew_point_c < found.temperature_c + 1
    assert 0 <= found.wind_direction_deg <= 360


@settings(max_examples=300, deadline=None)
@given(t=st.integers(0, 4_000_000_000), place=places)
def test_nothing_jumps_from_one_second_to_the_next(t: int, place: tuple[float, float]) -> None:
    here = SHIPPED.here(*place)

    before, after = here.at(t)._asdict(), here.at(t + 1)._asdict()

    for metric in ("pm25", "co", "o3", "temperature_c", "pressure_hpa", "wind_speed_ms"):
        assert after[metric] == pytest.approx(before[metric], abs=0.2)


def test_what_is_asked_before_makes_no_difference() -> None:
    times = [FIRST + 137.5 * n * HOUR_S for n in range(60)]
    one, other = SHIPPED.here(*HERE), SHIPPED.here(*HERE)

    assert [one.at(t) for t in times] == [other.at(t) for t in reversed(times)][::-1]


@given(
    start=st.integers(FIRST - 400 * DAY_S, FIRST + 4000 * DAY_S),
    steps=st.lists(st.integers(1, 90_000), min_size=1, max_size=40),
)
def test_rain_adds_up_to_the_same_whatever_the_interval(start: int, steps: list[int]) -> None:
    ends = [start]
    for step in steps:
        ends.append(ends[-1] + step)

    in_parts = sum(RAINY.rain_mm(since, until) for since, until in pairwise(ends))

    assert in_parts == pytest.approx(RAINY.rain_mm(ends[0], ends[-1]))


RAINY = Region([record({"rain_mm": 0.4}, {"rain_mm": 1.3}, {}, {"rain_mm": 0.3})], [HERE])


@pytest.mark.parametrize("turn", [-3, 0, 1, 3640])
def test_rain_of_an_hour_has_fallen_when_its_row_is_due(turn: int) -> None:
    midnight = FIRST + turn * DAY_S
    fallen = [RAINY.rain_mm(midnight + (n - 1) * HOUR_S, midnight + n * HOUR_S) for n in range(5)]

    assert fallen == pytest.approx([0.4, 1.3, 0, 0.3, 0])
    assert RAINY.rain_mm(midnight, midnight + DAY_S) == pytest.approx(2.0)
    assert RAINY.rain_mm_h(midnight + 10) == pytest.approx(1.3)
    assert RAINY.rain_mm_h(midnight + 5 * HOUR_S) == 0
