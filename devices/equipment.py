"""Devices as equipment: the row that gives a device its four-byte key and its profile.

The registry does not know this folder, so an import hands the devices it found to `register`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import AsyncConnection

from city.errors import shortened
from registry.city_file import DeviceFound
from registry.errors import BadCityFile, Problem

_REGISTER = """
    INSERT INTO devices.device (entity_key, profile)
    SELECT e.entity_key, found.profile
    FROM unnest(%(codes)s::text[], %(profiles)s::text[]) AS found (code, profile)
    JOIN registry.entity e ON e.code = found.code
    ORDER BY e.entity_key
    ON CONFLICT (entity_key) DO NOTHING
"""

_OTHER_PROFILE = """
    SELECT e.code, d.profile
    FROM unnest(%(codes)s::text[], %(profiles)s::text[]) AS found (code, profile)
    JOIN registry.entity e ON e.code = found.code
    JOIN devices.device d USING (entity_key)
    WHERE d.profile <> found.profile
"""

_NO_GATEWAY = """
    SELECT d.code, d.attributes -> 'gateway'
    FROM devices.device_now d
    LEFT JOIN devices.gateway_now g
        ON g.member_key = d.device_key
    WHERE d.code = ANY(%(codes)s::text[])
      AND d.attributes ? 'gateway'
      AND g.gateway_key IS NULL
"""


async def register(conn: AsyncConnection[Any], found: Sequence[DeviceFound]) -> None:
    """Give each device its row, unless it has one; fits `registry.city_file.import_city`.

    Raises:
        BadCityFile: when a device is said to have another profile than before. Its readings lie in
            the table of its profile: equipment that measures something else is another device.
            Or when the attribute ``gateway`` names no other device in service.
    """
    facts = {
        "codes": [each.code for each in found],
        "profiles": [each.profile for each in found],
    }
    differing = dict(await (await conn.execute(_OTHER_PROFILE, facts)).fetchall())
    _refuse(
        Problem(
            each.feature,
            "properties.profile",
            each.profile,
            f"is not the profile of {each.code}, which stays {differing[each.code]}",
        )
        for each in found
        if each.code in differing
    )
    await conn.execute(_REGISTER, facts)
    alone = dict(await (await conn.execute(_NO_GATEWAY, facts)).fetchall())
    _refuse(
        Problem(
            each.feature,
            "properties.attributes.gateway",
            shortened(alone[each.code]),
            "is neither key nor code of another device in service",
        )
        for each in found
        if each.code in alone
    )


def _refuse(problems: Iterable[Problem]) -> None:
    if faults := list(problems):
        raise BadCityFile(faults)
