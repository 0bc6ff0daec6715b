"""What happens in a tunnel now and then: leaks, bursts, fires, visits, and people who should not.

All of it begins after half past four and is over by nine in the evening, so that the night finds
the tunnel as it was the night before. The list of a day is also the truth that alarms can be held
against.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from simulators.chance import Chance
from simulators.clock import DAY_S, HOUR_S, LOCAL_OFFSET_S
from simulators.tunnel_plan import Compartment

EARLIEST_H, LATEST_H = 4.5, 21.0


class EventKind(StrEnum):
    """What may happen; the size of an `Event` is in the unit named here."""

    GAS_LEAK = "gas-leak"  # % LEL an hour
    SEWER_GAS = "sewer-gas"  # mg/m³ of H₂S an hour
    STALE_AIR = "stale-air"  # % of O₂ an hour that something uses up
    BURST = "burst"  # m³ of water an hour
    HOT_JOINT = "hot-joint"  # K that a cable joint is too hot
    FIRE = "fire"  # K an hour
    PUMP_FAULT = "pump-fault"
    FAN_FAULT = "fan-fault"
    VISIT = "visit"
    INTRUSION = "intrusion"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens in one compartment.

    Attributes:
        kind: what.
        code: the compartment's terminal.
        from_s: seconds since 1970-01-01T00:00Z.
        until_s: when it is over, or repaired.
        size: how much, in the unit of its kind.
    """

    kind: EventKind
    code: str
    from_s: float
    until_s: float
    size: float = 1.0


@dataclass(frozen=True, slots=True)
class _Habit:
    """How often a kind of event comes (a compartment and day), how long and how much of it."""

    chance: float
    hours: tuple[float, float]
    sizes: tuple[float, float] = (1.0, 1.0)
    where: tuple[str, ...] = ()


_HABITS: Mapping[EventKind, _Habit] = {
    EventKind.GAS_LEAK: _Habit(0.006, (0.5, 4), (20, 320), ("gas",)),
    EventKind.SEWER_GAS: _Habit(0.02, (0.5, 3), (8, 60), ("sewage",)),
    EventKind.STALE_AIR: _Habit(0.004, (0.5, 2), (1.5, 6)),
    EventKind.BURST: _Habit(0.001, (0.5, 3), (8, 35), ("water", "mixed")),
    EventKind.HOT_JOINT: _Habit(0.003, (2, 10), (20, 70), ("power", "mixed")),
    EventKind.FIRE: _Habit(0.00008, (0.3, 0.7), (250, 700), ("power", "mixed")),
    EventKind.PUMP_FAULT: _Habit(0.003, (2, 12)),
    EventKind.FAN_FAULT: _Habit(0.003, (2, 12)),
    EventKind.VISIT: _Habit(0.12, (0.4, 2.5)),
    EventKind.INTRUSION: _Habit(0.002, (0.1, 0.6)),
}
_CHANNELS = 4


def events_of(seed: int, compartment: Compartment, day: int) -> list[Event]:
    """What happens in a compartment on a local day (days since 1970-01-01)."""
    found = (_event(seed, compartment, day, kind, habit) for kind, habit in _HABITS.items())
    return [event for event in found if event is not None]


def _event(
    seed: int, compartment: Compartment, day: int, kind: EventKind, habit: _Habit
) -> Event | None:
    if habit.where and compartment.kind not in habit.where:
        return None
    chance = Chance(seed, compartment.code, "event", kind)
    if chance.uniform(_CHANNELS * day) >= habit.chance:
        return None
    lasts_h = _between(habit.hours, chance.uniform(_CHANNELS * day + 1))
    first_h, last_h = EARLIEST_H, LATEST_H - lasts_h
    if kind is EventKind.VISIT:
        first_h, last_h = 9.0, 17.0
    from_h = _between((first_h, last_h), chance.uniform(_CHANNELS * day + 2))
    from_s = day * DAY_S - LOCAL_OFFSET_S + from_h * HOUR_S
    size = _between(habit.sizes, chance.uniform(_CHANNELS * day + 3) ** 2)
    return Event(kind, compartment.code, from_s, from_s + lasts_h * HOUR_S, size)


def _between(limits: tuple[float, float], part: float) -> float:
    return limits[0] + (limits[1] - limits[0]) * part
