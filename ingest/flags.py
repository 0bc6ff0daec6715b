"""Range tests, a batch at a time: what a reading's values alone can say of its quality.

Tests that need history run in vitals over stored rows: a member of a shared subscription sees
only a part of each device.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from city.profiles import Profile

Floats = npt.NDArray[np.float64]
Masks = npt.NDArray[np.int64]


def flag(profile: Profile, values: Floats) -> tuple[Masks, Masks]:
    """The quality masks of readings: ``suspect`` and ``failed``, each (n,).

    A value outside the instrument's range is failed; one inside it and outside the suspect limits
    is suspect. Bit n is the metric with bit n.

    Args:
        profile: whose limits.
        values: (n_metrics, n) in the profile's order and units, NaN where not measured.
    """
    metrics = profile.metrics
    is_failed = values < _column(metric.low for metric in metrics)
    is_failed |= values > _column(metric.high for metric in metrics)
    is_suspect = values < _column(_or(metric.suspect_low, -np.inf) for metric in metrics)
    is_suspect |= values > _column(_or(metric.suspect_high, np.inf) for metric in metrics)
    is_suspect &= ~is_failed
    bits = np.array([1 << metric.bit for metric in metrics], np.int64)
    return _mask(is_suspect, bits), _mask(is_failed, bits)


def _mask(is_set: npt.NDArray[np.bool_], bits: Masks) -> Masks:
    """Nearly always nothing is set: looking first costs a tenth of putting masks together."""
    if not is_set.any():
        return np.zeros(is_set.shape[1], np.int64)
    mask: Masks = np.bitwise_or.reduce(np.where(is_set, bits[:, np.newaxis], 0), axis=0)
    return mask


def _column(limits: Iterable[float]) -> Floats:
    return np.fromiter(limits, np.float64)[:, np.newaxis]


def _or(limit: float | None, otherwise: float) -> float:
    return otherwise if limit is None else limit
