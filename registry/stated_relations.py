"""What a feature of a city file says of its relations, read and held against the vocabulary."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from city.codes import Kind
from registry.vocabulary import RULES, STATED, Position, Predicate, subject_fault

MAX_RELATIONS = 1000
MAX_NAME_LENGTH = 200
_MEMBERS = frozenset({"type", "to", "position"})


class Stated(NamedTuple):
    """One relation as a feature states it.

    Attributes:
        predicate: what is said of the feature.
        to: key or code of the other thing, not yet looked up.
        position: of what connects, which end; else None.
    """

    predicate: Predicate
    to: str
    position: Position | None


class Fault(NamedTuple):
    """What is wrong: where below ``relations``, what stands there, and the rule."""

    where: str
    value: object
    rule: str


def read_relations(kind: Kind, value: object) -> tuple[list[Stated], list[Fault]]:
    """The relations stated of a thing of this kind, and everything wrong with the list."""
    if not isinstance(value, list) or len(value) > MAX_RELATIONS:
        return [], [Fault("", value, f"must be a list of at most {MAX_RELATIONS} objects")]
    stated: list[Stated] = []
    faults: list[Fault] = []
    for number, entry in enumerate(value):
        found = list(_entry_faults(kind, entry, f"[{number}]"))
        faults += found
        if not found:
            stated.append(_read(entry))
    return stated, faults + list(_repeated(stated))


def _read(entry: Mapping[str, str]) -> Stated:
    position = entry.get("position")
    return Stated(Predicate(entry["type"]), entry["to"], Position(position) if position else None)


def _entry_faults(kind: Kind, entry: object, where: str) -> Iterator[Fault]:
    if not isinstance(entry, Mapping):
        yield Fault(where, entry, "must be an object with type and to")
        return
    for name in entry.keys() - _MEMBERS:
        yield Fault(f"{where}.{name}", entry[name], "is not a known member")
    target, position = entry.get("to"), entry.get("position")
    if not isinstance(target, str) or not 0 < len(target) <= MAX_NAME_LENGTH:
        yield Fault(f"{where}.to", target, "must be the key or code of another thing")
    if entry.get("type") not in STATED:
        yield Fault(f"{where}.type", entry.get("type"), f"is none of {', '.join(STATED)}")
        return
    predicate = Predicate(str(entry["type"]))
    fault = subject_fault(predicate, kind)
    if fault:
        yield Fault(f"{where}.type", predicate.value, fault)
    if predicate is not Predicate.CONNECTS:
        if position is not None:
            yield Fault(f"{where}.position", position, f"is for {Predicate.CONNECTS} only")
    elif position not in tuple(Position):
        yield Fault(f"{where}.position", position, "must be from or to")


def _repeated(stated: Sequence[Stated]) -> Iterator[Fault]:
    seen: set[tuple[str, str]] = set()
    for each in stated:
        # A link has one junction at each end; anything else is said once of each other thing.
        claim = (each.predicate, each.position or each.to)
        if claim in seen:
            yield Fault("", f"{each.predicate} {each.position or each.to}", "is stated twice")
        seen.add(claim)


def circle(edges: Iterable[tuple[str, Stated]]) -> tuple[Predicate, Sequence[str]] | None:
    """Things that would, by a relation that nests, come to lie in themselves; None if none would.

    Args:
        edges: subject and what is stated of it, with both ends named alike.
    """
    parents: dict[Predicate, dict[str, set[str]]] = {}
    for subject, stated in edges:
        if RULES[stated.predicate].nests:
            parents.setdefault(stated.predicate, {}).setdefault(subject, set()).add(stated.to)
    for predicate, graph in parents.items():
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            return predicate, error.args[1]
    return None
