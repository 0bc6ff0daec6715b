"""Features of a city file held against each other and against what the registry knows already.

In: features that are well formed by themselves. Out: what is wrong with them; and, for those who
write them, the code that each has already and what every reference leads to.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row

from city.codes import Kind
from city.errors import shortened
from registry.city_features import Feature
from registry.classes import MOUNTS, nesting_fault
from registry.errors import Problem
from registry.stated_relations import circle
from registry.vocabulary import object_fault

_KNOWN = """
    SELECT e.code, e.kind, e.state, e.external_key, v.class AS class_
    FROM registry.entity e
    LEFT JOIN registry.entity_version v
        ON v.entity_key = e.entity_key AND upper_inf(v.valid)
    WHERE e.external_key = ANY(%(names)s)
       OR e.code = ANY(%(names)s)
"""

_HOLDERS = """
    SELECT a.scheme, a.value, e.external_key
    FROM registry.alias a
    JOIN registry.entity e USING (entity_key)
    WHERE upper_inf(a.valid)
      AND (a.scheme, a.value) IN (
          SELECT * FROM unnest(%(schemes)s::text[], %(values)s::text[])
      )
"""

NOTHING_THERE = "refers to nothing in this file or the registry"

_ALLOWED: Mapping[str, frozenset[Kind]] = {
    "area": frozenset({Kind.AREA}),
    "mounted_on": MOUNTS,
    "owner": frozenset({Kind.ORGANISATION}),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What the registry has under a key or a code."""

    code: str
    kind: str
    state: str
    external_key: str | None
    class_: str | None


@dataclass(frozen=True, slots=True)
class Target:
    """What a reference leads to: a feature of this file, or a code that is bound already."""

    kind: Kind
    class_: str
    feature: Feature | None
    code: str | None


class Surroundings:
    """What features are held against: each other by key, the registry by key and by code."""

    def __init__(
        self, known: Iterable[Known], holders: Iterable[tuple[str, str, str | None]]
    ) -> None:
        self._by_code = {each.code: each for each in known}
        self._by_key = {
            each.external_key: each for each in self._by_code.values() if each.external_key
        }
        self._alias_holders = {(scheme, value): key for scheme, value, key in holders}

    def code_of(self, feature: Feature) -> str | None:
        """The code that the thing has already, or is to be bound to; None: one must be minted."""
        known = self._by_key.get(feature.key)
        return known.code if known else feature.code

    def target(self, name: str, features: Mapping[str, Feature]) -> Target | None:
        """What a key or code means: a feature of the file first, then what is bound already."""
        feature = features.get(name)
        if feature is not None:
            return Target(feature.kind, feature.class_, feature, None)
        known = self._by_key.get(name) or self._by_code.get(name)
        if known is None or known.state != "bound" or known.class_ is None:
            return None
        held = features.get(known.external_key or "")
        if held is not None:
            return Target(held.kind, held.class_, held, None)
        return Target(Kind(known.kind), known.class_, None, known.code)

    def identity_fault(self, feature: Feature) -> tuple[str, str, str] | None:
        """Field, value and rule, where key and code don't agree with what is known."""
        known = self._by_key.get(feature.key)
        if known is not None:
            return _fault_of_bound(feature, known)
        if feature.code is None:
            return None
        held = self._by_code.get(feature.code)
        if held is None:
            return "properties.code", feature.code, "was never issued by this registry"
        if held.state != "minted":
            return "properties.code", feature.code, f"is {held.state} already"
        return None

    def alias_fault(self, feature: Feature, features: Mapping[str, Feature]) -> str | None:
        """The scheme in which the alias belongs to another thing that does not give it up."""
        for scheme, value in feature.aliases.items():
            if (scheme, value) not in self._alias_holders:
                continue
            holder = self._alias_holders[scheme, value]
            if holder == feature.key:
                continue
            other = features.get(holder or "")
            if other is None or other.aliases.get(scheme, value) == value:
                return scheme
        return None


def _fault_of_bound(feature: Feature, known: Known) -> tuple[str, str, str] | None:
    if known.kind != feature.kind:
        rule = f"was registered as kind {known.kind}: a kind never changes"
        return "properties.kind", feature.kind, rule
    if known.state != "bound":
        return "properties.key", feature.key, f"is {known.state}: its code is {known.code}"
    if feature.code not in (None, known.code):
        return "properties.code", feature.code or "", f"is not its code, which is {known.code}"
    return None


async def surroundings(conn: AsyncConnection[Any], features: Sequence[Feature]) -> Surroundings:
    """Look up everything the features name, in two statements."""
    names = {feature.key for feature in features}
    for feature in features:
        names.update(feature.references.values())
        names.update(each.to for each in feature.relations or ())
        if feature.code is not None:
            names.add(feature.code)
    async with conn.cursor(row_factory=class_row(Known)) as cursor:
        known = await (await cursor.execute(_KNOWN, {"names": sorted(names)})).fetchall()
    aliases = [pair for feature in features for pair in feature.aliases.items()]
    lists = {
        "schemes": [scheme for scheme, _ in aliases],
        "values": [value for _, value in aliases],
    }
    holders = await (await conn.execute(_HOLDERS, lists)).fetchall()
    return Surroundings(known, holders)


def link_problems(features: Sequence[Feature], around: Surroundings) -> list[Problem]:
    """What is wrong between the features, or between them and the registry."""
    by_key = {feature.key: feature for feature in features}
    problems = [*_repeated(features)]
    for feature in features:
        fault = around.identity_fault(feature)
        if fault:
            field, value, rule = fault
            problems.append(Problem(feature.index, field, shortened(value), rule))
        scheme = around.alias_fault(feature, by_key)
        if scheme:
            value, rule = feature.aliases[scheme], "is the alias of another thing"
            problems.append(Problem(feature.index, f"properties.aliases.{scheme}", value, rule))
        problems += _reference_problems(feature, by_key, around)
        problems += _relation_problems(feature, by_key, around)
    problems += _circle(features, by_key, around)
    return sorted(problems, key=lambda problem: problem.feature)


def without_bad(
    features: Sequence[Feature], around: Surroundings
) -> tuple[list[Feature], list[Problem]]:
    """What can be kept, where what is bad is left out and so is whatever refers to it."""
    kept, problems = list(features), list[Problem]()
    while found := link_problems(kept, around):
        problems += found
        bad = {problem.feature for problem in found}
        kept = [feature for feature in kept if feature.index not in bad]
    return kept, problems


def _repeated(features: Sequence[Feature]) -> Iterable[Problem]:
    """Keys, codes and aliases that two features claim: the first keeps it."""
    seen: Counter[tuple[str, str]] = Counter()
    for feature in features:
        claims = [("key", feature.key)]
        if feature.code is not None:
            claims.append(("code", feature.code))
        claims += [(f"aliases.{scheme}", value) for scheme, value in feature.aliases.items()]
        for field, value in claims:
            seen[field, value] += 1
            if seen[field, value] > 1:
                rule = "is claimed by an earlier feature"
                yield Problem(feature.index, f"properties.{field}", shortened(value), rule)


def _reference_problems(
    feature: Feature, by_key: Mapping[str, Feature], around: Surroundings
) -> Iterable[Problem]:
    for name, value in feature.references.items():
        rule = _reference_fault(feature, name, around.target(value, by_key))
        if rule:
            yield Problem(feature.index, f"properties.{name}", shortened(value), rule)


def _relation_problems(
    feature: Feature, by_key: Mapping[str, Feature], around: Surroundings
) -> Iterable[Problem]:
    for number, stated in enumerate(feature.relations or ()):
        target = around.target(stated.to, by_key)
        if target is None:
            rule: str | None = NOTHING_THERE
        elif target.feature is feature:
            rule = "is the thing itself"
        else:
            rule = object_fault(stated.predicate, feature.kind, target.kind)
        if rule:
            field = f"properties.relations[{number}].to"
            yield Problem(feature.index, field, shortened(stated.to), rule)


def _circle(
    features: Sequence[Feature], by_key: Mapping[str, Feature], around: Surroundings
) -> Iterable[Problem]:
    """What would lie in itself by this file alone; the rest is found when it is written."""

    def key_of(name: str) -> str:
        target = around.target(name, by_key)
        return target.feature.key if target and target.feature else name

    found = circle(
        (feature.key, stated._replace(to=key_of(stated.to)))
        for feature in features
        for stated in feature.relations or ()
    )
    if found is None:
        return
    predicate, keys = found
    first = min((by_key[key] for key in keys if key in by_key), key=lambda each: each.index)
    rule = f"would come to be {predicate} itself: {' ← '.join(map(shortened, keys))}"
    yield Problem(first.index, "properties.relations", shortened(first.key), rule)


def _reference_fault(feature: Feature, name: str, target: Target | None) -> str | None:
    if target is None:
        return NOTHING_THERE
    if target.kind not in _ALLOWED[name]:
        return f"is of kind {target.kind}, not {_either(_ALLOWED[name])}"
    if name != "area" or feature.kind is not Kind.AREA:
        return None
    return nesting_fault(target.class_, feature.class_)


def _either(kinds: Collection[Kind]) -> str:
    return " or ".join(sorted(kinds))
