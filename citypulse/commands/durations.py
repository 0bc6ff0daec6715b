"""A duration as people write it: ``90``, ``90s``, ``15m``, ``3h``, ``7d``."""

import re
from typing import Any

import click

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")


class Duration(click.ParamType[float]):
    """Seconds, given with or without a unit."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds of ``value``; refuses what is no number with an optional unit."""
        if isinstance(value, int | float):
            return float(value)
        match = _WRITTEN.fullmatch(value.strip())
        if match is None:
            self.fail(f"{value!r} is no duration: write 90s, 15m, 3h or 7d", param, ctx)
        return float(match[1]) * _SECONDS[match[2]]


DURATION = Duration()
