"""The state folder: where binaries, data, credentials, logs and the run record lie."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from city.errors import InvalidValue

ROOT_STATE = Path("/var/lib/citypulse")
# These end up in configuration files, in RPATHs and in shell scripts; the binaries can't take them.
REFUSED_CHARACTERS = set(" \t\n:'\"\\$")


@dataclass(frozen=True, slots=True)
class State:
    """Paths below one state folder; nothing is created by asking for a path."""

    root: Path

    @property
    def binaries(self) -> Path:
        """Where the servers' binaries are installed, one folder per version of the installer."""
        return self.root / "stack"

    @property
    def postgres(self) -> Path:
        """The database's configuration, socket and data."""
        return self.root / "postgres"

    @property
    def broker(self) -> Path:
        """The broker's configuration, password and ACL files, and its persistence."""
        return self.root / "broker"

    @property
    def logs(self) -> Path:
        """One log file per part."""
        return self.root / "logs"

    @property
    def credentials(self) -> Path:
        """Random secrets made at the first start, mode 0600."""
        return self.root / "credentials.json"

    @property
    def ports(self) -> Path:
        """Ports chosen at the first start, so that addresses stay."""
        return self.root / "ports.json"

    @property
    def run(self) -> Path:
        """The supervisor's lock and record of what runs."""
        return self.root / "run"

    @property
    def fleet(self) -> Path:
        """The secrets of the demonstration city's devices, which are simulated; mode 0600."""
        return self.root / "fleet.json"

    @property
    def enrolled(self) -> Path:
        """The secrets of all other devices, where no file was named for them; mode 0600."""
        return self.root / "enrolled.json"

    def create(self) -> None:
        """Make the folder, and let the unprivileged user of the servers pass through it.

        Files with secrets in it are 0600 themselves.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        for folder in (self.postgres, self.broker, self.logs, self.run):
            folder.mkdir(exist_ok=True)
            if os.geteuid() == 0:
                folder.chmod(0o755)
        if os.geteuid() == 0:
            self.root.chmod(0o755)


def state_folder(environ: Mapping[str, str], override: Path | None = None) -> State:
    """The state folder of this user: the override, as root ``/var/lib/citypulse``, else XDG's.

    Raises:
        InvalidValue: the path holds a character that the binaries can't be bound to.
    """
    if override is not None:
        root = override.expanduser().absolute()
    elif os.geteuid() == 0:
        root = ROOT_STATE
    else:
        xdg = environ.get("XDG_STATE_HOME", "")
        base = Path(xdg) if Path(xdg).is_absolute() else Path.home() / ".local" / "state"
        root = base / "citypulse"
    if REFUSED_CHARACTERS & set(str(root)):
        raise InvalidValue(
            "CITYPULSE_STATE_DIR", str(root), "may not hold blanks, quotes, colons, backslash or $"
        )
    return State(root)
