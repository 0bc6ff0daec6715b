"""The catalogue as a page for people: ``python -m city.profile_document > docs/profiles.md``."""

import sys
from collections.abc import Iterator

from city.catalogue import PROFILES
from city.profiles import Metric, Profile

_INTRODUCTION = """\
# Profiles

What each kind of terminal measures. This page is generated from `city/catalogue.py`
(`python -m city.profile_document > docs/profiles.md`), as are the tables, the payload checks and
`GET /api/v1/profiles`.

A value outside *range* is kept and flagged **failed**; one outside *plausible* is kept and flagged
**suspect**. Units are UCUM codes. *Bit* is the metric's place in the stored quality masks and never
changes.

**Adding a profile or a metric**: add an entry to `city/catalogue.py` (a new metric at the end, with
the next free bit), run `citypulse db migrate`, and generate this page. Nothing else changes.
"""


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
    yield "| bit | metric | en | zh | unit | range | plausible | step | brought together by |"
    yield "|--:|---|---|---|---|---|---|--:|---|"
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
        metric.aggregation.value.replace("_", " "),
    )
    return f"| {' | '.join(cells)} |"


def _plausible(metric: Metric) -> str:
    if metric.suspect_low is None and metric.suspect_high is None:
        return "as range"
    low = metric.low if metric.suspect_low is None else metric.suspect_low
    high = metric.high if metric.suspect_high is None else metric.suspect_high
    return f"{low:g} … {high:g}"


if __name__ == "__main__":
    sys.stdout.write(render())
