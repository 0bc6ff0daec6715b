"""A broker's address and credentials, out of its URL."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from city.errors import InvalidValue

PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker listens and who we are there.

    Attributes:
        host: name or address.
        port: TCP port.
        tls: whether the connection is encrypted.
        username: None when the URL has none.
        password: likewise; never printed.
    """

    host: str
    port: int
    tls: bool
    username: str | None = None
    password: bytes | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Without the credentials, for logs."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


def parse_address(url: str) -> BrokerAddress:
    """The address in ``mqtt[s]://[user:password@]host[:port]``.

    Raises:
        InvalidValue: not of that form; the message holds no credentials.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidValue("broker URL", "(hidden)", "must have a port from 1 to 65535") from None
    if parts.scheme not in PORTS:
        raise InvalidValue("broker URL", parts.scheme, "must begin with mqtt:// or mqtts://")
    if not parts.hostname:
        raise InvalidValue("broker URL", "(hidden)", "must name a host")
    return BrokerAddress(
        parts.hostname,
        PORTS[parts.scheme] if port is None else port,
        parts.scheme == "mqtts",
        None if parts.username is None else unquote(parts.username),
        None if parts.password is None else unquote(parts.password).encode(),
    )


def tls_context(address: BrokerAddress, ca_file: Path | None) -> ssl.SSLContext | None:
    """What the connection is encrypted with; None when it is not."""
    return ssl.create_default_context(cafile=ca_file) if address.tls else None
