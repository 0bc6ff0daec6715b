"""``python -m citypulse.stack``: install the servers for this user, showing how far it is."""

import os
import sys
import time
from pathlib import Path

from city.errors import CitypulseError
from citypulse.stack.install import Progress, ensure_installed
from citypulse.stack.state import state_folder


def main() -> int:
    """Install unless that is done; the exit status is 1 when it can't be."""
    began = time.monotonic()

    def show(progress: Progress) -> None:
        if progress.total == 0 or progress.done in {1, progress.total}:
            count = f" {progress.done}/{progress.total}" if progress.total else ""
            print(f"{time.monotonic() - began:5.1f} s  local stack: {progress.step}{count}")

    override = os.environ.get("CITYPULSE_STATE_DIR")
    try:
        ensure_installed(
            state_folder(os.environ, Path(override) if override else None).binaries, show
        )
    except CitypulseError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
