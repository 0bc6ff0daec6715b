"""``up``, ``status`` and ``down`` on real servers, and what is left after each kind of end."""

import json
import os
import signal
import socket
import stat
from contextlib import suppress
from typing import Any

from citypulse.house import FIRST_API_PORT
from citypulse.stack.process import is_alive, wait_until

PARTS = ["database", "broker", "ingest", "vitals", "api"]


def test_up_runs_every_part_and_down_leaves_no_process(household: Any) -> None:
    up = household.run("up", "--detach")
    assert up.returncode == 0, up.stderr
    pids = household.pids()
    assert [part["name"] for part in household.status()["parts"]] == PARTS
    again = household.run("up", "--detach")
    assert again.returncode == 1
    assert "already running" in again.stderr
    down = household.run("down")
    assert down.returncode == 0, down.stderr
    assert [name for name, pid in pids.items() if is_alive(pid)] == []
    assert household.run("status").returncode == 3


def test_secrets_are_private_and_reach_no_log_nor_output(household: Any) -> None:
    outputs = [household.run("up", "--detach"), household.run("status"), household.run("doctor")]
    household.run("down")
    credentials = household.state / "credentials.json"
    words = json.loads(credentials.read_text()).values()
    logged = "".join(file.read_text() for file in (household.state / "logs").iterdir())
    shown = logged + "".join(done.stdout + done.stderr for done in outputs)
    assert [word for word in words if word in shown] == []
    private = [credentials, household.state / "broker/passwords", household.state / "broker/acl"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in private} == {0o600}


def test_a_part_that_dies_is_started_again_and_said_so(household: Any) -> None:
    household.run("up", "--detach")
    before = household.pids()
    for part in ("broker", "database"):
        os.kill(before[part], signal.SIGKILL)
    restarted = {"broker", "database"}
    assert wait_until(
        lambda: all(household.pids().get(part, before[part]) != before[part] for part in restarted),
        deadline_s=30,
    )
    health = {part["name"]: part["health"] for part in household.status()["parts"]}
    assert {health[part] for part in restarted} == {"ok"}
    assert "part ended part=broker" in household.log("supervisor")


def test_nothing_outlives_a_supervisor_that_is_killed_outright(household: Any) -> None:
    household.run("up", "--detach")
    pids = household.pids()
    os.kill(pids["supervisor"], signal.SIGKILL)
    assert wait_until(lambda: not is_alive(pids["supervisor"]), deadline_s=20)
    seen = household.status()
    assert not seen["running"]
    assert seen["leftovers"].items() <= pids.items()
    assert wait_until(lambda: not any(map(is_alive, pids.values())), deadline_s=20)
    assert household.run("status").returncode == 3
    up = household.run("up", "--detach")
    assert up.returncode == 0, up.stderr


def test_a_terminal_that_closes_stops_everything(household: Any) -> None:
    with household.running("up") as up:
        assert any("citypulse is up" in line for line in up.stdout)
        pids = household.pids()
        up.send_signal(signal.SIGHUP)
        up.stdout.read()
        assert up.wait(timeout=60) == 0
    assert [name for name, pid in pids.items() if is_alive(pid)] == []


def test_data_and_addresses_stay_from_run_to_run(household: Any) -> None:
    household.run("up", "--detach")
    minted = household.run("code", "mint", "D", "-n", "3").stdout.split()
    addresses = [part["address"] for part in household.status()["parts"]]
    household.run("down")
    household.run("up", "--detach")
    assert [part["address"] for part in household.status()["parts"]] == addresses
    found = json.loads(household.run("registry", "resolve", minted[0]).stdout)
    assert (found["code"], found["state"]) == (minted[0], "minted")


def test_a_fixed_port_that_is_taken_is_named_with_its_setting(household: Any) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        up = household.run("up", "--detach", CITYPULSE_STACK_BROKER_PORT=port)
    assert up.returncode == 1
    assert f"port {port} is in use" in up.stderr
    assert "CITYPULSE_STACK_BROKER_PORT" in up.stderr


def test_a_taken_port_of_the_page_is_told_before_anything_starts(household: Any) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        up = household.run("up", "--port", port)
    assert up.returncode == 1
    assert f"port {port} is in use" in up.stderr
    assert "starting the database" not in up.stdout


def test_a_page_moved_out_of_the_way_of_another_program_says_why(household: Any) -> None:
    with socket.socket() as holder:
        with suppress(OSError):  # somebody else's is as good
            holder.bind(("127.0.0.1", FIRST_API_PORT))
            holder.listen()
        up = household.run("up", "--detach")
    assert f"{FIRST_API_PORT} is in use, so citypulse is up" in up.stdout


def test_wiping_asks_first_and_takes_no_for_an_answer(household: Any) -> None:
    household.run("up", "--detach")
    refused = household.run("down", "--wipe", answer="n\n")
    assert refused.returncode == 1
    unanswered = household.run("down", "--wipe")
    assert unanswered.returncode == 1
    assert "--yes" in unanswered.stderr
    assert household.status()["running"]
    wiped = household.run("down", "--wipe", "--yes")
    assert wiped.returncode == 0, wiped.stderr
    assert sorted(path.name for path in household.state.iterdir()) == ["stack"]


def test_a_command_without_a_database_says_how_to_get_one(household: Any) -> None:
    migrate = household.run("db", "migrate")
    assert migrate.returncode == 1
    assert "citypulse up --detach" in migrate.stderr
    assert "CITYPULSE_DATABASE_URL" in migrate.stderr


def test_existing_servers_are_used_instead_of_local_ones(
    household: Any, broker: Any, database_url: str
) -> None:
    up = household.run(
        "up",
        "--detach",
        CITYPULSE_DATABASE_URL=database_url,
        CITYPULSE_MQTT_URL=broker.url_for("ingest"),
    )
    assert up.returncode == 0, up.stderr
    assert [part["name"] for part in household.status()["parts"]] == PARTS[2:]
