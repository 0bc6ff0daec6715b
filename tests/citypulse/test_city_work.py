"""The demonstration's fleet: its own city's devices, and nobody else's."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from citypulse.city_work import complete_fleet, issue_into
from citypulse.settings import Settings, read_settings
from devices.city_import import import_city
from devices.enrolment import enrol
from devices.fleet_file import add_to_fleet, read_fleet
from simulators.demo_city import device_keys

STALE = "of an earlier time"


def device(key: str) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [116.3, 39.9]}
    about = {"key": key, "kind": "D", "class": "smart-pole", "profile": "smart-pole"}
    return {"type": "Feature", "geometry": point, "properties": about}


@pytest.fixture
def settings(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in [name for name in os.environ if name.startswith("CITYPULSE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CITYPULSE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("CITYPULSE_DATABASE_URL", database_url)
    found = read_settings(os.environ)
    found.state.create()
    return found


@pytest.fixture
async def codes(database_url: str) -> dict[str, str]:
    """One device of the demonstration city and two of a user, imported."""
    features = [device(min(device_keys())), device("mine"), device("demo:mine-too")]
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        done = await import_city(conn, {"type": "FeatureCollection", "features": features})
    return dict(done.codes)


async def in_force(url: str) -> dict[str, str]:
    async with await psycopg.AsyncConnection.connect(url) as conn:
        cursor = await conn.execute(
            "SELECT username, password_hash FROM devices.credential WHERE revoked_at IS NULL"
        )
        return dict(await cursor.fetchall())


async def test_the_demonstration_takes_over_no_device_of_others(
    settings: Settings, database_url: str, codes: dict[str, str], tmp_path: Path
) -> None:
    await issue_into(
        settings, database_url, tmp_path / "mine.json", lambda conn: enrol(conn, [codes["mine"]])
    )
    before = await in_force(database_url)
    done = await complete_fleet(settings, database_url, settings.state.fleet)
    own = codes[min(device_keys())]
    assert [each.code for each in read_fleet(settings.state.fleet)] == [own]
    assert done.issued == 1
    after = await in_force(database_url)
    assert after.keys() == {own, codes["mine"]}
    assert after[codes["mine"]] == before[codes["mine"]]


async def test_enrolling_all_keeps_others_out_of_the_simulators_file(
    settings: Settings, database_url: str, codes: dict[str, str]
) -> None:
    await issue_into(settings, database_url, None, enrol)
    assert [each.code for each in read_fleet(settings.state.fleet)] == [codes[min(device_keys())]]
    others = {each.code for each in read_fleet(settings.state.enrolled)}
    assert others == {codes["mine"], codes["demo:mine-too"]}


async def test_who_was_taken_over_before_leaves_the_simulators_file_with_its_secret(
    settings: Settings, database_url: str, codes: dict[str, str]
) -> None:
    files = await issue_into(settings, database_url, settings.state.fleet, enrol)
    before = await in_force(database_url)
    await complete_fleet(settings, database_url, settings.state.fleet)
    assert [each.code for each in read_fleet(settings.state.fleet)] == [codes[min(device_keys())]]
    secrets = {each.code: each.secret for each in files[settings.state.fleet]}
    moved = {each.code: each.secret for each in read_fleet(settings.state.enrolled)}
    assert moved == {code: secrets[code] for code in (codes["mine"], codes["demo:mine-too"])}
    assert await in_force(database_url) == before


async def test_a_newer_secret_is_not_written_over(
    settings: Settings, database_url: str, codes: dict[str, str]
) -> None:
    files = await issue_into(settings, database_url, settings.state.enrolled, enrol)
    newer = files[settings.state.enrolled]
    add_to_fleet(settings.state.fleet, [replace(each, secret=STALE) for each in newer])
    await complete_fleet(settings, database_url, settings.state.fleet)
    assert STALE not in {each.secret for each in read_fleet(settings.state.enrolled)}
