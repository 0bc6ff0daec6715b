"""A utility tunnel as the simulation knows it: compartments in a row, and what each carries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from city.errors import InvalidValue
from simulators.instruments import choice, number
from simulators.interlock import Ints

KINDS = ("gas", "water", "heat", "power", "sewage", "mixed")

LINES: Mapping[str, tuple[str, ...]] = {
    "gas": ("gas",),
    "water": ("water",),
    "heat": ("heat",),
    "power": ("power",),
    "sewage": (),
    "mixed": ("water", "power"),
}
"""What a compartment of each kind carries besides its own equipment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compartment:
    """One section of one compartment of a tunnel, with one terminal.

    Attributes:
        code: the terminal's code.
        tunnel: which tunnel it belongs to.
        kind: one of `KINDS`.
        section: its number along the tunnel; sections of a kind that follow each other adjoin.
        length_m: between the fire doors, usually 200.
    """

    code: str
    tunnel: str
    kind: str
    section: int
    length_m: float

    @property
    def lines(self) -> tuple[str, ...]:
        """What it carries: of ``gas``, ``water``, ``heat`` and ``power``."""
        return LINES[self.kind]


class Neighbours:
    """Which compartment adjoins which: same tunnel, same kind, the section before or after."""

    def __init__(self, compartments: Sequence[Compartment]) -> None:
        places = {(each.tunnel, each.kind, each.section): n for n, each in enumerate(compartments)}
        if len(places) != len(compartments):
            rule = "must each have a section of their own in their tunnel"
            raise InvalidValue("compartments", len(compartments), rule)

        def beside(step: int) -> Ints:
            return np.array(
                [
                    places.get((each.tunnel, each.kind, each.section + step), number)
                    for number, each in enumerate(compartments)
                ],
                dtype=np.int64,
            )

        self.before, self.after = beside(-1), beside(1)


def compartment_of(code: str, attributes: Mapping[str, Any]) -> Compartment:
    """A compartment from its terminal's attributes.

    They are ``compartment`` (one of `KINDS`), ``section``, and if there are several, ``tunnel``;
    ``length_m`` is 200 without.

    Raises:
        InvalidValue: naming the attribute that is missing or makes no sense.
    """
    if "compartment" not in attributes:
        raise InvalidValue("attributes.compartment", None, f"must be one of {', '.join(KINDS)}")
    section = attributes.get("section")
    if isinstance(section, bool) or not isinstance(section, int):
        raise InvalidValue("attributes.section", section, "must be a whole number")
    return Compartment(
        code=code,
        tunnel=str(attributes.get("tunnel", "")),
        kind=choice(attributes, "compartment", "", KINDS),
        section=section,
        length_m=number(attributes, "length_m", 200.0, above=0),
    )
