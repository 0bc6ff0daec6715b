"""Which devices stand for which area: every device counts for the area it lies in and all above."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import AsyncConnection

from city.catalogue import PROFILES
from vitals.aqi import POLLUTANTS
from vitals.attributes import fitted, positive
from vitals.hours import measures_air

_AREAS = "SELECT entity_key, code, class FROM registry.entity_now WHERE kind = 'A' ORDER BY code"
_DEVICES = """
SELECT device_key, code, profile, attributes -> 'lamp_rated_w', attributes -> 'fitted', area_key
FROM devices.device_now
ORDER BY code
"""
_NESTING = "SELECT area_key, ancestor_key FROM registry.area_within"


@dataclass(frozen=True, slots=True)
class Device:
    """A device in service.

    Attributes:
        lamp_rated_w: where it stands on a pole with a lamp of known power.
        measures_air: whether it is fitted with all that an air quality index needs. A device says
            by its attribute `fitted` which of its profile's metrics it has; without it, all.
    """

    device_key: int
    code: str
    profile: str
    lamp_rated_w: float | None
    measures_air: bool


@dataclass(slots=True)
class Area:
    """An area and all devices in it, at any depth."""

    entity_key: int
    code: str
    class_: str
    devices: list[Device] = field(default_factory=list)

    def of_profile(self, profile: str) -> list[Device]:
        """Return those of its devices that have this profile."""
        return [device for device in self.devices if device.profile == profile]


async def load(conn: AsyncConnection[Any]) -> list[Area]:
    """Return every bound area with its devices."""
    areas = {row[0]: Area(*row) for row in await bound(conn)}
    above = await nesting(conn)
    cursor = await conn.execute(_DEVICES)
    for device_key, code, profile, rated_w, has, area_key in await cursor.fetchall():
        device = Device(device_key, code, profile, positive(rated_w), _has_air(profile, has))
        _place(device, above.get(area_key, ()), areas)
    return list(areas.values())


async def bound(conn: AsyncConnection[Any]) -> list[tuple[int, str, str]]:
    """Return key, code and class of every bound area, by code."""
    return await (await conn.execute(_AREAS)).fetchall()


async def nesting(conn: AsyncConnection[Any]) -> dict[int, list[int]]:
    """Return by the key of each area the keys of those it lies in, its own among them."""
    above: dict[int, list[int]] = {}
    for area_key, ancestor_key in await (await conn.execute(_NESTING)).fetchall():
        above.setdefault(area_key, []).append(ancestor_key)
    return above


def _place(device: Device, keys: Iterable[int], areas: Mapping[int, Area]) -> None:
    for key in keys:
        if key in areas:
            areas[key].devices.append(device)


def _has_air(profile: str, written: object) -> bool:
    known = PROFILES.get(profile)
    if known is None or not measures_air(known):
        return False
    has = fitted(written)
    return has is None or has.issuperset(POLLUTANTS)
