"""Random secrets of the local stack: made once, kept in one 0600 file, never printed."""

import json
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from devices.private_files import write_private

SECRET_BYTES = 24


def _secret() -> str:
    """A secret that is safe in URLs, configuration files and shells."""
    return secrets.token_urlsafe(SECRET_BYTES)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Passwords of the local stack's own users; devices have theirs from ``devices/``.

    Attributes:
        superuser: PostgreSQL's superuser ``postgres``.
        owner: the role ``citypulse``, which owns the database and is no superuser.
        ingest: the broker's user that reads telemetry.
        console: the broker's user that sends commands.
    """

    superuser: str = field(default_factory=_secret, repr=False)
    owner: str = field(default_factory=_secret, repr=False)
    ingest: str = field(default_factory=_secret, repr=False)
    console: str = field(default_factory=_secret, repr=False)

    @property
    def broker_services(self) -> dict[str, str]:
        """Passwords of the broker's service users by user name."""
        return {"ingest": self.ingest, "console": self.console}


def load_or_make(path: Path) -> Credentials:
    """Read the credentials, or make them at the first start; the file's mode is 0600 either way."""
    if path.exists():
        path.chmod(0o600)
        known = {one.name for one in fields(Credentials)}
        stored = json.loads(path.read_text())
        return Credentials(**{name: value for name, value in stored.items() if name in known})
    credentials = Credentials()
    write_private(path, json.dumps(asdict(credentials), indent=1) + "\n")
    return credentials
