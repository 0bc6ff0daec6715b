"""Who is who: from a device's code to the key its readings are stored under.

Ingest looks devices up here, the API joins the same facts through ``devices.device_now``. A device
is in the directory as long as the registry has it bound and the equipment is not retired; whether
it has a credential is the broker's business.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection, Cursor

# What a topic carries as its district while the registry knows none: six digits, no real code.
NO_DISTRICT = "000000"

_ALL = """
    SELECT device_key, code, profile, COALESCE(district_code, %(no_district)s)
    FROM devices.device_now
"""

# Index: entity.code (unique), then device.entity_key (unique).
_SOME = """
    SELECT device_key, code, profile, COALESCE(district_code, %(no_district)s)
    FROM devices.device_now
    WHERE code = ANY(%(codes)s)
"""

# Index: entity.external_key (unique), then device.entity_key (unique).
_WITH_KEYS = """
    SELECT d.code
    FROM devices.device_now d
    JOIN registry.entity e ON e.entity_key = d.entity_key
    WHERE e.external_key = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    """A device in service.

    Attributes:
        device_key: what telemetry rows carry (int4).
        code: its city code, kind D.
        profile: the catalogue's name for what it measures.
        district: GB/T 2260 code of the district it stands in, or `NO_DISTRICT`.
    """

    device_key: int
    code: str
    profile: str
    district: str


async def load(conn: AsyncConnection[Any]) -> dict[str, DeviceEntry]:
    """Every device in service, by code."""
    cursor = await conn.execute(_ALL, {"no_district": NO_DISTRICT})
    return _by_code(await cursor.fetchall())


def load_sync(cur: Cursor[Any]) -> dict[str, DeviceEntry]:
    """The same over a blocking cursor, for ingest's writer thread."""
    return _by_code(cur.execute(_ALL, {"no_district": NO_DISTRICT}).fetchall())


def lookup(cur: Cursor[Any], codes: Sequence[str]) -> dict[str, DeviceEntry]:
    """Those of these devices that are in service, by code; unknown ones are left out."""
    parameters = {"no_district": NO_DISTRICT, "codes": list(codes)}
    return _by_code(cur.execute(_SOME, parameters).fetchall())


async def with_keys(conn: AsyncConnection[Any], keys: Collection[str]) -> frozenset[str]:
    """Codes of the devices in service that a city file names by one of these keys."""
    cursor = await conn.execute(_WITH_KEYS, [list(keys)])
    return frozenset(code for (code,) in await cursor.fetchall())


def _by_code(rows: Sequence[tuple[int, str, str, str]]) -> dict[str, DeviceEntry]:
    return {row[1]: DeviceEntry(*row) for row in rows}
