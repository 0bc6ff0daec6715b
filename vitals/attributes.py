"""What people wrote into attributes, read as what it is meant to be."""

from math import isfinite


def positive(written: object) -> float | None:
    """Return a finite number above nought; None for anything else."""
    if isinstance(written, bool) or not isinstance(written, int | float):
        return None
    return float(written) if isfinite(written) and written > 0 else None


def fitted(written: object) -> frozenset[str] | None:
    """Return the metrics a device says it has, by its attribute `fitted`; None: does not say."""
    return frozenset(map(str, written)) if isinstance(written, list) else None
