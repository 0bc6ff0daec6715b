"""The fleet file: which devices there are and with which secrets they connect. Mode 0600.

The only place where devices' secrets are written down; simulators, and whoever provisions real
equipment, read it. Enrolling more devices adds to it, rotating replaces in it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from devices.enrolment import Description, Issued
from devices.errors import BadFleetFile
from devices.private_files import write_private

_FIELDS = frozenset({"code", "secret", "district", "profile", "lon", "lat", "attributes"})


def write_fleet(path: Path, devices: Sequence[Issued]) -> None:
    """Replace the fleet file, in one step, by these devices in the order of their codes.

    Raises:
        OSError: when it can't be written; the old file is as it was.
    """
    entries = [asdict(device) for device in sorted(devices, key=lambda each: each.code)]
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    write_private(path, f'{{"devices":[\n{lines}\n]}}\n')


def add_to_fleet(path: Path, issued: Sequence[Issued]) -> None:
    """Write newly issued devices into the fleet file, beside or in place of what it has.

    Raises:
        BadFleetFile: when the existing file is none; it is left alone.
        OSError: when it can't be written; the old file is as it was.
    """
    known = {device.code: device for device in read_fleet(path)} if path.exists() else {}
    write_fleet(path, list((known | {device.code: device for device in issued}).values()))


def follow_registry(path: Path, known: Mapping[str, Description]) -> int:
    """Bring place, district and attributes in the fleet file up to date; secrets stay.

    Devices that are not known any more are left out: their credentials have ended.

    Returns:
        How many entries were changed or left out; for 0 the file is not touched.

    Raises:
        BadFleetFile: when the existing file is none; it is left alone.
        OSError: when it can't be read or written; the old file is as it was.
    """
    before = {device.code: device for device in read_fleet(path)}
    now = {
        code: replace(device, **asdict(known[code]))
        for code, device in before.items()
        if code in known
    }
    changed = sum(now.get(code) != device for code, device in before.items())
    if changed:
        write_fleet(path, list(now.values()))
    return changed


def read_fleet(path: Path) -> list[Issued]:
    """The devices of a fleet file.

    Raises:
        BadFleetFile: when it is not of that form.
        OSError: when it can't be read.
    """
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise BadFleetFile(path, f"not JSON: {error}") from None
    entries = document.get("devices") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise BadFleetFile(path, "it has no list of devices")
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or entry.keys() != _FIELDS:
            raise BadFleetFile(path, f"device {number} has not the fields {sorted(_FIELDS)}")
    return [Issued(**entry) for entry in entries]
