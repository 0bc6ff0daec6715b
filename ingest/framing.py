"""Bytes from the broker → MQTT packets, whatever pieces the bytes come in.

The codec parses; what it can't parse of a PUBLISH is taken apart by hand, because a message that
can't be read must still be quarantined and acknowledged: left alone, the broker would deliver it
again for ever. Packet layout: MQTT 5.0 (OASIS), 2.1 and 3.3,
https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html
"""

from dataclasses import dataclass
from typing import NamedTuple

import mqtt5

from ingest.errors import BadFrame

READ_BYTES = 256 * 1024
"""Some 1300 messages of 200 bytes; larger made no difference."""

_PUBLISH = 3
_DUPLICATE = 0x08
_LENGTH_BYTES = 4
_CONTINUES = 0x80


@dataclass(frozen=True, slots=True)
class Salvaged:
    """A PUBLISH that the codec refuses, read by hand; attributes as ``mqtt5.PublishPacket``."""

    topic: str
    payload: bytes
    packet_id: int | None
    duplicate: bool


Message = mqtt5.PublishPacket | Salvaged


class Packets(NamedTuple):
    """What a piece of the stream held."""

    messages: list[Message]
    others: list[mqtt5.Packet]


class Framer:
    """The receive buffer of one connection.

    Fill what ``room()`` gives, then ``take(n)`` the packets that the bytes complete.
    """

    def __init__(self, size: int = READ_BYTES) -> None:
        self._size = size
        self._buffer = memoryview(bytearray(size))
        self._end = 0

    def room(self) -> memoryview:
        """Where the next bytes go; never empty."""
        return self._buffer[self._end :]

    def take(self, count: int) -> Packets:
        """The packets complete after ``count`` more bytes; what is left over waits for the rest.

        Raises:
            BadFrame: the stream can't be followed any further.
        """
        end = self._end + count
        view = self._buffer[:end]
        packets = Packets([], [])
        messages, others = packets
        at = 0
        while at < end:
            try:
                packet, size = mqtt5.read(view[at:])
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # its panics are no Exception
                size = _frame_size(view[at:])
                if size > end - at:
                    break
                messages.append(_salvage(bytes(view[at : at + size]), error))
            else:
                if type(packet) is mqtt5.PublishPacket:
                    messages.append(packet)
                else:
                    others.append(packet)
            at += size
        self._keep(view[at:])
        return packets

    def _keep(self, rest: memoryview) -> None:
        """Move an incomplete packet to the front of a buffer that can hold all of it."""
        left = bytes(rest)
        needed = max(self._size, _frame_size(left) if left else 0)
        if needed != len(self._buffer):
            self._buffer = memoryview(bytearray(needed))
        self._buffer[: len(left)] = left
        self._end = len(left)


def _frame_size(view: memoryview | bytes) -> int:
    """Bytes of the packet that begins here; at least one more than are there when unknown yet.

    Raises:
        BadFrame: its length is no variable byte integer.
    """
    length = 0
    for position in range(_LENGTH_BYTES):
        if position + 1 >= len(view):
            return len(view) + 1
        byte = view[position + 1]
        length |= (byte & ~_CONTINUES) << 7 * position
        if not byte & _CONTINUES:
            return position + 2 + length
    raise BadFrame("a packet's length has more than four bytes")


def _salvage(frame: bytes, error: BaseException) -> Salvaged:
    """A complete PUBLISH frame by hand; bytes of the topic that are no UTF-8 are escaped.

    Raises:
        BadFrame: it is no PUBLISH, or its parts do not fit into it.
    """
    if frame[0] >> 4 != _PUBLISH:
        raise BadFrame(f"a packet of type {frame[0] >> 4}: {error}")
    qos = frame[0] >> 1 & 0x03
    body = frame[_header_size(frame) :]
    try:
        topic, body = _take(body, 2)
        packet_id, body = (int.from_bytes(body[:2]), body[2:]) if qos else (None, body)
        properties = _frame_size(b"\0" + body) - 1
        payload = _exactly(body, properties, len(body))
    except ValueError:
        raise BadFrame(f"a PUBLISH whose parts do not fit into it: {error}") from None
    text = topic.decode("utf-8", "backslashreplace")
    return Salvaged(text, payload, packet_id, bool(frame[0] & _DUPLICATE))


def _header_size(frame: bytes) -> int:
    return 2 + next(at for at, byte in enumerate(frame[1:]) if not byte & _CONTINUES)


def _take(body: bytes, prefix: int) -> tuple[bytes, bytes]:
    """A field after its length, and what follows."""
    size = int.from_bytes(_exactly(body, 0, prefix))
    return _exactly(body, prefix, prefix + size), body[prefix + size :]


def _exactly(body: bytes, start: int, end: int) -> bytes:
    if not start <= end <= len(body):
        raise ValueError
    return body[start:end]
