"""MQTT topics: ``city/v1/{district}/{profile}/{device}/{channel}``."""

import re
from typing import NamedTuple

from city.codes import Kind, parse_code
from city.errors import BadCode, BadTopic, InvalidValue

PREFIX = "city/v1"
CHANNELS = ("telemetry", "status", "event", "command", "reply")
TELEMETRY_FILTER = f"{PREFIX}/+/+/+/telemetry"

_LEVELS = 6
_DISTRICT = re.compile(r"[0-9]{6}", re.ASCII)
_PROFILE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)


class Topic(NamedTuple):
    """What a topic says.

    Attributes:
        district: six-digit GB/T 2260 code; for routing only, the registry is the truth.
        profile: a profile's name; whether the catalogue has it is not checked here.
        device: the device's city code, kind D.
        channel: one of `CHANNELS`.
    """

    district: str
    profile: str
    device: str
    channel: str

    def __str__(self) -> str:
        """The topic as it goes over the wire."""
        return f"{PREFIX}/{self.district}/{self.profile}/{self.device}/{self.channel}"


def parse_topic(text: str) -> Topic:
    """What a topic says.

    Raises:
        BadTopic: naming the level at fault and the rule it breaks.
    """
    levels = text.split("/")
    if len(levels) != _LEVELS or levels[:2] != ["city", "v1"]:
        raise BadTopic(text, f"it must be {PREFIX}/DISTRICT/PROFILE/DEVICE/CHANNEL")
    topic = Topic(*levels[2:])
    _check(topic, text)
    return topic


def device_topic(*, district: str, profile: str, device: str, channel: str) -> str:
    """The topic of a device's channel.

    Raises:
        InvalidValue: naming the part that can't stand in a topic.
    """
    topic = Topic(district, profile, device, channel)
    try:
        _check(topic, str(topic))
    except BadTopic as error:
        raise InvalidValue("topic", str(topic), error.rule) from None
    return str(topic)


def _check(topic: Topic, text: str) -> None:
    if not _DISTRICT.fullmatch(topic.district):
        raise BadTopic(text, "the district must be six digits")
    if not _PROFILE.fullmatch(topic.profile):
        raise BadTopic(text, "the profile must be lower-case words joined by hyphens")
    if topic.channel not in CHANNELS:
        raise BadTopic(text, f"the channel must be one of {', '.join(CHANNELS)}")
    try:
        code = parse_code(topic.device)
    except BadCode as error:
        raise BadTopic(text, f"the device must be a city code, but {error.detail}") from None
    if code.kind is not Kind.DEVICE:
        raise BadTopic(text, f"the device's code must be of kind D, not {code.kind}")
