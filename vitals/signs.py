"""Vital signs of areas, routes and links: the record, what is current, and the history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from city.codes import Kind
from vitals import indicators
from vitals.indicators import Names, text

_NOT_IN_BRIEF = frozenset({"entity", "area", "norm", "detail"})
NO_COLOUR = "#b0b0b0"
DETAIL_DECIMALS = 4
"""What a sign was made of is shown no finer: below a tenth of any metric's resolution."""

STATUSES: Mapping[str, Names] = {
    "ok": text("正常发布", "Published"),
    "na": text("不予发布（NA）", "Not available (NA)"),
    "stale": text("数据过期", "Out of date"),
    "not-monitored": text("未监测", "Not monitored"),
}
REASONS: Mapping[str, Names] = {
    "no-devices": text("区内没有设备", "No device in this area"),
    "no-data": text("没有当前数据", "No current data"),
    "input-missing": text("有测点缺测", "A sensor is missing"),
    "no-free-speed": text("没有自由流速度", "No free-flow speed is known"),
    "pollutant-missing": text("有污染物缺测", "A pollutant is missing"),
    "coverage": text("数据覆盖率不足 75%", "Data covers less than 75 %"),
    "silent-alarm": text("失联设备最近曾超标", "A device now silent was last in alarm"),
    "off-by-schedule": text("按计划熄灭", "Off by schedule"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One indicator of one thing at one instant.

    Attributes:
        entity_key: what it is of: an area, a route, a link.
        entity: its code.
        indicator: which, see `vitals.indicators`.
        ts: when it was evaluated.
        value: None unless status is ok.
        status: ok · na (withheld by a rule) · stale (no current data) · not-monitored.
        level: 1 is best.
        coverage: share of its inputs that are there, 0 to 1.
        norm: the edition it follows.
        reason: why there is no value, a key of `REASONS`.
        detail: what it was made of.
    """

    entity_key: int
    entity: str
    indicator: str
    ts: datetime
    value: float | None
    status: str
    level: int | None
    coverage: float
    norm: str
    reason: str | None
    detail: Mapping[str, Any]

    @property
    def area(self) -> str | None:
        """The code of the area it is of; None where it is of something else."""
        return self.entity if self.entity.startswith(Kind.AREA) else None


_FIELDS = Sign.__dataclass_fields__.keys()

# The comparison of what makes a sign another one stands in both statements.
_WRITE_NOW = """
INSERT INTO vitals.sign_now AS kept (
    area_key, indicator, ts, changed_at, value, status, level, coverage, norm, reason, detail
)
SELECT area_key, indicator, ts, ts, value, status, level, coverage, norm, reason, detail
FROM unnest(
    %(entity_key)s::bigint[], %(indicator)s::text[], %(ts)s::timestamptz[],
    %(value)s::double precision[], %(status)s::text[], %(level)s::smallint[],
    %(coverage)s::real[], %(norm)s::text[], %(reason)s::text[], %(detail)s::jsonb[]
) AS fresh (area_key, indicator, ts, value, status, level, coverage, norm, reason, detail)
ORDER BY area_key, indicator
ON CONFLICT (area_key, indicator) DO UPDATE
SET ts = excluded.ts,
    changed_at = CASE
        WHEN (kept.value, kept.status, kept.level, kept.norm, kept.reason)
             IS DISTINCT FROM
             (excluded.value, excluded.status, excluded.level, excluded.norm, excluded.reason)
        THEN excluded.ts
        ELSE kept.changed_at
    END,
    value = excluded.value,
    status = excluded.status,
    level = excluded.level,
    coverage = excluded.coverage,
    norm = excluded.norm,
    reason = excluded.reason,
    detail = excluded.detail
WHERE kept.ts < excluded.ts
"""
# History holds each change of level, status, norm or reason, of a value alone once in five minutes,
# and one row an hour of what has not changed. Index: the primary key, (area_key, indicator, ts).
_WRITE_HISTORY = """
INSERT INTO vitals.sign (
    area_key, indicator, ts, value, status, level, coverage, norm, reason, detail
)
SELECT n.area_key, n.indicator, n.ts, n.value, n.status, n.level, n.coverage, n.norm, n.reason,
    n.detail
FROM vitals.sign_now n
LEFT JOIN LATERAL (
    SELECT s.ts, s.value, s.status, s.level, s.norm, s.reason
    FROM vitals.sign s
    WHERE s.area_key = n.area_key
      AND s.indicator = n.indicator
      AND s.ts <= n.ts
    ORDER BY s.ts DESC
    LIMIT 1
) noted ON true
WHERE n.ts = %(ts)s
  AND (
      noted.ts IS NULL
      OR noted.ts < date_trunc('hour', n.ts)
      OR (noted.status, noted.level, noted.norm, noted.reason)
         IS DISTINCT FROM (n.status, n.level, n.norm, n.reason)
      OR (noted.value IS DISTINCT FROM n.value AND noted.ts <= n.ts - interval '5 minutes')
  )
ON CONFLICT DO NOTHING
"""
_FORGET = """
DELETE FROM vitals.sign_now n
WHERE NOT EXISTS (SELECT 1 FROM registry.entity_now e WHERE e.entity_key = n.area_key)
"""
_CURRENT = """
SELECT n.area_key AS entity_key, e.code AS entity, n.indicator, n.ts, n.value, n.status, n.level,
    n.coverage, n.norm, n.reason, n.detail
FROM vitals.sign_now n
JOIN registry.entity_now e
    ON e.entity_key = n.area_key
WHERE (%(class)s::text IS NULL OR e.class = %(class)s)
  AND (%(kind)s::text IS NULL OR e.kind = %(kind)s)
  AND (%(area)s::text IS NULL OR e.code = %(area)s OR e.area_key IN (
      SELECT w.area_key
      FROM registry.area_within w
      WHERE w.ancestor_code = %(area)s
  ))
  AND (%(indicator)s::text IS NULL OR n.indicator = %(indicator)s)
  AND (%(changed_after)s::timestamptz IS NULL OR n.changed_at > %(changed_after)s)
ORDER BY e.code, n.indicator
"""
# Index: the primary key, (area_key, indicator, ts).
_HISTORY = """
SELECT s.area_key AS entity_key, e.code AS entity, s.indicator, s.ts, s.value, s.status, s.level,
    s.coverage, s.norm, s.reason, s.detail
FROM vitals.sign s
JOIN registry.entity_now e
    ON e.entity_key = s.area_key
WHERE e.code = %(entity)s
  AND (%(indicator)s::text IS NULL OR s.indicator = %(indicator)s)
  AND s.ts >= %(start)s
  AND s.ts < %(end)s
ORDER BY s.ts DESC, s.indicator
LIMIT %(limit)s
"""
# Index: the primary key, (area_key, indicator).
_OF = """
SELECT n.area_key AS entity_key, e.code AS entity, n.indicator, n.ts, n.value, n.status, n.level,
    n.coverage, n.norm, n.reason, n.detail
FROM vitals.sign_now n
JOIN registry.entity_now e
    ON e.entity_key = n.area_key
WHERE n.area_key = ANY(%s)
ORDER BY e.code, n.indicator
"""
_EVALUATED = "SELECT max(ts) FROM vitals.sign_now"


async def write(conn: AsyncConnection[Any], signs: Sequence[Sign]) -> None:
    """Make these signs, all of one instant, current, and note in history what changed."""
    if not signs:
        return
    columns: dict[str, list[Any]] = {
        name: [getattr(sign, name) for sign in signs]
        for name in ("entity_key", "indicator", "ts", "status", "level", "norm", "reason")
    }
    # A list of integers and floats together is refused by the driver.
    columns["value"] = [None if sign.value is None else float(sign.value) for sign in signs]
    columns["coverage"] = [float(sign.coverage) for sign in signs]
    columns["detail"] = [Jsonb(_legible(sign.detail)) for sign in signs]
    async with conn.transaction():
        await conn.execute(_WRITE_NOW, columns)
        await conn.execute(_WRITE_HISTORY, {"ts": signs[0].ts})
        await conn.execute(_FORGET)


async def current(
    conn: AsyncConnection[Any],
    *,
    kind: Kind | None = None,
    class_: str | None = None,
    area: str | None = None,
    indicator: str | None = None,
    changed_after: datetime | None = None,
) -> list[Sign]:
    """Return current signs of what fits every condition given.

    Args:
        conn: where from.
        kind: of things of one kind: areas, routes, links.
        class_: of things of one class ("district", "road-segment").
        area: of the area with this code and what lies in it, at any depth.
        indicator: one of `vitals.indicators`.
        changed_after: that have changed since.
    """
    parameters = {
        "kind": kind,
        "class": class_,
        "area": area,
        "indicator": indicator,
        "changed_after": changed_after,
    }
    cursor = await conn.execute(_CURRENT, parameters)
    return [_sign(row) for row in await cursor.fetchall()]


async def of_entities(
    conn: AsyncConnection[Any], entity_keys: Sequence[int]
) -> dict[int, list[Sign]]:
    """Return the current signs of these things, by their keys."""
    found: dict[int, list[Sign]] = {}
    cursor = await conn.execute(_OF, [list(entity_keys)])
    for row in await cursor.fetchall():
        sign = _sign(row)
        found.setdefault(sign.entity_key, []).append(sign)
    return found


async def history(
    conn: AsyncConnection[Any],
    entity: str,
    *,
    indicator: str | None,
    start: datetime,
    end: datetime,
    limit: int,
) -> list[Sign]:
    """Return a thing's signs in [start, end), oldest first: the newest `limit` of them."""
    parameters = {
        "entity": entity,
        "indicator": indicator,
        "start": start,
        "end": end,
        "limit": limit,
    }
    cursor = await conn.execute(_HISTORY, parameters)
    return [_sign(row) for row in reversed(await cursor.fetchall())]


async def evaluated_at(conn: AsyncConnection[Any]) -> datetime | None:
    """Return when signs were last evaluated; None if never."""
    row = await (await conn.execute(_EVALUATED)).fetchone()
    return None if row is None else row[0]


def label(sign: Sign) -> Names:
    """Return what operators read: the level's name, or why there is none."""
    if sign.level is not None:
        return _level(sign).label
    return REASONS.get(sign.reason or "", STATUSES[sign.status])


def colour(sign: Sign) -> str:
    """Return the level's colour; grey where there is none."""
    return NO_COLOUR if sign.level is None else _level(sign).colour


def as_json(sign: Sign) -> dict[str, Any]:
    """Return a sign as it goes out over HTTP."""
    return {
        "entity": sign.entity,
        "area": sign.area,
        "indicator": sign.indicator,
        "ts": sign.ts,
        "value": sign.value,
        "status": sign.status,
        "level": sign.level,
        "label": dict(label(sign)),
        "colour": colour(sign),
        "coverage": round(sign.coverage, 3),
        "norm": sign.norm,
        "reason": sign.reason,
        "detail": sign.detail,
    }


def in_brief(sign: Sign) -> dict[str, Any]:
    """Return a sign as it stands beside what it is of: without norm and detail."""
    told = as_json(sign)
    return {name: value for name, value in told.items() if name not in _NOT_IN_BRIEF}


def _legible(detail: Any) -> Any:
    # Readings are stored in single precision: 0.4 comes back as 0.40000000596.
    if isinstance(detail, float):
        return round(detail, DETAIL_DECIMALS)
    if isinstance(detail, Mapping):
        return {name: _legible(each) for name, each in detail.items()}
    if isinstance(detail, list | tuple):
        return [_legible(each) for each in detail]
    return detail


def _level(sign: Sign) -> indicators.Level:
    levels = indicators.indicator(sign.indicator).levels
    return next(level for level in levels if level.number == sign.level)


def _sign(row: tuple[Any, ...]) -> Sign:
    return Sign(**dict(zip(_FIELDS, row, strict=True)))
