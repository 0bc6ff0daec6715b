"""Reads what real stations recorded: hourly files in the format of UCI's PRSA data set.

Source of the format: "Beijing Multi-Site Air-Quality Data", doi 10.24432/C5RK5G. Times are local
(UTC+8), concentrations µg/m³ (carbon monoxide too), ``NA`` is missing.
"""

import csv
import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import ClassVar

from city.errors import CitypulseError, shortened

LOCAL = timezone(timedelta(hours=8), "UTC+8")
HOUR_S = 3_600

_GZIP_MAGIC = b"\x1f\x8b"
# The records hold means to the last digit of a double: 4.66666666666667, -2.77555756156289e-17.
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,30})?(e-[0-9]{2})?", re.ASCII)
_INTEGER = re.compile(r"[0-9]{1,9}", re.ASCII)
_MISSING = "NA"
_WINDS = "N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW".split()  # noqa: SIM905 - reads better
_WIND_DEG = {name: 22.5 * number for number, name in enumerate(_WINDS)}
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


class BadRecord(CitypulseError):
    """A recorded file breaks its format; names the file, line, column, value and rule."""

    code: ClassVar[str] = "bad-record"

    def __init__(self, path: Path, *, line: int, column: str, value: object, rule: str) -> None:
        shown = shortened(value)
        super().__init__(f"{path}, line {line}, column {column}: {shown!r} {rule}")
        self.path = path
        self.line = line
        self.column = column
        self.value = value
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Hour:
    """One row.

    Attributes:
        at_s: its instant, seconds since 1970-01-01T00:00Z.
        values: metric of profile ``air-station`` → value; missing ones are absent.
    """

    at_s: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Record:
    """One station's file.

    Attributes:
        path: of the file.
        station: the station's name in it.
        hours: its rows, in order of time, one or more.
    """

    path: Path
    station: str
    hours: Sequence[Hour]


@dataclass(frozen=True, slots=True)
class _Cell:
    """A value with its place, for the messages."""

    path: Path
    line: int
    column: str
    text: str

    def bad(self, rule: str) -> BadRecord:
        return BadRecord(self.path, line=self.line, column=self.column, value=self.text, rule=rule)


def _not_negative(cell: _Cell) -> float:
    value = _number(cell)
    if value < 0:
        raise cell.bad("must not be negative")
    return value


def _number(cell: _Cell) -> float:
    if not _NUMBER.fullmatch(cell.text):
        raise cell.bad("must be a number or NA")
    return float(cell.text)


def _milligrams(cell: _Cell) -> float:
    return round(_not_negative(cell) / 1000, 6)


def _degrees(cell: _Cell) -> float:
    try:
        return _WIND_DEG[cell.text]
    except KeyError:
        raise cell.bad("must be one of the 16 compass points, or NA") from None


_MEASURED: Mapping[str, tuple[str, Callable[[_Cell], float]]] = {
    "PM2.5": ("pm25", _not_negative),
    "PM10": ("pm10", _not_negative),
    "SO2": ("so2", _not_negative),
    "NO2": ("no2", _not_negative),
    "CO": ("co", _milligrams),
    "O3": ("o3", _not_negative),
    "TEMP": ("temperature_c", _number),
    "PRES": ("pressure_hpa", _not_negative),
    "DEWP": ("dew_point_c", _number),
    "RAIN": ("rain_mm", _not_negative),
    "wd": ("wind_direction_deg", _degrees),
    "WSPM": ("wind_speed_ms", _not_negative),
}
VALUES_PER_ROW = len(_MEASURED)
COLUMNS = ("No", "year", "month", "day", "hour", *_MEASURED, "station")
"""The columns a file has, in any order."""


def read_record(path: Path) -> Record:
    """A station's file, plain or gzip.

    Raises:
        BadRecord: at the first thing that breaks the format.
    """
    hours: list[Hour] = []
    station = ""
    for row in _rows(path):
        at_s = _instant(row)
        if hours and at_s <= hours[-1].at_s:
            raise row["hour"].bad("must make a later time than the row before")
        station = _station(row["station"], station)
        values = _values(row)
        hours.append(Hour(at_s, values))
    if not hours:
        raise BadRecord(path, line=1, column="-", value="", rule="must have rows below its header")
    return Record(path, station, hours)


def _rows(path: Path) -> Iterator[Mapping[str, _Cell]]:
    reader = csv.reader(_text(path).splitlines(), strict=True)
    try:
        header = _header(path, next(reader, []))
        for fields in reader:
            line = reader.line_num
            if len(fields) != len(header):
                rule = f"are {len(fields)} values where the header has {len(header)}"
                raise BadRecord(path, line=line, column="-", value=",".join(fields), rule=rule)
            yield {
                column: _Cell(path, line, column, text)
                for column, text in zip(header, fields, strict=True)
            }
    except csv.Error as error:
        rule = f"is no CSV: {error}"
        raise BadRecord(path, line=reader.line_num, column="-", value="", rule=rule) from error


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        rule = f"can't be read: {error.strerror}"
        raise BadRecord(path, line=0, column="-", value="file", rule=rule) from error
    try:
        if raw.startswith(_GZIP_MAGIC):
            raw = gzip.decompress(raw)
        return raw.decode("utf-8")
    except (EOFError, OSError, zlib.error) as error:
        rule = f"can't be unpacked: {error}"
        raise BadRecord(path, line=0, column="-", value="gzip", rule=rule) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        bad = raw[error.start : error.start + 1]
        raise BadRecord(path, line=line, column="-", value=bad, rule="is not UTF-8") from error


def _header(path: Path, header: list[str]) -> list[str]:
    lacking = [column for column in COLUMNS if column not in header]
    if lacking:
        rule = f"lacks {', '.join(lacking)}"
        raise BadRecord(path, line=1, column="-", value=",".join(header), rule=rule)
    for column in header:
        if column not in COLUMNS or header.count(column) > 1:
            rule = "is no column of this format, or there twice"
            raise BadRecord(path, line=1, column=column, value=column, rule=rule)
    return header


def _instant(row: Mapping[str, _Cell]) -> int:
    year = _integer(row["year"], _FIRST_YEAR, _LAST_YEAR)
    month, day = _integer(row["month"], 1, 12), _integer(row["day"], 1, 31)
    hour = _integer(row["hour"], 0, 23)
    try:
        return int(datetime(year, month, day, hour, tzinfo=LOCAL).timestamp())
    except ValueError:
        raise row["day"].bad(f"is no day of {year}-{month:02d}") from None


def _integer(cell: _Cell, low: int, high: int) -> int:
    if not _INTEGER.fullmatch(cell.text) or not low <= int(cell.text) <= high:
        raise cell.bad(f"must be a whole number from {low} to {high}")
    return int(cell.text)


def _station(cell: _Cell, known: str) -> str:
    if not cell.text or cell.text == _MISSING:
        raise cell.bad("must be the station's name")
    if known and cell.text != known:
        raise cell.bad(f"must be {known!r}, as in the rows before: one file, one station")
    return cell.text


def _values(row: Mapping[str, _Cell]) -> dict[str, float]:
    return {
        metric: read(row[column])
        for column, (metric, read) in _MEASURED.items()
        if row[column].text != _MISSING
    }
