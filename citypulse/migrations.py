"""The folders whose tables make up the database, in one list, and how to bring it up to date."""

from importlib import resources

from store.migrate import migrate

OWNERS = ("store", "registry", "devices", "vitals")


def migrate_all(url: str) -> list[str]:
    """Apply what is missing in the database at ``url``; return the names of what was applied."""
    return migrate(url, [resources.files(owner) / "migrations" for owner in OWNERS])
