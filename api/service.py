"""The API process: one uvicorn that stops promptly, open live streams included."""

import socket

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.context import Context
from api.settings import ApiSettings
from city.settings import PublicSettings

GRACE_S = 5  # for requests in hand; streams are ended at once
MAX_HEAD_BYTES = 32_768  # of request line and headers


class _Server(uvicorn.Server):
    """Ends live streams before it waits for connections to close: they would never end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        if isinstance(app, FastAPI):
            context: Context = app.state.context
            if context.hub is not None:
                context.hub.stop()
        await super().shutdown(sockets)


def server(app: FastAPI, settings: ApiSettings) -> uvicorn.Server:
    """Return a server for the application; SIGTERM and SIGINT stop it."""
    return _Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="h11",
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            ws="none",
            server_header=False,
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
            log_config=None,
        )
    )


def run(settings: ApiSettings, database_url: str, public: PublicSettings) -> None:
    """Serve until SIGTERM or SIGINT; codes are published under `public.url`, else our own."""
    own = f"http://{settings.host}:{settings.port}"
    app = create_app(settings, database_url, public_url=public.url or own)
    server(app, settings).run()
