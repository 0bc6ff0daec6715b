"""Credentials of devices: given, changed, taken away. A secret is shown once and stored nowhere.

The database holds hashes; what was issued is handed to the caller, who writes it to the fleet file
(`devices.fleet_file`) or shows it, inside the same transaction, so that no credential takes effect
whose secret nobody has.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row

from devices.directory import NO_DISTRICT
from devices.errors import UnknownDevices
from devices.passwords import hash_secret, new_secret

# Whoever changes credentials does it alone: two at once would each revoke and each issue.
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('devices.credential'))"

_DEVICES = """
    SELECT
        d.device_key, d.code, d.profile, COALESCE(d.district_code, %(no_district)s) AS district,
        d.lon, d.lat, c.credential_key IS NOT NULL AS is_enrolled,
        -- A gateway is named by its code from here on, whatever the city file called it.
        CASE
            WHEN g.gateway_code IS NULL THEN d.attributes
            ELSE d.attributes || jsonb_build_object('gateway', g.gateway_code)
        END AS attributes
    FROM devices.device_now d
    LEFT JOIN devices.gateway_now g
        ON g.member_key = d.device_key
    LEFT JOIN devices.credential c
        ON c.device_key = d.device_key AND c.revoked_at IS NULL
    WHERE %(codes)s::text[] IS NULL OR d.code = ANY(%(codes)s::text[])
    ORDER BY d.code
"""

_REVOKE = """
    UPDATE devices.credential
    SET revoked_at = clock_timestamp()
    WHERE device_key = ANY(%s)
      AND revoked_at IS NULL
"""

_ENROLLED = """
    UPDATE devices.device
    SET enrolled_at = COALESCE(enrolled_at, clock_timestamp())
    WHERE device_key = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Issued:
    """A device with its secret, as the fleet file carries it.

    Attributes:
        lon, lat: WGS 84, degrees; None where the registry knows no place.
    """

    code: str
    secret: str = field(repr=False)
    district: str
    profile: str
    lon: float | None
    lat: float | None
    attributes: dict[str, object]


@dataclass(frozen=True, slots=True)
class Description:
    """What the fleet file carries of a device beside code and secret; as in `Issued`."""

    district: str
    profile: str
    lon: float | None
    lat: float | None
    attributes: dict[str, object]


@dataclass(frozen=True, slots=True)
class _Device(Description):
    device_key: int
    code: str
    is_enrolled: bool


async def enrol(conn: AsyncConnection[Any], codes: Sequence[str] | None = None) -> list[Issued]:
    """Give a credential to those of these devices that have none; None means all in service.

    Raises:
        UnknownDevices: for codes that name no device in service; nobody is enrolled then.
    """
    async with conn.transaction():
        await conn.execute(_LOCK)
        devices = await _in_service(conn, codes)
        return await _issue(conn, [device for device in devices if not device.is_enrolled])


async def described(conn: AsyncConnection[Any]) -> dict[str, Description]:
    """What the registry says now of every device that has a credential, by code."""
    devices = await _in_service(conn, None)
    return {device.code: _description(device) for device in devices if device.is_enrolled}


async def rotate(conn: AsyncConnection[Any], codes: Sequence[str]) -> list[Issued]:
    """Give these devices new credentials; the old ones end with the broker's next reload.

    Raises:
        UnknownDevices: for codes that name no device in service; nothing changes then.
    """
    async with conn.transaction():
        await conn.execute(_LOCK)
        devices = await _in_service(conn, codes)
        await conn.execute(_REVOKE, [[device.device_key for device in devices]])
        return await _issue(conn, devices)


async def revoke(conn: AsyncConnection[Any], codes: Sequence[str]) -> int:
    """Take these devices' credentials away; how many had one.

    Raises:
        UnknownDevices: for codes that name no device in service; nothing changes then.
    """
    async with conn.transaction():
        await conn.execute(_LOCK)
        devices = await _in_service(conn, codes)
        cursor = await conn.execute(_REVOKE, [[device.device_key for device in devices]])
        return cursor.rowcount


async def _in_service(conn: AsyncConnection[Any], codes: Sequence[str] | None) -> list[_Device]:
    facts = {"codes": None if codes is None else list(codes), "no_district": NO_DISTRICT}
    async with conn.cursor(row_factory=class_row(_Device)) as cursor:
        devices = await (await cursor.execute(_DEVICES, facts)).fetchall()
    missing = sorted(set(codes or ()) - {device.code for device in devices})
    if missing:
        raise UnknownDevices(missing)
    return devices


async def _issue(conn: AsyncConnection[Any], devices: Sequence[_Device]) -> list[Issued]:
    issued = [_with_secret(device) for device in devices]
    columns = "COPY devices.credential (device_key, username, password_hash) FROM STDIN"
    async with conn.cursor().copy(columns) as copy:
        for device, new in zip(devices, issued, strict=True):
            await copy.write_row((device.device_key, device.code, hash_secret(new.secret)))
    await conn.execute(_ENROLLED, [[device.device_key for device in devices]])
    return issued


def _with_secret(device: _Device) -> Issued:
    return Issued(device.code, new_secret(), **asdict(_description(device)))


def _description(device: _Device) -> Description:
    return Description(
        district=device.district,
        profile=device.profile,
        lon=device.lon,
        lat=device.lat,
        attributes=device.attributes,
    )
