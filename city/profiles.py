"""What a profile says of a kind of terminal: its metrics, their units, ranges and meaning."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from city.errors import InvalidValue, UnknownMetric

HIGHEST_BIT = 62  # the masks are signed 64-bit integers in the database

Names = Mapping[str, str]
"""One text in the languages operators read: keys ``zh`` and ``en``."""


class Aggregation(StrEnum):
    """How several values of one metric become one, as its physics demands."""

    MEAN = "mean"
    ENERGY_MEAN = "energy_mean"
    """For decibels: 10·lg(mean(10^(L/10)))."""
    FLOW_HARMONIC_MEAN = "flow_harmonic_mean"
    """For speed: harmonic, weighted by flow, so that it is distance over time."""
    CIRCULAR_MEAN = "circular_mean"
    """For directions in degrees: the angle of the mean unit vector."""
    MAX = "max"
    LAST = "last"
    SUM = "sum"
    COUNTER_DIFFERENCE = "counter_difference"
    """For counters that only rise: the increase, across resets."""


class Storage(StrEnum):
    """How a metric's column is kept."""

    REAL = "real"
    DOUBLE = "double precision"
    STATE = "smallint"


class Grade(StrEnum):
    """Who may read a metric (the four grades of public data)."""

    OPEN = "open"
    CONDITIONAL = "conditional"
    RESTRICTED = "restricted"
    PERSONAL = "personal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One measured quantity of a profile.

    Attributes:
        name: the key in payloads and the column in the database: lower case, digits, underscores.
        bit: its place in the quality masks, 0 to 62; never changes and is never used again.
        names: what operators read, ``zh`` and ``en``.
        unit: UCUM code; ``1`` for a pure number.
        low: smallest value the instrument can give; below it a reading is kept and flagged failed.
        high: largest value the instrument can give; above it a reading is kept and flagged failed.
        resolution: the instrument's smallest step, in ``unit``.
        aggregation: how values of this metric may be brought together.
        weight: the metric of the same profile that weighs this one's FLOW_HARMONIC_MEAN; no other
            aggregation has one.
        rolls_over_at: the value at which a counter's register begins again at 0 (None: never).
        storage: the column's type.
        suspect_low: below it a value is flagged suspect (None: no such limit).
        suspect_high: above it a value is flagged suspect (None: no such limit).
        states: for coded states, what each integer means; empty for measurements.
        source: the norm that the range or the limits come from, or what kind of choice they are.
        grade: who may read it.
    """

    name: str
    bit: int
    names: Names
    unit: str
    low: float
    high: float
    resolution: float
    aggregation: Aggregation = Aggregation.MEAN
    weight: str | None = None
    rolls_over_at: float | None = None
    storage: Storage = Storage.REAL
    suspect_low: float | None = None
    suspect_high: float | None = None
    states: Mapping[int, Names] = field(default_factory=dict)
    source: str = "instrument range, our own choice"
    grade: Grade = Grade.OPEN

    def __post_init__(self) -> None:
        """Refuse an entry that the tables derived from it could not carry.

        Raises:
            InvalidValue: naming the field at fault.
        """
        if not (
            self.name.isidentifier() and self.name.isascii() and self.name == self.name.lower()
        ):
            raise InvalidValue("metric name", self.name, "must be lower-case letters, digits and _")
        if not 0 <= self.bit <= HIGHEST_BIT:
            raise InvalidValue(f"{self.name}.bit", self.bit, f"must be from 0 to {HIGHEST_BIT}")
        if not self.low < self.high:
            raise InvalidValue(f"{self.name}.low", self.low, f"must be below high ({self.high})")
        if bool(self.states) != (self.storage is Storage.STATE):
            raise InvalidValue(
                f"{self.name}.states", dict(self.states), "go with storage STATE only"
            )
        if set(self.names) != {"zh", "en"}:
            raise InvalidValue(f"{self.name}.names", dict(self.names), "must be in zh and en")
        self._check_aggregation()

    def _check_aggregation(self) -> None:
        weighs = self.aggregation is Aggregation.FLOW_HARMONIC_MEAN
        if weighs != (self.weight is not None):
            rule = f"goes with aggregation {Aggregation.FLOW_HARMONIC_MEAN}, and with it only"
            raise InvalidValue(f"{self.name}.weight", self.weight, rule)
        if self.rolls_over_at is None:
            return
        if self.aggregation is not Aggregation.COUNTER_DIFFERENCE:
            rule = f"goes with aggregation {Aggregation.COUNTER_DIFFERENCE} only"
            raise InvalidValue(f"{self.name}.rolls_over_at", self.rolls_over_at, rule)
        if not self.low < self.rolls_over_at <= self.high:
            rule = f"must be above low ({self.low}), and not above high ({self.high})"
            raise InvalidValue(f"{self.name}.rolls_over_at", self.rolls_over_at, rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A kind of terminal. Tables, payload checks, documents and simulators derive from it.

    Attributes:
        name: as in topics: lower case with hyphens.
        names: what operators read, ``zh`` and ``en``.
        metrics: in the order of the columns; add at the end, never remove.
        interval_s: nominal seconds between two readings; three of them without one is stale.
        chunk_days: days of readings in one chunk of the hypertable.
        table: the hypertable's name, derived.
        index: metric name → its position in ``metrics``, derived.
        code_lists: state metric → the integers it may take, derived.
    """

    name: str
    names: Names
    metrics: tuple[Metric, ...]
    interval_s: int
    chunk_days: int
    table: str = field(init=False)
    index: Mapping[str, int] = field(init=False)
    code_lists: Mapping[str, frozenset[int]] = field(init=False)

    def __post_init__(self) -> None:
        """Derive what the hot paths look up.

        Raises:
            InvalidValue: when a name or a bit occurs twice, a weight is no metric of the profile,
                or the profile's name is no word.
        """
        table = self.name.replace("-", "_")
        if not (table.isidentifier() and table.isascii() and table == table.lower()):
            raise InvalidValue(
                "profile name", self.name, "must be lower-case letters, digits and -"
            )
        index = {metric.name: at for at, metric in enumerate(self.metrics)}
        if len(index) != len(self.metrics):
            raise InvalidValue(f"{self.name}.metrics", list(index), "must have names of their own")
        if len({metric.bit for metric in self.metrics}) != len(self.metrics):
            raise InvalidValue(f"{self.name}.metrics", list(index), "must have bits of their own")
        for metric in self.metrics:
            if metric.weight is not None and metric.weight not in index:
                raise InvalidValue(f"{metric.name}.weight", metric.weight, "is none of its metrics")
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "index", index)
        code_lists = {each.name: frozenset(each.states) for each in self.metrics if each.states}
        object.__setattr__(self, "code_lists", code_lists)

    @property
    def stale_after_s(self) -> int:
        """Seconds without a reading after which a device's values no longer count as current."""
        return 3 * self.interval_s

    def metric(self, name: str) -> Metric:
        """The metric of this name.

        Raises:
            UnknownMetric: when the profile has none.
        """
        try:
            return self.metrics[self.index[name]]
        except KeyError:
            raise UnknownMetric(self.name, name) from None
