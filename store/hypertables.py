"""Telemetry hypertables, derived from the catalogue: created, extended, never narrowed."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from city.catalogue import PROFILES
from city.profiles import Metric, Profile, Storage
from store.errors import CatalogueConflict

log = logging.getLogger(__name__)

Recorded = dict[str, tuple[int, str]]
"""Metric name → bit and storage, as the table was made."""

_WIDEST_FIRST = {Storage.DOUBLE: 0, Storage.REAL: 1, Storage.STATE: 2}

# Device first: a device's series is one stretch of the index. Time first would load faster, and
# make every chart read the readings of the whole city.
_CREATE = sql.SQL("""
CREATE TABLE {table} (
    ts timestamptz NOT NULL,
    batch_id bigint NOT NULL,
    suspect bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    {doubles}
    device_key integer NOT NULL,
    {others},
    UNIQUE (device_key, ts)
)
""")

# Followers fetch a batch's rows by batch_id; rows lie in the heap in nearly that order. The server
# takes 256 requests to summarise between two rounds of autovacuum (30 s here): at 64 pages each
# that keeps up with some 30,000 rows a second, and a look-up reads half a megabyte at least.
_BRIN = sql.SQL("""
CREATE INDEX {name} ON {table}
USING brin (batch_id) WITH (pages_per_range = 64, autosummarize = on)
""")


_DESCRIBE = """
    UPDATE store.metric
    SET names = %(names)s,
        unit = %(unit)s,
        low = %(low)s,
        high = %(high)s,
        resolution = %(resolution)s,
        suspect_low = %(suspect_low)s,
        suspect_high = %(suspect_high)s,
        aggregation = %(aggregation)s,
        weight = %(weight)s,
        rolls_over_at = %(rolls_over_at)s,
        states = %(states)s,
        grade = %(grade)s,
        source = %(source)s
    WHERE profile = %(profile)s
      AND name = %(name)s
"""


def telemetry_table(profile: Profile) -> sql.Identifier:
    """The profile's hypertable, to be put into SQL."""
    return sql.Identifier("store", profile.table)


def sync(conn: psycopg.Connection[Any], profiles: Mapping[str, Profile] = PROFILES) -> list[str]:
    """Create the tables and columns that the catalogue has and the database has not.

    Args:
        conn: in autocommit mode; each profile is one transaction.
        profiles: the catalogue.

    Returns:
        What was done, one phrase each; nothing when all was there.

    Raises:
        CatalogueConflict: a metric's type or bit changed, or a bit is used again.
    """
    done: list[str] = []
    for profile in profiles.values():
        with conn.transaction():
            done += _sync_profile(conn, profile)
    for phrase in done:
        log.info("hypertable changed what=%s", phrase)
    return done


def _sync_profile(conn: psycopg.Connection[Any], profile: Profile) -> list[str]:
    recorded = _recorded(conn, profile)
    for metric in profile.metrics:
        _check(profile, metric, recorded)
    missing = [metric for metric in profile.metrics if metric.name not in recorded]
    if not recorded:
        _create(conn, profile)
        done = [f"created {profile.table}"]
    else:
        for metric in missing:
            _add_column(conn, profile, metric)
        done = [f"added {profile.table}.{metric.name}" for metric in missing]
        _set_chunk_interval(conn, profile)
    _record(conn, profile, missing)
    _describe(conn, profile)
    return done


def _recorded(conn: psycopg.Connection[Any], profile: Profile) -> Recorded:
    rows = conn.execute(
        "SELECT name, bit, storage FROM store.metric WHERE profile = %s", [profile.name]
    ).fetchall()
    return {name: (bit, storage) for name, bit, storage in rows}


def _check(profile: Profile, metric: Metric, recorded: Recorded) -> None:
    """Refuse what would give rows that are already stored another meaning."""
    if metric.name in recorded:
        bit, storage = recorded[metric.name]
        if bit != metric.bit:
            rule = f"has bit {bit} in this database and {metric.bit} in the catalogue"
            raise CatalogueConflict(profile.name, metric.name, rule)
        if storage != metric.storage:
            rule = f"is stored as {storage} in this database, the catalogue says {metric.storage}"
            raise CatalogueConflict(profile.name, metric.name, rule)
        return
    for name, (bit, _) in recorded.items():
        if bit == metric.bit:
            rule = f"bit {bit} belongs to {name}, and bits are never used again"
            raise CatalogueConflict(profile.name, metric.name, rule)


def _create(conn: psycopg.Connection[Any], profile: Profile) -> None:
    """Columns go widest first, so that no row carries padding."""
    metrics = sorted(profile.metrics, key=lambda metric: _WIDEST_FIRST[metric.storage])
    doubles = [_column(metric) for metric in metrics if metric.storage is Storage.DOUBLE]
    others = [_column(metric) for metric in metrics if metric.storage is not Storage.DOUBLE]
    table = telemetry_table(profile)
    conn.execute(
        _CREATE.format(
            table=table,
            doubles=sql.SQL("").join(sql.SQL("{}, ").format(column) for column in doubles),
            others=sql.SQL(", ").join(others),
        )
    )
    conn.execute(
        sql.SQL(
            "SELECT create_hypertable({table}, by_range('ts', {interval}),"
            " create_default_indexes => false)"
        ).format(
            table=sql.Literal(f"store.{profile.table}"),
            interval=sql.Literal(timedelta(days=profile.chunk_days)),
        )
    )
    conn.execute(_BRIN.format(name=sql.Identifier(f"{profile.table}_batch"), table=table))


def _column(metric: Metric) -> sql.Composed:
    return sql.SQL("{} {}").format(sql.Identifier(metric.name), _TYPES[metric.storage])


_TYPES = {
    Storage.REAL: sql.SQL("real"),
    Storage.DOUBLE: sql.SQL("double precision"),
    Storage.STATE: sql.SQL("smallint"),
}


def _add_column(conn: psycopg.Connection[Any], profile: Profile, metric: Metric) -> None:
    """Without default: no row is rewritten, and absent means not measured."""
    conn.execute(
        sql.SQL("ALTER TABLE {} ADD COLUMN {}").format(telemetry_table(profile), _column(metric))
    )


def _set_chunk_interval(conn: psycopg.Connection[Any], profile: Profile) -> None:
    """Holds for chunks to come; those that exist keep their span."""
    interval = timedelta(days=profile.chunk_days)
    row = conn.execute(
        "SELECT time_interval FROM timescaledb_information.dimensions"
        " WHERE hypertable_schema = 'store' AND hypertable_name = %s",
        [profile.table],
    ).fetchone()
    if row is not None and row[0] != interval:
        conn.execute(
            "SELECT set_chunk_time_interval(%s::regclass, %s)",
            [f"store.{profile.table}", interval],
        )


def _record(conn: psycopg.Connection[Any], profile: Profile, metrics: list[Metric]) -> None:
    with conn.cursor() as cur:
        cur.executemany(
            "INSERT INTO store.metric (profile, name, bit, storage) VALUES (%s, %s, %s, %s)",
            [(profile.name, metric.name, metric.bit, metric.storage.value) for metric in metrics],
        )


def _describe(conn: psycopg.Connection[Any], profile: Profile) -> None:
    with conn.cursor() as cur:
        cur.executemany(_DESCRIBE, [_facts(profile, metric) for metric in profile.metrics])


def _facts(profile: Profile, metric: Metric) -> dict[str, Any]:
    return {
        "profile": profile.name,
        "name": metric.name,
        "names": Jsonb(dict(metric.names)),
        "unit": metric.unit,
        "low": metric.low,
        "high": metric.high,
        "resolution": metric.resolution,
        "suspect_low": metric.suspect_low,
        "suspect_high": metric.suspect_high,
        "aggregation": metric.aggregation.value,
        "weight": metric.weight,
        "rolls_over_at": metric.rolls_over_at,
        "states": Jsonb({str(code): dict(names) for code, names in metric.states.items()}),
        "grade": metric.grade.value,
        "source": metric.source,
    }
