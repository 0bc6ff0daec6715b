"""Devices of all profiles together: the generated city's own, each with its physics."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from city.catalogue import profile
from city.codes import Kind, entity_code
from city.errors import InvalidValue
from city.payload import decode
from simulators.demo_city import generate
from simulators.ensemble import SIMULATED, Ensemble, network_of
from simulators.fleet_file import FleetDevice
from simulators.options import SimulateOptions
from simulators.service import simulate

T_S = 1_795_428_000.0  # 2026-11-23T18:00:00+08:00


def devices() -> list[FleetDevice]:
    """The generated city's devices, with codes as if enrolled."""
    features = [each["properties"] for each in generate(1)["features"]]
    return [
        FleetDevice(
            code=entity_code(Kind.DEVICE, "000", number),
            secret="-",  # noqa: S106 - nothing connects here
            district="110105",
            profile=each["profile"],
            lon=116.4,
            lat=39.9,
            attributes=each.get("attributes", {}),
        )
        for number, each in enumerate(features)
        if each["kind"] == "D"
    ]


ALL = devices()


@pytest.mark.parametrize("name", SIMULATED)
def test_every_device_of_the_generated_city_measures_what_it_is_fitted_with(name: str) -> None:
    ensemble = Ensemble(1, ALL)
    mine = [each for each in ALL if each.profile == name]
    assert mine
    metrics = profile(name)
    for device in mine[:: max(1, len(mine) // 60)]:
        values = ensemble.instrument(device).reading(T_S, T_S - 60)
        assert values
        for metric, value in values.items():
            assert metrics.metric(metric).low <= value <= metrics.metric(metric).high
        fitted = set(device.attributes.get("fitted", values))
        assert set(values) <= fitted
        assert fitted - set(values) <= {"speed_kmh"}


def test_the_evening_jams_some_roads_of_the_generated_city_and_not_all() -> None:
    ensemble = Ensemble(1, ALL)
    traffic = ensemble.around.traffic
    assert traffic is not None
    ratios = [
        traffic.at(link.code, T_S).speed_ms / link.free_speed_ms for link in traffic.network.links
    ]
    slow = sum(ratio < 0.5 for ratio in ratios) / len(ratios)
    assert 0.01 < slow < 0.5
    night = T_S + 9.5 * 3600
    assert all(
        traffic.at(link.code, night).speed_ms > 0.8 * link.free_speed_ms
        for link in traffic.network.links
    )


def test_a_link_without_a_detector_is_the_end_of_the_network() -> None:
    roads = [each for each in ALL if each.profile == "road"]
    one = next(each for each in roads if each.attributes.get("downstream"))
    (link,) = network_of([one]).links
    assert link.downstream is None


def test_a_profile_without_physics_is_refused() -> None:
    station = next(each for each in ALL if each.profile == "air-station")
    with pytest.raises(InvalidValue, match="air-station"):
        Ensemble(1, ALL).instrument(station)


@pytest.mark.parametrize("name", ["road", "utility-tunnel", "energy-meter"])
async def test_devices_of_every_profile_publish_what_their_profile_takes(
    broker: Any, listener: Any, make_fleet: Callable[..., Path], name: str
) -> None:
    mine = [each.attributes for each in ALL if each.profile == name][:6]
    fleet = make_fleet(len(mine), profile=name, attributes=mine)
    options = SimulateOptions(
        fleet=fleet, broker_url=broker.url_for("ingest"), interval_s=0.5, duration_s=3
    )
    summary = await simulate(options)
    assert summary.complete
    assert summary.totals.produced >= len(mine)
    assert listener.wait_until(lambda: len(listener.readings()) == len(mine))
    for topic, raw in listener.messages:
        if topic.endswith("/telemetry"):
            decoded = decode(raw, profile(name))
            assert decoded.readings
            assert not decoded.refusals
