"""How long to wait before trying again: exponential, with full jitter.

Many clients that lost the same server must not come back at the same instant:
https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

import random
from collections.abc import Iterator


def delays(first_s: float, longest_s: float) -> Iterator[float]:
    """Seconds to wait before each further try: uniform below a bound that doubles."""
    bound = first_s
    while True:
        yield random.uniform(0, bound)  # noqa: S311 - spreads load, guards no secret
        bound = min(bound * 2, longest_s)
