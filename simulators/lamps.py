"""Street lamps: when they burn, what they draw, how they fail, and the energy that adds up to.

Everything counts in *nights*: the night numbered n begins at noon of local day n. Within a night a
lamp's condition does not change, so that energy is an exact integral of power for any instant, in
whatever order instants are asked for, and a restarted simulator continues its counter.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulators.chance import Chance
from simulators.clock import DAY_S, HOUR_S, LOCAL_OFFSET_S, Night, night_of

_SWITCH_ELEVATION_DEG = -3.0  # some ten minutes after sunset, as municipal light clocks are set
_LATE_H, _EARLY_H = 22.5, 5.0  # local hours between which lamps are dimmed
_STANDBY_W = 0.4  # the driver of a lamp that is off
_DRIVER_LOSS = 0.03  # share of rated power that does not go down with dimming

_FAULT_BLOCK_NIGHTS = 8
_FAULT_CHANCE = 0.06  # per block; with 2.5 nights each, about 2 % of lamps are dark on a night
_LONGEST_FAULT_NIGHTS = 4
_WEAR_BLOCK_NIGHTS = 90
_WEAR_CHANCE = 0.02
_MAINS_SPREAD = 0.02

_LATE_DIM = {"arterial": 70, "secondary": 60, "branch": 50, "residential": 40}


class _Step(NamedTuple):
    """From this instant on, this commanded brightness."""

    from_s: float
    dim_pct: int


def night_number(t_s: float) -> int:
    """The night whose noon-to-noon span holds an instant."""
    return math.floor((t_s + LOCAL_OFFSET_S - DAY_S / 2) / DAY_S)


class Schedule:
    """What the lamps of one zone are commanded: an astronomical clock with dimming late at night.

    Args:
        lon: of the zone; a whole degree is enough, it moves dusk by four minutes.
        lat: of the zone.
        street_class: ``arterial``, ``secondary``, ``branch`` or ``residential``.
    """

    def __init__(self, lon: float, lat: float, street_class: str) -> None:
        self._lon = lon
        self._lat = lat
        self._late_dim = _LATE_DIM[street_class]
        self._known: dict[int, tuple[_Step, ...]] = {}
        self._whole: dict[int, float] = {}

    def dim_pct(self, t_s: float) -> int:
        """Commanded brightness, 0 (off) to 100."""
        commanded = 0
        for step in self.steps(night_number(t_s)):
            if t_s >= step.from_s:
                commanded = step.dim_pct
        return commanded

    def burn_h(self, night: int) -> float:
        """Hours at full power that a whole night costs a sound lamp."""
        known = self._whole.get(night)
        if known is None:
            known = self.burn_h_until(night, math.inf)
            self._whole[night] = known
        return known

    def burn_h_until(self, night: int, until_s: float) -> float:
        """Hours at full power that the night has cost a sound lamp by an instant."""
        steps = self.steps(night)
        total = 0.0
        for step, following in pairwise(steps):
            spent = min(until_s, following.from_s) - step.from_s
            total += max(0.0, spent) / HOUR_S * relative_power(step.dim_pct)
        return total

    def steps(self, night: int) -> tuple[_Step, ...]:
        """The commands of a night, in order; the last one is off."""
        known = self._known.get(night)
        if known is None:
            known = tuple(
                self._plan(night_of(night, self._lon, self._lat, _SWITCH_ELEVATION_DEG), night)
            )
            self._known[night] = known
        return known

    def _plan(self, dark: Night, night: int) -> Sequence[_Step]:
        midnight = (night + 1) * DAY_S - LOCAL_OFFSET_S
        late = midnight - (24 - _LATE_H) * HOUR_S
        early = midnight + _EARLY_H * HOUR_S
        plan = [_Step(dark.dusk_s, 100), _Step(late, self._late_dim)]
        if early < dark.dawn_s:
            plan.append(_Step(early, 100))
        return [*plan, _Step(dark.dawn_s, 0)]


def schedule_near(lon: float, lat: float, street_class: str) -> Schedule:
    """The schedule of the lighting zone (one degree square) that a place lies in."""
    return _schedule_of_zone(math.floor(lon), math.floor(lat), street_class)


@lru_cache(maxsize=256)
def _schedule_of_zone(west: int, south: int, street_class: str) -> Schedule:
    """One for all lamps of a zone: what it has worked out, hundreds of poles need."""
    return Schedule(west + 0.5, south + 0.5, street_class)


def relative_power(dim_pct: float) -> float:
    """Power over rated power at a commanded brightness."""
    return 0.0 if dim_pct == 0 else _DRIVER_LOSS + (1 - _DRIVER_LOSS) * dim_pct / 100


class Lamp:
    """One lamp and the pole's meter.

    Args:
        seed: of the simulation.
        code: the device's code.
        rated_w: power of the lamp at full brightness, W.
        base_w: what the pole's electronics draw all the time, W.
        since_s: when the meter stood at 0.
        schedule: what the lamp is commanded.
    """

    def __init__(
        self,
        seed: int,
        code: str,
        *,
        rated_w: float,
        base_w: float,
        since_s: float,
        schedule: Schedule,
    ) -> None:
        self._rated_w = rated_w
        self._base_w = base_w
        self._first_night = night_number(since_s)
        self._since_s = (self._first_night + 0.5) * DAY_S - LOCAL_OFFSET_S
        self._schedule = schedule
        self._mains = Chance(seed, code, "mains")
        self._fault = Chance(seed, code, "fault")
        self._wear = Chance(seed, code, "wear")
        self._burnt_h: NDArray[np.float64] = np.zeros(1)
        self._tonight = (
            self._first_night,
            float(self._conditions(np.array([self._first_night]))[0]),
        )

    def dim_pct(self, t_s: float) -> int:
        """Commanded brightness, 0 (off) to 100."""
        return self._schedule.dim_pct(t_s)

    def power_w(self, t_s: float) -> float:
        """What the lamp draws, W: almost nothing when it has failed, less when it is worn."""
        glow = relative_power(self.dim_pct(t_s)) * self.condition(night_number(t_s))
        return _STANDBY_W + self._rated_w * glow

    def light(self, t_s: float) -> float:
        """The light it gives, 0 to about 1."""
        return self.dim_pct(t_s) / 100 * self.condition(night_number(t_s))

    def condition(self, night: int) -> float:
        """Power in a night over what a sound lamp would draw: 0 failed, about 1 sound."""
        if self._tonight[0] != night:  # only a memo: the value does not depend on it
            self._tonight = (night, float(self._conditions(np.array([night]))[0]))
        return self._tonight[1]

    def energy_kwh(self, t_s: float) -> float:
        """The meter: the integral of the lamp's and the electronics' power since `since_s`."""
        if t_s <= self._since_s:
            return 0.0
        night = night_number(t_s)
        steady_w = self._base_w + _STANDBY_W
        burnt = self._burnt_before(night)
        burnt += self.condition(night) * self._schedule.burn_h_until(night, t_s)
        hours = (t_s - self._since_s) / HOUR_S
        return (steady_w * hours + self._rated_w * burnt) / 1000

    def _burnt_before(self, night: int) -> float:
        """Full-power hours of all whole nights since the meter began."""
        whole = night - self._first_night
        if whole >= len(self._burnt_h):
            nights = np.arange(self._first_night, night + 64)
            cost = np.array([self._schedule.burn_h(int(each)) for each in nights])
            spent = np.cumsum(cost * self._conditions(nights))
            self._burnt_h = np.concatenate(([0.0], spent))
        return float(self._burnt_h[whole])

    def _conditions(self, nights: NDArray[np.int64]) -> NDArray[np.float64]:
        mains = 1 + _MAINS_SPREAD * (2 * self._mains.uniforms(nights) - 1)
        worn = self._wear.uniforms(nights // _WEAR_BLOCK_NIGHTS * 2) < _WEAR_CHANCE
        depth = 0.4 + 0.25 * self._wear.uniforms(nights // _WEAR_BLOCK_NIGHTS * 2 + 1)
        sound = mains * np.where(worn, depth, 1.0)
        return np.where(self._failed(nights), 0.0, sound)

    def _failed(self, nights: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Dark from a dusk on until someone has come: one to four nights."""
        failed = np.zeros(len(nights), dtype=np.bool_)
        for back in (0, 1):  # a fault may begin in the block before
            block = nights // _FAULT_BLOCK_NIGHTS - back
            begins = np.floor(self._fault.uniforms(block * 3 + 1) * _FAULT_BLOCK_NIGHTS)
            lasts = 1 + np.floor(self._fault.uniforms(block * 3 + 2) * _LONGEST_FAULT_NIGHTS)
            into = nights - (block * _FAULT_BLOCK_NIGHTS + begins)
            failed |= (
                (self._fault.uniforms(block * 3) < _FAULT_CHANCE) & (into >= 0) & (into < lasts)
            )
        return failed
