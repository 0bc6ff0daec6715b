"""The broker's ceiling: a subscriber on ingest's own connection that only acknowledges."""

import asyncio
import json
import os
import sys
import time

from ingest.address import parse_address
from ingest.connection import BrokerConnection
from ingest.framing import Message
from ingest.settings import IngestSettings


async def sink(url: str, messages: int) -> None:
    """Acknowledge so many messages, then say when the last one came."""
    done = asyncio.Event()
    received = 0

    def receive(connection: BrokerConnection, packets: list[Message]) -> None:
        nonlocal received
        received += len(packets)
        connection.ack([packet.packet_id for packet in packets if packet.packet_id])
        if received >= messages:
            done.set()

    settings = IngestSettings(member="bench-sink", session_expiry_s=60)
    connection = await BrokerConnection.connect(parse_address(url), settings, receive)
    print(json.dumps({"ready": True}), flush=True)
    await done.wait()
    ended = time.time()
    connection.close()
    await asyncio.sleep(0.2)
    times = os.times()
    print(json.dumps({"ended": ended, "cpu_s": times.user + times.system}), flush=True)


if __name__ == "__main__":
    given = json.loads(sys.stdin.readline())
    asyncio.run(sink(given["url"], given["messages"]))
