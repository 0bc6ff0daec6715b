"""The reader of recorded station files: units, gaps, and every kind of line that is not one."""

import gzip
from importlib.resources import files
from pathlib import Path

import pytest

from simulators.records import BadRecord, read_record

HEADER = (
    '"No","year","month","day","hour","PM2.5","PM10","SO2","NO2","CO","O3",'
    '"TEMP","PRES","DEWP","RAIN","wd","WSPM","station"'
)
GOOD = '1,2016,12,16,0,4,4.5,4,7,300,77,-0.7,1023,-18.8,0.3,"NNW",4.4,"Wanliu"'
NEXT = '2,2016,12,16,1,8,8,4,7,300,77,-1.1,1023.2,-18.2,0,"N",4.7,"Wanliu"'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "station.csv"


def test_values_come_in_the_catalogues_units_and_times_in_utc(file: Path) -> None:
    file.write_text(f"{HEADER}\n{GOOD}\n{NEXT}\n")

    record = read_record(file)

    assert record.station == "Wanliu"
    assert [hour.at_s for hour in record.hours] == [1481817600, 1481821200]  # 2016-12-15T16:00Z
    assert record.hours[0].values == {
        "pm25": 4,
        "pm10": 4.5,
        "so2": 4,
        "no2": 7,
        "co": 0.3,
        "o3": 77,
        "temperature_c": -0.7,
        "pressure_hpa": 1023,
        "dew_point_c": -18.8,
        "rain_mm": 0.3,
        "wind_direction_deg": 337.5,
        "wind_speed_ms": 4.4,
    }


def test_what_is_missing_is_absent(file: Path) -> None:
    line = GOOD.replace(",300,", ",NA,").replace('"NNW"', "NA")
    file.write_text(f"{HEADER}\n{line}\n")

    record = read_record(file)

    assert "co" not in record.hours[0].values
    assert "wind_direction_deg" not in record.hours[0].values


@pytest.mark.parametrize(
    "text", ["4.66666666666667", "-0.0666666666666667", "-2.77555756156289e-17"]
)
def test_means_written_to_the_last_digit_are_numbers(file: Path, text: str) -> None:
    """As they stand in the published files of 2013 to 2017."""
    file.write_text(f"{HEADER}\n{GOOD.replace(',-0.7,', f',{text},')}\n")

    assert read_record(file).hours[0].values["temperature_c"] == float(text)


def test_plain_and_packed_files_read_alike_whatever_their_names(file: Path) -> None:
    text = f"{HEADER}\n{GOOD}\n"
    file.write_text(text)
    packed = file.with_name("packed.csv")
    packed.write_bytes(gzip.compress(text.encode()))

    assert read_record(file).hours == read_record(packed).hours


BAD_LINES = [
    ("a concentration that is a word", GOOD.replace(",4,", ",high,", 1), "PM2.5", "number or NA"),
    ("an empty value", GOOD.replace(",300,", ",,"), "CO", "number or NA"),
    ("a negative concentration", GOOD.replace(",4,", ",-4,", 1), "PM2.5", "not be negative"),
    ("not a number", GOOD.replace(",300,", ",NaN,"), "CO", "number or NA"),
    ("infinity", GOOD.replace(",300,", ",inf,"), "CO", "number or NA"),
    ("an endless number", GOOD.replace(",300,", f",{'9' * 400},"), "CO", "number or NA"),
    ("full-width digits", GOOD.replace(",300,", ",３００,"), "CO", "number or NA"),
    ("negative rain", GOOD.replace(",0.3,", ",-0.3,"), "RAIN", "not be negative"),
    ("a wind from nowhere", GOOD.replace("NNW", "XYZ"), "wd", "compass points"),
    ("a month that is none", GOOD.replace(",12,16,", ",13,16,"), "month", "from 1 to 12"),
    ("a day that is none", GOOD.replace(",12,16,", ",2,30,"), "day", "no day of 2016-02"),
    ("an hour that is none", GOOD.replace(",16,0,", ",16,24,"), "hour", "from 0 to 23"),
    ("a broken hour", GOOD.replace(",16,0,", ",16,0.5,"), "hour", "whole number"),
    ("a year that is none", GOOD.replace("2016", "16"), "year", "from 2000 to 2100"),
    ("a missing year", GOOD.replace("2016", "NA"), "year", "whole number"),
    ("no station", GOOD.replace('"Wanliu"', '""'), "station", "station's name"),
    ("a value too few", GOOD.replace("300,", ""), "-", "17 values where the header has 18"),
    ("a value too many", GOOD + ",5", "-", "19 values where the header has 18"),
    ("a blank line", "", "-", "0 values"),
    ("an open quotation mark", GOOD.replace('"NNW"', '"NNW'), "-", "values|no CSV"),
    ("text after a quotation", GOOD.replace('"NNW"', '"NNW"x'), "-", "no CSV"),
]


@pytest.mark.parametrize(
    ("line", "column", "rule"),
    [(line, column, rule) for _, line, column, rule in BAD_LINES],
    ids=[name for name, *_ in BAD_LINES],
)
def test_a_bad_line_is_refused_with_file_line_column_and_rule(
    file: Path, line: str, column: str, rule: str
) -> None:
    file.write_text(f"{HEADER}\n{line}\n{NEXT}\n")

    with pytest.raises(BadRecord, match=rule) as refused:
        read_record(file)

    assert refused.value.column == column
    assert refused.value.line in (2, 3)  # an open quotation mark is noticed at the end
    assert str(file) in str(refused.value)


def test_a_time_that_does_not_advance_is_refused_at_its_line(file: Path) -> None:
    file.write_text(f"{HEADER}\n{GOOD}\n{NEXT}\n{GOOD}\n")

    with pytest.raises(BadRecord, match="later time") as refused:
        read_record(file)

    assert (refused.value.line, refused.value.column) == (4, "hour")


def test_a_second_station_in_a_file_is_refused(file: Path) -> None:
    file.write_text(f"{HEADER}\n{GOOD}\n{NEXT.replace('Wanliu', 'Shunyi')}\n")

    with pytest.raises(BadRecord, match="one file, one station"):
        read_record(file)


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        pytest.param(b"", "lacks", id="an empty file"),
        pytest.param(HEADER.encode(), "rows below", id="a header alone"),
        pytest.param(HEADER.replace("CO", "CO2").encode(), "lacks CO", id="a column is missing"),
        pytest.param(f"{HEADER},extra\n".encode(), "no column", id="an unknown column"),
        pytest.param(f'{HEADER},"CO"\n'.encode(), "there twice", id="a column twice"),
        pytest.param(f"{HEADER}\n".encode() + b"1,\xff\n", "not UTF-8", id="no text"),
        pytest.param(gzip.compress(GOOD.encode())[:-9], "unpacked", id="a truncated gzip file"),
        pytest.param(b"\x1f\x8b" + b"x" * 50, "unpacked", id="a broken gzip file"),
    ],
)
def test_a_file_that_is_none_is_refused_with_its_name(file: Path, raw: bytes, rule: str) -> None:
    file.write_bytes(raw)

    with pytest.raises(BadRecord, match=rule) as refused:
        read_record(file)

    assert str(file) in str(refused.value)


def test_a_file_that_is_not_there_is_refused_with_its_name(file: Path) -> None:
    with pytest.raises(BadRecord, match=r"station\.csv.*No such file"):
        read_record(file)


def test_every_truncation_of_a_packed_file_is_refused(file: Path) -> None:
    packed = gzip.compress(f"{HEADER}\n{GOOD}\n".encode())

    for length in range(len(packed)):
        file.write_bytes(packed[:length])
        with pytest.raises(BadRecord):
            read_record(file)


def test_the_excerpt_that_we_ship_has_28_days_of_six_stations() -> None:
    folder = Path(str(files("simulators").joinpath("data")))
    records = [read_record(path) for path in sorted(folder.glob("PRSA_*.csv.gz"))]

    assert [record.station for record in records] == [
        "Aotizhongxin",
        "Dingling",
        "Guanyuan",
        "Huairou",
        "Shunyi",
        "Wanliu",
    ]
    assert all(len(record.hours) == 28 * 24 for record in records)
    worst = max(hour.values.get("pm25", 0) for record in records for hour in record.hours)
    assert worst > 400
