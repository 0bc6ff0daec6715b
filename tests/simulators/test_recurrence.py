"""Which recorded hour stands for an instant: the same for whoever asks, whenever."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from city.errors import InvalidValue
from simulators.records import LOCAL, Hour, Record, read_record
from simulators.recurrence import Recurrence, recurrence_of
from simulators.stations import station_files

HOUR, DAY = 3600, 86_400
FIRST = int(datetime(2016, 12, 5, tzinfo=LOCAL).timestamp())

instants = st.integers(-(2**31), 2**33)


@given(at=instants, days=st.integers(1, 400))
def test_an_instant_stands_for_the_recorded_one_a_whole_number_of_records_away(
    at: int, days: int
) -> None:
    recorded = Recurrence(FIRST, days).recorded_s(at)

    assert FIRST <= recorded < FIRST + days * DAY
    assert (at // HOUR * HOUR - recorded) % (days * DAY) == 0


@given(hour=st.integers(0, 28 * 24 - 1), days=st.integers(28, 60))
def test_a_recorded_instant_stands_for_itself(hour: int, days: int) -> None:
    assert Recurrence(FIRST, days).recorded_s(FIRST + hour * HOUR) == FIRST + hour * HOUR


@given(at=st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_the_shipped_record_keeps_hours_of_the_day_and_days_of_the_week(at: datetime) -> None:
    here = at.astimezone(LOCAL)

    recorded = datetime.fromtimestamp(SHIPPED.recorded_s(at.timestamp()), LOCAL)

    assert (recorded.hour, recorded.weekday()) == (here.hour, here.weekday())


SHIPPED = recurrence_of([read_record(path) for path in station_files()])


def test_all_shipped_stations_repeat_alike_alone_and_together() -> None:
    assert {recurrence_of([read_record(path)]) for path in station_files()} == {SHIPPED}
    assert SHIPPED == (FIRST, 28)


def record(first: datetime, hours: int) -> Record:
    start = int(first.timestamp())
    return Record(Path("a.csv"), "A", [Hour(start + n * HOUR, {}) for n in range(hours)])


def test_parts_of_days_at_either_end_are_left_out() -> None:
    part = record(datetime(2016, 12, 4, 17, tzinfo=LOCAL), 7 + 24 + 24 + 23)

    assert recurrence_of([part]) == (FIRST, 2)


def test_records_that_begin_and_end_apart_repeat_what_they_span_together() -> None:
    early = record(datetime(2016, 12, 5, tzinfo=LOCAL), 24)
    late = record(datetime(2016, 12, 7, tzinfo=LOCAL), 24)

    assert recurrence_of([late, early]) == (FIRST, 3)


@pytest.mark.parametrize(
    "records",
    [
        pytest.param(
            [record(datetime(2016, 12, 5, tzinfo=LOCAL), 23)], id="an hour short of a day"
        ),
        pytest.param([record(datetime(2016, 12, 5, 1, tzinfo=LOCAL), 46)], id="two parts of days"),
        pytest.param(
            [
                record(datetime(2016, 12, 4, 23, tzinfo=LOCAL), 1),
                record(datetime(2016, 12, 5, tzinfo=LOCAL) + timedelta(days=2), 1),
            ],
            id="whole days with nothing in them",
        ),
    ],
)
def test_what_holds_no_whole_day_is_refused(records: list[Record]) -> None:
    with pytest.raises(InvalidValue, match=r"a\.csv.*must hold a whole local day"):
        recurrence_of(records)
