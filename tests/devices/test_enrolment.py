"""Secrets are shown once, kept as hashes, changed and taken away."""

import asyncio
import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.errors import InvalidValue
from devices.enrolment import Issued, enrol, revoke, rotate
from devices.errors import BadFleetFile, UnknownDevices
from devices.fleet_file import add_to_fleet, read_fleet, write_fleet
from devices.passwords import hash_secret, new_secret

Connection = psycopg.AsyncConnection[Any]
Codes = dict[str, str]


async def _in_force(conn: Connection) -> dict[str, str]:
    cursor = await conn.execute(
        "SELECT username, password_hash FROM devices.credential WHERE revoked_at IS NULL"
    )
    return dict(await cursor.fetchall())


def _matches(secret: str, hashed: str) -> bool:
    """Whether the broker would take the secret; source: mosquitto_passwd(1)."""
    empty, scheme, rounds, salt, key = hashed.split("$")
    derived = hashlib.pbkdf2_hmac("sha512", secret.encode(), base64.b64decode(salt), int(rounds))
    return (empty, scheme, derived) == ("", "7", base64.b64decode(key))


async def test_every_device_in_service_is_enrolled_once(conn: Connection, codes: Codes) -> None:
    issued = await enrol(conn)
    again = await enrol(conn)

    assert [device.code for device in issued] == sorted(
        codes[key] for key in ("device/1", "device/2", "station")
    )
    assert again == []
    assert len({device.secret for device in issued}) == 3


async def test_what_is_issued_says_all_that_a_device_must_know(
    conn: Connection, codes: Codes
) -> None:
    (issued,) = await enrol(conn, [codes["device/1"]])
    assert (issued.district, issued.profile, issued.lon, issued.lat, issued.attributes) == (
        "110101",
        "smart-pole",
        116.3,
        39.3,
        {"lamp_rated_w": 100},
    )


async def test_the_database_has_hashes_only(conn: Connection, codes: Codes) -> None:
    issued = await enrol(conn)
    stored = await _in_force(conn)
    for device in issued:
        assert _matches(device.secret, stored[device.code])
        assert device.secret not in stored[device.code]
        assert device.secret not in repr(device)


async def test_rotation_ends_the_old_secret(conn: Connection, codes: Codes) -> None:
    (old,) = await enrol(conn, [codes["device/1"]])
    (new,) = await rotate(conn, [codes["device/1"]])

    stored = (await _in_force(conn))[codes["device/1"]]
    assert _matches(new.secret, stored)
    assert not _matches(old.secret, stored)


async def test_a_revoked_device_has_no_credential_until_enrolled_again(
    conn: Connection, codes: Codes
) -> None:
    await enrol(conn)
    assert await revoke(conn, [codes["device/1"]]) == 1
    assert await revoke(conn, [codes["device/1"]]) == 0
    assert codes["device/1"] not in await _in_force(conn)
    assert [device.code for device in await enrol(conn)] == [codes["device/1"]]


async def test_a_code_that_is_no_device_in_service_stops_the_whole(
    conn: Connection, codes: Codes
) -> None:
    for verb in (enrol, rotate, revoke):
        with pytest.raises(UnknownDevices) as caught:
            await verb(conn, [codes["device/1"], codes["pole/1"]])
        assert caught.value.codes == (codes["pole/1"],)
    assert await _in_force(conn) == {}


async def test_enrolling_at_once_gives_one_credential_each(
    conn: Connection, database_url: str, codes: Codes
) -> None:
    async def once() -> int:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as own:
            return len(await enrol(own))

    assert sorted(await asyncio.gather(once(), once(), once())) == [0, 0, 3]
    assert len(await _in_force(conn)) == 3


async def test_a_fleet_file_that_can_not_be_written_leaves_nobody_enrolled(
    conn: Connection, codes: Codes, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(OSError, match="file"):
        async with conn.transaction():
            add_to_fleet(blocked / "fleet.json", await enrol(conn))
    assert await _in_force(conn) == {}


def _device(code: str = "D1Q26HRM8", *words: str) -> Issued:
    return Issued(code, "".join(words) or "secret", "110101", "smart-pole", 116.3, 39.3, {"w": 1})


def test_a_fleet_file_is_private_from_its_first_byte(tmp_path: Path) -> None:
    path = tmp_path / "fleet.json"
    before = os.umask(0)
    try:
        write_fleet(path, [_device()])
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_fleet_file_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "fleet.json"
    devices = [_device("D1Q26HRM8"), _device("D001K4WT1")]
    write_fleet(path, devices)
    assert read_fleet(path) == devices[::-1]  # in the order of codes
    entry = json.loads(path.read_text())["devices"][0]
    assert set(entry) == {"code", "secret", "district", "profile", "lon", "lat", "attributes"}


def test_new_secrets_are_added_and_replace_old_ones(tmp_path: Path) -> None:
    path = tmp_path / "fleet.json"
    add_to_fleet(path, [_device("D1Q26HRM8", "old"), _device("D001K4WT1", "kept")])
    add_to_fleet(path, [_device("D1Q26HRM8", "new")])
    assert {each.code: each.secret for each in read_fleet(path)} == {
        "D1Q26HRM8": "new",
        "D001K4WT1": "kept",
    }


BAD_FLEETS = [
    pytest.param(b"", id="empty"),
    pytest.param(b"{", id="cut off"),
    pytest.param(b"[]", id="a list"),
    pytest.param(b'{"devices": {}}', id="no list of devices"),
    pytest.param(b'{"devices": [1]}', id="a number as device"),
    pytest.param(b'{"devices": [{"code": "D1Q26HRM8"}]}', id="a device without secret"),
]


@pytest.mark.parametrize("content", BAD_FLEETS)
def test_a_file_that_is_no_fleet_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fleet.json"
    path.write_bytes(content)
    with pytest.raises(BadFleetFile):
        add_to_fleet(path, [_device()])
    assert path.read_bytes() == content


def test_a_secret_has_192_random_bits() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(len(secret) == 32 for secret in secrets)


@given(secret=st.text(min_size=1, max_size=40, alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_hash_is_of_its_secret_and_no_other(secret: str) -> None:
    hashed = hash_secret(secret)
    assert hashed.startswith("$7$101$")
    assert _matches(secret, hashed)
    assert not _matches(f"{secret}x", hashed)
    assert hash_secret(secret) != hashed  # another salt


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(InvalidValue, match="secret"):
        hash_secret("")
