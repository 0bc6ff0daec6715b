"""Pages of lists: how much is asked for, and where the page before ended.

A cursor is opaque to clients and checked when it comes back.
"""

import base64
import binascii
from typing import Annotated, NamedTuple

from fastapi import Depends, Query, Request

from api.errors import BadParameter

MAX_CURSOR = 200
MAX_LIMIT = 1000


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


class Wanted(NamedTuple):
    """Which part of a list is asked for."""

    limit: int
    after: str | None


async def _wanted(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="At most so many.")] = 100,
    cursor: Annotated[str | None, Query(description="From the `next` link.")] = None,
) -> Wanted:
    return Wanted(limit, None if cursor is None else decode(cursor))


Portion = Annotated[Wanted, Depends(_wanted)]


def links(request: Request, last: str | None) -> list[dict[str, str]]:
    """Return the link to the page after an item's key; none when it was the last page."""
    if last is None:
        return []
    url = request.url.include_query_params(cursor=encode(last))
    return [{"rel": "next", "href": f"{url.path}?{url.query}"}]
