"""What can go wrong between the broker and the store."""

from typing import ClassVar

from city.errors import CitypulseError


class BadFrame(CitypulseError):
    """The broker sent bytes that are no MQTT 5 packet: the connection can't go on."""

    code: ClassVar[str] = "bad-frame"

    def __init__(self, detail: str) -> None:
        super().__init__(f"reading from the broker: {detail}")


class BrokerRefused(CitypulseError):
    """The broker refused the connection or the subscription."""

    code: ClassVar[str] = "broker-refused"

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"the broker refused the {what}: {reason}")
        self.what = what
        self.reason = reason


class BrokerLost(CitypulseError):
    """The connection to the broker ended, and not by our wish."""

    code: ClassVar[str] = "broker-lost"

    def __init__(self, reason: str) -> None:
        super().__init__(f"lost the broker: {reason}")
        self.reason = reason


class WriteAbandoned(CitypulseError):
    """A batch could not be committed before the time to stop had come; the broker still has it."""

    code: ClassVar[str] = "write-abandoned"

    def __init__(self, messages: int) -> None:
        super().__init__(f"stopped before {messages} messages could be committed")
        self.messages = messages
