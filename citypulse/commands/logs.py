"""How our processes log: to standard error, one event a line, times in UTC."""

import logging
import sys
import time


def show_log(level: int = logging.INFO) -> None:
    """Log from ``level`` on."""
    formatter = logging.Formatter(
        "%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%SZ"
    )
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler])
    # Every request of ours to a part would be a line.
    logging.getLogger("httpx").setLevel(logging.WARNING)
