"""Publishes messages at QoS 1 as fast as a broker takes them: several connections, windowed.

Everything is encoded before the first byte goes out, so that while the clock runs this process
only writes and counts acknowledgements.
"""

import argparse
import asyncio
import json
import sys
import time
from functools import partial
from typing import cast
from urllib.parse import unquote, urlsplit

import mqtt5

from city.payload import encode_reading

METRICS = ("pm25", "pm10", "so2", "no2", "o3", "noise_db", "temperature_c", "humidity_pct")
CHUNK = 100
CONNACK, PUBACK = 0x20, 0x40
HEADER = 2
PACKET_IDS = 65_535


def payload(seq: int, ts_ms: int) -> bytes:
    """A reading of eight metrics, as a device with millisecond time sends it."""
    values = {name: 10 + (seq * (at + 3)) % 500 / 10 for at, name in enumerate(METRICS)}
    return encode_reading(boot="k3f9", seq=seq, ts_us=ts_ms * 1000, values=values)


class Load(asyncio.Protocol):
    """One connection: keeps ``window`` messages unacknowledged until all are through."""

    def __init__(self, packets: list[bytes], window: int) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._packets = packets
        self._window = window
        self._sent = 0
        self._acked = 0
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Count acknowledgements, of four bytes or of six where a reason is given, and go on."""
        buffer = self._buffer + data
        at = 0
        while len(buffer) - at >= HEADER and len(buffer) - at >= HEADER + buffer[at + 1]:
            end = at + HEADER + buffer[at + 1]
            if buffer[at] == PUBACK:
                self._acked += 1
            elif buffer[at] == CONNACK:
                self._introduced(buffer[at:end])
            at = end
        self._buffer = buffer[at:]
        if self.ready.done():
            self.fill()

    def _introduced(self, frame: bytes) -> None:
        connack, _ = mqtt5.read(memoryview(frame))
        if getattr(connack, "reason_code", None) == mqtt5.ConnAckReasonCode.SUCCESS:
            self.ready.set_result(None)
        else:
            self.ready.set_exception(ConnectionRefusedError(str(connack)))

    def fill(self) -> None:
        """Send in chunks: a write for every message would cost more than the broker takes."""
        while self._sent < len(self._packets):
            room = self._window - (self._sent - self._acked)
            if room < min(CHUNK, len(self._packets) - self._sent):
                break
            end = min(self._sent + CHUNK, len(self._packets))
            self._transport.write(b"".join(self._packets[self._sent : end]))
            self._sent = end
        if self._acked == len(self._packets) and not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """End whatever is still waited for."""
        for future in (self.ready, self.done):
            if not future.done():
                future.set_exception(exc or ConnectionResetError("the broker hung up"))


def encode(topics: list[str], messages: int, start_ms: int) -> list[bytes]:
    """Messages of these devices in turn; each round is a second later than the one before."""
    packets = []
    for number in range(messages):
        seq, at = divmod(number, len(topics))
        packets.append(
            mqtt5.PublishPacket(
                topics[at],
                payload(seq, start_ms + seq * 1000),
                qos=mqtt5.QoS.AT_LEAST_ONCE,
                packet_id=number % PACKET_IDS + 1,
            ).write()
        )
    return packets


async def publish(url: str, shares: list[list[bytes]], window: int) -> float:
    """Seconds from the first byte to the last acknowledgement."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    loads = []
    for number, packets in enumerate(shares):
        transport, load = await loop.create_connection(
            partial(Load, packets, window),
            parts.hostname or "localhost",
            parts.port or 1883,
        )
        transport.write(
            mqtt5.ConnectPacket(
                f"bench-load-{number}",
                # The broker takes the user's name for the client's: one user for each connection.
                username=f"{unquote(parts.username or '')}-{number}",
                password=unquote(parts.password or "").encode(),
                clean_start=True,
                keep_alive=60,
            ).write()
        )
        await load.ready
        loads.append(load)
    print(json.dumps({"started": time.time()}), flush=True)
    began = time.perf_counter()
    for load in loads:
        load.fill()
    await asyncio.gather(*(load.done for load in loads))
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--start-ms", type=int, required=True)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--window", type=int, default=1000)
    arguments = parser.parse_args()
    given = json.loads(sys.stdin.readline())  # the URL holds a secret: not on the command line
    topics: list[str] = given["topics"]
    each, count = arguments.messages // arguments.connections, len(topics) // arguments.connections
    shares = [
        encode(topics[number * count : (number + 1) * count], each, arguments.start_ms)
        for number in range(arguments.connections)
    ]
    print(json.dumps({"ready": True}), flush=True)
    sys.stdin.readline()
    seconds = asyncio.run(publish(given["url"], shares, arguments.window))
    print(json.dumps({"messages": each * arguments.connections, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
