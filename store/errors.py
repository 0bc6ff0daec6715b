"""What can go wrong on the database's ground."""

from typing import ClassVar

from city.errors import CitypulseError, shortened


class MigrationChanged(CitypulseError):
    """A migration that is already applied no longer has the content it was applied with."""

    code: ClassVar[str] = "migration-changed"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"migration {name} was changed after it was applied to this database; "
            "restore the file and put the change into a new migration"
        )
        self.name = name


class BadMigration(CitypulseError):
    """A migration file can't be taken: its name, its number or its form is wrong."""

    code: ClassVar[str] = "bad-migration"

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(f"migration {name}: {rule}")
        self.name = name
        self.rule = rule


class MigrationFailed(CitypulseError):
    """The database refused a migration; nothing of it remains, unless it has no transaction."""

    code: ClassVar[str] = "migration-failed"

    def __init__(self, name: str, sqlstate: str | None, reason: str, hint: str = "") -> None:
        super().__init__(f"applying {name}: {reason}{f'; {hint}' if hint else ''}")
        self.name = name
        self.sqlstate = sqlstate


class MigrationBusy(CitypulseError):
    """Another process has been migrating this database for longer than we wait."""

    code: ClassVar[str] = "migration-busy"

    def __init__(self, waited_s: float) -> None:
        super().__init__(
            f"another process is migrating this database; gave up after {waited_s:g} s"
        )


class CatalogueConflict(CitypulseError):
    """The catalogue contradicts what the tables were made from: columns and bits never change."""

    code: ClassVar[str] = "catalogue-conflict"

    def __init__(self, profile: str, metric: str, rule: str) -> None:
        super().__init__(f"catalogue entry {profile}.{metric}: {rule}")
        self.profile = profile
        self.metric = metric
        self.rule = rule


class BadRange(CitypulseError):
    """A request for a range of readings can't be answered as asked."""

    code: ClassVar[str] = "bad-range"

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(f"{field}: {shortened(value)!r} {rule}")
        self.field = field
        self.value = value
        self.rule = rule
