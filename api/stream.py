"""The live stream: server-sent events of readings and signs, resumable where it broke off."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from api import device_reads, parameters
from api.context import App, Context
from api.documents import problem_answer
from api.errors import BadParameter
from api.live import Hub
from api.live_client import Client, Wish
from city.codes import Kind
from store.ledger import Cursor

router = APIRouter(prefix="/api/v1", tags=["stream"])

HEARTBEAT_S = 15.0
RETRY_MS = 2000
_MAX_ID = 40
_EXAMPLE = (
    "retry: 2000\nid: 7341-2907\n\n"
    "id: 7342-2908\nevent: readings\n"
    'data: {"readings":[{"code":"D7K3K4WTH","profile":"smart-pole",'
    '"ts":"2026-11-23T08:15:42Z","m":{"pm25":35.2}}]}\n\n'
)


@router.get(
    "/stream",
    summary="Live readings and signs",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `readings`, `signs`, `coalesced` and `gap`.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        },
        **{status: problem_answer(status) for status in (400, 404, 422, 503)},
    },
)
async def stream(
    app: App,
    area: Annotated[str | None, Query(description="Of devices in this area.")] = None,
    device: Annotated[str | None, Query(description="Of this device.")] = None,
    profile: Annotated[str | None, Query(description="Of this profile.")] = None,
    last_event_id: Annotated[
        str | None, Header(description="Sent by browsers on reconnecting.", examples=["7342-2908"])
    ] = None,
) -> Response:
    """Send what ingest commits, as it is committed, and signs that change, until the client leaves.

    `readings`: `{"readings": [{code, profile, ts, m}]}`; its id resumes after it (Last-Event-ID).
    `signs`: `{"items": [sign]}`, of the area asked for and the links in it; none with
    `device` or `profile`.
    `coalesced`: this client was too slow, and older readings were
    replaced by newer ones of the same device. `gap`: too much was missed to be sent again.
    A comment is sent every 15 s.
    """
    wish = Wish(
        None if area is None else parameters.code("area", area, Kind.AREA),
        None if device is None else parameters.code("device", device, Kind.DEVICE),
        None if profile is None else parameters.profile_name(profile),
    )
    after = None if not last_event_id else event_place(last_event_id)
    if wish.device is not None:
        async with app.connection() as conn:
            await device_reads.one(conn, wish.device)
    hub = _hub(app)
    client, place = await hub.join(wish)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _events(hub, client, place, after), headers=headers, media_type="text/event-stream"
    )


def event_place(text: str) -> Cursor:
    """Return the place in the ledger that an event id names.

    Raises:
        BadParameter: it is none of ours.
    """
    xid, _, batch = text.partition("-")
    is_number = text.isascii() and xid.isdigit() and batch.isdigit()
    if len(text) > _MAX_ID or not is_number:
        raise BadParameter("Last-Event-ID", text, "is not an id this stream gave out")
    place = Cursor(int(xid), int(batch))
    if max(place) >= 1 << 63:
        raise BadParameter("Last-Event-ID", text, "is not an id this stream gave out")
    return place


async def _events(
    hub: Hub, client: Client, place: Cursor, after: Cursor | None
) -> AsyncIterator[bytes]:
    try:
        yield f"retry: {RETRY_MS}\n".encode()
        if after is not None:
            for each in await hub.missed(after, place, client.wish):
                yield each
        yield f"id: {place}\n\n".encode()
        while not client.closed:
            try:
                await asyncio.wait_for(client.ready.wait(), HEARTBEAT_S)
            except TimeoutError:
                yield b": alive\n\n"
                continue
            for each in client.take(place):
                yield each
    finally:
        hub.leave(client)


def _hub(app: Context) -> Hub:
    assert app.hub is not None, "the app's lifespan has not begun"  # noqa: S101 - our bug
    return app.hub
