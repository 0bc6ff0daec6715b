"""Current vital signs of areas, routes and links."""

from datetime import datetime, timedelta
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response
from psycopg import AsyncConnection

from api import models, parameters
from api.context import Database
from api.documents import answers
from api.errors import BadParameter, Unassigned
from api.parameters import From, To
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
    name = _indicator(indicator)
    found = await signs.current(
        conn,
        kind=_KINDS.get(level or "", Kind.AREA),
        class_=level if level in AREA_LEVELS else None,
        area=None if area is None else parameters.code("area", area, Kind.AREA),
        indicator=name,
    )
    return tagged(request, {"items": [signs.as_json(sign) for sign in found], "links": []})


class Wanted(NamedTuple):
    """Which signs of a thing are asked for, as the request has it."""

    indicator: str | None
    from_: str | None
    to: str | None
    limit: int


async def _wanted(
    indicator: Annotated[str | None, Query(description="One indicator.")] = None,
    from_: From = None,
    to: To = None,
    limit: Annotated[int, Query(ge=1, le=MAX_HISTORY, description="The newest so many.")] = 1000,
) -> Wanted:
    return Wanted(indicator, from_, to, limit)


History = Annotated[Wanted, Depends(_wanted)]


async def sign_history(
    conn: AsyncConnection[Any], code: str, now: datetime, wanted: Wanted
) -> Response:
    """Return the signs of a thing over time, by default of 24 hours.

    Raises:
        Unassigned: the code names nothing now.
        BadParameter: the span makes no sense.
    """
    span = parameters.span(
        wanted.from_, wanted.to, now=now, default=timedelta(hours=24), longest=LONGEST_HISTORY
    )
    name = _indicator(wanted.indicator)
    if await (await conn.execute(_IS_BOUND, [code])).fetchone() is None:
        raise Unassigned(code)
    found = await signs.history(
        conn, code, indicator=name, start=span.start, end=span.end, limit=wanted.limit
    )
    return live({"items": [signs.as_json(sign) for sign in found], "links": []})


def _indicator(name: str | None) -> str | None:
    return None if name is None else indicators.indicator(name).id
