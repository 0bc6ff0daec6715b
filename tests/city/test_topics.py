import pytest

from city.errors import BadTopic, InvalidValue
from city.topics import Topic, device_topic, parse_topic

DEVICE = "D1Q26HRM8"
GOOD = f"city/v1/110108/smart-pole/{DEVICE}/telemetry"


def test_a_topic_says_where_what_and_which_channel() -> None:
    assert parse_topic(GOOD) == Topic("110108", "smart-pole", DEVICE, "telemetry")
    assert str(parse_topic(GOOD)) == GOOD


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "city/v1",
        "town/v1/110108/smart-pole/D1Q26HRM8/telemetry",
        "city/v2/110108/smart-pole/D1Q26HRM8/telemetry",
        f"{GOOD}/more",
        "city/v1/11010/smart-pole/D1Q26HRM8/telemetry",
        "city/v1/１１0108/smart-pole/D1Q26HRM8/telemetry",
        "city/v1/110108/Smart-Pole/D1Q26HRM8/telemetry",
        "city/v1/110108/../D1Q26HRM8/telemetry",
        "city/v1/110108/smart-pole/D1Q26HRM9/telemetry",
        "city/v1/110108/smart-pole/C7K3K4WTB/telemetry",
        "city/v1/110108/smart-pole/+/telemetry",
        "city/v1/110108/smart-pole/D1Q26HRM8/gossip",
        f"{GOOD}\x00",
    ],
)
def test_a_topic_outside_the_contract_is_refused(topic: str) -> None:
    with pytest.raises(BadTopic):
        parse_topic(topic)


def test_a_topic_is_never_built_from_parts_that_would_widen_it() -> None:
    with pytest.raises(InvalidValue):
        device_topic(district="110108", profile="#", device=DEVICE, channel="telemetry")
    assert (
        device_topic(district="110108", profile="smart-pole", device=DEVICE, channel="telemetry")
        == GOOD
    )
