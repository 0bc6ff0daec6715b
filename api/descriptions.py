"""What a code names, for the resolver and for entities: found, told as JSON, or gone."""

from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from api import features
from api.errors import Gone, Unassigned
from city.codes import Kind, parse_code
from registry.errors import UnassignedCode
from registry.relating import Related, related
from registry.resolve import Resolution, resolve

MAX_RELATIONS = 500
"""An organisation may run half a city: more than these are not told with it."""

DESCRIPTION_EXAMPLE: dict[str, Any] = {
    "code": "C7K3K4WTB",
    "printed": "C7K-3K4-WTB",
    "keypad": "31037405834192",
    "kind": "C",
    "state": "bound",
    "class": "smart-pole",
    "name": {"zh": "东城灯杆 001", "en": "Dongcheng pole 001"},
    "geometry": {"type": "Point", "coordinates": [116.4074, 39.9042]},
    "area": "A0008N0CM",
    "areas": [
        {
            "code": "A0008N0CM",
            "class": "sub-district",
            "name": {"zh": "生成街道", "en": "Generated sub-district"},
        }
    ],
    "owner": None,
    "mounted_on": None,
    "devices": ["D7K3K4WTH"],
    "attributes": {},
    "aliases": {},
    "source_frame": "WGS 84",
    "valid_from": "2026-11-23T00:00:00Z",
    "valid_to": None,
    "uri": "http://127.0.0.1:8321/c/C7K3K4WTB",
}
RELATED_EXAMPLE: dict[str, Any] = {
    **DESCRIPTION_EXAMPLE,
    "relations": [
        {
            "predicate": "mountedOn",
            "inverse": True,
            "position": None,
            "code": "D7K3K4WTH",
            "class": "smart-pole",
            "name": {"zh": "东城灯杆 001 终端", "en": "Dongcheng pole 001 terminal"},
            "valid_from": "2026-11-23T00:00:00Z",
            "valid_to": None,
        }
    ],
    "relations_complete": True,
}


async def described(
    conn: AsyncConnection[Any], code: str, at: datetime | None = None
) -> Resolution:
    """Return what a canonical code names, now or at an instant.

    Raises:
        Unassigned: nothing, or nothing yet, or nothing at that instant.
        Gone: it was retired or voided, and no instant was asked for.
    """
    try:
        found = await resolve(conn, code, at)
    except UnassignedCode:
        raise Unassigned(code) from None
    if at is None and found.tombstone is not None:
        raise Gone(tombstone(found))
    if found.version is None:
        raise Unassigned(code)
    return found


def tombstone(found: Resolution) -> dict[str, Any]:
    """Return what is left of a retired or voided code (RFC 9457 extension members)."""
    stone, last = found.tombstone, found.version
    assert stone is not None  # noqa: S101 - the caller has seen it
    return {
        "assigned": found.code,
        "kind": found.kind,
        "state": found.state,
        "retired_at": stone.ended_at,
        "reason": stone.reason,
        "superseded_by": stone.successors,
        "last_known": None
        if last is None
        else {
            "class": last.class_,
            "name": last.names,
            "geometry": features.geometry(last.geometry),
        },
    }


async def relations(
    conn: AsyncConnection[Any], code: str, at: datetime | None = None
) -> dict[str, Any]:
    """Return what a thing is related to in either direction, now or at an instant, as members."""
    found = await related(conn, code, at)
    return {
        "relations": [_relation(each) for each in found[:MAX_RELATIONS]],
        "relations_complete": len(found) <= MAX_RELATIONS,
    }


def as_json(found: Resolution, public_url: str) -> dict[str, Any]:
    """Return the description of what a code names."""
    version = found.version
    assert version is not None  # noqa: S101 - `described` gives none without
    code = parse_code(found.code)
    return {
        "code": found.code,
        "printed": code.printed,
        "keypad": code.keypad if code.kind.is_entity else None,
        "kind": found.kind,
        "state": found.state,
        "class": version.class_,
        "name": version.names,
        "geometry": features.geometry(version.geometry),
        "area": version.areas[0].code if version.areas else None,
        "areas": [
            {"code": area.code, "class": area.class_, "name": area.names} for area in version.areas
        ],
        "owner": version.owner,
        "mounted_on": version.mounted_on,
        "devices": version.devices,
        "attributes": version.attributes,
        "aliases": version.aliases,
        "source_frame": version.frame,
        "valid_from": version.valid_from,
        "valid_to": version.valid_to,
        "uri": uri(found.code, public_url),
    }


def _relation(each: Related) -> dict[str, Any]:
    return {
        "predicate": each.predicate,
        "inverse": not each.is_subject,
        "position": each.position,
        "code": each.code,
        "class": each.class_,
        "name": each.names,
        "valid_from": each.valid_from,
        "valid_to": each.valid_to,
    }


def uri(code: str, public_url: str) -> str:
    """Return the address a code is published under."""
    return f"{public_url}/c/{code}"


KINDS = {
    Kind.AREA: ("区域", "Area"),
    Kind.BUILDING: ("建筑", "Building"),
    Kind.COMPONENT: ("部件", "Component"),
    Kind.DEVICE: ("终端", "Device"),
    Kind.EVENT: ("事件", "Event"),
    Kind.ORGANISATION: ("机构", "Organisation"),
    Kind.JUNCTION: ("节点", "Junction"),
    Kind.LINK: ("路段", "Link"),
    Kind.MATTER: ("事项", "Matter"),
    Kind.PERSON: ("人员", "Person"),
    Kind.ROUTE: ("线路", "Route"),
    Kind.TEST: ("测试", "Test"),
}
