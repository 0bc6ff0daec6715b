"""Answers: JSON by msgspec, entity tags, and 304 for what the client already has."""

from hashlib import blake2b
from typing import Any

import msgspec
from fastapi import Request, Response

JSON = "application/json"
GEOJSON = "application/geo+json"
REVALIDATE = "no-cache"  # may be kept, must be asked about: the tag makes that cheap
LIVE = "no-store"

_ENCODER = msgspec.json.Encoder()


def tagged(request: Request, body: Any, *, media_type: str = JSON) -> Response:
    """Return `body` with an entity tag, or 304 without it when the request names that tag."""
    content = body if isinstance(body, bytes) else _ENCODER.encode(body)
    etag = f'"{blake2b(content, digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": REVALIDATE}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names this tag, by weak comparison (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    given = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return any(tag in ("*", etag) for tag in given)


def live(body: Any) -> Response:
    """Return `body` as it is this instant: it carries ages, and is not to be kept."""
    return Response(_ENCODER.encode(body), headers={"Cache-Control": LIVE}, media_type=JSON)
