"""Road detectors: what they say must fit together, and fit the catalogue."""

import math

import pytest

from city.catalogue import profile
from city.errors import InvalidValue
from simulators.clock import DAY_S, HOUR_S, LOCAL_OFFSET_S
from simulators.poles import Pole
from simulators.region import Region
from simulators.road_detectors import DETECTOR_M, VEHICLE_M, Phase, RoadDetector, phase
from simulators.road_network import Link, Network, Signal
from simulators.road_surface import RoadWeather, SurfaceState
from simulators.surroundings import Surroundings
from simulators.weather import CENTRE_LAT, CENTRE_LON, Sky, Weather

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
    return Surroundings(seed, Network(links))


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


def test_rain_wets_the_road_and_the_road_dries_again(rainy_region: Region) -> None:
    shared = Surroundings(3, region=rainy_region)
    weather = shared.weather
    july = MONDAY_S - 140 * DAY_S
    films = []
    for hour in range(20 * 24):
        t_s = july + hour * HOUR_S
        films.append(
            (
                weather.rain_mm(t_s - 1200, t_s),
                weather.rain_mm(t_s - 6 * HOUR_S, t_s),
                shared.road_weather.surface(t_s, CENTRE_LON, CENTRE_LAT),
            )
        )
    wet = [surface for just, _, surface in films if just > 0.5]
    dry = [surface for _, long, surface in films if long == 0]
    assert wet
    assert dry
    assert all(surface.state in {SurfaceState.WET, SurfaceState.MOIST} for surface in wet)
    assert all(surface.state == SurfaceState.DRY for surface in dry)
    assert all(surface.film_mm == 0 for surface in dry)


def test_asphalt_is_hotter_than_the_air_at_noon_and_cooler_on_a_clear_night() -> None:
    weather, shared = Weather(1), around()
    july = MONDAY_S - 140 * DAY_S
    noons: list[float] = []
    nights: list[float] = []
    for day in range(20):
        for hour, kept in ((13, noons), (3, nights)):
            t_s = july + day * DAY_S + hour * HOUR_S
            surface = shared.road_weather.surface(t_s, CENTRE_LON, CENTRE_LAT)
            kept.append(
                surface.temperature_c - weather.at(t_s, CENTRE_LON, CENTRE_LAT).temperature_c
            )
    assert min(noons) > 2
    assert max(noons) > 12
    assert min(nights) < -0.5


def test_ice_and_snow_come_only_below_freezing() -> None:
    frozen = {SurfaceState.SNOW, SurfaceState.FROST, SurfaceState.ICE}
    shared = around(5)
    seen = set()
    for hour in range(60 * 24):
        t_s = MONDAY_S + hour * HOUR_S
        surface = shared.road_weather.surface(t_s, CENTRE_LON, CENTRE_LAT)
        seen.add(surface.state)
        assert (surface.state in frozen) <= (surface.temperature_c <= 0)
    assert seen & frozen


def test_fog_and_rain_take_the_view() -> None:
    shared = around()
    road_weather: RoadWeather = shared.road_weather

    def seen_m(**changed: float) -> float:
        sky = Sky(10, 40, 1010, 2, 0, 0, 0.5, 20)._replace(**changed)
        return road_weather.visibility_m(MONDAY_S, sky)

    assert seen_m(humidity_pct=100) < 500
    assert seen_m(rain_mm_h=20) < seen_m(rain_mm_h=1) < seen_m() <= 20_000


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
