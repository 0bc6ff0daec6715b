"""The HTTP application: routes, errors, headers, and what lives as long as the process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware

from api import (
    areas,
    catalogue,
    devices,
    entities,
    errors,
    health,
    models,
    page,
    reference,
    resolver,
    signs,
    stream,
)
from api.context import Context
from api.declared import only_declared
from api.live import Hub
from api.measures import Measures
from api.middleware import Counted, HeadAsGet, SecurityHeaders
from api.settings import ApiSettings
from store.pool import open_pool

TAGS = [
    {"name": "resolver", "description": "What a city code names."},
    {"name": "areas", "description": "Cities, districts, sub-districts; outlines and signs."},
    {"name": "entities", "description": "Everything registered."},
    {"name": "devices", "description": "Terminals, their readings and air quality."},
    {"name": "signs", "description": "Vital signs of areas."},
    {"name": "stream", "description": "What happens, as it happens."},
    {"name": "catalogue", "description": "Profiles, metrics, indicators."},
    {"name": "operation", "description": "Health and metrics."},
]
DESCRIPTION = (
    "Readings, city codes and vital signs of a city. Errors are problem+json (RFC 9457). Times are "
    "RFC 3339 in UTC, positions WGS 84 with longitude first, ranges half-open [from, to). Lists "
    "come by code and go on at the `next` link. What is here is open data and needs no key."
)
ROUTERS = (resolver, areas, entities, devices, signs, stream, catalogue, health)
POOL_MIN = 1


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def create_app(
    settings: ApiSettings,
    database_url: str,
    *,
    public_url: str,
    clock: Callable[[], datetime] = utc_now,
) -> FastAPI:
    """Return the application; its lifespan opens the database pool and follows the ledger."""
    context = Context(
        settings=settings,
        public_url=public_url.rstrip("/"),
        clock=clock,
        measures=Measures(),
    )
    app = FastAPI(
        title="citypulse",
        version=metadata.version("citypulse"),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(context, database_url),
        redirect_slashes=False,
    )
    app.state.context = context
    errors.install(app)
    for module in ROUTERS:
        # A printed or shared address of a code stays good when somebody's program appends to it.
        strict = [] if module is resolver else [Depends(only_declared)]
        app.include_router(module.router, dependencies=strict)
    app.include_router(reference.router)
    page.mount(app, page.built_page(settings.page_dir))
    _add_middleware(app, context)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign] # FastAPI's way to extend it
    return app


def _add_middleware(app: FastAPI, context: Context) -> None:
    # The last one added is outermost.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD"],
        expose_headers=["ETag", "Link"],
        max_age=86_400,
    )
    app.add_middleware(HeadAsGet)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Counted, measures=context.measures)


def _lifespan(context: Context, database_url: str) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        settings = context.settings
        async with open_pool(
            database_url,
            application_name="citypulse api",
            min_size=POOL_MIN,
            max_size=settings.pool_size,
            statement_timeout_s=settings.statement_timeout_s,
            autocommit=True,
        ) as pool:
            context.pool = pool
            context.hub = hub = Hub(
                context.connection,
                context.measures,
                interval_s=settings.stream_interval_s,
                max_clients=settings.stream_clients,
                queue=settings.stream_queue,
            )
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(hub.run(), name="live stream")
                try:
                    yield
                finally:
                    hub.stop()

    return lifespan


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(models.schemas())
        app.openapi_schema = _with_examples(_own_errors_only(document))
    return app.openapi_schema


def _with_examples(document: dict[str, Any]) -> dict[str, Any]:
    """Put examples back as they were written: FastAPI leaves out every member that is null."""
    routes = (route for module in ROUTERS for route in module.router.routes)
    for route in routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            told = document["paths"][route.path]["get"]["responses"]
            for status, answer in route.responses.items():
                for media_type, content in answer.get("content", {}).items():
                    told[str(status)]["content"][media_type].update(content)
    return document


def _own_errors_only(document: dict[str, Any]) -> dict[str, Any]:
    """Drop FastAPI's own error shapes: every error here is a problem."""
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    return document
