"""PostgreSQL's binary COPY format from numpy columns, without a loop over rows.

Format: PostgreSQL manual, COPY, "Binary Format"
(https://www.postgresql.org/docs/17/sql-copy.html#id-1.9.3.55.9.4).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = -1


@dataclass(frozen=True, slots=True)
class Column:
    """One column to send.

    Attributes:
        name: in the table.
        wire: big-endian numpy type of the column's binary form, ``>f4`` for ``real``.
        values: (n,), anything that casts to it; what stands at absent places does not matter.
        absent: (n,), true where NULL; None when nowhere.
    """

    name: str
    wire: str
    values: npt.NDArray[Any]
    absent: npt.NDArray[np.bool_] | None = None


def encode(columns: list[Column], count: int) -> bytes:
    """The whole COPY stream, header and trailer included, for ``count`` rows."""
    rows = np.empty(count, _row_type(columns))
    rows["fields"] = len(columns)
    for at, column in enumerate(columns):
        size = np.dtype(column.wire).itemsize
        lengths: Any = size if column.absent is None else np.where(column.absent, _NULL, size)
        rows[f"length{at}"] = lengths
        rows[f"value{at}"] = column.values
    return _HEADER + _without_nulls(rows, columns) + _TRAILER


def _row_type(columns: list[Column]) -> np.dtype[np.void]:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for at, column in enumerate(columns):
        fields += [(f"length{at}", ">i4"), (f"value{at}", column.wire)]
    return np.dtype(fields)


def _without_nulls(rows: npt.NDArray[Any], columns: list[Column]) -> bytes:
    """A NULL has a length and no bytes: cut those out of the fixed-width image."""
    if all(column.absent is None for column in columns):
        return rows.tobytes()
    kept = np.ones((len(rows), rows.dtype.itemsize), bool)
    for at, column in enumerate(columns):
        if column.absent is not None:
            assert rows.dtype.fields is not None  # noqa: S101 - for the type checker
            offset = rows.dtype.fields[f"value{at}"][1]
            kept[column.absent, offset : offset + np.dtype(column.wire).itemsize] = False
    return rows.view(np.uint8).reshape(kept.shape)[kept].tobytes()
