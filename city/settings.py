"""Settings that several processes share, and the rule that an unknown one stops the process."""

import difflib
from collections.abc import Iterable, Mapping

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from city.errors import UnknownSetting

PREFIX = "CITYPULSE_"


class DatabaseSettings(BaseSettings):
    """Where the database is; empty means the local stack's own."""

    model_config = SettingsConfigDict(env_prefix="CITYPULSE_DATABASE_", frozen=True)

    url: SecretStr | None = None


class BrokerSettings(BaseSettings):
    """Where the MQTT broker is and who we are there; empty means the local stack's own."""

    model_config = SettingsConfigDict(env_prefix="CITYPULSE_MQTT_", frozen=True)

    url: SecretStr | None = None


class PublicSettings(BaseSettings):
    """The address under which people and machines outside reach us; empty means the API's own."""

    model_config = SettingsConfigDict(env_prefix="CITYPULSE_PUBLIC_", frozen=True)

    url: str | None = None


def names_of(settings: type[BaseSettings]) -> set[str]:
    """The environment variables that a settings class reads, upper case."""
    prefix = settings.model_config.get("env_prefix", "")
    return {f"{prefix}{field}".upper() for field in settings.model_fields}


def refuse_unknown(environ: Mapping[str, str], classes: Iterable[type[BaseSettings]]) -> None:
    """Stop on a variable with our prefix that no class reads.

    pydantic-settings passes over unknown variables even with ``extra="forbid"``.

    Raises:
        UnknownSetting: naming each, with the nearest known name.
    """
    known = {name for settings in classes for name in names_of(settings)}
    unknown = sorted(
        name for name in environ if name.upper().startswith(PREFIX) and name.upper() not in known
    )
    if unknown:
        nearest = (difflib.get_close_matches(name.upper(), known, n=1) for name in unknown)
        raise UnknownSetting(
            {name: near[0] if near else None for name, near in zip(unknown, nearest, strict=True)}
        )
