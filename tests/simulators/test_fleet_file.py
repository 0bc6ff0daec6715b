"""The fleet file and the broker's address: what is refused, and that secrets stay secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from city.codes import Kind, entity_code
from city.errors import InvalidValue
from simulators.broker_address import BrokerAddress, parse_broker
from simulators.fleet_file import BadFleetFile, first_of, read_fleet

SECRET = "do-not-show-me"  # noqa: S105 - a test's
CODE = entity_code(Kind.DEVICE, "000", 1)
GOOD = {
    "code": CODE,
    "secret": SECRET,
    "district": "110105",
    "profile": "smart-pole",
    "lon": 116.4,
    "lat": 39.9,
    "attributes": {},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "fleet.json"


def write(file: Path, *entries: Any) -> Path:
    file.write_text(json.dumps({"devices": list(entries)}))
    return file


def test_devices_of_a_profile_come_in_the_files_order(file: Path) -> None:
    codes = [entity_code(Kind.DEVICE, "000", number) for number in range(3)]
    station = GOOD | {"code": codes[1], "profile": "air-station"}
    write(file, GOOD | {"code": codes[2]}, station, GOOD | {"code": codes[0]})

    found = read_fleet(file, "smart-pole")

    assert [device.code for device in found] == [codes[2], codes[0]]
    assert found[0].topic("telemetry") == f"city/v1/110105/smart-pole/{codes[2]}/telemetry"


def test_a_secret_is_not_shown_with_its_device(file: Path) -> None:
    (device,) = read_fleet(write(file, GOOD), "smart-pole")

    assert device.secret == SECRET
    assert SECRET not in repr(device)


@pytest.mark.parametrize(
    ("entry", "where"),
    [
        pytest.param("D1", r"devices\[0\]", id="an entry that is no object"),
        pytest.param(GOOD | {"code": 5}, "code", id="a code that is no text"),
        pytest.param(GOOD | {"code": CODE[:-1] + "?"}, "code", id="a code that is none"),
        pytest.param(
            GOOD | {"code": entity_code(Kind.COMPONENT, "000", 1)}, "code", id="a component's code"
        ),
        pytest.param(GOOD | {"secret": ""}, "secret", id="no secret"),
        pytest.param(GOOD | {"district": "Dongcheng"}, "district", id="a district's name"),
        pytest.param(GOOD | {"profile": "toaster"}, "profile", id="an unknown profile"),
        pytest.param(GOOD | {"lon": 200}, "lon", id="off the globe"),
        pytest.param(GOOD | {"lat": "39.9"}, "lat", id="a latitude that is text"),
        pytest.param(GOOD | {"lat": float("nan")}, "lat", id="a latitude that is no number"),
        pytest.param({**GOOD, "attributes": []}, "attributes", id="attributes that are a list"),
    ],
)
def test_a_bad_entry_is_refused_with_its_place_and_without_its_secret(
    file: Path, entry: Any, where: str
) -> None:
    write(file, entry)

    with pytest.raises(BadFleetFile, match=where) as refused:
        read_fleet(file, "smart-pole")

    assert SECRET not in str(refused.value)
    assert str(file) in str(refused.value)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="an empty file"),
        pytest.param(b"{", id="broken JSON"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"devices": 5}', id="devices that are no list"),
        pytest.param(b"\xff", id="bytes that are no text"),
    ],
)
def test_a_file_that_is_none_is_refused(file: Path, raw: bytes) -> None:
    file.write_bytes(raw)

    with pytest.raises(BadFleetFile):
        read_fleet(file, "smart-pole")


def test_a_code_that_occurs_twice_is_refused(file: Path) -> None:
    with pytest.raises(BadFleetFile, match="occurs twice"):
        read_fleet(write(file, GOOD, GOOD), "smart-pole")


def test_a_missing_file_is_refused_with_its_name(file: Path) -> None:
    with pytest.raises(BadFleetFile, match=r"fleet\.json.*No such file"):
        read_fleet(file, "smart-pole")


@pytest.mark.parametrize("wanted", [0, 2])
def test_more_devices_than_there_are_or_none_are_refused(file: Path, wanted: int) -> None:
    devices = read_fleet(write(file, GOOD), "smart-pole")

    with pytest.raises(InvalidValue, match="from 1 to the 1 devices"):
        first_of(devices, wanted, file)


def test_a_brokers_address_leaves_the_user_out() -> None:
    assert parse_broker("mqtt://ingest:pw@10.0.0.1:1884") == ("10.0.0.1", 1884, False)
    assert parse_broker("mqtts://broker.example") == BrokerAddress("broker.example", 8883, True)


@pytest.mark.parametrize("url", ["", "localhost:1883", "http://h:1", "mqtt://", "mqtt://h:99999"])
def test_an_address_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InvalidValue, match="broker URL"):
        parse_broker(url)
    with pytest.raises(InvalidValue) as refused:
        parse_broker("http://user:do-not-show@host:1883")
    assert "do-not-show" not in str(refused.value)
