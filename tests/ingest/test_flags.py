"""Range tests set the bit of the metric at fault, and no other."""

import numpy as np
import pytest

from city.catalogue import PROFILES
from city.profiles import Metric
from ingest.flags import flag

POLE = PROFILES["smart-pole"]
# A metric, the limit of what is likely of it, and the end of its range on the same side.
LIKELY = [
    pytest.param(metric, limit, end, id=f"{metric.name} {side}")
    for metric in POLE.metrics
    for side, limit, end in (
        ("low", metric.suspect_low, metric.low),
        ("high", metric.suspect_high, metric.high),
    )
    if limit is not None
]


def flagged(name: str, value: float) -> tuple[int, int]:
    values = np.full((len(POLE.metrics), 3), np.nan)
    values[POLE.index[name], 1] = value
    suspect, failed = flag(POLE, values)
    assert suspect[[0, 2]].tolist() == failed[[0, 2]].tolist() == [0, 0]
    return int(suspect[1]), int(failed[1])


@pytest.mark.parametrize("metric", POLE.metrics, ids=lambda metric: metric.name)
def test_a_value_at_its_limits_is_not_failed_and_beyond_them_is(metric: Metric) -> None:
    assert flagged(metric.name, metric.low)[1] == 0
    assert flagged(metric.name, metric.high)[1] == 0
    assert flagged(metric.name, metric.low - 1) == (0, 1 << metric.bit)
    assert flagged(metric.name, metric.high + 1) == (0, 1 << metric.bit)


@pytest.mark.parametrize(("metric", "limit", "end"), LIKELY)
def test_a_value_inside_the_range_and_beyond_what_is_likely_is_suspect(
    metric: Metric, limit: float, end: float
) -> None:
    assert flagged(metric.name, limit) == (0, 0)
    assert flagged(metric.name, (limit + end) / 2) == (1 << metric.bit, 0)


def test_several_metrics_set_several_bits() -> None:
    values = np.full((len(POLE.metrics), 1), np.nan)
    for name in ("pm25", "pm10"):
        values[POLE.index[name], 0] = -1
    _, failed = flag(POLE, values)
    assert failed.tolist() == [1 << POLE.metric("pm25").bit | 1 << POLE.metric("pm10").bit]
