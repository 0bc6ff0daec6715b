"""Traffic on a network: conserved, the same when asked again, and jammed where it must be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from city.errors import InvalidValue
from simulators.clock import DAY_S, HOUR_S, LOCAL_OFFSET_S
from simulators.road_network import Link, Network, Signal, link_of
from simulators.surroundings import Surroundings
from simulators.traffic import Traffic
from simulators.traffic_flow import STEP_S, Wanted, load_network

MONDAY_S = 20_780 * DAY_S - LOCAL_OFFSET_S  # 2026-11-23T00:00+08:00
SATURDAY_S = MONDAY_S + 5 * DAY_S


def route(*loads: float, tide: float = 0.0, length_m: float = 700, lanes: int = 3) -> list[Link]:
    """Links in a row, each with a signal; the loads are of their ends."""
    last = len(loads) - 1
    return [
        Link(
            code=f"l{number}",
            length_m=length_m,
            lanes=lanes,
            free_speed_kmh=60,
            downstream=f"l{number + 1}" if number < last else None,
            signal=Signal(cycle_s=90, green_s=50, offset_s=42.0 * number),
            load=load,
            tide=tide,
        )
        for number, load in enumerate(loads)
    ]


def traffic_on(links: list[Link], seed: int = 1) -> Traffic:
    return Traffic(seed, Surroundings(seed).skies, Network(links))


def jam() -> Traffic:
    """Five links of which the last can't take what the others bring."""
    links = route(0.95, 0.95, 0.95, 0.95, 0.95)
    narrow = Link(
        code="narrow", length_m=700, lanes=1, free_speed_kmh=60, leaving=0, load=0, signal=None
    )
    last = Link(
        code="l4",
        length_m=700,
        lanes=3,
        free_speed_kmh=60,
        leaving=0,
        load=0.9,
        downstream="narrow",
    )
    return traffic_on([*links[:4], last, narrow])


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Any links that lead anywhere, rings and merges among them."""
    size = draw(st.integers(1, 6))
    codes = [f"l{number}" for number in range(size)]
    links = [
        Link(
            code=code,
            length_m=draw(st.floats(50, 2500)),
            lanes=draw(st.integers(1, 5)),
            free_speed_kmh=draw(st.floats(20, 100)),
            downstream=draw(st.sampled_from([None, *codes])),
            leaving=draw(st.floats(0, 1)),
            signal=draw(st.sampled_from([None, Signal(cycle_s=90, green_s=40)])),
        )
        for code in codes
    ]
    return Network(links)


@given(network=networks(), data=st.data())
@settings(max_examples=40, deadline=None)
def test_vehicles_are_conserved_and_no_link_holds_more_than_fit(
    network: Network, data: st.DataObject
) -> None:
    slots, links = 40, len(network.links)
    rates = st.floats(0, 3)
    entering = np.array(data.draw(st.lists(rates, min_size=links, max_size=links)))
    passing = np.ones((slots, links))
    passing[10:20, 0] = data.draw(st.floats(0, 1))
    counts = load_network(network, Wanted(60.0, np.tile(entering, (slots, 1)), passing))

    stored = counts.entered - counts.left
    room = np.array([link.length_m * link.jam_density_vpm for link in network.links])
    wanted = np.arange(slots + 1) * entering[:, None] * 60
    came = counts.from_beside + counts.waiting + counts.went_elsewhere
    assert np.allclose(came, wanted, atol=1e-6)
    assert np.allclose(
        counts.from_beside.sum(0), counts.turned_off.sum(0) + stored.sum(0), atol=1e-6
    )
    assert (stored >= -1e-6).all()
    assert (stored <= room[:, None] + 1e-6).all()
    assert (np.diff(counts.entered) >= -1e-9).all()
    assert (np.diff(counts.left) >= -1e-9).all()


@given(network=networks())
@settings(max_examples=20, deadline=None)
def test_nobody_drives_faster_than_the_free_speed(network: Network) -> None:
    slots = 30
    wanted = np.full((slots, len(network.links)), 0.3)
    counts = load_network(network, Wanted(60.0, wanted, np.ones_like(wanted)))
    for number, link in enumerate(network.links):
        takes_s = max(link.length_m / link.free_speed_ms, STEP_S)
        grid = np.arange(slots + 1) * 60.0
        could_have_left = np.interp(grid - takes_s + 60, grid, counts.entered[number])
        assert (counts.left[number] <= could_have_left + 1e-6).all()


def test_the_same_seed_and_instant_give_the_same_traffic_in_any_order() -> None:
    instants = [MONDAY_S + hour * HOUR_S + 7 for hour in (8, 30, 3.01, 17, 8.5)]
    one, other = traffic_on(route(0.9, 1.1)), traffic_on(route(0.9, 1.1))
    forward = [one.at("l0", t) for t in instants]
    assert [other.at("l0", t) for t in reversed(instants)] == forward[::-1]
    assert traffic_on(route(0.9, 1.1), seed=2).at("l0", instants[0]) != forward[0]


def test_flow_is_density_times_speed_everywhere() -> None:
    traffic = jam()
    for minute in range(0, 24 * 60, 11):
        state = traffic.at("l3", MONDAY_S + minute * 60)
        assert state.flow_vps == pytest.approx(state.density_vpm * state.speed_ms)
        assert 0 <= state.density_vpm <= traffic.network.link("l3").jam_density_vpm + 1e-9
        assert state.speed_ms <= traffic.network.link("l3").free_speed_ms + 1e-9


def test_working_days_have_two_rush_hours_and_weekends_one_broad_afternoon() -> None:
    traffic = traffic_on(route(0.85, 0.85))

    def flow(day_s: float, hour: float) -> float:
        spans = [traffic.at("l1", day_s + hour * HOUR_S + 60 * k).flow_vps for k in range(-20, 20)]
        return sum(spans) / len(spans)

    assert flow(MONDAY_S, 8) > 1.2 * flow(MONDAY_S, 10.5)
    assert flow(MONDAY_S, 18) > 1.1 * flow(MONDAY_S, 15.5)
    assert flow(MONDAY_S, 8) > 5 * flow(MONDAY_S, 4)
    assert flow(SATURDAY_S, 15) > 2 * flow(SATURDAY_S, 8)


def test_the_rush_hour_moves_along_a_route() -> None:
    traffic = traffic_on(route(*[0.8] * 8, length_m=1500, tide=1))

    def middle_of_the_morning(code: str) -> float:
        instants = MONDAY_S + np.arange(5 * HOUR_S, 11.5 * HOUR_S, 120)
        flows = np.array([traffic.at(code, float(t)).flow_vps for t in instants])
        return float((instants * flows).sum() / flows.sum())

    assert middle_of_the_morning("l7") - middle_of_the_morning("l0") > 8 * 60


def test_a_tide_makes_one_rush_hour_the_heavier() -> None:
    into = traffic_on(route(0.8, tide=1))
    out = traffic_on(route(0.8, tide=-1))
    morning, evening = MONDAY_S + 8 * HOUR_S, MONDAY_S + 18 * HOUR_S

    def passed(traffic: Traffic, middle: float) -> float:
        early, late = (
            traffic.count("l0", middle + side * HOUR_S, 0.5, day_of=middle) for side in (-1, 1)
        )
        return late - early

    assert passed(into, morning) > passed(into, evening)
    assert passed(out, morning) < passed(out, evening)


def test_a_queue_spills_back_into_the_link_before_and_dissolves_by_night() -> None:
    traffic = jam()
    minutes = np.arange(6 * 60, 11 * 60, 5)
    queues = {
        code: np.array([traffic.queue_m(code, MONDAY_S + 60 * float(m)) for m in minutes])
        for code in ("l4", "l3", "l2")
    }
    full = {code: int(np.argmax(queue >= 690)) for code, queue in queues.items()}
    assert 0 < full["l4"] < full["l3"]
    worst = traffic.at("l3", MONDAY_S + 60 * float(minutes[full["l3"]]))
    assert worst.speed_ms < 0.4 * traffic.network.link("l3").free_speed_ms
    night = MONDAY_S + 27 * HOUR_S - 60
    assert max(traffic.at(code, night).density_vpm for code in queues) < 0.02
    assert traffic.counts(night).waiting[:, -1].max() < 1


def test_one_traffic_day_passes_into_the_next() -> None:
    traffic = traffic_on(route(0.9, 1.05, 0.9))
    boundary = MONDAY_S + 3 * HOUR_S
    before = np.mean([traffic.at("l1", boundary - 60 * k).flow_vps for k in range(1, 16)])
    after = np.mean([traffic.at("l1", boundary + 60 * k).flow_vps for k in range(15)])
    assert after == pytest.approx(before, rel=0.25)


def test_an_incident_takes_capacity_for_its_time() -> None:
    links = [Link(code=f"l{n}", length_m=900, lanes=2, free_speed_kmh=60) for n in range(120)]
    traffic = traffic_on(links)
    incidents = [each for day in range(3) for each in traffic.incidents(MONDAY_S + day * DAY_S)]
    assert incidents
    for each in incidents:
        assert 15 * 60 <= each.until_s - each.from_s <= 60 * 60
        assert 6 <= ((each.from_s + LOCAL_OFFSET_S) % DAY_S) / HOUR_S < 22
        assert 0 < each.passing < 1


def test_a_red_light_holds_vehicles_that_green_lets_go() -> None:
    traffic = traffic_on(route(0.6))
    link = traffic.network.link("l0")
    assert link.signal is not None
    noon = MONDAY_S + 12 * HOUR_S
    green = noon - link.signal.into_cycle_s(noon)
    queues = [traffic.queue_m("l0", green + s) for s in (49, 60, 89, 139)]
    assert queues[0] == pytest.approx(0, abs=1)
    assert queues[1] < queues[2]
    assert queues[3] == pytest.approx(0, abs=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("length_m", 0),
        ("length_m", float("nan")),
        ("lanes", 0),
        ("free_speed_kmh", 0.5),
        ("load", 4),
        ("leaving", 1.1),
        ("tide", -2),
        ("downstream", "elsewhere"),
        ("signal", {"cycle_s": 60, "green_s": 59}),
        ("signal", {"cycle": 60}),
        ("lanes", "three"),
    ],
)
def test_a_link_that_can_not_be_is_refused_by_name(field: str, value: object) -> None:
    attributes = {"length_m": 500.0, "lanes": 2, "free_speed_kmh": 50} | {field: value}
    with pytest.raises(InvalidValue, match=r"l7|signal"):
        Network([link_of("l7", attributes)])


def test_a_link_without_a_length_is_refused() -> None:
    with pytest.raises(InvalidValue, match="length_m"):
        link_of("l7", {"lanes": 2, "free_speed_kmh": 50})


def test_two_links_of_one_code_are_refused() -> None:
    with pytest.raises(InvalidValue, match="codes of their own"):
        Network([*route(0.5), *route(0.5)])
