"""The one table of errors: complete, and what a 500 says."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from api import errors
from api.app import create_app
from api.settings import ApiSettings
from city.errors import CitypulseError

# What requests come upon; the registry's and devices' own errors are told in the API's words.
ASKED = {"api", "city", "store", "vitals"}
# Writing and start-up errors: no request can cause them, so that a 500 is right.
UNREACHABLE = {
    "UnknownSetting",
    "BadTopic",
    "MigrationChanged",
    "BadMigration",
    "MigrationFailed",
    "MigrationBusy",
    "CatalogueConflict",
    "BadConcentration",
}


def _below(kind: type[CitypulseError]) -> Iterator[type[CitypulseError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def test_every_error_a_request_can_cause_has_a_status() -> None:
    reachable = {
        kind
        for kind in _below(CitypulseError)
        if kind.__module__.partition(".")[0] in ASKED and kind.__name__ not in UNREACHABLE
    }
    assert {kind.__name__ for kind in reachable if kind not in errors.STATUS} == set()
    assert errors.Unassigned in reachable


async def test_a_fault_of_ours_is_a_500_without_its_reasons(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = FastAPI()
    errors.install(app)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret: hunter2")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://city.test") as client:
        answer = await client.get("/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    assert "hunter2" not in answer.text
    assert "hunter2" in caplog.text


async def test_without_a_database_nothing_is_said_to_be_missing(
    database_url: str, app: FastAPI
) -> None:
    context = app.state.context
    assert context.pool is not None
    await context.pool.close()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://city.test") as client:
        for path in ("/api/v1/devices", "/c/C7K3K4WTB", "/api/v1/signs", "/api/v1/stream"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")
            assert answer.headers["retry-after"] == "5"
        assert (await client.get("/health")).status_code == 503
        assert "citypulse_database_up 0.0" in (await client.get("/metrics")).text
        assert (await client.get("/c/nonsense")).status_code == 400


async def test_the_page_says_how_to_build_it_when_it_is_not_built(tmp_path: object) -> None:
    app = create_app(
        ApiSettings.model_validate({"page_dir": tmp_path}),
        "postgresql://nowhere.invalid/x",
        public_url="http://city.test",
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://city.test") as client:
        answer = await client.get("/")
    assert answer.status_code == 200
    assert "make demo" in answer.text
