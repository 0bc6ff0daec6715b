"""Seeded chance that is addressed, not drawn: the same key and index give the same number.

A generator that is advanced would make a reading depend on what was asked before it. Here every
number is a hash of (seed, names, index), so any instant can be asked for in any order, and a
simulator that starts again continues the same curves.
"""

import hashlib
import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_MASK = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_TO_UNIT = 2.0**-53
_NORMAL = NormalDist()


class Chance:
    """A sequence of independent numbers, read by index.

    The mixing is the finaliser of SplitMix64: Steele, Lea, Flood 2014,
    doi 10.1145/2714064.2660195.
    """

    __slots__ = ("_key",)

    def __init__(self, seed: int, *names: str | int) -> None:
        text = "\x1f".join(str(part) for part in (seed, *names))
        self._key = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")

    def uniform(self, index: int) -> float:
        """A number above 0 and below 1, evenly spread."""
        mixed = (self._key + index * _GOLDEN) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * _FIRST) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * _SECOND) & _MASK
        mixed ^= mixed >> 31
        return ((mixed >> 12) + 0.5) * _TO_UNIT * 2

    def normal(self, index: int) -> float:
        """A number of mean 0 and variance 1, normally spread."""
        return _NORMAL.inv_cdf(self.uniform(index))

    def uniforms(self, indices: NDArray[np.int64]) -> NDArray[np.float64]:
        """`uniform` for many indices at once: the same numbers."""
        mixed = np.uint64(self._key) + indices.astype(np.uint64) * np.uint64(_GOLDEN)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(_FIRST)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(_SECOND)
        mixed ^= mixed >> np.uint64(31)
        return ((mixed >> np.uint64(12)).astype(np.float64) + 0.5) * _TO_UNIT * 2


class _Span(NamedTuple):
    number: int
    left: float
    right: float


class Drift:
    """A smooth curve of mean 0 and variance 1 that forgets itself over `period_s`.

    Normal numbers at a lattice of instants, joined smoothly. It stands for what a first-order
    autoregressive process would give, without having to be run from a beginning.
    """

    __slots__ = ("_chance", "_period_s", "_span")

    def __init__(self, chance: Chance, period_s: float) -> None:
        self._chance = chance
        self._period_s = period_s
        self._span = _Span(0, chance.normal(0), chance.normal(1))

    def at(self, t_s: float) -> float:
        """The curve at an instant, seconds since 1970-01-01T00:00Z."""
        place = t_s / self._period_s
        index = math.floor(place)
        span = self._span
        if span.number != index:
            span = _Span(index, self._chance.normal(index), self._chance.normal(index + 1))
            self._span = span
        part = place - index
        weight = part * part * (3 - 2 * part)
        # Divided by the mixture's own deviation: else the curve would be calmer between the
        # lattice's instants than on them.
        return (span.left * (1 - weight) + span.right * weight) / math.hypot(1 - weight, weight)


def drift(seed: int, *names: str | int, period_s: float) -> Drift:
    """A `Drift` with a key of its own."""
    return Drift(Chance(seed, *names), period_s)


class Dice:
    """Chance that is drawn in order, for what is generated once and whole.

    Our own rather than numpy's generators, whose streams may change between versions: the same
    seed is to give the same city for ever.
    """

    __slots__ = ("_chance", "_drawn")

    def __init__(self, seed: int, *names: str | int) -> None:
        self._chance = Chance(seed, *names)
        self._drawn = 0

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number between two others."""
        self._drawn += 1
        return low + (high - low) * self._chance.uniform(self._drawn)

    def normal(self, deviation: float = 1.0) -> float:
        """A number of mean 0."""
        self._drawn += 1
        return deviation * self._chance.normal(self._drawn)

    def happens(self, likelihood: float) -> bool:
        """Whether something of this likelihood (0 to 1) comes about."""
        return self.uniform() < likelihood

    def pick(self, weights: Mapping[str, float]) -> str:
        """One of the keys, as likely as its weight."""
        left = self.uniform() * sum(weights.values())
        for key, weight in weights.items():
            left -= weight
            if left < 0:
                return key
        return list(weights)[-1]
