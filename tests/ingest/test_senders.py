"""Who may have sent a message: known at once, looked up once, refused for a while."""

import pytest

from city.catalogue import PROFILES
from city.codes import Kind, entity_code
from city.readings import Refused
from devices.directory import DeviceEntry
from ingest import senders as module
from ingest.senders import FORGET_MISS_S, Sender, Senders, Stranger

CODE = str(entity_code(Kind.DEVICE, "7K3", 1))
ENTRY = DeviceEntry(7, CODE, "smart-pole", "110105")
SENDER = Sender(7, PROFILES["smart-pole"], "110105")


def topic(profile: str = "smart-pole", district: str = "110101", channel: str = "telemetry") -> str:
    return f"city/v1/{district}/{profile}/{CODE}/{channel}"


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock at 0."""
    return Clock()


@pytest.fixture
def senders(clock: Clock) -> Senders:
    """A directory of one device."""
    known = Senders(clock)
    known.replace({CODE: ENTRY})
    return known


def test_a_known_device_is_identified_and_its_topic_remembered(senders: Senders) -> None:
    assert senders.identify(topic()) == SENDER
    assert senders.by_topic == {topic(): SENDER}


def test_the_registrys_district_holds_whatever_the_topic_says(senders: Senders) -> None:
    sender = senders.identify(topic(district="999999"))
    assert isinstance(sender, Sender)
    assert sender.district == "110105"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param("city/v1/110101/smart-pole", "bad-topic", id="too few levels"),
        pytest.param(topic(district="beijing"), "bad-topic", id="a district in letters"),
        pytest.param(topic(channel="status"), "bad-topic", id="a channel without readings"),
        pytest.param(topic().replace(CODE, "D000"), "bad-topic", id="no code"),
        pytest.param(topic(profile="air-station"), "profile-mismatch", id="another profile"),
    ],
)
def test_what_can_not_be_is_refused(senders: Senders, given: str, reason: str) -> None:
    refused = senders.identify(given)
    assert isinstance(refused, Refused)
    assert refused.reason == reason
    assert senders.by_topic == {}


def test_an_unknown_device_is_asked_about_then_refused_then_asked_about_again(
    senders: Senders, clock: Clock
) -> None:
    senders.replace({})
    assert senders.identify(topic()) == Stranger(CODE)
    senders.learn({}, [CODE])
    refused = senders.identify(topic())
    assert isinstance(refused, Refused)
    assert refused.reason == "unknown-device"
    clock.now += FORGET_MISS_S + 1
    assert senders.identify(topic()) == Stranger(CODE)
    senders.learn({CODE: ENTRY}, [])
    assert senders.identify(topic()) == SENDER


def test_a_new_directory_makes_topics_be_checked_anew(senders: Senders) -> None:
    senders.identify(topic())
    senders.replace({CODE: ENTRY})
    assert topic() in senders.by_topic
    senders.replace({})
    assert senders.by_topic == {}


def test_a_device_that_varies_its_topic_does_not_fill_the_memory(
    senders: Senders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_MISSES", 10)
    for number in range(100):
        senders.identify(topic(district=f"{number:06d}"))
    assert len(senders.by_topic) <= 16
