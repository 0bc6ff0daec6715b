"""The swarm against a real Mosquitto: storms, gateways, sleepers and faults lose nothing."""

import asyncio
import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from city.codes import Kind, entity_code
from city.errors import InvalidValue
from simulators.broker_address import parse_broker
from simulators.fleet_file import FleetDevice, read_fleet
from simulators.load import LoadOptions, run_load
from simulators.sent import Expected, SentSummary
from simulators.swarm import Burst, Scenario, Storm, Swarm, open_swarm

MakeFleet = Callable[..., Path]


class Constant:
    """An instrument that always measures the same."""

    def reading(self, t_s: float, since_s: float) -> dict[str, float]:
        return {"pm25": 35.2}


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.02)


async def swarmed(
    devices: list[FleetDevice],
    broker: Any,
    scenario: Scenario,
    while_running: Callable[[Swarm], Any] | None = None,
    *,
    readings: int = 40,
) -> SentSummary:
    """Run until so many readings have been made, and perhaps something else is done meanwhile."""
    address = parse_broker(broker.url_for("ingest"))
    stop = asyncio.Event()
    async with open_swarm(
        devices, address, scenario, {each.code: Constant() for each in devices}
    ) as swarm:
        running = asyncio.create_task(swarm.run(stop))
        await until(lambda: swarm.connected == len(swarm.lines))
        if while_running is not None:
            await while_running(swarm)
        await until(lambda: swarm.summary().total("produced") >= readings)
        stop.set()
        await running
    return swarm.summary()


def instants(listener: Any) -> dict[str, list[str]]:
    """Device → the times of all readings that came, repetitions too."""
    found: dict[str, list[str]] = {}
    for topic, raw in list(listener.messages):
        if topic.endswith("/telemetry"):
            payload = json.loads(raw)
            for reading in payload.get("r", [payload]):
                found.setdefault(topic.split("/")[4], []).append(reading["ts"])
    return found


def check_against(listener: Any, summary: SentSummary) -> None:
    """What came is what the summary expects, instant by instant."""
    wanted = {code: sent.expected.readings for code, sent in summary.by_device.items()}

    def came() -> dict[str, int]:
        found = instants(listener)
        return {code: len(set(found.get(code, []))) for code in wanted}

    assert listener.wait_until(lambda: came() == wanted), (came(), wanted)


async def test_all_that_is_sent_arrives_and_the_summary_says_so(
    broker: Any, listener: Any, make_fleet: MakeFleet
) -> None:
    devices = read_fleet(make_fleet(20), "smart-pole")
    summary = await swarmed(devices, broker, Scenario(interval_s=0.5), readings=100)
    assert summary.complete
    assert summary.lines["connects"] == 20
    assert summary.total("produced") >= 100
    check_against(listener, summary)


async def test_a_reconnect_storm_and_a_burst_lose_nothing(
    broker: Any, listener: Any, make_fleet: MakeFleet
) -> None:
    devices = read_fleet(make_fleet(20), "smart-pole")
    scenario = Scenario(
        interval_s=0.2,
        storms=[Storm(at_s=0.8, share=0.9), Storm(at_s=1.6, share=1)],
        bursts=[Burst(at_s=0.79, readings=150), Burst(at_s=1.59, readings=150)],
    )

    async def storms_are_over(swarm: Swarm) -> None:
        await until(lambda: swarm.summary().lines["cut"] >= 25)

    summary = await swarmed(devices, broker, scenario, storms_are_over, readings=20 * 301)
    assert summary.complete
    assert summary.lines["connects"] > 20
    check_against(listener, summary)


async def test_a_broker_that_is_killed_and_started_again_gets_everything(
    broker: Any, make_fleet: MakeFleet
) -> None:
    devices = read_fleet(make_fleet(10), "smart-pole")

    async def kill_and_start(swarm: Swarm) -> None:
        broker.kill()
        await until(lambda: swarm.connected == 0)
        before = swarm.summary().total("produced")
        await until(lambda: swarm.summary().total("produced") > before + 50)
        broker.start()
        await until(lambda: swarm.connected == 10)

    summary = await swarmed(devices, broker, Scenario(interval_s=0.2), kill_and_start)
    assert summary.complete
    assert summary.lines["failed_connects"] > 0


async def test_a_gateway_speaks_for_its_devices_over_one_connection(
    broker: Any, listener: Any, make_fleet: MakeFleet
) -> None:
    gateway = entity_code(Kind.DEVICE, "000", 0)
    attributes = [{}, *({"gateway": gateway} for _ in range(5))]
    devices = read_fleet(make_fleet(6, attributes=attributes), "smart-pole")
    with broker.acl_file.open("a") as acl:
        acl.write(f"user {gateway}\n")
        for each in devices[1:]:
            acl.write(f"topic write city/v1/+/+/{each.code}/telemetry\n")
    broker.reload()
    summary = await swarmed(devices, broker, Scenario(interval_s=0.3))
    assert summary.lines["lines"] == 1
    assert summary.lines["connects"] == 1
    assert summary.complete
    assert len(instants(listener)) == 6
    check_against(listener, summary)


async def test_a_sleeper_delivers_what_it_stored_when_it_leaves(
    broker: Any, listener: Any, make_fleet: MakeFleet
) -> None:
    devices = read_fleet(make_fleet(1, attributes=[{"sleeps_s": 3600}]), "smart-pole")
    summary = await swarmed(devices, broker, Scenario(interval_s=0.05), readings=30)
    sent = summary.by_device[devices[0].code]
    assert sent.boots[0].messages <= 2
    assert summary.complete
    check_against(listener, summary)


async def test_harsh_faults_are_told_and_lose_nothing(
    broker: Any, listener: Any, make_fleet: MakeFleet, tmp_path: Path
) -> None:
    options = LoadOptions(
        fleet=make_fleet(60),  # whatever the time of day, so many have some faults
        broker_url=broker.url_for("ingest"),
        scenario=Scenario(interval_s=0.25, faults="harsh", seed=4),
        duration_s=6,
        cheap=True,
        summary=tmp_path / "summary.json",
        faults=tmp_path / "faults.jsonl",
    )
    summary = await run_load(options)
    assert summary.complete
    check_against(listener, summary)
    told = json.loads((tmp_path / "summary.json").read_text())
    faults = [json.loads(line) for line in (tmp_path / "faults.jsonl").read_text().splitlines()]
    assert told["complete"]
    assert told["acknowledged"] == summary.total("acknowledged")
    assert sum(told["faults"].values()) == len(faults) > 10
    repeated = sum(boot.repeated for each in summary.by_device.values() for boot in each.boots)
    assert repeated > 0
    sent = summary.total("acknowledged") + repeated
    assert listener.wait_until(lambda: sum(map(len, instants(listener).values())) >= sent)


async def test_a_device_that_the_broker_does_not_know_is_turned_away_and_counted(
    broker: Any, make_fleet: MakeFleet
) -> None:
    (device,) = read_fleet(make_fleet(1), "smart-pole")
    stranger = FleetDevice(
        code=device.code,
        secret="wrong",  # noqa: S106 - on purpose
        district=device.district,
        profile=device.profile,
        lon=device.lon,
        lat=device.lat,
    )
    address = parse_broker(broker.url_for("ingest"))
    scenario = Scenario(interval_s=0.1, leave_within_s=0.2)
    async with open_swarm([stranger], address, scenario, {device.code: Constant()}) as swarm:
        await until(lambda: swarm.summary().lines["failed_connects"] > 0)
    assert list(swarm.summary().reasons) == ["connection: not authorized"]


@pytest.mark.parametrize(
    "changed",
    [
        {"interval_s": 0},
        {"connects_per_s": 0},
        {"faults": "all of them"},
        {"storms": [Storm(at_s=1, share=0)]},
        {"bursts": [Burst(at_s=1, readings=0)]},
    ],
)
def test_a_scenario_that_can_not_be_run_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        Scenario(**changed)


async def test_a_gateway_that_is_not_in_the_fleet_is_refused(
    broker: Any, make_fleet: MakeFleet
) -> None:
    devices = read_fleet(make_fleet(1, attributes=[{"gateway": "D"}]), "smart-pole")
    with pytest.raises(InvalidValue, match="gateway"):
        await swarmed(devices, broker, Scenario())


def test_what_is_expected_counts_each_instant_once() -> None:
    assert Expected.of([]) == Expected(0, None, None, 0)
    assert Expected.of([7_000, 5_000, 7_000]) == Expected(2, 5_000, 7_000, 2)


async def test_more_connections_than_the_process_may_open_are_refused_beforehand(
    broker: Any, make_fleet: MakeFleet
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    options = LoadOptions(fleet=make_fleet(2), broker_url=broker.url_for("ingest"), duration_s=1)
    with (
        mock.patch("resource.getrlimit", return_value=(50, 101)),
        pytest.raises(InvalidValue, match="open files"),
    ):
        await run_load(options)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)
