"""Migrations: from empty, again, changed, at the same time, and when the database refuses."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest

from citypulse.stack.postgres import Postgres
from store.errors import BadMigration, MigrationBusy, MigrationChanged, MigrationFailed
from store.migrate import ADVISORY_KEY, collect, migrate

GROUND = files("store") / "migrations"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of migrations beside the real ones, with one in it."""
    (tmp_path / "9000_lamp.sql").write_text("CREATE TABLE public.lamp (id integer PRIMARY KEY);")
    return tmp_path


def tables(url: str, schema: str = "public") -> set[str]:
    with psycopg.connect(url) as conn:
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
        return {name for (name,) in conn.execute(query, [schema])}


def test_an_empty_database_gets_everything_in_order(empty_database_url: str, folder: Path) -> None:
    applied = migrate(empty_database_url, [folder, GROUND])
    assert applied == sorted(applied)
    assert applied[0] == "0001_ground.sql"
    assert applied[-1] == "9000_lamp.sql"
    assert {"smart_pole", "air_station", "ingest_batch"} <= tables(empty_database_url, "store")


def test_a_second_run_applies_nothing(empty_database_url: str, folder: Path) -> None:
    migrate(empty_database_url, [GROUND, folder])
    assert migrate(empty_database_url, [GROUND, folder]) == []


def test_a_file_that_came_later_is_applied_alone(empty_database_url: str, folder: Path) -> None:
    migrate(empty_database_url, [GROUND, folder])
    (folder / "0099_late.sql").write_text("CREATE TABLE public.late ()")
    assert migrate(empty_database_url, [GROUND, folder]) == ["0099_late.sql"]


def test_a_changed_file_is_refused_by_name_before_anything_runs(
    empty_database_url: str, folder: Path
) -> None:
    migrate(empty_database_url, [GROUND, folder])
    (folder / "9000_lamp.sql").write_text("CREATE TABLE public.lamp (id bigint PRIMARY KEY);")
    (folder / "9001_more.sql").write_text("CREATE TABLE public.more ()")
    with pytest.raises(MigrationChanged, match=r"9000_lamp\.sql was changed after"):
        migrate(empty_database_url, [GROUND, folder])
    assert "more" not in tables(empty_database_url)


def test_a_failing_file_leaves_nothing_and_keeps_what_came_before(
    empty_database_url: str, folder: Path
) -> None:
    (folder / "9001_bad.sql").write_text("CREATE TABLE public.half (); SELECT 1 / 0;")
    with pytest.raises(MigrationFailed, match=r"9001_bad\.sql: division by zero"):
        migrate(empty_database_url, [GROUND, folder])
    assert tables(empty_database_url) >= {"lamp"}
    assert "half" not in tables(empty_database_url)


def test_a_file_may_opt_out_of_the_transaction(empty_database_url: str, folder: Path) -> None:
    (folder / "9001_index.sql").write_text(
        "-- citypulse: no-transaction\nCREATE INDEX CONCURRENTLY lamp_id ON public.lamp (id)"
    )
    assert "9001_index.sql" in migrate(empty_database_url, [GROUND, folder])


def test_runners_at_the_same_time_apply_each_file_once(
    empty_database_url: str, folder: Path
) -> None:
    (folder / "9001_index.sql").write_text(
        "-- citypulse: no-transaction\nCREATE INDEX CONCURRENTLY lamp_id ON public.lamp (id)"
    )
    with ThreadPoolExecutor(4) as threads:
        runs = [threads.submit(migrate, empty_database_url, [GROUND, folder]) for _ in range(4)]
        applied = [name for run in runs for name in run.result()]
    assert sorted(applied) == sorted(migration.name for migration in collect([GROUND, folder]))


def test_a_runner_gives_up_on_another_that_never_ends(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.migrate.WAIT_FOR_OTHERS_S", 0.2)
    with psycopg.connect(empty_database_url) as conn:
        conn.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_KEY])
        with pytest.raises(MigrationBusy, match=r"gave up after 0\.2 s"):
            migrate(empty_database_url, [GROUND])


def test_a_table_in_use_fails_the_run_instead_of_queueing_everyone(
    empty_database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty_database_url, [GROUND, folder])
    monkeypatch.setattr("store.migrate.LOCK_TIMEOUT", "100ms")
    (folder / "9001_alter.sql").write_text("ALTER TABLE public.lamp ADD COLUMN name text")
    with psycopg.connect(empty_database_url) as conn:
        conn.execute("SELECT * FROM public.lamp")
        with pytest.raises(MigrationFailed, match="a table was in use"):
            migrate(empty_database_url, [GROUND, folder])
    assert migrate(empty_database_url, [GROUND, folder]) == ["9001_alter.sql"]


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        pytest.param(["lamp.sql"], "NNNN_lower_case", id="a name without number"),
        pytest.param(["01_lamp.sql"], "NNNN_lower_case", id="a short number"),
        pytest.param(["0001_Lamp.sql"], "NNNN_lower_case", id="capitals"),
        pytest.param(["0007_a.sql", "0007_b.sql"], "number 0007 is taken", id="a number twice"),
    ],
)
def test_bad_names_are_refused(tmp_path: Path, names: list[str], rule: str) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(BadMigration, match=rule):
        collect([tmp_path])


def test_a_role_that_may_not_create_extensions_is_told_who_can(postgres_without: str) -> None:
    with pytest.raises(MigrationFailed, match="let a superuser run CREATE EXTENSION"):
        migrate(postgres_without, [GROUND])


@pytest.fixture
def postgres_without(postgres: Postgres, empty_database_url: str) -> str:
    """A database of the owner's in which PostGIS is missing."""
    url = empty_database_url
    name = url.rpartition("/")[2]
    superuser = postgres.url_of(name, superuser=True)
    with psycopg.connect(superuser, autocommit=True) as conn:
        conn.execute("DROP EXTENSION postgis")
    return url


def test_checksums_are_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("SELECT 'ä'", encoding="utf-8")
    (migration,) = collect([tmp_path])
    assert migration.checksum == hashlib.sha256("SELECT 'ä'".encode()).hexdigest()
