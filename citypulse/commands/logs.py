"""How our processes log: one event a line, times in UTC."""

import logging
import sys
import time
from pathlib import Path


def show_log(level: int = logging.INFO, *, into: Path | None = None) -> None:
    """Log from ``level`` on, to standard error or into a file."""
    formatter = logging.Formatter(
        "%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%SZ"
    )
    formatter.converter = time.gmtime
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if into is not None:
        into.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(into)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler])
    # Every request of ours to a part would be a line.
    logging.getLogger("httpx").setLevel(logging.WARNING)
