"""In which area a thing lies, when nobody said: the smallest area that covers it.

"Covers it" is asked of one representative point on it (PostGIS ``ST_PointOnSurface``: the point
itself, a point on the line, a point inside the polygon), with the area's border counting as inside;
"smallest" is by extent, then by code, so the answer does not depend on any order. An area's own
parent is sought the same way among areas of a coarser level. What is mounted on something and has
no geometry of its own is where that thing is.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

from psycopg import AsyncConnection, sql

from registry.classes import AREA_LEVELS
from registry.versions import apply_changes, prepare_changes

# Area by area, not point by point: PostGIS prepares a polygon once and then tests points against it
# at a tenth of the cost. Indexes: entity_version_current_area_shape for the areas (hence the
# spelled-out classes), registry_change_point for the points in each.
_PLACE = """
    WITH area AS MATERIALIZED (
        SELECT entity_key, geometry, array_position(%(levels)s::text[], class) AS level
        FROM registry.entity_version
        WHERE upper_inf(valid)
          AND class IN ('city', 'district', 'sub-district', 'community')
          AND geometry IS NOT NULL
    ),
    covering AS MATERIALIZED (
        SELECT c.entity_key, area.entity_key AS area_key
        FROM area
        JOIN registry_change c
            ON ST_Covers(area.geometry, ST_PointOnSurface(c.geometry))
            AND area.level < COALESCE(array_position(%(levels)s::text[], c.class), 99)
        WHERE c.area_source IN ('none', 'geometry')
          AND NOT c.follows_mount
    ),
    sized AS MATERIALIZED (
        SELECT area.entity_key AS area_key, e.code, ST_Area(area.geometry) AS size
        FROM area
        JOIN registry.entity e USING (entity_key)
        WHERE area.entity_key IN (SELECT area_key FROM covering)
    ),
    smallest AS (
        SELECT DISTINCT ON (covering.entity_key) covering.entity_key, covering.area_key
        FROM covering
        JOIN sized USING (area_key)
        ORDER BY covering.entity_key, sized.size, sized.code
    )
    UPDATE registry_change c
    SET area_key = smallest.area_key,
        area_source = CASE WHEN smallest.area_key IS NULL THEN 'none' ELSE 'geometry' END
    FROM registry_change wanted
    LEFT JOIN smallest USING (entity_key)
    WHERE c.entity_key = wanted.entity_key
      AND c.area_source IN ('none', 'geometry')
      AND NOT c.follows_mount
      AND c.area_key IS DISTINCT FROM smallest.area_key
"""

_FOLLOW = """
    UPDATE registry_change c
    SET geometry = mount.geometry,
        area_key = CASE WHEN c.area_source = 'given' THEN c.area_key ELSE mount.area_key END,
        area_source = CASE
            WHEN c.area_source = 'given' THEN 'given'
            WHEN mount.area_key IS NULL THEN 'none'
            ELSE 'mount'
        END
    FROM registry.relation r
    JOIN registry.entity_version mount
        ON mount.entity_key = r.object_key AND upper_inf(mount.valid)
    WHERE r.subject_key = c.entity_key
      AND r.predicate = 'mountedOn'
      AND upper_inf(r.valid)
      AND c.follows_mount
"""

_COLLECT = """
    INSERT INTO registry_change (
        entity_key, names, class, geometry, follows_mount, area_key, area_source, owner_key,
        attributes, source_frame
    )
    SELECT
        v.entity_key, v.names, v.class, v.geometry, v.follows_mount, v.area_key, v.area_source,
        v.owner_key, v.attributes, v.source_frame
    FROM registry.entity_version v
    JOIN registry.entity e USING (entity_key)
    WHERE upper_inf(v.valid)
      AND {which}
"""

# Which current descriptions to look at again; `keys` are of the areas or mounts that changed.
_AREAS: LiteralString = "e.kind = 'A'"
_THINGS_IN: LiteralString = """
    e.kind <> 'A'
    AND NOT v.follows_mount
    AND v.area_source IN ('none', 'geometry')
    AND (v.area_key = ANY(%(keys)s) OR EXISTS (
        SELECT
        FROM registry.entity_version area
        WHERE area.entity_key = ANY(%(keys)s)
          AND upper_inf(area.valid)
          AND area.class IN ('city', 'district', 'sub-district', 'community')
          AND area.geometry && v.geometry
    ))
"""
_MOUNTED_ELSEWHERE: LiteralString = """
    v.follows_mount
    AND EXISTS (
        SELECT
        FROM registry.relation r
        JOIN registry.entity_version mount
            ON mount.entity_key = r.object_key AND upper_inf(mount.valid)
        WHERE r.subject_key = v.entity_key
          AND r.predicate = 'mountedOn'
          AND upper_inf(r.valid)
          AND (mount.geometry, mount.area_key) IS DISTINCT FROM (v.geometry, v.area_key)
    )
"""
_MOUNTED_ON: LiteralString = """
    v.follows_mount
    AND v.entity_key IN (
        SELECT subject_key
        FROM registry.relation
        WHERE object_key = ANY(%(keys)s)
          AND predicate = 'mountedOn'
          AND upper_inf(valid)
    )
"""

_NESTING = """
    WITH RECURSIVE area AS (
        SELECT v.entity_key, v.area_key AS parent_key, v.class
        FROM registry.entity_version v
        JOIN registry.entity e USING (entity_key)
        WHERE upper_inf(v.valid) AND e.kind = 'A'
    ),
    nesting (area_key, ancestor_key, ancestor_class, depth, next_key) AS (
        SELECT entity_key, entity_key, class, 0, parent_key
        FROM area
        UNION ALL
        SELECT nesting.area_key, area.entity_key, area.class, nesting.depth + 1, area.parent_key
        FROM nesting
        JOIN area ON area.entity_key = nesting.next_key
    )
    INSERT INTO registry.area_nesting (area_key, ancestor_key, ancestor_class, depth)
    SELECT area_key, ancestor_key, ancestor_class, depth
    FROM nesting
"""


async def place_changes(conn: AsyncConnection[Any]) -> None:
    """Give every collected change whose area nobody stated the area its geometry lies in."""
    await conn.execute("ANALYZE registry_change")
    await conn.execute(_PLACE, {"levels": list(AREA_LEVELS)})


async def follow_mounts(conn: AsyncConnection[Any]) -> None:
    """Put every collected change that follows its mount where the mount is now."""
    await conn.execute(_FOLLOW)


async def settle_areas(conn: AsyncConnection[Any], at: datetime, areas: Sequence[int]) -> None:
    """Carry changed areas through: parents, nesting, and whatever was placed by its geometry.

    Looked at again are all areas, and the things that lay in one of `areas` or may lie there now.
    Each difference opens a new version at `at`. Ends with what follows its mount.
    """
    for which in (_AREAS, _THINGS_IN):
        await _collect(conn, which, areas)
        await place_changes(conn)
        await apply_changes(conn, at)
    await refresh_nesting(conn)
    await settle_mounted(conn, at)


async def settle_mounted(
    conn: AsyncConnection[Any], at: datetime, mounts: Sequence[int] | None = None
) -> None:
    """Move what follows its mount to where the mount is now; `mounts` None means all of them."""
    if mounts is None:
        await _collect(conn, _MOUNTED_ELSEWHERE, ())
    else:
        await _collect(conn, _MOUNTED_ON, mounts)
    await follow_mounts(conn)
    await apply_changes(conn, at)


async def refresh_nesting(conn: AsyncConnection[Any]) -> None:
    """Derive the table of nesting anew from the current areas: some thousands of rows."""
    await conn.execute("DELETE FROM registry.area_nesting")
    await conn.execute(_NESTING)


async def _collect(conn: AsyncConnection[Any], which: LiteralString, keys: Sequence[int]) -> None:
    """Start the table of changes with current descriptions as they are."""
    await prepare_changes(conn)
    query = sql.SQL(_COLLECT).format(which=sql.SQL(which))
    await conn.execute(query, {"keys": list(keys)})
