"""Days are computed beside the loop, and before they begin."""

import asyncio
import threading

from simulators.preparing import AHEAD_S, keep_prepared, prepared


async def test_days_are_prepared_outside_the_loop_from_the_present_back() -> None:
    asked: list[tuple[float, bool]] = []

    def prepare(t_s: float) -> None:
        asked.append((t_s, threading.current_thread() is threading.main_thread()))

    await prepared(prepare, back_s=7_200)
    (now_s, in_loop), (then_s, also_in_loop) = asked
    assert now_s - then_s == 7_200
    assert not in_loop
    assert not also_in_loop


async def test_the_next_day_is_asked_for_before_it_begins() -> None:
    asked: list[float] = []
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def prepare(t_s: float) -> None:
        asked.append(t_s)
        if len(asked) > 2:
            loop.call_soon_threadsafe(stop.set)

    instants = iter([1_000.0, 2_000.0, 3_000.0, 4_000.0])
    async with asyncio.timeout(10):
        await keep_prepared(prepare, stop, look_every_s=0.001, clock=lambda: next(instants))
    assert asked[:3] == [1_000 + AHEAD_S, 2_000 + AHEAD_S, 3_000 + AHEAD_S]
