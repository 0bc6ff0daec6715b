"""Cursors: where a page of a list ended, opaque to clients, checked when they come back."""

import base64
import binascii
from typing import Any

import msgspec

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


def next_link(url: str) -> dict[str, Any]:
    """Return a link to the next page, as GeoJSON API and our lists carry it."""
    return {"rel": "next", "href": url}


ENCODER = msgspec.json.Encoder()
