"""A blocking connection to a migrated database, and rows made short."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import psycopg
import pytest

from city.catalogue import PROFILES
from store.telemetry import Rows

POLE = PROFILES["smart-pole"]
T0_US = 1_704_067_200_000_000

MakeRows = Callable[..., Rows]


@pytest.fixture
def cur(database_url: str) -> Iterator[psycopg.Cursor[Any]]:
    """A cursor in a transaction of its own, as ingest's writer has it."""
    with psycopg.connect(database_url) as conn, conn.cursor() as cursor:
        conn.execute("SET timezone = 'UTC'")
        yield cursor


@pytest.fixture
def make_rows() -> MakeRows:
    """Rows from (device, seconds after T0, {metric: value}) each."""

    def make(*readings: tuple[int, float, Mapping[str, float]], suspect: int = 0) -> Rows:
        values = np.full((len(POLE.metrics), len(readings)), np.nan)
        for at, (_, _, measured) in enumerate(readings):
            for name, value in measured.items():
                values[POLE.index[name], at] = value
        return Rows(
            POLE,
            np.array([device for device, _, _ in readings], np.int32),
            np.array([T0_US + round(after * 1e6) for _, after, _ in readings], np.int64),
            values,
            np.full(len(readings), suspect, np.int64),
            np.zeros(len(readings), np.int64),
        )

    return make
