"""Who may connect to the broker and what each may say: Mosquitto's password_file and acl_file.

Every device is a user named by its code. The rules for devices are patterns in which Mosquitto puts
the user's name, so twenty thousand devices need five lines; services are named one by one, and so
are gateways, each with the devices it speaks for. The files are replaced in one step, then the
broker is told to read them again (SIGHUP), which ends the sessions of users that are gone.

The broker takes a client's user name for its identifier (``use_username_as_clientid``), so that
nobody can take over the session of another user. Hence no two processes share a user.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection

from city.errors import InvalidValue
from city.topics import PREFIX
from devices.passwords import hash_secret
from devices.private_files import write_private

# Pattern of a name that can stand in both files: one word, no separator, nothing MQTT reads as a
# wildcard or a level, nothing Mosquitto reads as a comment.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_HASH = re.compile(r"\$7\$[0-9]+\$[A-Za-z0-9+/]+=*\$[A-Za-z0-9+/]+=*", re.ASCII)

_DEVICE_CHANNELS = (
    ("write", "telemetry"),
    ("write", "status"),
    ("write", "event"),
    ("write", "reply"),
    ("read", "command"),
)

DEVICE_RULES = tuple(
    f"pattern {access} {PREFIX}/+/+/%u/{channel}" for access, channel in _DEVICE_CHANNELS
)

# Index: credential_in_force.
_CREDENTIALS = """
    SELECT c.username, c.password_hash
    FROM devices.credential c
    JOIN devices.device_now d USING (device_key)
    WHERE c.revoked_at IS NULL
    ORDER BY c.username
"""

# Who speaks for whom, as long as both have a credential. Index: credential_in_force.
_MEMBERS = """
    SELECT g.gateway_code, array_agg(g.member_code ORDER BY g.member_code)
    FROM devices.gateway_now g
    JOIN devices.credential gateway
        ON gateway.device_key = g.gateway_key AND gateway.revoked_at IS NULL
    JOIN devices.credential member
        ON member.device_key = g.member_key AND member.revoked_at IS NULL
    GROUP BY g.gateway_code
    ORDER BY g.gateway_code
"""


@dataclass(frozen=True, slots=True)
class Service:
    """A user of the broker that is one of our own processes.

    Attributes:
        name: its user name; no device's code looks like it.
        rules: lines of the ACL file that hold for it alone.
    """

    name: str
    rules: tuple[str, ...]


def _ingest(name: str) -> Service:
    # Patterns hold for every user, so a service is denied what they would let it say as a "device"
    # of its own name; Mosquitto asks denials first.
    return Service(
        name, (f"topic deny {PREFIX}/+/+/{name}/#", f"topic read {PREFIX}/#", "topic read $SYS/#")
    )


INGEST = _ingest("ingest")
# For the further processes of a share group, and for looking on; they have ingest's secret.
FURTHER_INGEST = tuple(_ingest(f"ingest-{number}") for number in range(1, 8))

CONSOLE = Service(
    "console",
    (
        f"topic deny {PREFIX}/+/+/console/#",
        f"topic write {PREFIX}/+/+/+/command",
        f"topic read {PREFIX}/+/+/+/reply",
        f"topic read {PREFIX}/+/+/+/status",
    ),
)
SERVICES = (INGEST, *FURTHER_INGEST, CONSOLE)


def password_file(hashes: Mapping[str, str]) -> str:
    """The text of the password file for users and their hashes.

    Raises:
        InvalidValue: for a name or a hash that would not stay one field of one line.
    """
    return "".join(f"{_name(name)}:{_hash(hashes[name])}\n" for name in sorted(hashes))


def acl_file(
    services: Sequence[Service] = SERVICES, members: Mapping[str, Sequence[str]] | None = None
) -> str:
    """The text of the ACL file: each service's rules, gateways', then those of all devices.

    Args:
        services: our own processes.
        members: gateway's code → the codes of the devices it speaks for.

    Raises:
        InvalidValue: for a name or rule that would not stay what it is.
    """
    gateways = [Service(name, _speaking_for(theirs)) for name, theirs in (members or {}).items()]
    parts = [f"user {_name(each.name)}\n{_rules(each)}\n" for each in (*services, *gateways)]
    return "".join([*parts, *(f"{rule}\n" for rule in DEVICE_RULES)])


async def gateway_members(conn: AsyncConnection[Any]) -> dict[str, list[str]]:
    """Gateway's code → codes of the devices it speaks for; those with a credential in force."""
    return dict(await (await conn.execute(_MEMBERS)).fetchall())


async def rights_are_current(conn: AsyncConnection[Any], acl: Path) -> bool:
    """Whether the ACL file says who speaks for whom as the database does; it may be missing."""
    wanted = acl_file(members=await gateway_members(conn))
    return await asyncio.to_thread(_holds, acl, wanted)


async def write_broker_files(
    conn: AsyncConnection[Any],
    *,
    passwords: Path,
    acl: Path,
    service_secrets: Mapping[str, str],
    reload: Callable[[], None] | None = None,
) -> int:
    """Bring the broker's files to what the database says, and have it read them again.

    Args:
        conn: where the credentials are.
        passwords: where the broker's ``password_file`` is.
        acl: where its ``acl_file`` is.
        service_secrets: secret by name of service; one that is not given can't connect, but
            that of ``ingest`` is also good for ``ingest-1``, ….
        reload: called once both files are in place.

    Returns:
        How many devices may connect.

    Raises:
        InvalidValue: for a service nobody knows.
        OSError: when a file can't be written; what was there is whole.
    """
    unknown = service_secrets.keys() - {service.name for service in SERVICES}
    if unknown:
        raise InvalidValue("service_secrets", sorted(unknown)[0], "is no service of the broker")
    rows = await (await conn.execute(_CREDENTIALS)).fetchall()
    words = dict(service_secrets)
    if INGEST.name in words:
        words = dict.fromkeys((one.name for one in FURTHER_INGEST), words[INGEST.name]) | words
    hashes = dict(rows) | {name: hash_secret(word) for name, word in words.items()}
    members = await gateway_members(conn)
    # Rights first: a user that can connect before its rules are there would only be refused.
    write_private(acl, acl_file(members=members))
    write_private(passwords, password_file(hashes))
    if reload is not None:
        reload()
    return len(rows)


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidValue("username", name, "must be 1 to 64 letters, digits, _ and -")
    return name


def _hash(hashed: str) -> str:
    if not _HASH.fullmatch(hashed):
        raise InvalidValue("password_hash", "…", "must have the form $7$rounds$salt$key")
    return hashed


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def _speaking_for(members: Sequence[str]) -> tuple[str, ...]:
    """A gateway may do below its members' codes what they may, and nothing else."""
    return tuple(
        f"topic {access} {PREFIX}/+/+/{_name(member)}/{channel}"
        for member in members
        for access, channel in _DEVICE_CHANNELS
    )


def _rules(service: Service) -> str:
    for rule in service.rules:
        if not rule.isprintable() or not rule.startswith("topic "):
            raise InvalidValue("rule", rule, "must be one line that begins with 'topic'")
    return "\n".join(service.rules)
