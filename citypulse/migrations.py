"""The folders whose tables make up the database, in one list, and how to bring it up to date."""

from importlib import import_module, resources
from importlib.resources.abc import Traversable

OWNERS = ("store", "registry", "devices", "vitals")


def sources() -> list[Traversable]:
    """The folders of numbered SQL files, one for each owner that has any."""
    folders = (resources.files(owner) / "migrations" for owner in OWNERS)
    return [folder for folder in folders if folder.is_dir()]


def migrate_all(url: str) -> list[str]:
    """Apply what is missing in the database at ``url``; return the names of what was applied."""
    migrate = import_module("store.migrate").migrate
    applied: list[str] = migrate(url, sources())
    return applied
