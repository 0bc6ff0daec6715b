"""One tree of errors: a stable code for machines, a message that says what was being attempted."""

from typing import ClassVar

SHOWN_CHARACTERS = 80


def shortened(value: object) -> str:
    """The value as an error message may show it: escaped, and cut where it would flood a log."""
    text = value if isinstance(value, str) else repr(value)
    shown = text if text.isprintable() else ascii(text)[1:-1]
    return shown if len(shown) <= SHOWN_CHARACTERS else f"{shown[:SHOWN_CHARACTERS]}…"


class CitypulseError(Exception):
    """The root: catch this to catch everything citypulse raises on purpose."""

    code: ClassVar[str] = "citypulse-error"


class InvalidValue(CitypulseError):
    """Something given from outside breaks a rule; says which field, which value, which rule."""

    code: ClassVar[str] = "invalid-value"

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(f"{field}: {shortened(value)!r} {rule}")
        self.field = field
        self.value = value
        self.rule = rule


class BadCode(CitypulseError):
    """A text is not a city code; ``rule`` names the test it failed, before any look-up.

    Attributes:
        text: what was given.
        rule: ``length``, ``kind``, ``alphabet`` or ``check``.
        detail: the same in words.
    """

    code: ClassVar[str] = "bad-code"

    def __init__(self, text: str, rule: str, detail: str) -> None:
        super().__init__(f"{shortened(text)!r} is not a city code: {detail}")
        self.text = text
        self.rule = rule
        self.detail = detail


class BadTopic(CitypulseError):
    """An MQTT topic is not of the form ``city/v1/{district}/{profile}/{device}/{channel}``."""

    code: ClassVar[str] = "bad-topic"

    def __init__(self, topic: str, rule: str) -> None:
        super().__init__(f"{shortened(topic)!r} is not a citypulse topic: {rule}")
        self.topic = topic
        self.rule = rule


class UnknownProfile(CitypulseError):
    """The catalogue has no profile of this name."""

    code: ClassVar[str] = "unknown-profile"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no profile {shortened(name)!r}; the catalogue has {', '.join(known)}")
        self.name = name


class UnknownMetric(CitypulseError):
    """The profile has no metric of this name."""

    code: ClassVar[str] = "unknown-metric"

    def __init__(self, profile: str, name: str) -> None:
        super().__init__(f"profile {profile} has no metric {shortened(name)!r}")
        self.profile = profile
        self.name = name


class UnknownSetting(CitypulseError):
    """Environment variables carry our prefix but name no setting: a typo would vanish unseen."""

    code: ClassVar[str] = "unknown-setting"

    def __init__(self, unknown: dict[str, str | None]) -> None:
        hints = (
            f"{name} (did you mean {near}?)" if near else name for name, near in unknown.items()
        )
        super().__init__(f"unknown settings: {', '.join(hints)}; docs/settings.md lists them all")
        self.unknown = unknown
