"""Which classes of thing the registry knows, per kind; a city adds one as an entry here.

A kind is part of the code and never changes. A class is an attribute with valid time: a street lamp
that becomes a smart pole keeps its code.
"""

from collections.abc import Mapping, Set
from types import MappingProxyType

from city.catalogue import PROFILES
from city.codes import Kind

# Coarse to fine. An area lies in an area of a coarser level only, so nesting can't run in a circle.
# The index entity_version_current_area_shape repeats these names.
AREA_LEVELS = ("city", "district", "sub-district", "community")

# What a terminal may be mounted on.
MOUNTS = frozenset({Kind.BUILDING, Kind.COMPONENT, Kind.JUNCTION, Kind.LINK})

CLASSES: Mapping[Kind, Set[str]] = MappingProxyType(
    {
        Kind.AREA: frozenset(AREA_LEVELS),
        Kind.BUILDING: frozenset({"building", "room", "structure"}),
        Kind.COMPONENT: frozenset(
            {
                "air-station",
                "bus-stop",
                "charging-pile",
                "hydrant",
                "manhole-cover",
                "smart-pole",
                "street-lamp",
                "traffic-light",
                "traffic-sign",
                "tree",
                "waste-bin",
            }
        ),
        Kind.DEVICE: PROFILES.keys(),
        Kind.ORGANISATION: frozenset({"agency", "enterprise"}),
        Kind.JUNCTION: frozenset({"intersection", "shaft"}),
        Kind.LINK: frozenset({"cable", "pipe", "road-segment", "tunnel-segment"}),
        Kind.MATTER: frozenset({"dataset", "service", "system"}),
        Kind.ROUTE: frozenset({"bus-line", "pipeline", "power-line", "road", "tunnel"}),
    }
)

REGISTERED_KINDS = frozenset(CLASSES)


def level_of(area_class: str) -> int:
    """How fine a class of area is: 0 for the city, 3 for a community.

    Raises:
        ValueError: for what is no class of area.
    """
    return AREA_LEVELS.index(area_class)
