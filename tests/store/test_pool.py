"""Every session of ours is set up the same way, and keeps what its address asks for."""

import psycopg
import pytest

from store.pool import open_pool, session_conninfo


async def test_sessions_are_named_in_utc_and_give_up_on_a_stuck_statement(
    database_url: str,
) -> None:
    async with (
        open_pool(database_url, application_name="test-pool", statement_timeout_s=0.2) as pool,
        pool.connection() as conn,
    ):
        query = (
            "SELECT current_setting('timezone'), current_setting('application_name'),"
            " current_setting('statement_timeout')"
        )
        assert await (await conn.execute(query)).fetchone() == ("UTC", "test-pool", "200ms")
        with pytest.raises(psycopg.errors.QueryCanceled):
            await conn.execute("SELECT pg_sleep(20)")


def test_options_of_the_address_stay() -> None:
    conninfo = session_conninfo("postgresql://h/d?options=-c%20work_mem%3D1MB", "me", 1.5)
    options = psycopg.conninfo.conninfo_to_dict(conninfo)["options"]
    assert options == "-c work_mem=1MB -c timezone=UTC -c statement_timeout=1500"


async def test_a_connection_that_died_meanwhile_is_replaced_before_it_is_handed_out(
    database_url: str,
) -> None:
    async with open_pool(database_url, max_size=1) as pool:
        async with pool.connection() as conn:
            died = conn.info.backend_pid
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [died])
        async with pool.connection() as conn:
            assert conn.info.backend_pid != died
            assert await (await conn.execute("SELECT 1")).fetchone() == (1,)
