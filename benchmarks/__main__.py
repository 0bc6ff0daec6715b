"""Runs benchmarks by name, all of them without one; each prints one JSON line.

``python -m benchmarks [NAME…] [options of the benchmark]``
"""

import runpy
import sys

NAMES = ("ingest",)


def main() -> None:
    """Run what the command line names; options go to each benchmark as they are."""
    arguments = sys.argv[1:]
    unknown = [word for word in arguments if word.isalpha() and word not in NAMES]
    if unknown:
        raise SystemExit(f"no benchmark {unknown[0]}; there are {', '.join(NAMES)}")
    wanted = [name for name in NAMES if name in arguments] or NAMES
    options = [word for word in arguments if word not in NAMES]
    for name in wanted:
        sys.argv = [f"benchmarks.{name}", *options]
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")


if __name__ == "__main__":
    main()
