"""Broker addresses, and that their secrets stay secret."""

import pytest

from city.errors import InvalidValue
from ingest.address import BrokerAddress, parse_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://localhost", BrokerAddress("localhost", 1883, False)),
        ("mqtts://b.example", BrokerAddress("b.example", 8883, True)),
        ("mqtt://u:p%40ss@[::1]:99", BrokerAddress("::1", 99, False, "u", b"p@ss")),
    ],
)
def test_addresses(url: str, address: BrokerAddress) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        pytest.param("http://u:secret@h", "must begin with mqtt://", id="another scheme"),
        pytest.param("mqtt://u:secret@h:99999", "port from 1", id="no port"),
        pytest.param("mqtt://u:secret@", "must name a host", id="no host"),
    ],
)
def test_what_is_no_address_is_refused_without_its_secret(url: str, rule: str) -> None:
    with pytest.raises(InvalidValue, match=rule) as caught:
        parse_address(url)
    assert "secret" not in str(caught.value)


def test_an_address_prints_without_credentials() -> None:
    address = parse_address("mqtt://user:secret@host:1")
    assert str(address) == "mqtt://host:1"
    assert "secret" not in repr(address)
