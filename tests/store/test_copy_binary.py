"""Binary COPY against the server's own reading of it."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.copy_binary import Column, encode

REALS = st.one_of(st.none(), st.floats(width=32, allow_nan=False))
DOUBLES = st.one_of(st.none(), st.floats(allow_nan=False))
SMALLS = st.one_of(st.none(), st.integers(-(2**15), 2**15 - 1))
BIGS = st.integers(-(2**63), 2**63 - 1)
ROWS = st.lists(st.tuples(BIGS, REALS, DOUBLES, SMALLS, st.integers(-(2**31), 2**31 - 1)))

RoundTrip = Callable[[list[tuple[Any, ...]]], list[tuple[Any, ...]]]


def column(name: str, wire: str, values: list[Any]) -> Column:
    absent = np.array([value is None for value in values], bool)
    filled = [0 if value is None else value for value in values]
    native = np.dtype(wire).newbyteorder("=")
    return Column(name, wire, np.array(filled, native), absent if absent.any() else None)


@pytest.fixture(scope="module")
def round_trip(postgres: Any) -> Iterator[RoundTrip]:
    """Rows into a table by our encoder, and out of it again by the driver."""
    wires = {"a": ">i8", "b": ">f4", "c": ">f8", "d": ">i2", "e": ">i4"}
    with psycopg.connect(postgres.url_of("postgres")) as conn, conn.cursor() as cur:
        cur.execute("CREATE TEMP TABLE t (n serial, a int8, b real, c float8, d int2, e int4)")

        def through(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
            cur.execute("TRUNCATE t RESTART IDENTITY")
            columns = [
                column(name, wire, [row[at] for row in rows])
                for at, (name, wire) in enumerate(wires.items())
            ]
            with cur.copy("COPY t (a, b, c, d, e) FROM STDIN (FORMAT binary)") as copy:
                copy.write(encode(columns, len(rows)))
            return cur.execute("SELECT a, b, c, d, e FROM t ORDER BY n", binary=True).fetchall()

        yield through


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS)
def test_what_is_sent_is_what_is_read_back(
    round_trip: RoundTrip, rows: list[tuple[Any, ...]]
) -> None:
    assert round_trip(rows) == rows


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([], id="no row"),
        pytest.param([(1, None, None, None, 1)], id="all that may be absent is"),
        pytest.param([(1, None, 2.0, None, 3), (1, 4.0, None, 5, 6)], id="one hole each"),
        pytest.param([(1, float("inf"), -0.0, 0, 0)], id="infinity and minus zero"),
    ],
)
def test_corners(round_trip: RoundTrip, rows: list[tuple[Any, ...]]) -> None:
    assert round_trip(rows) == rows
