"""The statements of the merge path, composed once for each profile from its metrics."""

from dataclasses import dataclass
from functools import cache

from psycopg import sql

from city.catalogue import PROFILES
from city.profiles import Metric, Profile
from store.hypertables import telemetry_table

# The stage lives as long as the session: no DDL after a session's first merge.
_CREATE_STAGE = sql.SQL("""
CREATE TEMP TABLE {stage} (LIKE {table} INCLUDING DEFAULTS, round integer NOT NULL)
ON COMMIT DELETE ROWS
""")

# xmax is 0 on a row that this statement inserted, and our own xid on one it locked or updated.
_UPSERT = sql.SQL("""
WITH written AS (
    INSERT INTO {table} AS kept (ts, batch_id, suspect, failed, device_key, {names})
    SELECT ts, batch_id, suspect, failed, device_key, {names}
    FROM {stage}
    WHERE round = %(round)s
    ORDER BY device_key, ts
    ON CONFLICT (device_key, ts) DO UPDATE
    SET batch_id = excluded.batch_id,
        suspect = kept.suspect | (excluded.suspect & ({new_bits})),
        failed = kept.failed | (excluded.failed & ({new_bits})),
        {fills}
    WHERE {is_new}
    RETURNING device_key, ts, xmax = 0 AS is_stored
)
SELECT
    count(*) FILTER (WHERE is_stored),
    array_agg(device_key) FILTER (WHERE NOT is_stored),
    array_agg(ts) FILTER (WHERE NOT is_stored)
FROM written
""")

# LATERAL, so that each staged row is one probe of the unique index in one chunk: the stage has no
# statistics, and a join by hash would read the hypertable.
_RECORD_CONFLICTS = sql.SQL("""
WITH refused AS (
    SELECT stage.batch_id, stage.device_key, stage.ts, pair.metric, pair.kept, pair.refused
    FROM {stage} AS stage
    CROSS JOIN LATERAL (
        SELECT {names}
        FROM {table} AS rows
        WHERE rows.device_key = stage.device_key
          AND rows.ts = stage.ts
        LIMIT 1
    ) AS kept
    CROSS JOIN LATERAL (VALUES {pairs}) AS pair (metric, kept, refused)
    WHERE stage.round = %(round)s
      AND pair.kept <> pair.refused
), recorded AS (
    INSERT INTO store.conflict (batch_id, profile, device_key, ts, metric, kept, refused)
    SELECT batch_id, {profile}, device_key, ts, metric, kept, refused
    FROM refused
)
SELECT DISTINCT device_key, ts
FROM refused
""")


@dataclass(frozen=True, slots=True)
class MergeStatements:
    """What `store.telemetry.merge_rows` runs for one profile.

    Attributes:
        stage: the temporary table that a batch is copied to.
        find_stage: gives NULL while this session has no stage.
        create_stage: makes it; its rows go at each commit.
        clear_stage: takes away what an earlier merge of the same transaction left.
        upsert: takes ``round``; gives the count of new rows, and keys and times of changed ones.
        record_conflicts: takes ``round``; gives key and time of readings that had one.
    """

    stage: sql.Identifier
    find_stage: sql.Composed
    create_stage: sql.Composed
    clear_stage: sql.Composed
    upsert: sql.Composed
    record_conflicts: sql.Composed


def statements(profile: Profile) -> MergeStatements:
    """The profile's statements."""
    return _of_catalogue(profile.name) if PROFILES.get(profile.name) is profile else _made(profile)


@cache
def _of_catalogue(name: str) -> MergeStatements:
    return _made(PROFILES[name])


def _made(profile: Profile) -> MergeStatements:
    stage = sql.Identifier("pg_temp", f"stage_{profile.table}")
    metrics = profile.metrics
    parts = {
        "stage": stage,
        "table": telemetry_table(profile),
        "names": sql.SQL(", ").join(sql.Identifier(metric.name) for metric in metrics),
        "profile": sql.Literal(profile.name),
        "new_bits": sql.SQL(" | ").join(map(_new_bit, metrics)),
        "fills": sql.SQL(",\n        ").join(map(_fill, metrics)),
        "is_new": sql.SQL("\n       OR ").join(map(_is_new, metrics)),
        "pairs": sql.SQL(", ").join(map(_pair, metrics)),
    }
    return MergeStatements(
        stage,
        sql.SQL("SELECT to_regclass({})").format(sql.Literal(f"pg_temp.stage_{profile.table}")),
        _CREATE_STAGE.format(**parts),
        sql.SQL("DELETE FROM {}").format(stage),
        _UPSERT.format(**parts),
        _RECORD_CONFLICTS.format(**parts),
    )


def _is_new(metric: Metric) -> sql.Composed:
    return sql.SQL("(kept.{0} IS NULL AND excluded.{0} IS NOT NULL)").format(
        sql.Identifier(metric.name)
    )


def _fill(metric: Metric) -> sql.Composed:
    return sql.SQL("{0} = COALESCE(kept.{0}, excluded.{0})").format(sql.Identifier(metric.name))


def _new_bit(metric: Metric) -> sql.Composed:
    return sql.SQL("CASE WHEN kept.{} IS NULL THEN {}::bigint ELSE 0 END").format(
        sql.Identifier(metric.name), sql.Literal(1 << metric.bit)
    )


def _pair(metric: Metric) -> sql.Composed:
    return sql.SQL("({}, kept.{}::double precision, stage.{}::double precision)").format(
        sql.Literal(metric.name), sql.Identifier(metric.name), sql.Identifier(metric.name)
    )
