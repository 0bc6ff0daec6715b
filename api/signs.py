"""Current vital signs of areas, routes and links."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from psycopg import AsyncConnection

from api import models, parameters
from api.context import Database
from api.documents import answers
from api.errors import BadParameter, Unassigned
from api.replies import live, tagged
from city.codes import Kind
from registry.classes import AREA_LEVELS
from vitals import indicators, signs

router = APIRouter(prefix="/api/v1/signs", tags=["signs"])

_KINDS = {"route": Kind.ROUTE, "link": Kind.LINK}
LONGEST_HISTORY = timedelta(days=366)
MAX_HISTORY = 10_000
LEVELS = (*AREA_LEVELS, *_KINDS)

_IS_BOUND = "SELECT 1 FROM registry.entity_now WHERE code = %s"

SIGN_EXAMPLE: dict[str, Any] = {
    "entity": "A0000HGF4",
    "area": "A0000HGF4",
    "indicator": "air.aqi",
    "ts": "2026-11-23T08:15:40Z",
    "value": 119,
    "status": "ok",
    "level": 3,
    "label": {"zh": "轻度污染", "en": "Lightly polluted"},
    "colour": "#ff7e00",
    "coverage": 1.0,
    "norm": "HJ 633-2026",
    "reason": None,
    "detail": {
        "basis": "reference",
        "hour": "2026-11-23T08:00:00+00:00",
        "primary": ["pm25"],
        "inputs": {"D7K3K4WTH": {"pm25": 90.0}},
    },
}


@router.get(
    "",
    summary="Current vital signs",
    responses=answers(models.SignList, {"items": [SIGN_EXAMPLE], "links": []}, tagged=True),
)
async def current(
    request: Request,
    conn: Database,
    level: Annotated[
        str | None,
        Query(
            description=f"Signs of what: {', '.join(LEVELS)}; without it, of all areas.",
            examples=["district"],
        ),
    ] = None,
    area: Annotated[
        str | None, Query(description="Of this area and what lies in it, at any depth.")
    ] = None,
    indicator: Annotated[
        str | None, Query(description="One indicator.", examples=["air.aqi"])
    ] = None,
) -> Response:
    """Return signs as last evaluated, with level, coverage, norm and what they rest on.

    `entity` is the code of what a sign is of; `area` the same for an area, null for all else.
    A sign without a value says why: `status` and `reason` (see `/api/v1/indicators`).
    """
    if level is not None and level not in LEVELS:
        raise BadParameter("level", level, f"must be one of {', '.join(LEVELS)}")
    name = None if indicator is None else indicators.indicator(indicator).id
    found = await signs.current(
        conn,
        kind=_KINDS.get(level or "", Kind.AREA),
        class_=level if level in AREA_LEVELS else None,
        area=None if area is None else parameters.code("area", area, Kind.AREA),
        indicator=name,
    )
    return tagged(request, {"items": [signs.as_json(sign) for sign in found], "links": []})


async def sign_history(
    conn: AsyncConnection[Any],
    code: str,
    now: datetime,
    *,
    indicator: str | None,
    from_: str | None,
    to: str | None,
    limit: int,
) -> Response:
    """Return the signs of a thing over time, by default of 24 hours.

    Raises:
        Unassigned: the code names nothing now.
        BadParameter: the span makes no sense.
    """
    span = parameters.span(from_, to, now=now, default=timedelta(hours=24), longest=LONGEST_HISTORY)
    name = None if indicator is None else indicators.indicator(indicator).id
    if await (await conn.execute(_IS_BOUND, [code])).fetchone() is None:
        raise Unassigned(code)
    found = await signs.history(
        conn, code, indicator=name, start=span.start, end=span.end, limit=limit
    )
    return live({"items": [signs.as_json(sign) for sign in found], "links": []})
