"""``citypulse registry import`` against a real database."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from citypulse.commands.root import cli


def road(number: int) -> dict[str, Any]:
    line = {"type": "LineString", "coordinates": [[116.3, 39.9], [116.31, 39.9 + number / 100]]}
    own = {"fid": number, "NAME": f"路 {number}", "fclass": "primary"}
    return {"type": "Feature", "geometry": line, "properties": own}


@pytest.fixture
def roads(tmp_path: Path) -> Path:
    """A file that knows nothing of us."""
    file = tmp_path / "roads.geojson"
    file.write_text(
        json.dumps({"type": "FeatureCollection", "features": [road(1), road(2)]}), encoding="utf-8"
    )
    return file


def imported(file: Path, url: str, *options: str) -> Result:
    environment = {"CITYPULSE_DATABASE_URL": url, "CITYPULSE_STATE_DIR": str(file.parent)}
    return CliRunner().invoke(cli, ["registry", "import", str(file), *options], env=environment)


def test_roads_of_others_come_in_with_their_own_properties(roads: Path, database_url: str) -> None:
    options = ("--kind", "L", "--class", "road-segment", "--key-from", "fid", "--name-from", "NAME")
    done = imported(roads, database_url, *options)
    assert done.exit_code == 0, done.output
    assert "writing 0 of 2" in done.output
    assert "created 2, changed 0, unchanged 0" in done.output
    again = imported(roads, database_url, *options)
    assert "created 0, changed 0, unchanged 2" in again.output
    with psycopg.connect(database_url) as conn:
        rows = conn.execute(
            "SELECT external_key, class, names, attributes FROM registry.entity_now ORDER BY 1"
        ).fetchall()
    assert rows[0] == ("roads:1", "road-segment", {"zh": "路 1"}, road(1)["properties"])


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--key-from", "fid"), "goes with --kind"),
        (("--kind", "L"), "--class must come with it"),
        (("--kind", "Q", "--class", "road-segment"), "must be one of"),
        (("--kind", "L", "--class", "road-segment"), "key-from"),
        (("--kind", "L", "--class", "road-segment", "--key-from", "id"), "NAME, fclass, fid"),
    ],
)
def test_a_file_that_can_not_be_read_so_is_refused_with_a_hint(
    roads: Path, database_url: str, options: tuple[str, ...], hint: str
) -> None:
    done = imported(roads, database_url, *options)
    assert done.exit_code != 0
    assert hint in done.output


def test_a_thing_is_resolved_by_the_key_of_its_source(roads: Path, database_url: str) -> None:
    options = ("--kind", "L", "--class", "road-segment", "--key-from", "fid")
    imported(roads, database_url, *options)
    environment = {"CITYPULSE_DATABASE_URL": database_url, "CITYPULSE_STATE_DIR": str(roads.parent)}
    found = CliRunner().invoke(cli, ["registry", "resolve", "roads:1"], env=environment)
    assert found.exit_code == 0, found.output
    assert json.loads(found.output)["key"] == "roads:1"
    nothing = CliRunner().invoke(cli, ["registry", "resolve", "my/terminal/1"], env=environment)
    assert nothing.exit_code != 0
    assert "'my/terminal/1' is not a city code" in nothing.output
    assert "nor is it the key of anything registered" in nothing.output


def test_the_codes_of_what_came_in_are_told_by_key(
    roads: Path, database_url: str, tmp_path: Path
) -> None:
    options = ("--kind", "L", "--class", "road-segment", "--key-from", "fid")
    shown = imported(roads, database_url, *options).output
    file = tmp_path / "codes.json"
    imported(roads, database_url, *options, "--codes", str(file))
    codes = json.loads(file.read_text(encoding="utf-8"))
    assert codes.keys() == {"roads:1", "roads:2"}
    assert all(f"{code}  {key}" in shown for key, code in codes.items())
