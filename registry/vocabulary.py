"""The words for how entities hang together: which kinds each may join, and in which direction.

A relation reads as a sentence: subject, predicate, object. It is dated like everything else here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from city.codes import Kind
from registry.classes import MOUNTS


class Predicate(StrEnum):
    """What may stand between two entities."""

    MOUNTED_ON = "mountedOn"
    SUPERSEDED_BY = "supersededBy"
    PART_OF = "partOf"
    CONNECTS = "connects"
    FEEDS = "feeds"
    ABOVE = "above"
    OPERATED_BY = "operatedBy"
    LOCATED_IN = "locatedIn"
    OBSERVED_BY = "observedBy"


class Position(StrEnum):
    """Which end of a link a junction is at."""

    FROM = "from"
    TO = "to"


Pairs = Mapping[Kind, frozenset[Kind]]
"""Kind of the subject → kinds that its object may be of."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a predicate joins.

    Attributes:
        meaning: the predicate in words, subject first.
        pairs: which kinds it joins.
        nests: whether a thing may not, over however many steps, be so related to itself.
    """

    meaning: str
    pairs: Pairs
    nests: bool = False


_THINGS = frozenset({Kind.BUILDING, Kind.COMPONENT, Kind.JUNCTION, Kind.LINK})


def _each(subjects: frozenset[Kind], objects: frozenset[Kind]) -> Pairs:
    return dict.fromkeys(subjects, objects)


RULES: Mapping[Predicate, Rule] = MappingProxyType(
    {
        Predicate.MOUNTED_ON: Rule("a terminal stands on it", {Kind.DEVICE: MOUNTS}),
        Predicate.PART_OF: Rule(
            "a link or a route belongs to a route, a pipe to its line, a room to its building",
            {
                Kind.BUILDING: frozenset({Kind.BUILDING}),
                Kind.COMPONENT: frozenset({Kind.BUILDING, Kind.COMPONENT, Kind.LINK}),
                Kind.ORGANISATION: frozenset({Kind.ORGANISATION}),
                Kind.JUNCTION: frozenset({Kind.ROUTE}),
                Kind.LINK: frozenset({Kind.LINK, Kind.ROUTE}),
                Kind.ROUTE: frozenset({Kind.ROUTE}),
            },
            nests=True,
        ),
        Predicate.CONNECTS: Rule(
            "a link comes from one junction and leads to another",
            {Kind.LINK: frozenset({Kind.JUNCTION})},
        ),
        Predicate.FEEDS: Rule(
            "a line or a plant supplies it with water, gas, heat or power",
            _each(_THINGS, _THINGS | {Kind.DEVICE}),
        ),
        Predicate.ABOVE: Rule("it lies over what is below ground", _each(_THINGS, _THINGS)),
        Predicate.OPERATED_BY: Rule(
            "an organisation runs it",
            _each(_THINGS | {Kind.DEVICE, Kind.MATTER, Kind.ROUTE}, frozenset({Kind.ORGANISATION})),
        ),
        Predicate.LOCATED_IN: Rule(
            "it is inside a building or a tunnel; the area it lies in is its `area`",
            _each(
                _THINGS | {Kind.DEVICE, Kind.MATTER, Kind.ORGANISATION},
                frozenset({Kind.BUILDING, Kind.LINK}),
            ),
        ),
        Predicate.OBSERVED_BY: Rule(
            "a terminal that stands elsewhere measures it",
            _each(_THINGS | {Kind.AREA, Kind.ROUTE}, frozenset({Kind.DEVICE})),
        ),
    }
)

STATED = tuple(predicate for predicate in RULES if predicate is not Predicate.MOUNTED_ON)
"""What a city file says as `relations`: a mount has a property of its own."""


def subject_fault(predicate: Predicate, subject: Kind) -> str | None:
    """Why a thing of this kind can't be the subject, in words; None when it can."""
    pairs = RULES[predicate].pairs
    if subject in pairs:
        return None
    return f"is said of kinds {_listed(pairs)}, not of {subject}"


def object_fault(predicate: Predicate, subject: Kind, target: Kind) -> str | None:
    """Why a thing of this kind can't be the object, in words; None when it can."""
    allowed = RULES[predicate].pairs[subject]
    if target in allowed:
        return None
    return f"is of kind {target}: {subject} {predicate} {_listed(allowed)}"


def _listed(kinds: Mapping[Kind, object] | frozenset[Kind]) -> str:
    return " or ".join(sorted(kinds))
