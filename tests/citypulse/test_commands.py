"""The command line's own manners: help everywhere, errors in one line."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from citypulse.commands.root import cli


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands(child, (*path, name))


EVERY_COMMAND = dict(commands(cli))


@pytest.mark.parametrize("path", EVERY_COMMAND, ids=lambda path: " ".join(path) or "citypulse")
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(cli, [*path, "--help"])
    assert shown.exit_code == 0
    assert EVERY_COMMAND[path].help
    options = [one for one in EVERY_COMMAND[path].params if isinstance(one, click.Option)]
    assert [option.name for option in options if not option.help] == []


def test_a_code_is_checked_without_any_database() -> None:
    shown = CliRunner().invoke(cli, ["code", "check", "c7k-3k4-wtb"])
    assert shown.exit_code == 0
    assert shown.output.startswith("C7K3K4WTB")


def test_a_wrong_code_is_one_line_and_status_1() -> None:
    shown = CliRunner().invoke(cli, ["code", "check", "C7K3K4WTC"])
    assert shown.exit_code == 1
    assert shown.output.startswith("Error: ")
    assert len(shown.output.splitlines()) == 1


def test_a_code_and_its_keypad_twin_lead_to_each_other() -> None:
    forth = CliRunner().invoke(cli, ["code", "keypad", "C7K3K4WTB", "--json"])
    twin = forth.output.split('"keypad": "')[1].split('"')[0]
    back = CliRunner().invoke(cli, ["code", "keypad", twin])
    assert back.output.startswith("C7K3K4WTB")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90.0), ("90s", 90.0), ("15m", 900.0), ("3h", 10_800.0), ("7d", 604_800.0)],
)
def test_durations_have_units(text: str, seconds: float) -> None:
    from citypulse.commands.durations import DURATION  # noqa: PLC0415 - used once

    assert DURATION.convert(text, None, None) == seconds
