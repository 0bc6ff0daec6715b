"""From a topic to the device that may have sent it: identity, checked once and then remembered."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from city.catalogue import PROFILES
from city.errors import BadTopic
from city.profiles import Profile
from city.readings import Refused
from city.topics import parse_topic
from devices.directory import DeviceEntry

FORGET_MISS_S = 2.0
"""How long a device that the database did not know is refused without asking again."""
MAX_MISSES = 10_000
TOPICS_PER_DEVICE = 4
"""A device may vary the district in its topic: beyond so many topics the memory starts anew."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The device behind a topic.

    Attributes:
        device_key: what its rows carry.
        profile: what it measures.
        district: where the registry says it stands, whatever its topic says.
    """

    device_key: int
    profile: Profile
    district: str


@dataclass(frozen=True, slots=True)
class Stranger:
    """A code that is well formed and in no directory we have read: the database must be asked.

    Attributes:
        code: the device's.
    """

    code: str


class Senders:
    """The directory of devices as ingest holds it.

    Attributes:
        by_topic: topics met and found good. The hot path reads it and nothing else.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """An empty directory; ``clock`` gives monotonic seconds."""
        self.by_topic: dict[str, Sender] = {}
        self._clock = clock
        self._devices: dict[str, DeviceEntry] = {}
        self._missed_at: dict[str, float] = {}

    def replace(self, devices: Mapping[str, DeviceEntry]) -> None:
        """Take a freshly read directory; what has changed or gone is no longer remembered."""
        if devices != self._devices:
            self._devices = dict(devices)
            self.by_topic = {}

    def learn(self, found: Mapping[str, DeviceEntry], missed: Iterable[str]) -> None:
        """Take the answer about strangers."""
        self._devices.update(found)
        if len(self._missed_at) > MAX_MISSES:
            self._missed_at.clear()
        self._missed_at.update(dict.fromkeys(missed, self._clock()))

    def identify(self, topic: str) -> Sender | Stranger | Refused:
        """Who sent under this topic, for topics that are not in ``by_topic``."""
        try:
            parsed = parse_topic(topic)
        except BadTopic as error:
            return Refused("bad-topic", str(error))
        if parsed.channel != "telemetry":
            return Refused("bad-topic", f"channel {parsed.channel} carries no readings")
        entry = self._devices.get(parsed.device)
        if entry is None:
            return self._unknown(parsed.device)
        sender = sender_of(entry, parsed.profile)
        if isinstance(sender, Sender):
            self._remember(topic, sender)
        return sender

    def _unknown(self, code: str) -> Stranger | Refused:
        missed_at = self._missed_at.get(code)
        if missed_at is None or self._clock() - missed_at > FORGET_MISS_S:
            return Stranger(code)
        return unknown_device(code)

    def _remember(self, topic: str, sender: Sender) -> None:
        if len(self.by_topic) > TOPICS_PER_DEVICE * len(self._devices) + MAX_MISSES:
            self.by_topic = {}
        self.by_topic[topic] = sender


def sender_of(entry: DeviceEntry, profile_name: str) -> Sender | Refused:
    """The device as a sender under a topic of this profile."""
    if entry.profile != profile_name:
        detail = f"{entry.code} is enrolled as {entry.profile}, its topic says {profile_name}"
        return Refused("profile-mismatch", detail)
    profile = PROFILES.get(profile_name)
    if profile is None:
        return Refused("profile-mismatch", f"the catalogue has no profile {profile_name}")
    return Sender(entry.device_key, profile, entry.district)


def unknown_device(code: str) -> Refused:
    """What is said of a code that no enrolled device has."""
    return Refused("unknown-device", f"no enrolled device has the code {code}")
