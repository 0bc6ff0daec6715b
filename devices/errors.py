"""What can go wrong with devices as equipment."""

from collections.abc import Sequence
from typing import ClassVar

from city.errors import CitypulseError, shortened


class DeviceError(CitypulseError):
    """The root of the refusals of ``devices/``."""

    code: ClassVar[str] = "device-error"


class UnknownDevices(DeviceError):
    """Codes that name no device in service.

    Attributes:
        codes: all of them.
    """

    code: ClassVar[str] = "unknown-devices"

    def __init__(self, codes: Sequence[str]) -> None:
        first = ", ".join(shortened(code) for code in codes[:5])
        more = f" and {len(codes) - 5} more" if len(codes) > 5 else ""  # noqa: PLR2004 - as above
        super().__init__(f"no device in service: {first}{more}")
        self.codes = tuple(codes)


class BadFleetFile(DeviceError):
    """A fleet file is not what `devices.fleet_file` writes."""

    code: ClassVar[str] = "bad-fleet-file"

    def __init__(self, path: object, rule: str) -> None:
        super().__init__(f"{path} is no fleet file: {rule}")
        self.path = path
        self.rule = rule
