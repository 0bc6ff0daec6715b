"""What an operator may set for an ingest process; read once, by the command that starts it."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class IngestSettings(BaseSettings):
    """Sizes and times of the hot path; the defaults carry a city on two cores.

    Attributes:
        member: this process's name, stable over restarts: its MQTT session and its ledger rows
            go by it. Two processes must not share one.
        share_group: the group of a shared subscription; empty for a subscription of its own, as
            long as there is one process.
        ca_file: certificates that vouch for an ``mqtts://`` broker; empty for the system's.
        flush_messages: a batch is closed at so many messages.
        flush_s: … or after so many seconds.
        max_unacked_messages: messages held unacknowledged; beyond it reading pauses. Also the
            Receive Maximum that the broker is told.
        max_unacked_bytes: the same for their payloads.
        coalesce_s: how long reading rests after each read, so that one wake-up brings many.
        keep_alive_s: seconds after which either side may notice that the other is gone.
        session_expiry_s: how long the broker keeps our session and queue while we are away;
            2**32 - 1 is for ever. An end may crash Mosquitto 2.0.21: see docs/operations.md.
        directory_refresh_s: how often devices are read anew; a new one is looked up at once.
        drain_s: how long a stop may take; what is not committed then stays with the broker.
    """

    model_config = SettingsConfigDict(env_prefix="CITYPULSE_INGEST_", frozen=True)

    member: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,40}$")] = "ingest-0"
    share_group: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,40}$")] = ""
    ca_file: Path | None = None
    flush_messages: Annotated[int, Field(ge=1, le=20_000)] = 2000
    flush_s: Annotated[float, Field(gt=0, le=5)] = 0.2
    max_unacked_messages: Annotated[int, Field(ge=100, le=65_535)] = 8000
    max_unacked_bytes: Annotated[int, Field(ge=1 << 20)] = 64 << 20
    coalesce_s: Annotated[float, Field(ge=0, le=0.1)] = 0.01
    keep_alive_s: Annotated[int, Field(ge=5, le=3600)] = 30
    session_expiry_s: Annotated[int, Field(ge=60, le=0xFFFF_FFFF)] = 0xFFFF_FFFF
    directory_refresh_s: Annotated[float, Field(ge=1)] = 30.0
    drain_s: Annotated[float, Field(gt=0)] = 10.0
