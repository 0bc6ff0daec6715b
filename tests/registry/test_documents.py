"""The pages say what the code does: every property, class, view column and verb is on them."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from city.codes import Kind
from registry.city_features import PROPERTIES
from registry.city_file import DeviceFound, import_city
from registry.classes import CLASSES
from registry.vocabulary import STATED

Connection = psycopg.AsyncConnection[Any]
DOCS = Path(__file__).parents[2] / "docs"


def _text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def _words(page: str) -> set[str]:
    """What the page sets in code, one word at a time."""
    text = re.sub(r"```.*?```", "", _text(page), flags=re.DOTALL)
    return {
        word for quoted in re.findall(r"`([^`]+)`", text) for word in re.split(r"[\s,]+", quoted)
    }


def test_every_property_of_a_city_file_is_documented() -> None:
    assert _words("city-file.md") >= PROPERTIES


def test_every_kind_and_class_is_documented() -> None:
    words = _words("city-file.md")
    assert {kind.value for kind in CLASSES} <= words
    # A device's class is its profile: docs/profiles.md has those.
    listed = [classes for kind, classes in CLASSES.items() if kind is not Kind.DEVICE]
    assert {class_ for classes in listed for class_ in classes} <= words


@pytest.mark.parametrize(
    ("schema", "view", "page"),
    [
        ("registry", "entity_now", "registry.md"),
        ("registry", "relation_now", "registry.md"),
        ("devices", "device_now", "devices.md"),
    ],
)
async def test_every_column_of_a_published_view_is_documented(
    conn: Connection, schema: str, view: str, page: str
) -> None:
    cursor = await conn.execute(
        """
        SELECT column_name
        FROM information_schema.columns
        WHERE table_schema = %s
          AND table_name = %s
        """,
        [schema, view],
    )
    columns = {row[0] for row in await cursor.fetchall()}
    assert columns and columns <= _words(page)


async def test_the_example_of_a_city_file_can_be_imported(conn: Connection) -> None:
    devices: list[DeviceFound] = []

    async def found(conn: Connection, those: Sequence[DeviceFound]) -> None:
        devices.extend(those)

    (example,) = re.findall(r"```json\n(.*?)```", _text("city-file.md"), flags=re.DOTALL)
    done = await import_city(conn, json.loads(example), on_devices=found)

    assert done.created == 3
    assert [device.profile for device in devices] == ["smart-pole"]


def test_every_relation_is_documented() -> None:
    assert set(STATED) | {"type", "to", "position"} <= {
        word.strip('"{}:') for word in _words("city-file.md")
    }
