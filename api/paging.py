"""Cursors: where a page of a list ended, opaque to clients, checked when they come back."""

import base64
import binascii

from fastapi import Request

from api.errors import BadParameter

MAX_CURSOR = 200


def encode(position: str) -> str:
    """Return a cursor for the last item's key."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def decode(cursor: str) -> str:
    """Return the key in a cursor.

    Raises:
        BadParameter: it is none of ours.
    """
    try:
        if not cursor.isascii() or len(cursor) > MAX_CURSOR:
            raise ValueError
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise BadParameter("cursor", cursor, "is not a cursor this API gave out") from None
    return text


def links(request: Request, last: str | None) -> list[dict[str, str]]:
    """Return the link to the page after an item's key; none when it was the last page."""
    if last is None:
        return []
    url = request.url.include_query_params(cursor=encode(last))
    return [{"rel": "next", "href": f"{url.path}?{url.query}"}]
