"""The installer's driver: when it has nothing to do, what it shows, where it leads to."""

from pathlib import Path

import pytest

from citypulse.stack import install
from citypulse.stack.errors import StackUnavailable
from citypulse.stack.install import Installation, Progress, ensure_installed


def test_what_is_installed_is_not_installed_again(stack_prefix: Installation) -> None:
    reported: list[Progress] = []
    assert ensure_installed(stack_prefix.prefix.parent, reported.append) == stack_prefix
    assert reported == []


def test_a_half_made_installation_is_none(stack_prefix: Installation, tmp_path: Path) -> None:
    (tmp_path / stack_prefix.prefix.name).mkdir()
    (tmp_path / stack_prefix.prefix.name / "manifest.json").write_text('{"installer": ')
    assert install.find_installed(tmp_path) is None


def test_a_host_that_is_not_debian_is_led_to_compose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "DEBIAN_KEYRING", tmp_path / "absent.gpg")
    with pytest.raises(StackUnavailable, match=r"not a Debian system.*compose.*DATABASE_URL"):
        ensure_installed(tmp_path / "stack")


def test_a_mirror_that_cannot_be_reached_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Port 9 (discard) of this machine: refused at once, as without a network.
    monkeypatch.setenv("CITYPULSE_DEBIAN_MIRROR", "http://127.0.0.1:9/debian")
    monkeypatch.setenv("CITYPULSE_DEBIAN_SECURITY_MIRROR", "http://127.0.0.1:9/debian-security")
    steps: list[str] = []
    with pytest.raises(StackUnavailable, match=r"is the network up\?\); use compose"):
        ensure_installed(tmp_path / "stack", lambda progress: steps.append(progress.step))
    assert steps == ["reading the package lists"]
    assert install.find_installed(tmp_path / "stack") is None


def test_packages_are_counted_while_they_are_fetched() -> None:
    lines = [
        "citypulse:step reading the package lists\n",
        "Get:1 a mirror InRelease\n",
        "citypulse:download 2\n",
        "Get:1 a mirror libpq5\n",
        "Get:2 a mirror libc6\n",
        "citypulse:step unpacking\n",
    ]
    reported: list[Progress] = []
    assert list(install._followed(iter(lines), reported.append)) == lines
    assert reported == [
        Progress("reading the package lists"),
        Progress("downloading packages", 0, 2),
        Progress("downloading packages", 1, 2),
        Progress("downloading packages", 2, 2),
        Progress("unpacking"),
    ]
