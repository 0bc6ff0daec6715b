"""The fleet against a real Mosquitto: identities, manners, and nothing lost when it goes away."""

import asyncio
import json
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from city.catalogue import profile
from city.payload import decode
from simulators.broker_address import parse_broker
from simulators.fleet import Fleet, open_fleet
from simulators.fleet_file import read_fleet
from simulators.options import SimulateOptions
from simulators.service import simulate
from simulators.tallies import Summary

MakeFleet = Callable[..., Path]


def options_for(broker: Any, fleet: Path, **more: Any) -> SimulateOptions:
    return SimulateOptions(
        fleet=fleet, broker_url=f"mqtt://127.0.0.1:{broker.port}", **{"interval_s": 0.2, **more}
    )


async def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - polls a broker, which sets no event
            await asyncio.sleep(0.02)


def received(listener: Any) -> int:
    return sum(len(by_seq) for by_seq in listener.readings().values())


def without_gaps(listener: Any, summary: Summary) -> bool:
    """Whether every reading that was produced has come, by its number."""
    readings = listener.readings()
    return all(
        set(readings[code]) == set(range(tally.produced))
        for code, tally in summary.by_device.items()
    )


async def test_every_reading_of_every_device_arrives_once_numbered(
    broker: Any, make_fleet: MakeFleet, listener: Any
) -> None:
    summary = await simulate(options_for(broker, make_fleet(20), duration_s=2.0))

    assert summary.complete
    assert summary.totals.devices == 20
    assert summary.totals.produced > 20
    assert listener.wait_until(lambda: received(listener) == summary.totals.produced)
    assert without_gaps(listener, summary)


async def test_what_is_published_is_what_the_payload_contract_admits(
    broker: Any, make_fleet: MakeFleet, listener: Any
) -> None:
    await simulate(options_for(broker, make_fleet(3), duration_s=1.0, backfill_s=600))

    telemetry = [raw for topic, raw in listener.messages if topic.endswith("/telemetry")]
    assert telemetry
    for raw in telemetry:
        decoded = decode(raw, profile("smart-pole"))
        assert decoded.refusals == []
        assert decoded.readings


async def test_stored_history_comes_in_batches_one_reading_a_minute(
    broker: Any, make_fleet: MakeFleet, listener: Any
) -> None:
    summary = await simulate(
        options_for(broker, make_fleet(2), interval_s=600, duration_s=3, backfill_s=3 * 3600)
    )

    assert summary.complete
    assert listener.wait_until(lambda: received(listener) == summary.totals.produced)
    sizes = [len(payload.get("r", [0])) for payload in listener.on_channel("telemetry")]
    assert max(sizes) == 100
    for by_seq in listener.readings().values():
        assert len({reading["ts"][:16] for reading in by_seq.values()}) >= 180


async def test_devices_say_online_and_at_the_end_offline_with_their_boot_id(
    broker: Any, make_fleet: MakeFleet, listener: Any
) -> None:
    summary = await simulate(options_for(broker, make_fleet(1), duration_s=0.5))

    assert listener.wait_until(lambda: len(listener.on_channel("status")) >= 2)
    first, *_, last = listener.on_channel("status")
    boot = next(iter(summary.by_device.values())).boot
    assert (first["state"], first["boot"]) == ("online", boot)
    assert (last["state"], last["boot"]) == ("offline", boot)


async def test_a_signal_ends_the_run_in_good_order(
    broker: Any, make_fleet: MakeFleet, listener: Any
) -> None:
    running = asyncio.create_task(simulate(options_for(broker, make_fleet(5))))
    await until(lambda: received(listener) > 10)
    os.kill(os.getpid(), signal.SIGTERM)
    summary = await asyncio.wait_for(running, 15)

    assert summary.complete
    assert summary.totals.connected == 0
    assert listener.wait_until(lambda: without_gaps(listener, summary))


async def test_a_device_with_a_wrong_secret_is_turned_away_and_counted(
    broker: Any, make_fleet: MakeFleet
) -> None:
    path = make_fleet(1)
    fleet = json.loads(path.read_text())
    fleet["devices"][0]["secret"] = "mistyped"  # noqa: S105 - no secret
    path.write_text(json.dumps(fleet))
    running = asyncio.create_task(run_unaccepted(broker, path))
    summary = await asyncio.wait_for(running, 20)

    assert summary.totals.failed_connects >= 2
    assert summary.totals.acknowledged == 0
    assert any("Not authorized" in reason for reason in summary.reasons)


async def run_unaccepted(broker: Any, path: Path) -> Summary:
    devices = read_fleet(path, "smart-pole")
    address = parse_broker(f"mqtt://127.0.0.1:{broker.port}")
    async with open_fleet(devices, address, leave_within_s=0.2) as fleet:
        next(iter(fleet.terminals.values())).put(0, {"pm25": 1.0})
        await until(lambda: fleet.totals().failed_connects >= 2)
    return fleet.summary()


async def publish_numbered(fleet: Fleet, stop: asyncio.Event) -> None:
    """A reading of each device every 10 ms; the time says which."""
    number = 0
    while not stop.is_set():
        for terminal in fleet.terminals.values():
            terminal.put(number * 10_000, {"pm25": float(number % 500)})
        number += 1
        await asyncio.sleep(0.01)


async def under_load(
    broker: Any, path: Path, disturb: Callable[[Fleet], Awaitable[None]]
) -> Summary:
    """Disturb the broker while twenty devices publish, and let them finish."""
    devices = read_fleet(path, "smart-pole")
    address = parse_broker(f"mqtt://127.0.0.1:{broker.port}")
    stop = asyncio.Event()
    async with open_fleet(devices, address, leave_within_s=40) as fleet:
        publishing = asyncio.create_task(publish_numbered(fleet, stop))
        await until(lambda: fleet.totals().connected == len(devices))
        await until(lambda: fleet.totals().acknowledged > 200)
        await disturb(fleet)
        stop.set()
        await publishing
    return fleet.summary()


async def away_for_a_second(broker: Any, fleet: Fleet, go: Callable[[], None]) -> None:
    """Have the broker gone until every device has noticed and has readings waiting."""
    await asyncio.to_thread(go)
    await until(lambda: fleet.totals().connected == 0 and fleet.totals().waiting > 1000)
    await asyncio.to_thread(broker.start)
    await until(lambda: fleet.totals().connected == fleet.totals().devices)


async def test_no_reading_is_lost_when_the_broker_restarts_under_load(
    broker: Any, make_fleet: MakeFleet, listener: Any
) -> None:
    summary = await under_load(
        broker, make_fleet(20), lambda fleet: away_for_a_second(broker, fleet, broker.stop)
    )

    assert summary.complete
    assert summary.totals.reconnects == 20
    assert summary.totals.dropped == 0
    assert listener.wait_until(lambda: without_gaps(listener, summary))


async def test_a_killed_broker_gets_every_reading_that_it_had_not_acknowledged(
    broker: Any, make_fleet: MakeFleet, listener: Any
) -> None:
    """What it had acknowledged and not passed on, a killed broker may lose: not the fleet's."""
    summary = await under_load(
        broker, make_fleet(20), lambda fleet: away_for_a_second(broker, fleet, broker.kill)
    )

    assert summary.complete
    assert summary.totals.reconnects == 20
    assert summary.totals.acknowledged == summary.totals.produced


async def test_a_device_cut_off_for_too_long_drops_its_oldest_readings_and_counts_them(
    broker: Any, make_fleet: MakeFleet, listener: Any
) -> None:
    devices = read_fleet(make_fleet(1), "smart-pole")
    address = parse_broker(f"mqtt://127.0.0.1:{broker.port}")
    broker.stop()
    async with open_fleet(devices, address, memory=50, leave_within_s=40) as fleet:
        for number in range(80):
            next(iter(fleet.terminals.values())).put(number, {"pm25": 1.0})
        await asyncio.to_thread(broker.start)
        await fleet.delivered(asyncio.Event())

    assert fleet.totals().dropped == 30
    assert not fleet.summary().complete
    assert listener.wait_until(lambda: received(listener) == 50)
    (by_seq,) = listener.readings().values()
    assert sorted(by_seq) == list(range(30, 80))


async def test_a_command_is_turned_down_with_its_correlation_data(
    broker: Any, make_fleet: MakeFleet
) -> None:
    (device,) = read_fleet(make_fleet(1), "smart-pole")
    address = parse_broker(f"mqtt://127.0.0.1:{broker.port}")
    async with open_fleet([device], address) as fleet:
        await until(lambda: fleet.totals().connected == 1)
        reply = await asyncio.to_thread(ask, broker, device.topic("command"), device.topic("reply"))

    assert json.loads(reply.payload) == {"v": 1, "state": "failed", "reason": "not supported"}
    assert reply.properties is not None
    assert getattr(reply.properties, "CorrelationData", None) == b"42"


def ask(broker: Any, command: str, reply: str) -> mqtt.MQTTMessage:
    """Send a command as the console does and wait for its answer."""
    answers: list[mqtt.MQTTMessage] = []
    answered, subscribed = threading.Event(), threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="asker", protocol=mqtt.MQTTv5)
    client.username_pw_set("console", broker.secret_of("console"))
    client.on_subscribe = lambda *_: subscribed.set()

    def keep(_client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        answers.append(message)
        answered.set()

    client.on_message = keep
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.subscribe(reply, qos=1)
    assert subscribed.wait(10)
    request = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's
    request.ResponseTopic = reply
    request.CorrelationData = b"42"
    client.publish(command, b"{}", qos=1, properties=request)
    assert answered.wait(10)
    client.disconnect()
    client.loop_stop()
    return answers[0]


async def test_the_summary_is_one_line_of_json_with_each_devices_last_number(
    broker: Any, make_fleet: MakeFleet, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = await simulate(options_for(broker, make_fleet(2), json_summary=True, duration_s=1.0))

    (line,) = capsys.readouterr().out.splitlines()
    printed = json.loads(line)
    assert printed["complete"] is True
    for code, tally in summary.by_device.items():
        assert printed["by_device"][code]["last_seq"] == tally.produced - 1
