"""Settings of the vitals process: CITYPULSE_VITALS_*."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class VitalsSettings(BaseSettings):
    """How often the ledger is followed and signs are evaluated."""

    model_config = SettingsConfigDict(env_prefix="CITYPULSE_VITALS_", frozen=True)

    follow_interval_s: float = Field(default=1.0, ge=0.02, le=60)
    signs_interval_s: float = Field(default=10.0, ge=0.05, le=3600)
