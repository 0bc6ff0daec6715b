"""The built page: hashed files for ever, the rest asked for anew."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.settings import ApiSettings


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application with a built page."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>page</title>")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "index-0a1b.js").write_text("export {}")
    app = create_app(
        ApiSettings(page_dir=tmp_path), "postgresql://nowhere.invalid/x", public_url="http://c"
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://c") as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/index.html", "/favicon.svg"])
async def test_what_may_change_is_asked_for_anew(page: httpx.AsyncClient, path: str) -> None:
    answer = await page.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    again = await page.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_hashed_files_are_kept_for_ever(page: httpx.AsyncClient) -> None:
    answer = await page.get("/assets/index-0a1b.js")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "javascript" in answer.headers["content-type"]


async def test_a_file_that_is_not_there_is_a_problem(page: httpx.AsyncClient) -> None:
    answer = await page.get("/assets/none.js")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "immutable" not in answer.headers["cache-control"]
