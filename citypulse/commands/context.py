"""What every sub-command shares: settings read on first use, errors shown in one line."""

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import click
import psycopg
from psycopg_pool import PoolTimeout

from city.errors import CitypulseError
from citypulse.settings import Settings, read_settings

P = ParamSpec("P")
R = TypeVar("R")

UNREACHABLE = "see `citypulse status` and `citypulse doctor`"


class CitypulseGroup(click.Group):
    """A command group that shows what we raise on purpose as one line, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the sub-command.

        Raises:
            click.ClickException: with the error's message; the exit status is 1.
        """
        try:
            return super().invoke(ctx)
        except CitypulseError as error:
            raise click.ClickException(str(error)) from error
        except (psycopg.OperationalError, PoolTimeout) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
            message = f"the database does not answer ({reason}): {UNREACHABLE}"
            raise click.ClickException(message) from error


def with_settings(command: Callable[Concatenate[Settings, P], R]) -> Callable[P, R]:
    """Give a command the settings as its first argument, read when it runs and not before."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        return command(read_settings(os.environ), *args, **kwargs)

    return run
