"""Range tests set the bit of the metric at fault, and no other."""

import numpy as np
import pytest

from city.catalogue import PROFILES
from ingest.flags import flag

POLE = PROFILES["smart-pole"]
BOUNDED = [metric for metric in POLE.metrics if metric.suspect_high is not None]


def flagged(name: str, value: float) -> tuple[int, int]:
    values = np.full((len(POLE.metrics), 3), np.nan)
    values[POLE.index[name], 1] = value
    suspect, failed = flag(POLE, values)
    assert suspect[[0, 2]].tolist() == failed[[0, 2]].tolist() == [0, 0]
    return int(suspect[1]), int(failed[1])


@pytest.mark.parametrize("metric", POLE.metrics, ids=lambda metric: metric.name)
def test_a_value_at_its_limits_is_not_failed_and_beyond_them_is(metric: object) -> None:
    limits = POLE.metric(str(getattr(metric, "name", "")))
    assert flagged(limits.name, limits.low)[1] == 0
    assert flagged(limits.name, limits.high)[1] == 0
    assert flagged(limits.name, limits.low - 1) == (0, 1 << limits.bit)
    assert flagged(limits.name, limits.high + 1) == (0, 1 << limits.bit)


@pytest.mark.parametrize("name", [metric.name for metric in BOUNDED])
def test_a_value_inside_the_range_and_beyond_what_is_likely_is_suspect(name: str) -> None:
    metric = POLE.metric(name)
    assert metric.suspect_high is not None
    assert flagged(name, metric.suspect_high) == (0, 0)
    likely_to_high = (metric.suspect_high + metric.high) / 2
    if likely_to_high > metric.suspect_high:
        assert flagged(name, likely_to_high) == (1 << metric.bit, 0)


def test_several_metrics_set_several_bits() -> None:
    values = np.full((len(POLE.metrics), 1), np.nan)
    for name in ("pm25", "pm10"):
        values[POLE.index[name], 0] = -1
    _, failed = flag(POLE, values)
    assert failed.tolist() == [1 << POLE.metric("pm25").bit | 1 << POLE.metric("pm10").bit]
