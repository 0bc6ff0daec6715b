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


def class_fault(kind: Kind, class_: object) -> str | None:
    """Why this is no class of the kind, in words; None when it is one."""
    if isinstance(class_, str) and class_ in CLASSES[kind]:
        return None
    return f"is no class of kind {kind}: {', '.join(sorted(CLASSES[kind]))}"


def nesting_fault(outer_class: str, inner_class: str) -> str | None:
    """Why an area of the outer class can't hold one of the inner, in words; None when it can."""
    if AREA_LEVELS.index(outer_class) < AREA_LEVELS.index(inner_class):
        return None
    return f"is a {outer_class}: a {inner_class} lies in a coarser area"
