"""Current vital signs of areas."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api import models
from api.context import Database
from api.documents import answers
from api.errors import BadParameter
from api.replies import tagged
from registry.classes import AREA_LEVELS
from vitals import indicators, signs

router = APIRouter(prefix="/api/v1/signs", tags=["signs"])

SIGN_EXAMPLE: dict[str, Any] = {
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
        Query(description=f"Areas of one level: {', '.join(AREA_LEVELS)}.", examples=["district"]),
    ] = None,
    indicator: Annotated[
        str | None, Query(description="One indicator.", examples=["air.aqi"])
    ] = None,
) -> Response:
    """Return each area's signs as last evaluated, with level, coverage, norm and what they rest on.

    A sign without a value says why: `status` and `reason` (see `/api/v1/indicators`).
    """
    if level is not None and level not in AREA_LEVELS:
        raise BadParameter("level", level, f"must be one of {', '.join(AREA_LEVELS)}")
    name = None if indicator is None else indicators.indicator(indicator).id
    found = await signs.current(conn, level=level, indicator=name)
    return tagged(request, {"items": [signs.as_json(sign) for sign in found], "links": []})
