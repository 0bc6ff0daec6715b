"""Settings are read once, unknown ones refused, and each is documented."""

from pathlib import Path

import pytest

from city.errors import InvalidValue, UnknownSetting
from city.settings import names_of
from citypulse.settings import EVERY_CLASS, read_settings

DOCUMENT = Path(__file__).parents[2] / "docs/settings.md"


def test_an_unknown_setting_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownSetting, match=r"CITYPULSE_DATABASE_URI \(did you mean .*_URL\?\)"):
        read_settings({"CITYPULSE_DATABASE_URI": "postgresql://x"})


def test_an_impossible_value_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYPULSE_STACK_BROKER_PORT", "many")
    with pytest.raises(InvalidValue, match="CITYPULSE_STACK_BROKER_PORT: 'many'"):
        read_settings({})


def test_a_state_folder_that_binaries_cannot_be_bound_to_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CITYPULSE_STATE_DIR", "/tmp/my city")  # noqa: S108 - never made
    with pytest.raises(InvalidValue, match="may not hold blanks"):
        read_settings({})


def test_every_setting_is_documented() -> None:
    known = {name for settings in EVERY_CLASS for name in names_of(settings)}
    text = DOCUMENT.read_text()
    assert {name for name in known if f"`{name}`" not in text} == set()


def test_every_documented_setting_exists() -> None:
    known = {name for settings in EVERY_CLASS for name in names_of(settings)}
    words = DOCUMENT.read_text().replace("`", " ").replace("|", " ").split()
    documented = {word.strip(".,;:()") for word in words if word.startswith("CITYPULSE_")}
    assert documented - known - {"CITYPULSE_"} == set()
