"""Roads as the simulation drives on them: links with a length, lanes and a speed, and what follows.

Pure values; where they come from (a generated city, a real one's file) does not matter here.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from city.errors import InvalidValue

KMH = 3.6
"""Kilometres an hour in one metre a second."""

_FREEWAY_KMH = 70.0
_FREEWAY_LANE_VPH, _STREET_LANE_VPH = 1_950.0, 1_700.0
_JAM_SPACING_M = 7.0  # one vehicle and the gap before it, standing
_YELLOW_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """The lights at a link's downstream end, running a fixed plan.

    Attributes:
        cycle_s: from one green to the next.
        green_s: of the cycle, for this link's through traffic.
        offset_s: when green begins, after a cycle's beginning; neighbours differ by the time a
            platoon needs, which makes a green wave.
    """

    cycle_s: float
    green_s: float
    offset_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a plan that leaves no time for the others.

        Raises:
            InvalidValue: naming the field.
        """
        if not 0 < self.cycle_s < math.inf:
            raise InvalidValue("signal.cycle_s", self.cycle_s, "must be seconds above 0")
        if not 0 < self.green_s <= self.cycle_s - _YELLOW_S:
            rule = f"must be above 0 and leave {_YELLOW_S:g} s of the cycle ({self.cycle_s:g} s)"
            raise InvalidValue("signal.green_s", self.green_s, rule)

    @property
    def yellow_s(self) -> float:
        """Between green and red."""
        return _YELLOW_S

    @property
    def share(self) -> float:
        """Of the time, how much is green."""
        return self.green_s / self.cycle_s

    def into_cycle_s(self, t_s: float) -> float:
        """Seconds since green last began, 0 to `cycle_s`."""
        return (t_s - self.offset_s) % self.cycle_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One direction of a road between two junctions.

    Attributes:
        code: its name in the network; the city code, where it has one.
        length_m: of the carriageway.
        lanes: in this direction.
        free_speed_kmh: of traffic that nothing holds up.
        downstream: the link that traffic goes on to; None where it leaves the network.
        signal: at the downstream end; None where traffic merges or just goes on.
        load: traffic wanted at the busiest time over what can pass; above 1 a queue grows.
            None: chosen by the simulation's seed.
        leaving: share of the traffic that turns off at the downstream end.
        tide: 1 where the morning is the heavier rush hour, −1 where it is the evening.
        peak_shift_h: how much later than elsewhere the rush hours come. None: as long as traffic
            needs from the beginning of the route.
    """

    code: str
    length_m: float
    lanes: int
    free_speed_kmh: float
    downstream: str | None = None
    signal: Signal | None = None
    load: float | None = None
    leaving: float = 0.2
    tide: float = 0.0
    peak_shift_h: float | None = None

    def __post_init__(self) -> None:
        """Refuse what no road can be.

        Raises:
            InvalidValue: naming the link and the field.
        """
        rules = (
            ("length_m", 0 < self.length_m < math.inf, "must be metres above 0"),
            ("lanes", self.lanes >= 1, "must be 1 or more"),
            ("free_speed_kmh", 1 <= self.free_speed_kmh <= 200, "must be from 1 to 200"),  # noqa: PLR2004 - the rule says it
            ("load", self.load is None or 0 <= self.load <= 3, "must be from 0 to 3"),  # noqa: PLR2004 - the rule says it
            ("leaving", 0 <= self.leaving <= 1, "must be from 0 to 1"),
            ("tide", -1 <= self.tide <= 1, "must be from -1 to 1"),
        )
        for name, holds, rule in rules:
            if not holds:
                raise InvalidValue(f"link {self.code}.{name}", getattr(self, name), rule)

    @property
    def free_speed_ms(self) -> float:
        """The free speed, m/s."""
        return self.free_speed_kmh / KMH

    @property
    def saturation_vps(self) -> float:
        """Vehicles a second that all lanes carry at most, the signal apart."""
        fast = self.free_speed_kmh >= _FREEWAY_KMH
        return self.lanes * (_FREEWAY_LANE_VPH if fast else _STREET_LANE_VPH) / 3600

    @property
    def capacity_vps(self) -> float:
        """Vehicles a second that get past the downstream end at most, on the average of a cycle."""
        return self.saturation_vps * (self.signal.share if self.signal else 1.0)

    @property
    def jam_density_vpm(self) -> float:
        """Vehicles a metre, all lanes, standing."""
        return self.lanes / _JAM_SPACING_M

    @property
    def wave_speed_ms(self) -> float:
        """How fast the end of a jam moves backward when it dissolves at its head.

        From the triangular fundamental diagram: Newell 1993, doi 10.1016/0191-2615(93)90038-C.
        """
        return self.saturation_vps / (
            self.jam_density_vpm - self.saturation_vps / self.free_speed_ms
        )


class Network:
    """Links that lead into each other.

    Raises:
        InvalidValue: when a code occurs twice, or a link leads to one that is not there.
    """

    def __init__(self, links: Sequence[Link]) -> None:
        self.links = tuple(links)
        self.index = {link.code: number for number, link in enumerate(self.links)}
        if len(self.index) != len(self.links):
            raise InvalidValue("links", len(self.links), "must have codes of their own")
        for link in self.links:
            if link.downstream is not None and link.downstream not in self.index:
                rule = "must be the code of a link of the network"
                raise InvalidValue(f"link {link.code}.downstream", link.downstream, rule)

    def link(self, code: str) -> Link:
        """The link of this code.

        Raises:
            InvalidValue: when the network has none.
        """
        if code not in self.index:
            raise InvalidValue("link", code, "is not in the road network")
        return self.links[self.index[code]]

    def upstream(self) -> list[list[int]]:
        """For each link, the numbers of those that lead into it."""
        feeding: list[list[int]] = [[] for _ in self.links]
        for number, link in enumerate(self.links):
            if link.downstream is not None:
                feeding[self.index[link.downstream]].append(number)
        return feeding


def link_of(code: str, attributes: Mapping[str, Any]) -> Link:
    """A link from a city file's attributes, which are named as `Link`'s.

    Raises:
        InvalidValue: naming the attribute that is missing or makes no sense.
    """
    signal = attributes.get("signal")
    try:
        return Link(
            code=code,
            length_m=float(attributes["length_m"]),
            lanes=int(attributes["lanes"]),
            free_speed_kmh=float(attributes["free_speed_kmh"]),
            downstream=attributes.get("downstream"),
            signal=Signal(**signal) if signal else None,
            load=attributes.get("load"),
            leaving=float(attributes.get("leaving", 0.2)),
            tide=float(attributes.get("tide", 0.0)),
            peak_shift_h=attributes.get("peak_shift_h"),
        )
    except KeyError as error:
        raise InvalidValue(f"link {code}", str(error.args[0]), "is missing") from None
    except (TypeError, ValueError) as error:
        raise InvalidValue(f"link {code}", dict(attributes), f"can't be read: {error}") from None
