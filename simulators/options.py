"""What a person may ask of the simulators: the arguments of `simulate` and `replay`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

Ending = Literal["now", "repeating", "as-recorded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateOptions:
    """How a fleet of simulated devices is to run.

    Attributes:
        fleet: the fleet file, with every device's code and secret.
        broker_url: ``mqtt://host:port``; a user in it is not used, each device has its own.
        devices: how many devices of the file take part, poles first; None means all.
        interval_s: seconds between two readings of a pole, above 0; kinds whose nominal interval
            is longer or shorter than a pole's minute, in proportion.
        duration_s: stop by itself after so many seconds; None runs until SIGTERM or SIGINT.
        seed: the same seed, code and instant give the same reading.
        backfill_s: seconds of stored history that each device first delivers; 0 means none.
        json_summary: write the summary to standard output as one JSON line at the end.
    """

    fleet: Path
    broker_url: str
    devices: int | None = None
    interval_s: float = 60
    duration_s: float | None = None
    seed: int = 1
    backfill_s: float = 0
    json_summary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """How recorded station files are to be played.

    Attributes:
        files: station files in the UCI PRSA format, plain or gzip.
        fleet: the fleet file; a station plays as the device whose attribute ``station`` names it.
        broker_url: ``mqtt://host:port``; a user in it is not used, each device has its own.
        ending: ``now`` moves the record by whole days so that it reaches the current hour;
            ``repeating`` lays it end to end, so that each instant has its own recorded hour.
        start: first recorded local day to play; None means as `hours` and the files allow.
        hours: how many hours of history to play; None means all there are, once.
        speed: recorded seconds per second; None means as fast as the broker takes them.
        follow: unless as recorded, go on and publish each next hour when the clock reaches it.
        json_summary: write the summary to standard output as one JSON line at the end.
    """

    files: Sequence[Path]
    fleet: Path
    broker_url: str
    ending: Ending = "now"
    start: date | None = None
    hours: int | None = None
    speed: float | None = None
    follow: bool = False
    json_summary: bool = False
