"""The fleet file: which devices there are, and the secret of each. Enrolment writes it, we read it.

``{"devices": [{"code", "secret", "district", "profile", "lon", "lat", "attributes": {…}}, …]}``
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from city.catalogue import PROFILES
from city.codes import Kind, parse_code
from city.errors import BadCode, BadTopic, CitypulseError, InvalidValue, shortened
from city.topics import device_topic


class BadFleetFile(CitypulseError):
    """The fleet file can't be used; names the file, the entry, the field and the rule."""

    code: ClassVar[str] = "bad-fleet-file"

    def __init__(self, path: Path, where: str, rule: str) -> None:
        super().__init__(f"fleet file {path}: {where}: {rule}")
        self.path = path
        self.where = where
        self.rule = rule


@dataclass(frozen=True, slots=True)
class FleetDevice:
    """One device that a simulator may play.

    Attributes:
        code: its city code, also its MQTT client id and user name.
        secret: its password at the broker; not shown when printed.
        district: six-digit GB/T 2260 code, for its topics.
        profile: name of its profile.
        lon: WGS 84.
        lat: WGS 84.
        attributes: as the registry has them.
    """

    code: str
    secret: str = field(repr=False)
    district: str
    profile: str
    lon: float
    lat: float
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def topic(self, channel: str) -> str:
        """The device's topic for a channel."""
        return device_topic(
            district=self.district, profile=self.profile, device=self.code, channel=channel
        )


def read_fleet(path: Path, *profiles: str) -> list[FleetDevice]:
    """The devices of one profile after the other, those of each in the file's order.

    Raises:
        BadFleetFile: when the file can't be read, or an entry breaks a rule.
    """
    entries = _entries(path)
    devices = [_device(path, number, entry) for number, entry in enumerate(entries)]
    repeated = {device.code for device in devices}
    if len(repeated) != len(devices):
        raise BadFleetFile(path, "devices", "a code occurs twice")
    return [device for name in profiles for device in devices if device.profile == name]


def first_of(devices: Sequence[FleetDevice], wanted: int | None, path: Path) -> list[FleetDevice]:
    """So many devices from the beginning; all for None.

    Raises:
        InvalidValue: when fewer than 1 are wanted, or more than there are.
    """
    if wanted is None:
        wanted = len(devices)
    if not 1 <= wanted <= len(devices):
        rule = f"must be from 1 to the {len(devices)} devices that can take part in {path}"
        raise InvalidValue("devices", wanted, rule)
    return list(devices[:wanted])


def _entries(path: Path) -> list[Any]:
    try:
        loaded = json.loads(path.read_bytes())
    except OSError as error:
        raise BadFleetFile(path, "reading it", error.strerror or str(error)) from error
    except ValueError as error:
        raise BadFleetFile(path, "reading it", f"it is not JSON: {error}") from error
    entries = loaded.get("devices") if isinstance(loaded, dict) else None
    if not isinstance(entries, list):
        raise BadFleetFile(path, "devices", "must be a list")
    return entries


def _device(path: Path, number: int, entry: Any) -> FleetDevice:
    where = f"devices[{number}]"
    if not isinstance(entry, dict):
        raise BadFleetFile(path, where, "must be an object")
    code = _text(path, where, entry, "code")
    _check_code(path, where, code)
    device = FleetDevice(
        code=code,
        secret=_text(path, where, entry, "secret"),
        district=_text(path, where, entry, "district"),
        profile=_text(path, where, entry, "profile"),
        lon=_number(path, where, entry, "lon", 180),
        lat=_number(path, where, entry, "lat", 90),
        attributes=_attributes(path, where, entry),
    )
    if device.profile not in PROFILES:
        raise BadFleetFile(path, f"{where}.profile", f"must be one of {', '.join(PROFILES)}")
    try:
        device.topic("telemetry")
    except (BadTopic, InvalidValue) as error:
        raise BadFleetFile(path, f"{where}.district", str(error)) from error
    return device


def _check_code(path: Path, where: str, text: str) -> None:
    try:
        code = parse_code(text)
    except BadCode as error:
        raise BadFleetFile(path, f"{where}.code", str(error)) from error
    if code.kind is not Kind.DEVICE:
        raise BadFleetFile(path, f"{where}.code", f"{text} is not a device's (kind D)")


def _text(path: Path, where: str, entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value:
        shown = "it" if name == "secret" else shortened(value)
        raise BadFleetFile(path, f"{where}.{name}", f"{shown} must be a text, not empty")
    return value


def _attributes(path: Path, where: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    value = entry.get("attributes", {})
    if not isinstance(value, dict):
        rule = f"{shortened(value)} must be an object"
        raise BadFleetFile(path, f"{where}.attributes", rule)
    return value


def _number(path: Path, where: str, entry: Mapping[str, Any], name: str, limit: float) -> float:
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadFleetFile(path, f"{where}.{name}", f"{shortened(value)} must be a number")
    if abs(value) > limit:
        raise BadFleetFile(path, f"{where}.{name}", f"{value} must lie within ±{limit:g}")
    return float(value)
