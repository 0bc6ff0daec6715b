"""Every setting of every process, read once; and the command's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.settings import ApiSettings
from city.errors import InvalidValue
from city.settings import BrokerSettings, DatabaseSettings, PublicSettings, refuse_unknown
from citypulse.stack.state import State, state_folder
from ingest.settings import IngestSettings
from vitals.settings import VitalsSettings


class StateSettings(BaseSettings):
    """Where this machine's state lies, and the mirrors that the installer fetches from."""

    model_config = SettingsConfigDict(env_prefix="CITYPULSE_", frozen=True)

    state_dir: Path | None = None
    broker_files: Path | None = None
    debian_mirror: str | None = None
    debian_security_mirror: str | None = None


class StackSettings(BaseSettings):
    """Fixed ports of the local stack; without them free ones are chosen and remembered."""

    model_config = SettingsConfigDict(env_prefix="CITYPULSE_STACK_", frozen=True)

    postgres_port: int | None = Field(default=None, ge=1, le=65535)
    broker_port: int | None = Field(default=None, ge=1, le=65535)


S = TypeVar("S", bound=BaseSettings)

EVERY_CLASS: tuple[type[BaseSettings], ...] = (
    DatabaseSettings,
    BrokerSettings,
    PublicSettings,
    StateSettings,
    StackSettings,
    ApiSettings,
    IngestSettings,
    VitalsSettings,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, one class per concern."""

    database: DatabaseSettings
    broker: BrokerSettings
    public: PublicSettings
    own: StateSettings
    stack: StackSettings
    api: ApiSettings
    ingest: IngestSettings
    vitals: VitalsSettings
    state: State


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read every setting from the environment.

    Raises:
        UnknownSetting: a variable with our prefix that no setting reads.
        InvalidValue: a setting has a value it can't have; a secret's value is not shown.
    """
    refuse_unknown(environ, EVERY_CLASS)
    own = _read(StateSettings)
    return Settings(
        database=_read(DatabaseSettings),
        broker=_read(BrokerSettings),
        public=_read(PublicSettings),
        own=own,
        stack=_read(StackSettings),
        api=_read(ApiSettings),
        ingest=_read(IngestSettings),
        vitals=_read(VitalsSettings),
        state=state_folder(environ, own.state_dir),
    )


def _read(kind: type[S]) -> S:
    try:
        return kind()
    except ValidationError as error:
        first = error.errors()[0]
        prefix = kind.model_config.get("env_prefix", "")
        name = f"{prefix}{'_'.join(map(str, first['loc']))}".upper()
        shown = "…" if name.endswith("_URL") else first["input"]
        raise InvalidValue(name, shown, first["msg"].lower()) from None
