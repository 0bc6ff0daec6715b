"""The byte stream, cut at every place, and packets that the codec can't take."""

import mqtt5
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import BadFrame
from ingest.framing import Framer, Message, Salvaged

# The codec's panics leave a trace that pytest would take for an exception nobody handled.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

AT_LEAST_ONCE = mqtt5.QoS.AT_LEAST_ONCE


def published(number: int, size: int = 20) -> bytes:
    return mqtt5.PublishPacket(
        f"city/v1/110101/smart-pole/{number}/telemetry",
        bytes([number % 256]) * size,
        qos=AT_LEAST_ONCE,
        packet_id=number,
    ).write()


STREAM = b"".join(
    [
        mqtt5.ConnAckPacket(session_present=True).write(),
        published(1),
        published(2, size=0),
        mqtt5.PingRespPacket().write(),
        published(3, size=200),
        mqtt5.SubAckPacket(1, [mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE]).write(),
        published(300, size=130),
    ]
)


def feed(framer: Framer, data: bytes) -> tuple[list[Message], list[mqtt5.Packet]]:
    """Give the framer bytes as a socket would; what came of them."""
    messages: list[Message] = []
    others: list[mqtt5.Packet] = []
    while data:
        room = framer.room()
        piece = data[: len(room)]
        assert piece
        room[: len(piece)] = piece
        got = framer.take(len(piece))
        messages += got.messages
        others += got.others
        data = data[len(piece) :]
    return messages, others


def names(messages: list[Message], others: list[mqtt5.Packet]) -> tuple[list[object], list[str]]:
    return (
        [(message.packet_id, len(message.payload)) for message in messages],
        [type(other).__name__ for other in others],
    )


WHOLE = names(*feed(Framer(), STREAM))


def test_the_whole_stream_at_once() -> None:
    assert WHOLE == (
        [(1, 20), (2, 0), (3, 200), (300, 130)],
        ["ConnAckPacket", "PingRespPacket", "SubAckPacket"],
    )


def test_the_stream_in_two_pieces_wherever_it_is_cut() -> None:
    for at in range(1, len(STREAM)):
        framer = Framer()
        first, second = feed(framer, STREAM[:at]), feed(framer, STREAM[at:])
        assert names(first[0] + second[0], first[1] + second[1]) == WHOLE, at


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1))
def test_the_stream_in_any_pieces(sizes: list[int]) -> None:
    framer, messages, others, at = Framer(), [], [], 0
    while at < len(STREAM):
        size = sizes[at % len(sizes)]
        got = feed(framer, STREAM[at : at + size])
        messages += got[0]
        others += got[1]
        at += size
    assert names(messages, others) == WHOLE


def test_byte_by_byte_through_a_small_buffer() -> None:
    framer = Framer(16)
    got = [feed(framer, STREAM[at : at + 1]) for at in range(len(STREAM))]
    messages = [message for piece, _ in got for message in piece]
    others = [other for _, piece in got for other in piece]
    assert names(messages, others) == WHOLE


def test_a_packet_larger_than_the_buffer_grows_it_and_lets_it_shrink_again() -> None:
    framer = Framer(64)
    messages, _ = feed(framer, published(1, size=100_000) + published(2) + published(3, size=500))
    assert [len(message.payload) for message in messages] == [100_000, 20, 500]
    assert len(framer.room()) == 64


def test_duplicate_flag_and_payload_are_kept() -> None:
    raw = bytearray(published(7))
    raw[0] |= 0x08
    ((message,), _) = feed(Framer(), bytes(raw))
    assert message.duplicate
    assert message.payload == bytes([7]) * 20


BAD_TOPIC = b"\x32\x0b\x00\x05a/\xff/b\x00\x09\x00x"
BAD_PROPERTY = b"\x3a\x0a\x00\x03a/b\x00\x09\x02\x7f\x01"


@pytest.mark.parametrize(
    ("frame", "salvaged"),
    [
        pytest.param(
            BAD_TOPIC, Salvaged("a/\\xff/b", b"x", 9, False), id="a topic that is no UTF-8"
        ),
        pytest.param(
            BAD_PROPERTY, Salvaged("a/b", b"", 9, True), id="a property that there is not"
        ),
    ],
)
def test_a_message_that_the_codec_refuses_is_read_by_hand(frame: bytes, salvaged: Salvaged) -> None:
    messages, _ = feed(Framer(), published(1) + frame + published(2))
    assert [message.packet_id for message in messages] == [1, 9, 2]
    assert messages[1] == salvaged


@pytest.mark.parametrize("at", range(1, len(BAD_TOPIC)))
def test_a_message_read_by_hand_may_come_in_pieces(at: int) -> None:
    framer = Framer()
    first, _ = feed(framer, BAD_TOPIC[:at])
    second, _ = feed(framer, BAD_TOPIC[at:] + published(2))
    assert [message.packet_id for message in first + second] == [9, 2]


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b"\x32\xff\xff\xff\xff\x7f", id="a length of five bytes"),
        pytest.param(b"\xf1\x00", id="a packet with flags it must not have"),
        pytest.param(b"\x00\x00", id="type 0"),
        pytest.param(b"\x32\x03\x00\x09a", id="a topic longer than its packet"),
        pytest.param(b"\x32\x05\x00\x01a\x00\x01", id="a packet that ends before its properties"),
        pytest.param(b"\x20\x00", id="an empty CONNACK"),
    ],
)
def test_a_stream_that_can_not_be_followed_is_given_up(frame: bytes) -> None:
    with pytest.raises(BadFrame):
        feed(Framer(), frame + published(1))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=80))
def test_whatever_comes_is_packets_or_a_bad_frame(data: bytes) -> None:
    framer = Framer()
    try:
        feed(framer, data)
    except BadFrame:
        return
    assert len(framer.room()) >= 1


@settings(max_examples=50, deadline=None)
@given(st.integers(0, len(published(5)) - 1), st.integers(0, 255))
def test_one_wrong_byte_never_desynchronises_in_silence(at: int, byte: int) -> None:
    raw = bytearray(published(5))
    raw[at] = byte
    framer = Framer()
    try:
        messages, _ = feed(framer, bytes(raw) + published(6) * 40)
    except BadFrame:
        return
    if at == 1:  # another length is another stream
        return
    assert [message.packet_id for message in messages[-40:]] == [6] * 40
