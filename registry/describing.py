"""A description: what is true of an entity for a while, checked and written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from shapely.geometry.base import BaseGeometry

from city.codes import Kind
from city.errors import InvalidValue
from city.frames import Frame
from registry.classes import MOUNTS, class_fault, nesting_fault
from registry.geometries import geometry_fault
from registry.locking import Locked, bound_reference
from registry.places import follow_mounts, place_changes, settle_areas, settle_mounted
from registry.versions import Applied, apply_changes, prepare_changes

_CHANGE = """
    INSERT INTO registry_change (
        entity_key, names, class, geometry, follows_mount, area_key, area_source, owner_key,
        attributes, source_frame
    )
    VALUES (
        %(entity_key)s, %(names)s, %(class)s, ST_GeomFromWKB(%(geometry)s, 4326),
        %(follows_mount)s, %(area_key)s, %(area_source)s, %(owner_key)s, %(attributes)s, %(frame)s
    )
"""


@dataclass(frozen=True, slots=True)
class Description:
    """What is true of an entity for a while.

    Attributes:
        class_: one of the kind's classes.
        names: language → name, such as ``{"zh": "东城区", "en": "Dongcheng"}``.
        geometry: WGS 84, lon before lat; None where unknown, or where what it is mounted on is.
        area: code of the area it is said to lie in; None → found from the geometry.
        owner: code of the organisation that owns it.
        attributes: whatever else, as JSON.
        frame: what the geometry's source used, before it was converted.
    """

    class_: str
    names: Mapping[str, str] = field(default_factory=dict)
    geometry: BaseGeometry | None = None
    area: str | None = None
    owner: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    frame: Frame = Frame.WGS84


async def write_description(
    conn: AsyncConnection[Any],
    entity: Locked,
    description: Description,
    at: datetime,
    *,
    is_mounted: bool,
) -> Applied:
    """Make a description true from `at` on, and carry it through to what depends on it.

    Raises:
        InvalidValue: naming the part that breaks a rule.
    """
    _check_class(entity.kind, description.class_)
    _check_geometry(entity.kind, description.geometry)
    area_key = await _area_key(conn, entity.kind, description)
    owner_key = await _owner_key(conn, description)
    await prepare_changes(conn)
    await conn.execute(
        _CHANGE,
        {
            "entity_key": entity.entity_key,
            "names": Jsonb(dict(description.names)),
            "class": description.class_,
            "geometry": None if description.geometry is None else description.geometry.wkb,
            "follows_mount": is_mounted and description.geometry is None,
            "area_key": area_key,
            "area_source": "none" if area_key is None else "given",
            "owner_key": owner_key,
            "attributes": Jsonb(dict(description.attributes)),
            "frame": description.frame.value,
        },
    )
    await place_changes(conn)
    await follow_mounts(conn)
    applied = await apply_changes(conn, at)
    await _carry_through(conn, entity, applied, at)
    return applied


async def _carry_through(
    conn: AsyncConnection[Any], entity: Locked, applied: Applied, at: datetime
) -> None:
    if applied.unchanged:
        return
    if entity.kind is Kind.AREA:
        await settle_areas(conn, at, [entity.entity_key])
    elif entity.kind in MOUNTS and not applied.created:
        await settle_mounted(conn, at, [entity.entity_key])


def _check_class(kind: Kind, class_: str) -> None:
    fault = class_fault(kind, class_)
    if fault:
        raise InvalidValue("class", class_, fault)


def _check_geometry(kind: Kind, geometry: BaseGeometry | None) -> None:
    fault = geometry_fault(kind, geometry)
    if fault:
        raise InvalidValue("geometry", geometry.geom_type if geometry else "", fault)


async def _area_key(conn: AsyncConnection[Any], kind: Kind, description: Description) -> int | None:
    if description.area is None:
        return None
    area = await bound_reference(conn, "area", description.area, {Kind.AREA})
    fault = nesting_fault(area.class_, description.class_) if kind is Kind.AREA else None
    if fault:
        raise InvalidValue("area", description.area, fault)
    return area.entity_key


async def _owner_key(conn: AsyncConnection[Any], description: Description) -> int | None:
    if description.owner is None:
        return None
    owner = await bound_reference(conn, "owner", description.owner, {Kind.ORGANISATION})
    return owner.entity_key
