"""Ports: remembered, moved out of the way of others, refused when they were asked for by number."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from citypulse.stack.errors import PortTaken
from citypulse.stack.ports import Ports, any_free


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def choose(ports: Ports, *, first: int, fixed: int | None = None) -> int:
    return ports.choose("broker", first=first, fixed=fixed, setting="CITYPULSE_STACK_BROKER_PORT")


def test_a_port_once_chosen_is_chosen_again(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    chosen = choose(Ports(path), first=any_free())
    assert choose(Ports(path), first=any_free()) == chosen


def test_a_taken_port_is_passed_over(tmp_path: Path, taken: int) -> None:
    assert choose(Ports(tmp_path / "ports.json"), first=taken) != taken


def test_a_fixed_port_that_is_taken_is_refused(tmp_path: Path, taken: int) -> None:
    with pytest.raises(PortTaken, match=f"port {taken} is in use.*CITYPULSE_STACK_BROKER_PORT"):
        choose(Ports(tmp_path / "ports.json"), first=any_free(), fixed=taken)


def test_a_memory_that_can_not_be_read_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    path.write_text("{")
    assert choose(Ports(path), first=any_free()) > 0
