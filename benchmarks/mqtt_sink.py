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

    # A session that outlives its round would have the broker queue the next round for it.
    settings = IngestSettings(member="bench-sink").model_copy(update={"session_expiry_s": 0})
    connection = await BrokerConnection.connect(parse_address(url), settings, receive)
    print(json.dumps({"ready": True}), flush=True)
    before = os.times()
    await done.wait()
    ended = time.time()
    connection.close()
    await asyncio.sleep(0.2)
    times = os.times()
    spent = times.user + times.system - before.user - before.system
    print(json.dumps({"ended": ended, "cpu_s": spent}), flush=True)


if __name__ == "__main__":
    given = json.loads(sys.stdin.readline())
    asyncio.run(sink(given["url"], given["messages"]))
