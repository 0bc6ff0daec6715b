"""Settings of the HTTP process: CITYPULSE_API_*."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ApiSettings(BaseSettings):
    """Where the API listens and what bounds it keeps."""

    model_config = SettingsConfigDict(env_prefix="CITYPULSE_API_", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8321, ge=0, le=65535)
    pool_size: int = Field(default=8, ge=1, le=100)
    statement_timeout_s: float = Field(default=10.0, gt=0, le=300)
    stream_clients: int = Field(default=200, ge=1, le=10_000)
    stream_interval_s: float = Field(default=0.5, ge=0.02, le=60)
    stream_queue: int = Field(default=16, ge=1, le=10_000)
    page_dir: Path | None = None
