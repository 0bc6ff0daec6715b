"""The catalogue as a page for people: ``python -m city.profile_document > docs/profiles.md``."""

import sys
from collections.abc import Iterator

from city.catalogue import PROFILES
from city.profiles import Metric, Profile

_INTRODUCTION = """\
# Profiles

What each kind of terminal measures. This page is generated from `city/catalogue/`
(`python -m city.profile_document > docs/profiles.md`), as are the tables, the payload checks and
`GET /api/v1/profiles`.

A value outside *range* is kept and flagged **failed**; one outside *plausible* is kept and flagged
**suspect**. Alarm limits are neither: a value that means danger is a good value. Units are UCUM
codes. *Bit* is the metric's place in the stored quality masks and never changes.

## Adding a profile or a metric

1. Add an entry: a profile is a module in `city/catalogue/` and its name in `_ENTRIES` of
   `city/catalogue/__init__.py`; a metric goes to the end of its profile, with the next free bit.
2. Run `citypulse db migrate`: it creates the hypertable, or adds the column.

Nothing else changes: payloads are checked against it, devices of that profile can be registered
and enrolled, ingest stores what they send, and HTTP shows it. Restart the processes, so that they
know the entry; and generate this page, or a test will ask for it.
"""

_COLUMNS = (
    *("bit", "metric", "en", "zh", "unit", "range", "plausible", "step", "brought together by"),
    *("grade", "source of range and limits"),
)


def render() -> str:
    """The page as Markdown, one table a profile."""
    return "\n".join([_INTRODUCTION, *(line for each in PROFILES.values() for line in _page(each))])


def _page(profile: Profile) -> Iterator[str]:
    yield f"## `{profile.name}` · {profile.names['en']} · {profile.names['zh']}"
    yield ""
    yield (
        f"Nominal interval {profile.interval_s} s; stale after {profile.stale_after_s} s. "
        f"Hypertable `store.{profile.table}`, chunks of {profile.chunk_days} d."
    )
    yield ""
    yield f"| {' | '.join(_COLUMNS)} |"
    yield "|--:|---|---|---|---|---|---|--:|---|---|---|"
    yield from (_row(metric) for metric in profile.metrics)
    yield ""
    for metric in profile.metrics:
        if metric.states:
            states = ", ".join(
                f"{code} {names['en']} ({names['zh']})" for code, names in metric.states.items()
            )
            yield f"`{metric.name}`: {states}."
            yield ""


def _row(metric: Metric) -> str:
    cells = (
        str(metric.bit),
        f"`{metric.name}`",
        metric.names["en"],
        metric.names["zh"],
        metric.unit,
        f"{metric.low:g} … {metric.high:g}",
        _plausible(metric),
        f"{metric.resolution:g}",
        _aggregation(metric),
        metric.grade.value,
        metric.source,
    )
    return f"| {' | '.join(cells)} |"


def _aggregation(metric: Metric) -> str:
    words = metric.aggregation.value.replace("_", " ")
    if metric.weight is not None:
        words += f", weighed by `{metric.weight}`"
    if metric.rolls_over_at is not None:
        words += f", rolls over at {metric.rolls_over_at:,.0f}"
    return words


def _plausible(metric: Metric) -> str:
    if metric.suspect_low is None and metric.suspect_high is None:
        return "as range"
    low = metric.low if metric.suspect_low is None else metric.suspect_low
    high = metric.high if metric.suspect_high is None else metric.suspect_high
    return f"{low:g} … {high:g}"


if __name__ == "__main__":
    sys.stdout.write(render())
