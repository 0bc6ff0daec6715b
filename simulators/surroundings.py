"""What the terminals of one simulation have in common."""

from simulators.region import Region, shipped_region
from simulators.road_network import Network
from simulators.road_surface import RoadWeather
from simulators.seasons import DayTemperatures
from simulators.skies import RecordedSkies
from simulators.traffic import Traffic
from simulators.weather import Weather


class Surroundings:
    """What all terminals of one simulation share: weather, air, and the traffic on the roads.

    Args:
        seed: of the simulation.
        region: whose recorded air and weather they are in; None means the shipped stations'.
        network: the roads, where terminals stand on them or beside them.
    """

    def __init__(
        self, seed: int, region: Region | None = None, *, network: Network | None = None
    ) -> None:
        self.seed = seed
        self.region = region or shipped_region()
        self.weather = Weather(seed, self.region)
        self.skies = RecordedSkies(self.weather, self.region)
        self.road_weather = RoadWeather(self.skies)
        self.temperatures = DayTemperatures(self.skies)
        self.traffic = Traffic(seed, self.skies, network) if network is not None else None
