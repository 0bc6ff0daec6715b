"""Doctor's findings, each with a remedy."""

import os
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from citypulse.doctor import Finding, examine
from citypulse.stack.ports import any_free
from store.quarantine import Refusal, put


def problems(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.about: finding for finding in findings if finding.level == "problem"}


@pytest.fixture
def state(server_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder that nothing is wrong with, and no settings but that."""
    for name in [name for name in os.environ if name.startswith("CITYPULSE_")]:
        monkeypatch.delenv(name)
    folder = server_tmp / "doctored"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("CITYPULSE_STATE_DIR", str(folder))
    return folder


def test_a_fresh_machine_has_no_problems(state: Path) -> None:
    assert problems(examine({})) == {}


def test_an_unknown_setting_is_a_problem() -> None:
    found = problems(examine({"CITYPULSE_NO_SUCH": "1"}))
    assert "CITYPULSE_NO_SUCH" in found["settings"].what
    assert found["settings"].remedy


def test_secrets_that_others_can_read_are_a_problem(state: Path) -> None:
    secrets = state / "credentials.json"
    secrets.write_text("{}")
    secrets.chmod(0o644)
    found = problems(examine({}))
    secrets.unlink()
    assert found["secrets"].remedy == f"chmod 600 {secrets}"


def test_a_database_that_does_not_answer_is_a_problem(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"postgresql://citypulse:hidden@127.0.0.1:{any_free()}/citypulse"
    monkeypatch.setenv("CITYPULSE_DATABASE_URL", address)
    found = problems(examine({}))
    assert "does not answer" in found["database"].what
    assert "hidden" not in str(found)


def test_the_database_edition_is_named(
    state: Path, monkeypatch: pytest.MonkeyPatch, empty_database_url: str
) -> None:
    monkeypatch.setenv("CITYPULSE_DATABASE_URL", empty_database_url)
    about = {finding.about: finding.what for finding in examine({})}
    assert "apache edition" in about["database"]


def test_what_was_refused_lately_is_said_with_the_newest_and_how_to_look(
    state: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setenv("CITYPULSE_DATABASE_URL", database_url)
    assert "quarantine" not in {finding.about for finding in examine({})}
    refused = Refusal(
        received_at=datetime.now(UTC),
        topic="city/v1/110101/smart-pole/D001K4WT1/telemetry",
        raw=b"{}",
        reason="bad-version",
        detail="v: (missing)",
        reading_index=None,
        message=0,
    )
    with psycopg.connect(database_url) as conn:
        put(conn.cursor(), [refused], 1)
    found = {finding.about: finding for finding in examine({})}["quarantine"]
    assert found.level == "note"
    assert "1 bad-version" in found.what
    assert "D001K4WT1" in found.what
    assert "citypulse db shell" in found.remedy
