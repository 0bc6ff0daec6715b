"""EV chargers on poles: cars that come, charge, stay a while and go.

The day is cut into slots of four hours; each slot holds one visit or none. That keeps the state at
an instant and the energy until then pure functions of time.
"""

import math
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from simulators.chance import Chance
from simulators.clock import HOUR_S, LOCAL_OFFSET_S

_SLOT_H = 4
_SLOT_S = _SLOT_H * HOUR_S
# How likely a visit is in the slots from 0, 4, 8, 12, 16 and 20 o'clock.
_VISITS = np.array([0.45, 0.15, 0.40, 0.45, 0.55, 0.70])
_FAULT_CHANCE = 0.004
_CHANNELS = 4  # numbers needed for each slot


class EvState(IntEnum):
    """The catalogue's code list for ``ev_state``."""

    IDLE = 0
    CONNECTED = 1
    CHARGING = 2
    FAULT = 3


class Charger:
    """One charge point.

    Args:
        seed: of the simulation.
        code: the device's code.
        rated_w: charging power, W.
        since_s: when its meter stood at 0.
    """

    def __init__(self, seed: int, code: str, *, rated_w: float, since_s: float) -> None:
        self._rated_w = rated_w
        self._first_slot = _slot(since_s)
        self._chance = Chance(seed, code, "charger")
        self._charged_h: NDArray[np.float64] = np.zeros(1)
        self._last_visit = (self._first_slot, self._look_up(self._first_slot))

    def state(self, t_s: float) -> EvState:
        """What the charger says of itself at an instant."""
        slot = _slot(t_s)
        if self._is_faulty(slot):
            return EvState.FAULT
        begin_h, charge_h, leave_h = self._visit(slot)
        into_h = (t_s - _begin(slot)) / HOUR_S
        if begin_h <= into_h < begin_h + charge_h:
            return EvState.CHARGING
        if begin_h + charge_h <= into_h < leave_h:
            return EvState.CONNECTED
        return EvState.IDLE

    def energy_kwh(self, t_s: float) -> float:
        """The meter: rated power while charging, summed since `since_s`."""
        slot = _slot(t_s)
        if slot < self._first_slot:
            return 0.0
        begin_h, charge_h, _ = self._visit(slot)
        into_h = (t_s - _begin(slot)) / HOUR_S
        here_h = 0.0 if self._is_faulty(slot) else max(0.0, min(into_h - begin_h, charge_h))
        return self._rated_w * (self._charged_before(slot) + here_h) / 1000

    def _is_faulty(self, slot: int) -> bool:
        return self._chance.uniform(slot * _CHANNELS) < _FAULT_CHANCE

    def _visit(self, slot: int) -> tuple[float, float, float]:
        """When a car plugs in, how long it charges, when it leaves: hours into the slot."""
        if self._last_visit[0] != slot:  # only a memo: the value does not depend on it
            self._last_visit = (slot, self._look_up(slot))
        return self._last_visit[1]

    def _look_up(self, slot: int) -> tuple[float, float, float]:
        begin_h, charge_h = self._visits(np.array([slot]))
        stay = self._chance.uniform(slot * _CHANNELS + 3)
        begin, charge = float(begin_h[0]), float(charge_h[0])
        end = begin + charge
        return begin, charge, end + stay * (_SLOT_H - end) if charge else end

    def _visits(self, slots: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        hurry = self._chance.uniforms(slots * _CHANNELS + 1)
        length = self._chance.uniforms(slots * _CHANNELS + 2)
        likely = _VISITS[slots % len(_VISITS)]
        comes = hurry < likely
        begin_h = hurry / likely * 1.5  # what is left of the number, once it said that a car comes
        return begin_h, np.where(comes, 0.4 + 2.0 * length, 0.0)

    def _charged_before(self, slot: int) -> float:
        """Hours of charging in all whole slots since the meter began."""
        whole = slot - self._first_slot
        if whole >= len(self._charged_h):
            slots = np.arange(self._first_slot, slot + 64)
            _, charge_h = self._visits(slots)
            sound = self._chance.uniforms(slots * _CHANNELS) >= _FAULT_CHANCE
            self._charged_h = np.concatenate(([0.0], np.cumsum(charge_h * sound)))
        return float(self._charged_h[whole])


def _slot(t_s: float) -> int:
    return math.floor((t_s + LOCAL_OFFSET_S) / _SLOT_S)


def _begin(slot: int) -> float:
    return slot * _SLOT_S - LOCAL_OFFSET_S
