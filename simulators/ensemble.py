"""All terminals of one simulation, of whatever profile, under one sky and on the same roads.

In: devices of a fleet file. Out: what each of them measures, as an `Instrument`.
"""

from collections.abc import Sequence

from city.errors import InvalidValue
from simulators.fleet_file import FleetDevice
from simulators.instruments import Instrument
from simulators.meters import Meter
from simulators.poles import Pole
from simulators.road_detectors import RoadDetector
from simulators.road_network import Link, Network, link_of
from simulators.surroundings import Surroundings
from simulators.tunnel_plan import compartment_of
from simulators.tunnels import Tunnels, TunnelTerminal

SIMULATED = ("smart-pole", "road", "utility-tunnel", "energy-meter")
"""Profiles that have a physics here; stations are replayed instead."""


class Ensemble:
    """The instruments of many devices.

    Args:
        seed: the same seed, devices and instant give the same reading.
        devices: all that take part: roads and tunnels are made of what their devices say.

    Raises:
        InvalidValue: naming the attribute of a device that makes no sense.
    """

    def __init__(self, seed: int, devices: Sequence[FleetDevice]) -> None:
        roads = network_of([each for each in devices if each.profile == "road"])
        self.around = Surroundings(seed, network=roads)
        compartments = [
            compartment_of(each.code, each.attributes)
            for each in devices
            if each.profile == "utility-tunnel"
        ]
        self.tunnels = Tunnels(self.around, compartments) if compartments else None

    def prepare(self, t_s: float) -> None:
        """Compute what all share of the days that hold an instant, so that no reading has to.

        Seconds for a city: call it from a thread, before the readings, and before each next day.
        """
        if self.around.traffic is not None and self.around.traffic.network.links:
            self.around.traffic.counts(t_s)
        if self.tunnels is not None:
            self.tunnels.prepare(t_s)

    def instrument(self, device: FleetDevice) -> Instrument:
        """What a device measures.

        Raises:
            InvalidValue: when its profile has no physics, or an attribute makes no sense.
        """
        code, attributes = device.code, device.attributes
        match device.profile:
            case "smart-pole":
                return Pole(
                    self.around, code=code, lon=device.lon, lat=device.lat, attributes=attributes
                )
            case "road":
                return RoadDetector(
                    self.around, code=code, lon=device.lon, lat=device.lat, attributes=attributes
                )
            case "utility-tunnel" if self.tunnels is not None:
                return TunnelTerminal(self.tunnels, code=code, attributes=attributes)
            case "energy-meter":
                return Meter(
                    self.around.seed, self.around.temperatures, code=code, attributes=attributes
                )
            case other:
                raise InvalidValue("profile", other, f"must be one of {', '.join(SIMULATED)}")


def network_of(detectors: Sequence[FleetDevice]) -> Network:
    """The roads that detectors stand on, each with its link's attributes beside ``link``.

    A link that leads to one without a detector leads out of the network.

    Raises:
        InvalidValue: naming the attribute that makes no sense.
    """
    described = {str(each.attributes.get("link")): each.attributes for each in detectors}
    links: list[Link] = []
    for code, attributes in described.items():
        known = attributes.get("downstream") in described
        onward = attributes["downstream"] if known else None
        links.append(link_of(code, {**attributes, "downstream": onward}))
    return Network(links)
