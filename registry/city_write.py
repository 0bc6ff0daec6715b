"""The city file's way into the tables: staged by COPY, then moved in a few statements.

In: features without a fault and what they refer to. Out: counts. One instant, one transaction.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from psycopg import AsyncConnection

from city.codes import Kind
from registry.city_features import Feature, Progress
from registry.city_links import Surroundings
from registry.dated import end
from registry.minting import mint
from registry.places import follow_mounts, place_changes, settle_areas, settle_mounted
from registry.versions import Applied, apply_changes, prepare_changes
from registry.write_relations import Incoming, write_relations

_SRID = 4326

CodeOf = Callable[[str | None], str | None]
"""From a key or code that a feature names to the code it leads to; None where to nothing."""

_STAGE = """
    CREATE TEMP TABLE registry_incoming (
        code        text COLLATE "C" PRIMARY KEY,
        key         text  NOT NULL,
        kind        text  NOT NULL,
        class       text  NOT NULL,
        names       jsonb NOT NULL,
        geometry    geometry,
        area_code   text COLLATE "C",
        mount_code  text COLLATE "C",
        owner_code  text COLLATE "C",
        attributes  jsonb NOT NULL,
        frame       text  NOT NULL
    ) ON COMMIT DROP
"""

_STAGE_ALIASES = """
    CREATE TEMP TABLE registry_incoming_alias (
        code    text COLLATE "C" NOT NULL,
        scheme  text COLLATE "C" NOT NULL,
        value   text COLLATE "C" NOT NULL,
        PRIMARY KEY (code, scheme)
    ) ON COMMIT DROP
"""

_BIND = """
    UPDATE registry.entity e
    SET state = 'bound', external_key = i.key, bound_at = %(at)s
    FROM registry_incoming i
    WHERE e.code = i.code
      AND e.state = 'minted'
"""

_AREAS = """
    SELECT e.entity_key
    FROM registry_incoming i
    JOIN registry.entity e ON e.code = i.code
    WHERE i.kind = 'A'
"""

_CHANGE = """
    INSERT INTO registry_change (
        entity_key, names, class, geometry, follows_mount, area_key, area_source, owner_key,
        attributes, source_frame
    )
    SELECT
        e.entity_key, i.names, i.class, i.geometry,
        i.mount_code IS NOT NULL AND i.geometry IS NULL,
        area.entity_key,
        CASE WHEN area.entity_key IS NULL THEN 'none' ELSE 'given' END,
        owner.entity_key, i.attributes, i.frame
    FROM registry_incoming i
    JOIN registry.entity e ON e.code = i.code
    LEFT JOIN registry.entity area ON area.code = i.area_code
    LEFT JOIN registry.entity owner ON owner.code = i.owner_code
    WHERE CASE %(stage)s
              WHEN 'areas' THEN i.kind = 'A'
              WHEN 'things' THEN i.kind <> 'A' AND (i.mount_code IS NULL OR i.geometry IS NOT NULL)
              ELSE i.mount_code IS NOT NULL AND i.geometry IS NULL
          END
"""

_NOT_ITS_MOUNT = """
    d.predicate = 'mountedOn'
    AND EXISTS (
        SELECT
        FROM registry_incoming i
        JOIN registry.entity subject ON subject.code = i.code
        LEFT JOIN registry.entity mount ON mount.code = i.mount_code
        WHERE i.kind = 'D'
          AND subject.entity_key = d.subject_key
          AND mount.entity_key IS DISTINCT FROM d.object_key
    )
"""

_MOUNT = """
    INSERT INTO registry.relation (subject_key, predicate, object_key, valid)
    SELECT subject.entity_key, 'mountedOn', mount.entity_key, tstzrange(%(at)s, NULL)
    FROM registry_incoming i
    JOIN registry.entity subject ON subject.code = i.code
    JOIN registry.entity mount ON mount.code = i.mount_code
    WHERE NOT EXISTS (
        SELECT
        FROM registry.relation r
        WHERE r.subject_key = subject.entity_key
          AND r.predicate = 'mountedOn'
          AND upper_inf(r.valid)
    )
"""

_NOT_ITS_ALIAS = """
    EXISTS (
        SELECT
        FROM registry_incoming_alias i
        JOIN registry.entity e ON e.code = i.code
        WHERE e.entity_key = d.entity_key
          AND i.scheme = d.scheme
          AND i.value <> d.value
    )
"""

_ALIAS = """
    INSERT INTO registry.alias (scheme, value, entity_key, valid)
    SELECT i.scheme, i.value, e.entity_key, tstzrange(%(at)s, NULL)
    FROM registry_incoming_alias i
    JOIN registry.entity e ON e.code = i.code
    WHERE NOT EXISTS (
        SELECT
        FROM registry.alias a
        WHERE a.entity_key = e.entity_key
          AND a.scheme = i.scheme
          AND upper_inf(a.valid)
    )
"""


@dataclass(frozen=True, slots=True)
class Written:
    """What the writing did.

    Attributes:
        descriptions: entities created, changed and left as they were.
        mounts: devices that stand on something else than before.
        relations: other relations that began or ended.
        aliases: aliases opened.
        codes: key → code of every feature.
    """

    descriptions: Applied
    mounts: int
    relations: int
    aliases: int
    codes: Mapping[str, str]


async def write_features(
    conn: AsyncConnection[Any],
    features: Sequence[Feature],
    around: Surroundings,
    at: datetime,
    progress: Progress,
) -> Written:
    """Make the features true from `at` on; the caller's transaction holds all writing."""
    total = len(features)
    codes = await _codes(conn, features, around)
    code_of = _targets(features, around, codes)
    progress("writing", 0, total)
    await _stage(conn, features, codes, code_of)
    await conn.execute(_BIND, {"at": at})
    areas = await _describe(conn, "areas", at)
    if areas.created or areas.changed:
        rows = await (await conn.execute(_AREAS)).fetchall()
        await settle_areas(conn, at, [row[0] for row in rows])
    await end(conn, "relation", _NOT_ITS_MOUNT, {"at": at})
    mounts = (await conn.execute(_MOUNT, {"at": at})).rowcount
    progress("writing", _sum(areas), total)
    things = await _describe(conn, "things", at)
    progress("writing", _sum(areas, things), total)
    mounted = await _describe(conn, "mounted", at)
    if things.changed:
        await settle_mounted(conn, at)  # devices that the file does not name stand there too
    await end(conn, "alias", _NOT_ITS_ALIAS, {"at": at})
    aliases = (await conn.execute(_ALIAS, {"at": at})).rowcount
    relations = await write_relations(conn, _relations(features, codes, code_of), at)
    await conn.execute("DROP TABLE registry_incoming, registry_incoming_alias")
    progress("writing", total, total)
    return Written(_added(areas, things, mounted), mounts, relations, aliases, codes)


async def _codes(
    conn: AsyncConnection[Any], features: Sequence[Feature], around: Surroundings
) -> dict[str, str]:
    """Code by key; what is missing is minted in the order of keys, so not that of the file."""
    codes: dict[str, str] = {}
    missing: dict[Kind, list[str]] = {}
    for feature in features:
        code = around.code_of(feature)
        if code is None:
            missing.setdefault(feature.kind, []).append(feature.key)
        else:
            codes[feature.key] = code
    for kind, keys in sorted(missing.items()):
        codes.update(zip(sorted(keys), await mint(conn, kind, len(keys)), strict=True))
    return codes


def _targets(features: Sequence[Feature], around: Surroundings, codes: Mapping[str, str]) -> CodeOf:
    by_key = {feature.key: feature for feature in features}

    def code_of(name: str | None) -> str | None:
        target = None if name is None else around.target(name, by_key)
        if target is None:
            return None
        return target.code if target.feature is None else codes[target.feature.key]

    return code_of


async def _stage(
    conn: AsyncConnection[Any],
    features: Sequence[Feature],
    codes: Mapping[str, str],
    code_of: CodeOf,
) -> None:
    drawn = np.array([feature.geometry for feature in features], dtype=object)
    shapes = shapely.to_wkb(shapely.set_srid(drawn, _SRID), hex=True, include_srid=True)
    await conn.execute(_STAGE)
    async with conn.cursor().copy("COPY registry_incoming FROM STDIN") as copy:
        for feature, shape in zip(features, shapes, strict=True):
            await copy.write_row(
                (
                    codes[feature.key],
                    feature.key,
                    feature.kind.value,
                    feature.class_,
                    _json(feature.names),
                    shape,
                    code_of(feature.area),
                    code_of(feature.mounted_on),
                    code_of(feature.owner),
                    _json(feature.attributes),
                    feature.frame.value,
                )
            )
    await conn.execute(_STAGE_ALIASES)
    async with conn.cursor().copy("COPY registry_incoming_alias FROM STDIN") as copy:
        for feature in features:
            for scheme, value in feature.aliases.items():
                await copy.write_row((codes[feature.key], scheme, value))
    await conn.execute("ANALYZE registry_incoming, registry_incoming_alias")


def _relations(
    features: Sequence[Feature], codes: Mapping[str, str], code_of: CodeOf
) -> Iterator[Incoming]:
    for feature in features:
        if feature.relations is None:
            continue
        subject = codes[feature.key]
        yield Incoming(subject, None, None, None)
        for stated in feature.relations:
            yield Incoming(subject, stated.predicate, stated.position, code_of(stated.to))


async def _describe(conn: AsyncConnection[Any], stage: str, at: datetime) -> Applied:
    await prepare_changes(conn)
    await conn.execute(_CHANGE, {"stage": stage})
    if stage == "mounted":
        await follow_mounts(conn)
    else:
        await place_changes(conn)
    return await apply_changes(conn, at)


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _sum(*parts: Applied) -> int:
    return sum(part.created + part.changed + part.unchanged for part in parts)


def _added(*parts: Applied) -> Applied:
    return Applied(
        sum(part.created for part in parts),
        sum(part.changed for part in parts),
        sum(part.unchanged for part in parts),
    )
