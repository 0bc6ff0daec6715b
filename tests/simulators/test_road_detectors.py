"""Road detectors: what they say must fit together, and fit the catalogue."""

import math
from typing import Any

import pytest

from city.catalogue import profile
from city.errors import InvalidValue
from simulators.clock import DAY_S, HOUR_S, LOCAL_OFFSET_S
from simulators.poles import Pole
from simulators.road_detectors import DETECTOR_M, VEHICLE_M, Phase, RoadDetector, phase
from simulators.road_network import Link, Network, Signal
from simulators.road_surface import RoadWeather, Surface, SurfaceState
from simulators.skies import CENTRE_LAT, CENTRE_LON
from simulators.surroundings import Surroundings

MONDAY_S = 20_780 * DAY_S - LOCAL_OFFSET_S
LANES = 3


def around(seed: int = 1) -> Surroundings:
    links = [
        Link(
            code=f"l{n}",
            length_m=700,
            lanes=LANES,
            free_speed_kmh=60,
            downstream=f"l{n + 1}" if n < 2 else None,
            signal=Signal(cycle_s=90, green_s=50) if n == 2 else None,
            load=1.1 if n == 2 else 0.6,
        )
        for n in range(3)
    ]
    return Surroundings(seed, network=Network(links))


def detector(link: str = "l2", seed: int = 1, **attributes: object) -> RoadDetector:
    return RoadDetector(
        around(seed),
        code=f"D-{link}",
        lon=CENTRE_LON,
        lat=CENTRE_LAT,
        attributes={"link": link, **attributes},
    )


def test_flow_speed_and_occupancy_belong_together_all_day() -> None:
    station = detector()
    slow = 0
    for minute in range(1, 24 * 60, 7):
        t_s = MONDAY_S + 60 * minute
        values = station.reading(t_s, t_s - 60)
        density_lane = 10 * values["occupancy_pct"] / (VEHICLE_M + DETECTOR_M)
        if "speed_kmh" not in values:
            assert values["flow_veh_h"] == 0
            continue
        step = 10 * 0.05 / (VEHICLE_M + DETECTOR_M) * LANES * values["speed_kmh"]
        rounding = step + LANES * density_lane * 0.05 + 1
        assert values["flow_veh_h"] == pytest.approx(
            LANES * density_lane * values["speed_kmh"], abs=rounding
        )
        slow += values["speed_kmh"] < 30
    assert slow > 10


def test_values_lie_in_the_ranges_of_the_catalogue_and_on_its_steps() -> None:
    station, metrics = detector(), profile("road")
    for minute in range(1, 3 * 24 * 60, 61):
        t_s = MONDAY_S + 60 * minute
        for name, value in station.reading(t_s, t_s - 60).items():
            metric = metrics.metric(name)
            assert metric.low <= value <= metric.high
            assert value == pytest.approx(round(value / metric.resolution) * metric.resolution)
            if metric.states:
                assert value in metric.states


def test_a_detector_counts_every_vehicle_once() -> None:
    station = detector(fitted=["flow_veh_h"])
    begin = MONDAY_S + 6 * HOUR_S
    minutes = [
        station.reading(begin + 60 * (k + 1), begin + 60 * k)["flow_veh_h"] / 60 for k in range(120)
    ]
    whole = station.reading(begin + 7200, begin)["flow_veh_h"] * 2
    assert sum(minutes) == pytest.approx(whole, abs=1)
    assert all(count == int(count) for count in minutes)


def test_the_same_seed_code_and_instant_give_the_same_reading_in_any_order() -> None:
    instants = [MONDAY_S + 977 * k for k in range(40)]
    first, second = detector(), detector()
    forward = [first.reading(t, t - 60) for t in instants]
    assert [second.reading(t, t - 60) for t in reversed(instants)] == forward[::-1]


def test_a_signal_cycles_through_green_yellow_and_red() -> None:
    link = Link(
        code="l",
        length_m=500,
        lanes=1,
        free_speed_kmh=50,
        signal=Signal(cycle_s=80, green_s=40, offset_s=10),
    )
    seen = [phase(link, 800 + s) for s in (9, 10, 49, 50, 52.9, 53, 89, 90)]
    red, yellow, green = Phase.RED, Phase.YELLOW, Phase.GREEN
    assert seen == [red, green, green, yellow, yellow, red, red, green]


def test_where_there_are_no_lights_no_phase_is_measured() -> None:
    assert "signal_phase" not in detector("l0").metrics
    assert "signal_phase" in detector("l2").metrics


@pytest.mark.parametrize(
    "attributes", [{"link": "elsewhere"}, {"link": 7}, {"position": 2}, {"fitted": ["pm25"]}]
)
def test_a_detector_that_can_not_be_is_refused(attributes: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        detector(**{"link": "l0", **attributes})  # type: ignore[arg-type]  # link may be wrong here


def test_a_detector_without_roads_is_refused() -> None:
    with pytest.raises(InvalidValue, match="road network"):
        RoadDetector(Surroundings(1), code="D", lon=116, lat=40, attributes={"link": "l0"})


JULY_S = MONDAY_S - 140 * DAY_S


def surface(skies: Any, t_s: float) -> Surface:
    return RoadWeather(skies).surface(t_s, CENTRE_LON, CENTRE_LAT)


def test_rain_wets_the_road_and_the_road_dries_again(made_skies: Any) -> None:
    noon = JULY_S + 12 * HOUR_S
    skies = made_skies(22.0, rain=[(noon, noon + HOUR_S, 6.0)])
    before, during, soon, late = (
        surface(skies, noon + minutes * 60) for minutes in (-1, 59, 120, 400)
    )
    assert (before.state, before.film_mm) == (SurfaceState.DRY, 0)
    assert during.state == SurfaceState.WET
    assert during.film_mm > 0.5
    assert 0 < soon.film_mm < during.film_mm / 4
    assert (late.state, late.film_mm) == (SurfaceState.DRY, 0)


def test_asphalt_is_hotter_than_the_air_at_noon_and_cooler_on_a_clear_night(
    made_skies: Any,
) -> None:
    skies = made_skies(28.0)
    assert surface(skies, JULY_S + 13 * HOUR_S).temperature_c > 40
    assert surface(skies, JULY_S + 3 * HOUR_S).temperature_c < 27


@pytest.mark.parametrize(
    ("air_c", "mm_h", "humidity_pct", "state"),
    [
        pytest.param(-6.0, 0.0, 50.0, SurfaceState.DRY, id="cold and dry"),
        pytest.param(-6.0, 4.0, 80.0, SurfaceState.SNOW, id="snow"),
        pytest.param(-6.0, 0.1, 80.0, SurfaceState.ICE, id="a little, frozen"),
        pytest.param(-6.0, 0.0, 99.0, SurfaceState.FROST, id="damp air on cold asphalt"),
        pytest.param(4.0, 4.0, 80.0, SurfaceState.WET, id="rain"),
        pytest.param(4.0, 0.0, 99.0, SurfaceState.DRY, id="damp air on warmer asphalt"),
    ],
)
def test_what_lies_on_the_road_follows_temperature_and_what_falls(
    made_skies: Any, air_c: float, mm_h: float, humidity_pct: float, state: SurfaceState
) -> None:
    night = MONDAY_S + 27 * HOUR_S
    rain = [(night - 2 * HOUR_S, night, mm_h)]
    skies = made_skies(air_c, rain=rain, humidity_pct=humidity_pct)
    assert surface(skies, night).state == state


def test_rain_after_a_frost_freezes_on_the_road(made_skies: Any) -> None:
    night = MONDAY_S + 27 * HOUR_S

    def falling(t_s: float) -> float:
        return 2.0 if t_s < night - HOUR_S else -4.0

    skies = made_skies(falling, rain=[(night - 2 * HOUR_S, night - HOUR_S - 600, 5.0)])
    assert surface(skies, night).state == SurfaceState.ICE
    assert surface(skies, night).film_mm == 0


def test_fog_rain_and_haze_take_the_view(made_skies: Any) -> None:
    def seen_m(**changed: float) -> float:
        road_weather = RoadWeather(made_skies(10.0, **changed))
        return road_weather.visibility_m(MONDAY_S, CENTRE_LON, CENTRE_LAT)

    assert seen_m(humidity_pct=100.0) < 500
    assert seen_m(rain_mm_h=20.0) < seen_m(rain_mm_h=1.0) < seen_m() <= 20_000


def test_a_pole_beside_a_link_hears_its_traffic() -> None:
    shared = around()
    attributes = {"street_class": "arterial", "fitted": ["noise_db"]}

    def pole(**more: object) -> Pole:
        merged = {**attributes, **more}
        return Pole(shared, code="D1", lon=CENTRE_LON, lat=CENTRE_LAT, attributes=merged)

    def noise(listening: Pole, hour: float) -> float:
        begin = MONDAY_S + hour * HOUR_S
        levels = [listening.reading(begin + 60 * k, 0)["noise_db"] for k in range(60)]
        return 10 * math.log10(sum(10 ** (level / 10) for level in levels) / len(levels))

    beside = pole(link="l0")
    assert noise(beside, 12) > noise(beside, 3) + 5
    assert noise(beside, 12) != pytest.approx(noise(pole(), 12), abs=0.01)
    with pytest.raises(InvalidValue, match="link"):
        pole(link="elsewhere")
