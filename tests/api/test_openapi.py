"""The OpenAPI document: complete, consistent, and where docs/api.md names every route."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import models
from api.app import create_app
from api.settings import ApiSettings

APP = create_app(ApiSettings(), "postgresql://nowhere.invalid/x", public_url="http://city.test")
DOCUMENT: dict[str, Any] = APP.openapi()
OPERATIONS = [
    pytest.param(operation, id=f"{method} {path}")
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
DOCS = Path(__file__).parents[2] / "docs" / "api.md"


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for each in node.values():
            yield from _references(each)
    elif isinstance(node, list):
        for each in node:
            yield from _references(each)


def test_the_document_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert DOCUMENT["info"]["title"] == "citypulse"


def test_every_reference_leads_somewhere() -> None:
    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert set(_references(DOCUMENT)) - known == set()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_route_is_described_tagged_and_shown_by_example(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    content = operation["responses"]["200"]["content"]
    assert any("example" in each for each in content.values())
    for parameter in operation.get("parameters", ()):
        assert parameter.get("description"), parameter["name"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_error_is_told_as_problem_json(operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        if status.startswith(("4", "5")) and "operation" not in operation["tags"]:
            assert set(answer["content"]) == {"application/problem+json"}


def _modelled(operation: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for content in operation["responses"]["200"]["content"].values():
        reference = content.get("schema", {}).get("$ref", "")
        if reference:
            yield reference.rpartition("/")[2], content["example"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_examples_have_the_shape_of_their_model(operation: dict[str, Any]) -> None:
    for name, example in _modelled(operation):
        getattr(models, name).model_validate(example)


async def test_the_reference_page_needs_no_other_host() -> None:
    transport = httpx.ASGITransport(APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://city.test") as client:
        page = (await client.get("/docs")).text
        document = (await client.get("/openapi.json")).json()
    assert document == DOCUMENT
    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert "<script" not in page
    for path in DOCUMENT["paths"]:
        assert path in page


async def test_the_reference_page_has_its_icon_no_backticks_and_answers_in_order() -> None:
    transport = httpx.ASGITransport(APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://city.test") as client:
        page = (await client.get("/docs")).text
        icon = await client.get("/favicon.ico")
    assert 'rel="icon" href="/favicon.ico"' in page
    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml")
    assert "`" not in page
    for section in page.split("<section>")[1:]:
        told = re.findall(r"<tr><td><code>(\d{3})</code>", section)
        assert told == sorted(told)


def test_docs_name_every_route_and_no_other() -> None:
    text = DOCS.read_text()
    routes = {path.replace("{text}", "{CODE}") for path in DOCUMENT["paths"]}
    named = set(re.findall(r"^### `GET (\S+?)`", text, re.MULTILINE))
    assert named == routes
