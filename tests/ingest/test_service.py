"""From the broker to the row, for real."""

from collections.abc import Awaitable, Callable
from typing import Any

ROWS = "SELECT device_key, ts, pm25, noise_db, suspect, failed FROM store.smart_pole ORDER BY ts"


async def test_a_published_reading_becomes_a_row_and_is_acknowledged(
    city: Any, until: Callable[..., Awaitable[None]], payload: Any, topic_of: Any
) -> None:
    code = city.add(1)
    async with city.ingesting(), city.device(code) as device:
        device.publish(topic_of(code), payload(1, pm25=35.2, noise_db=55.5))
        await until(lambda: city.query(ROWS))
    ((key, _, pm25, noise, suspect, failed),) = city.query(ROWS)
    assert (key, suspect, failed) == (city.keys[code], 0, 0)
    assert round(pm25, 4) == 35.2
    assert noise == 55.5
    ((messages, readings, stored, member),) = city.query(
        "SELECT messages, readings, stored, member FROM store.ingest_batch"
    )
    assert (messages, readings, stored, member) == (1, 1, 1, "ingest-0")
