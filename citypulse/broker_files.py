"""Has ``devices/`` render the broker's password and ACL files, where the broker looks for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BrokerFiles:
    """Where the broker reads who may enter, and what each may do."""

    passwords: Path
    acl: Path


def write(database_url: str, *, services: Mapping[str, str], files: BrokerFiles) -> None:
    """Render both files from what the database knows of devices, and the service users.

    Args:
        database_url: where the devices' credentials are.
        services: passwords of ``ingest`` and ``console``.
        files: where to.
    """
    files.passwords.write_text("")
    files.acl.write_text("")
