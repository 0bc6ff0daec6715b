"""What can go wrong with a code or a description; the API maps each to one HTTP status."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from city.errors import CitypulseError, shortened


class RegistryError(CitypulseError):
    """The root of the registry's refusals."""

    code: ClassVar[str] = "registry-error"


class UnassignedCode(RegistryError):
    """A well-formed code that was never issued here."""

    code: ClassVar[str] = "unassigned-code"

    def __init__(self, text: str) -> None:
        super().__init__(f"{shortened(text)} was never issued by this registry")
        self.text = text


class CodeTaken(RegistryError):
    """The code already names something else: the first bind wins."""

    code: ClassVar[str] = "code-taken"

    def __init__(self, text: str, key: str) -> None:
        super().__init__(f"{text} can't be bound to {shortened(key)!r}: it names another thing")
        self.text = text
        self.key = key


class KeyTaken(RegistryError):
    """The external key already belongs to another code."""

    code: ClassVar[str] = "key-taken"

    def __init__(self, key: str, text: str, holder: str) -> None:
        super().__init__(f"{text} can't be bound to {shortened(key)!r}: that is {holder}")
        self.key = key
        self.text = text
        self.holder = holder


class WrongState(RegistryError):
    """The entity's state does not allow what was asked."""

    code: ClassVar[str] = "wrong-state"

    def __init__(self, text: str, state: str, action: str) -> None:
        super().__init__(f"{text} is {state}: it can't be {action}")
        self.text = text
        self.state = state
        self.action = action


class CodeEnded(WrongState):
    """The code was retired or voided; it is never used again."""

    code: ClassVar[str] = "code-ended"


class AreaInUse(RegistryError):
    """An area can't go while things are said to lie in it."""

    code: ClassVar[str] = "area-in-use"

    def __init__(self, text: str, count: int) -> None:
        super().__init__(f"{text} can't be retired: {count} things are said to lie in it")
        self.text = text
        self.count = count


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one feature of a city file.

    Attributes:
        feature: its index in the file, from 0; -1 for the file itself.
        field: where in the feature, such as ``properties.class``.
        value: what stands there, shortened.
        rule: what it breaks, in words.
    """

    feature: int
    field: str
    value: str
    rule: str

    def __str__(self) -> str:
        """One line for a terminal."""
        place = "the file" if self.feature < 0 else f"feature {self.feature}"
        return f"{place}: {self.field}: {self.value!r} {self.rule}"


class BadCityFile(RegistryError):
    """A city file was refused as a whole; nothing of it was written.

    Attributes:
        problems: every one found, in the order of the file.
    """

    code: ClassVar[str] = "bad-city-file"

    def __init__(self, problems: Sequence[Problem]) -> None:
        more = f", and {len(problems) - 1} more problems" if len(problems) > 1 else ""
        super().__init__(f"the city file can't be imported: {problems[0]}{more}")
        self.problems = tuple(problems)
