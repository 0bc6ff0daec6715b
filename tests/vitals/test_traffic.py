"""Traffic by GB/T 33171 against its published numbers; losing a detector never frees a road."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitals import traffic
from vitals.indicators import TRAFFIC_INDEX, level_of
from vitals.traffic import LinkTraffic, Passed, assess_link, assess_network

counts = st.builds(
    Passed,
    flow_veh_h=st.floats(1, 6000),
    speed_kmh=st.floats(1, 120),
    occupancy_pct=st.floats(0, 100),
)


def link(
    *now: Passed, silent: tuple[Passed, ...] = (), length_m: float = 500, free: float | None = 60
) -> LinkTraffic:
    detectors = len(now) + len(silent)
    return LinkTraffic(
        length_m=length_m, free_kmh=free, now=now, silent=silent, detectors=detectors
    )


@pytest.mark.parametrize(
    ("ratio", "index", "level"),
    [
        (0.85, 1.0, 1),
        (0.70, 2.0, 2),
        (0.60, 3.0, 2),
        (0.45, 5.0, 3),
        (0.35, 7.0, 4),
        (0.30, 8.0, 5),
        (0.15, 9.0, 5),
        (1.10, 0.0, 1),
        (0.0, 10.0, 5),
    ],
)
def test_index_and_level_follow_the_speed_ratio(ratio: float, index: float, level: int) -> None:
    found = assess_link(link(Passed(100, 80 * ratio), free=80))
    if ratio:
        assert found.index == pytest.approx(index)
    assert traffic.index_of(traffic.delay_ratio(80 * ratio, 80)) == pytest.approx(index)
    assert level_of(TRAFFIC_INDEX, index).number == level


def test_speed_is_distance_over_time_and_not_the_mean_of_speeds() -> None:
    assert traffic.mean_speed([Passed(300, 30), Passed(300, 60)], 80) == pytest.approx(40)
    assert traffic.mean_speed([Passed(900, 30), Passed(300, 60)], 80) == pytest.approx(1200 / 35)


def test_a_road_without_vehicles_is_free_when_empty_and_jammed_when_occupied() -> None:
    assert assess_link(link(Passed(0, None, 0.0))).index == 0
    assert assess_link(link(Passed(0, None, 60.0))).index == 10
    assert assess_link(link(Passed(0, None))).status == "na"


def test_what_is_unknown_is_said() -> None:
    assert assess_link(link(silent=(Passed(100, 50),))).status == "stale"
    assert assess_link(link(Passed(100, 50), free=None)).reason == "no-free-speed"
    assert assess_network([]).status == "not-monitored"


def test_a_network_is_weighed_by_length_and_flow() -> None:
    jam, free = link(Passed(100, 18), length_m=100), link(Passed(900, 60), length_m=900)
    expected = traffic.index_of(0.7 * 100 * 100 / (100 * 100 + 900 * 900))
    assert assess_network([jam, free]).index == pytest.approx(expected)


def test_a_free_value_needs_three_quarters_of_the_length() -> None:
    free, dark = link(Passed(100, 60), length_m=700), link(silent=(Passed(9, 60),), length_m=300)
    assert assess_network([free, dark]).reason == "coverage"
    jam = link(Passed(100, 10), length_m=700)
    assert assess_network([jam, dark]).status == "ok"


@given(
    seen=st.lists(st.lists(counts, min_size=1, max_size=3), min_size=1, max_size=5), data=st.data()
)
def test_losing_a_detector_never_turns_congestion_into_a_free_road(
    seen: list[list[Passed]], data: st.DataObject
) -> None:
    whole = [link(*each) for each in seen]
    before = assess_network(whole)
    lost = data.draw(st.integers(0, len(seen) - 1))
    which = data.draw(st.integers(0, len(seen[lost]) - 1))
    remaining = [p for n, p in enumerate(seen[lost]) if n != which]
    after_link = link(*remaining, silent=(seen[lost][which],))
    after = assess_network([after_link if n == lost else each for n, each in enumerate(whole)])
    if before.index is not None and before.index >= traffic.CONGESTED:
        assert after.index is None or after.index >= traffic.CONGESTED
    alone, reduced = assess_link(whole[lost]).index, assess_link(after_link).index
    if alone is not None and alone >= traffic.CONGESTED:
        assert reduced is None or reduced >= traffic.CONGESTED
