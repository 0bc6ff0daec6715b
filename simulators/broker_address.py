"""Where the broker is. Who one is there is each device's own business."""

from typing import NamedTuple
from urllib.parse import urlsplit

from city.errors import InvalidValue

_PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerAddress(NamedTuple):
    """A broker's listener.

    Attributes:
        host: name or address.
        port: TCP port.
        encrypted: whether it speaks TLS.
    """

    host: str
    port: int
    encrypted: bool


def parse_broker(url: str) -> BrokerAddress:
    """The listener that ``mqtt://host[:port]`` or ``mqtts://…`` names; a user in it is dropped.

    Raises:
        InvalidValue: when it is no such URL. The message leaves out user and password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidValue("broker URL", "(hidden)", f"can't be read: {error}") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        shown = f"{parts.scheme}://{parts.hostname or ''}"
        raise InvalidValue("broker URL", shown, "must be mqtt://host:port or mqtts://host:port")
    return BrokerAddress(parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "mqtts")
