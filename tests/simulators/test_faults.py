"""Faults: known beforehand, doing what they say, and nothing else."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from city.catalogue import profile
from city.payload import decode
from simulators.faults import (
    HABITS,
    HARSH,
    OF_VALUES,
    USUAL,
    Fault,
    FaultKind,
    FaultPlan,
    Habit,
    record,
    span_of,
)
from simulators.faulty import FaultyDevice, FaultyInstrument
from simulators.outbox import Message, Outbox, numbered_boots
from simulators.poles import Pole
from simulators.surroundings import Surroundings

T_S = 1_795_392_000.0
POLE = profile("smart-pole")
AROUND = Surroundings(1)
NAMES = ["pm25", "temperature_c", "noise_db", "energy_kwh", "lamp_dim_pct"]


def pole() -> Pole:
    return Pole(AROUND, code="D1", lon=116.4, lat=39.9, attributes={"fitted": NAMES})


def plan(kind: FaultKind, *, amount: float = 0.0, lasts_s: float = 100.0) -> FaultPlan:
    """A device with one fault in every 200 seconds, always of the same kind."""
    habit = Habit(200.0, 1.0, (lasts_s, lasts_s), (amount, amount))
    metrics = [POLE.metric(name) for name in NAMES]
    return FaultPlan(1, "D1", metrics, {kind: habit})


def the_fault(of: FaultPlan) -> Fault:
    """The first that begins after `T_S`."""
    return next(fault for fault in of.between(T_S, T_S + 1000) if fault.from_s > T_S)


def outbox(memory: int = 2_000, per_message: int = 100) -> Outbox:
    return Outbox("t", numbered_boots("b"), memory=memory, per_message=per_message)


def sent(box: Outbox) -> list[Message]:
    """All that it lets go now, acknowledged at once."""
    messages = []
    while (message := box.next_message()) is not None:
        box.settled(message, accepted=True)
        messages.append(message)
    return messages


def seqs(message: Message) -> list[tuple[str, int]]:
    boot, readings, refusals = decode(message.payload, POLE)
    assert not refusals
    return [(boot, reading.seq) for reading in readings]


@given(
    seed=st.integers(0, 2**31),
    code=st.text(min_size=1, max_size=9),
    harshness=st.sampled_from(["usual", "harsh"]),
    from_s=st.floats(1.6e9, 2e9),
)
@settings(max_examples=60, deadline=None)
def test_a_plan_is_the_same_whoever_asks_and_agrees_with_itself(
    seed: int, code: str, harshness: str, from_s: float
) -> None:
    habits = HABITS[harshness]
    longest = max(habit.every_s for habit in habits.values())
    one, other = (FaultPlan(seed, code, POLE.metrics, habits) for _ in range(2))
    faults = one.between(from_s, from_s + longest)
    assert other.between(from_s, from_s + longest) == faults
    assert one.between(from_s, from_s + longest / 2) == [
        fault for fault in faults if fault.from_s < from_s + longest / 2
    ]
    for fault in faults:
        assert fault.from_s < fault.until_s
        assert (fault.metric is not None) == (fault.kind in OF_VALUES)
        assert fault in other.at(fault.from_s)
        assert fault not in other.at(fault.until_s)


@pytest.mark.parametrize("habits", [USUAL, HARSH])
def test_no_fault_lasts_longer_than_its_span(habits: dict[FaultKind, Habit]) -> None:
    assert all(habit.lasts_s[1] <= habit.every_s for habit in habits.values())
    assert set(habits) == set(FaultKind)


def test_without_habits_nothing_is_wrong() -> None:
    whole = FaultPlan(1, "D1", POLE.metrics, HABITS["none"])
    assert whole.between(T_S, T_S + 1e7) == []
    faulty = FaultyInstrument(pole(), whole, POLE.metrics, 1)
    assert faulty.reading(T_S, T_S - 60) == pole().reading(T_S, T_S - 60)


def test_a_dropout_takes_one_metric_away_and_only_while_it_lasts() -> None:
    drops = plan(FaultKind.DROPOUT)
    fault, faulty = the_fault(drops), FaultyInstrument(pole(), drops, POLE.metrics, 1)
    during = faulty.reading(fault.from_s + 1, fault.from_s - 59)
    assert set(NAMES) - set(during) == {fault.metric}
    assert set(faulty.reading(fault.until_s, fault.until_s - 60)) == set(NAMES)


def test_a_flat_line_keeps_the_value_it_began_with() -> None:
    flat = plan(FaultKind.FLAT_LINE)
    fault, faulty = the_fault(flat), FaultyInstrument(pole(), flat, POLE.metrics, 1)
    instants = [fault.from_s + k * 9 for k in range(11)]
    values = {faulty.reading(t, t - 60)[str(fault.metric)] for t in instants}
    assert len(values) == 1


def test_drift_grows_to_its_amount() -> None:
    drifts = plan(FaultKind.DRIFT, amount=0.1)
    fault, faulty = the_fault(drifts), FaultyInstrument(pole(), drifts, POLE.metrics, 1)
    name = str(fault.metric)
    metric = POLE.metric(name)
    for part in (0.25, 0.5, 0.99):
        t_s = fault.from_s + part * (fault.until_s - fault.from_s)
        true = pole().reading(t_s, t_s - 60)[name]
        expected = min(max(true + fault.amount * part * span_of(metric), metric.low), metric.high)
        assert faulty.reading(t_s, t_s - 60)[name] == pytest.approx(
            expected, abs=2 * metric.resolution
        )


def test_noise_changes_with_every_reading_and_is_the_same_when_asked_again() -> None:
    noisy = plan(FaultKind.NOISE, amount=0.05)
    fault, faulty = the_fault(noisy), FaultyInstrument(pole(), noisy, POLE.metrics, 1)
    name, instants = str(fault.metric), [fault.from_s + k for k in range(1, 40)]
    off = [faulty.reading(t, t - 60)[name] - pole().reading(t, t - 60)[name] for t in instants]
    again = [faulty.reading(t, t - 60)[name] - pole().reading(t, t - 60)[name] for t in instants]
    assert off == again
    assert len(set(off)) > 10


def test_counters_and_states_do_not_drift() -> None:
    kinds = plan(FaultKind.DRIFT, amount=0.1).between(T_S, T_S + 100_000)
    assert {fault.metric for fault in kinds} == set(NAMES) - {"energy_kwh"}


def test_a_silent_device_makes_no_reading() -> None:
    silent = plan(FaultKind.SILENCE)
    fault, faulty = the_fault(silent), FaultyInstrument(pole(), silent, POLE.metrics, 1)
    assert faulty.reading(fault.from_s, 0) == {}
    box = outbox()
    device = FaultyDevice(box, silent, seed=1)
    device.put(fault.from_s, {})
    assert sent(box) == []
    assert device.done[fault] == 1


def test_a_clock_that_is_ahead_says_so_in_the_reading_and_nowhere_else() -> None:
    ahead = plan(FaultKind.CLOCK_OFFSET, amount=90)
    fault, box = the_fault(ahead), outbox()
    FaultyDevice(box, ahead, seed=1).put(fault.from_s + 5, {"pm25": 1})
    (message,) = sent(box)
    assert message.instants == (round((fault.from_s + 5 + fault.amount) * 1000) * 1000,)


def test_a_clock_that_drifts_is_off_more_and_more() -> None:
    drifts = plan(FaultKind.CLOCK_DRIFT, amount=0.01)
    fault, box = the_fault(drifts), outbox()
    device = FaultyDevice(box, drifts, seed=1)
    for after in (10, 60):
        device.put(fault.from_s + after, {"pm25": 1})
    (message,) = sent(box)
    off = [
        instant / 1e6 - fault.from_s - after
        for instant, after in zip(message.instants, (10, 60), strict=True)
    ]
    assert off == pytest.approx([10 * fault.amount, 60 * fault.amount], abs=2e-3)


def test_a_reboot_begins_again_at_0_with_a_new_boot_id() -> None:
    reboots, box = plan(FaultKind.REBOOT, lasts_s=1), outbox()
    fault, device = the_fault(reboots), FaultyDevice(box, reboots, seed=1)
    for after in (-2, -1, 1, 2):
        device.put(fault.from_s + after, {"pm25": 1})
    messages = sent(box)
    assert [seqs(message) for message in messages] == [
        [("b", 0), ("b", 1)],
        [("b-2", 0), ("b-2", 1)],
    ]
    assert device.done == {fault: 1}


def test_after_an_outage_all_readings_come_late_in_one_batch() -> None:
    outage, box = plan(FaultKind.OUTAGE), outbox()
    fault, device = the_fault(outage), FaultyDevice(box, outage, seed=1)
    instants = [fault.from_s + 10 * k for k in range(9)]
    for t_s in instants:
        device.put(t_s, {"pm25": 1})
        assert sent(box) == []
    device.advance(fault.until_s)
    (message,) = sent(box)
    assert message.instants == tuple(round(t * 1000) * 1000 for t in instants)
    assert device.done[fault] == 9


def test_a_sleeper_delivers_once_in_its_period_what_it_has_stored() -> None:
    box = outbox()
    quiet = FaultPlan(1, "D1", POLE.metrics, HABITS["none"])
    device = FaultyDevice(box, quiet, seed=1, sleeps_s=3_600)
    batches = []
    for minute in range(4 * 60):
        device.put(T_S + 60 * minute, {"pm25": 1})
        batches += [len(message.instants) for message in sent(box)]
    assert len(batches) in {3, 4}
    assert batches[1:3] == [60, 60]


def test_duplicates_are_the_same_bytes_again_about_as_often_as_planned() -> None:
    twice, box = plan(FaultKind.DUPLICATES, amount=0.3), outbox()
    fault, device = the_fault(twice), FaultyDevice(box, twice, seed=1)
    messages: list[Message] = []
    for k in range(90):
        device.put(fault.from_s + k, {"pm25": 1})
        messages += sent(box)
    repeated = [message for message in messages if message.is_repeated]
    assert 12 < len(repeated) < 45
    assert {message.payload for message in repeated} <= {
        message.payload for message in messages if not message.is_repeated
    }
    assert box.tallies[0].acknowledged == 90
    assert box.tallies[0].repeated == len(repeated)


def test_the_record_tells_every_fault_as_a_line_of_json() -> None:
    faults = FaultPlan(3, "D1", POLE.metrics, HARSH).between(T_S, T_S + 3_600)
    lines = [json.loads(line) for line in record(dict.fromkeys(faults, 7)).splitlines()]
    assert {line.pop("readings") for line in lines} == {7}
    assert [Fault(**line) for line in lines] == faults


def test_a_full_memory_drops_the_oldest_and_counts_them() -> None:
    box = outbox(memory=5)
    for k in range(8):
        box.put(k, {"pm25": 1})
    (message,) = sent(box)
    assert message.instants == (3, 4, 5, 6, 7)
    tally = box.tallies[0]
    assert (tally.produced, tally.dropped, tally.acknowledged) == (8, 3, 5)


@given(
    steps=st.lists(st.sampled_from(["put", "reboot", "hold", "flush", "release", "repeat", "send"]))
)
@settings(max_examples=200, deadline=None)
def test_whatever_a_device_does_the_books_of_its_memory_balance(steps: list[str]) -> None:
    box, delivered = outbox(memory=7, per_message=3), []
    for number, step in enumerate(steps):
        match step:
            case "put":
                box.put(number, {"pm25": 1})
            case "send":
                delivered += sent(box)
            case _:
                getattr(box, step)()
    box.release()
    delivered += sent(box)
    assert box.is_empty
    numbers = [pair for message in delivered if not message.is_repeated for pair in seqs(message)]
    assert len(numbers) == len(set(numbers))
    for tally in box.tallies:
        assert tally.produced == tally.acknowledged + tally.dropped
        own = [seq for boot, seq in numbers if boot == tally.boot]
        assert own == sorted(own)
        assert len(own) == tally.acknowledged
    assert len(box.taken_over) == len(numbers)
