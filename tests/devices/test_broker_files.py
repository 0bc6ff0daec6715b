"""The text of the broker's files: one line for each, whatever the names."""

import os
from pathlib import Path
from typing import Any

import psycopg
import pytest

from city.errors import InvalidValue
from devices.broker_files import INGEST, Service, acl_file, password_file, write_broker_files
from devices.enrolment import enrol, revoke
from devices.passwords import hash_secret
from devices.private_files import write_private
from registry.entities import retire

Connection = psycopg.AsyncConnection[Any]
Codes = dict[str, str]

BAD_NAMES = [
    pytest.param("", id="empty"),
    pytest.param("a:b", id="a colon, which ends the name"),
    pytest.param("a\nroot:x", id="a second line"),
    pytest.param("a\rb", id="a carriage return"),
    pytest.param("+", id="a wildcard for one level"),
    pytest.param("#", id="a wildcard for the rest"),
    pytest.param("a/b", id="a level"),
    pytest.param("a b", id="a blank"),
    pytest.param("%u", id="a pattern"),
    pytest.param("设备", id="letters outside ASCII"),
    pytest.param("a\x00", id="a NUL"),
    pytest.param("a" * 65, id="too long"),
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_would_not_stay_one_field_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue, match="username"):
        password_file({name: hash_secret("secret")})
    with pytest.raises(InvalidValue, match="username"):
        acl_file([Service(name, ("topic read city/v1/#",))])


@pytest.mark.parametrize("hashed", ["secret", "", "$7$101$a$b\nroot:$7$1$a$b", "$6$101$aa$bb"])
def test_what_is_no_hash_is_refused_and_not_shown(hashed: str) -> None:
    with pytest.raises(InvalidValue, match="password_hash") as caught:
        password_file({"ingest": hashed})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("rule", ["topic read a\nuser root", "pattern write #", "user root"])
def test_a_rule_that_would_not_stay_one_line_of_its_user_is_refused(rule: str) -> None:
    with pytest.raises(InvalidValue, match="rule"):
        acl_file([Service("ingest", (rule,))])


def test_the_files_are_the_same_for_the_same_users() -> None:
    hashes = {name: hash_secret(name) for name in ("b", "a", "c")}
    text = password_file(hashes)
    assert text == password_file(dict(reversed(hashes.items())))
    assert [line.split(":")[0] for line in text.splitlines()] == ["a", "b", "c"]


async def test_files_hold_who_may_connect_now(
    conn: Connection, codes: Codes, tmp_path: Path
) -> None:
    passwords, acl = tmp_path / "passwords", tmp_path / "acl"
    reloads: list[str] = []
    await enrol(conn)
    await revoke(conn, [codes["device/1"]])
    await retire(conn, codes["device/2"], "scrapped")

    count = await write_broker_files(
        conn,
        passwords=passwords,
        acl=acl,
        service_secrets={"ingest": "secret"},
        reload=lambda: reloads.append(passwords.read_text()),
    )

    names = [line.split(":")[0] for line in passwords.read_text().splitlines()]
    members = [f"ingest-{number}" for number in range(1, 8)]
    assert (count, sorted(names)) == (1, sorted([codes["station"], "ingest", *members]))
    assert reloads == [passwords.read_text()]
    assert acl.read_text() == acl_file()
    assert {path.stat().st_mode & 0o777 for path in (passwords, acl)} == {0o600}


async def test_a_service_nobody_knows_is_refused(conn: Connection, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="service_secrets"):
        await write_broker_files(
            conn,
            passwords=tmp_path / "passwords",
            acl=tmp_path / "acl",
            service_secrets={"root": "secret"},
        )
    assert not (tmp_path / "passwords").exists() and not (tmp_path / "acl").exists()


def test_no_service_may_publish_below_a_device() -> None:
    assert not any("write" in rule for rule in INGEST.rules)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    path.write_text("before")
    with pytest.raises(UnicodeEncodeError):
        write_private(path, "half \ud800")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_written_by_root_belongs_to_who_has_to_read_it(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    write_private(tmp_path / "passwords", "x")
    assert (tmp_path / "passwords").stat().st_uid == 65534
