"""Hypertables follow the catalogue: they grow, and refuse to change their meaning."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from city.catalogue import PROFILES
from city.profiles import Metric, Profile, Storage
from store.errors import CatalogueConflict
from store.hypertables import sync

STATION = PROFILES["air-station"]
OZONE_8H = replace(STATION.metric("o3"), name="o3_8h", bit=40)


@pytest.fixture
def conn(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """An autocommit connection to a migrated database."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def changed(profile: Profile, *metrics: Metric) -> dict[str, Profile]:
    """The profile with other metrics, as a catalogue."""
    made = Profile(
        name=profile.name,
        names=profile.names,
        metrics=metrics,
        interval_s=profile.interval_s,
        chunk_days=profile.chunk_days,
    )
    return {made.name: made}


def columns(conn: psycopg.Connection[Any], table: str) -> dict[str, str]:
    query = (
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'store' AND table_name = %s"
    )
    return dict(conn.execute(query, [table]).fetchall())


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_every_profile_has_its_table_with_a_column_for_each_metric(
    conn: psycopg.Connection[Any], profile: Profile
) -> None:
    found = columns(conn, profile.table)
    for metric in profile.metrics:
        assert found[metric.name] == metric.storage


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_a_hypertable_has_the_profiles_chunks_and_only_the_indexes_asked_for(
    conn: psycopg.Connection[Any], profile: Profile
) -> None:
    (days,) = conn.execute(
        "SELECT extract(day FROM time_interval) FROM timescaledb_information.dimensions"
        " WHERE hypertable_schema = 'store' AND hypertable_name = %s",
        [profile.table],
    ).fetchone() or (None,)
    assert days == profile.chunk_days
    indexes = conn.execute(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'store' AND tablename = %s",
        [profile.table],
    ).fetchall()
    kinds = sorted(definition.partition("USING ")[2] for (definition,) in indexes)
    assert kinds[0].startswith("brin (batch_id)")
    assert kinds[1:] == ["btree (device_key, ts)"]


def test_syncing_again_does_nothing(conn: psycopg.Connection[Any]) -> None:
    assert sync(conn) == []


def test_a_new_metric_becomes_a_column_and_old_rows_lack_it(
    conn: psycopg.Connection[Any],
) -> None:
    conn.execute(
        "INSERT INTO store.air_station (ts, batch_id, device_key, pm25) VALUES (now(), 1, 1, 5)"
    )
    done = sync(conn, changed(STATION, *STATION.metrics, OZONE_8H))
    assert done == ["added air_station.o3_8h"]
    assert conn.execute("SELECT pm25, o3_8h FROM store.air_station").fetchall() == [(5.0, None)]


def test_a_metric_that_left_the_catalogue_keeps_its_column(
    conn: psycopg.Connection[Any],
) -> None:
    assert sync(conn, changed(STATION, *STATION.metrics[1:])) == []
    assert STATION.metrics[0].name in columns(conn, "air_station")


def test_a_changed_bit_is_refused(conn: psycopg.Connection[Any]) -> None:
    moved = replace(STATION.metrics[0], bit=50)
    with pytest.raises(CatalogueConflict, match="has bit 0 in this database and 50"):
        sync(conn, changed(STATION, moved, *STATION.metrics[1:]))


def test_a_changed_type_is_refused(conn: psycopg.Connection[Any]) -> None:
    wider = replace(STATION.metrics[0], storage=Storage.DOUBLE)
    with pytest.raises(CatalogueConflict, match="stored as real"):
        sync(conn, changed(STATION, wider, *STATION.metrics[1:]))


def test_the_bit_of_a_metric_that_is_gone_is_not_used_again(
    conn: psycopg.Connection[Any],
) -> None:
    reused = replace(OZONE_8H, bit=STATION.metrics[0].bit)
    with pytest.raises(CatalogueConflict, match="belongs to"):
        sync(conn, changed(STATION, *STATION.metrics[1:], reused))
    assert "o3_8h" not in columns(conn, "air_station")


def test_another_chunk_length_holds_for_chunks_to_come(conn: psycopg.Connection[Any]) -> None:
    longer = replace(STATION, chunk_days=STATION.chunk_days * 2)
    sync(conn, {longer.name: longer})
    (interval,) = conn.execute(
        "SELECT time_interval FROM timescaledb_information.dimensions"
        " WHERE hypertable_name = 'air_station'"
    ).fetchone() or (None,)
    assert interval is not None
    assert interval.days == longer.chunk_days
