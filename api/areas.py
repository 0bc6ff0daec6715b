"""Areas: cities, districts and what is in them, with their outlines, and the history of signs."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api import features, models, paging, parameters
from api.context import App, Database
from api.documents import answers
from api.errors import WrongKind
from api.replies import GEOJSON, tagged
from api.signs import SIGN_EXAMPLE, History, sign_history
from city.codes import Kind
from registry import areas as registry_areas
from registry.classes import AREA_LEVELS
from registry.search import Found

router = APIRouter(prefix="/api/v1/areas", tags=["areas"])

COUNTED = ("smart-pole", "air-station")

Level = Annotated[
    str | None,
    Query(description=f"One of {', '.join(AREA_LEVELS)}.", examples=["district"]),
]


@router.get(
    "",
    summary="Areas with their outlines",
    responses=answers(
        models.AreaCollection,
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "id": "A0000HGF4",
                    "geometry": {
                        "type": "Polygon",
                        "coordinates": [[[116.37, 39.88], [116.44, 39.88], [116.37, 39.88]]],
                    },
                    "properties": {
                        "code": "A0000HGF4",
                        "kind": "A",
                        "class": "district",
                        "name": {"zh": "东城区", "en": "Dongcheng"},
                        "area": "A00000001",
                        "aliases": {"gbt2260": "110101"},
                        "counts": {"smart-pole": 38},
                        "attributes": {},
                    },
                }
            ],
            "links": [],
        },
        400,
        media_type=GEOJSON,
        tagged=True,
    ),
)
async def areas(
    request: Request,
    conn: Database,
    portion: paging.Portion,
    level: Level = None,
    within: Annotated[str | None, Query(description="Inside this area.")] = None,
) -> Response:
    """List areas by code, of one level or inside an area, with counts of what lies in them."""
    page = await registry_areas.areas(
        conn,
        level=level,
        within=None if within is None else parameters.code("within", within, Kind.AREA),
        after=portion.after,
        limit=portion.limit,
    )
    counts = await registry_areas.count_inside(conn, list(page.items), Kind.COMPONENT, *COUNTED)
    found = [_feature(area, counts[area.code]) for area in page.items]
    body = features.collection(found, paging.links(request, page.cursor))
    return tagged(request, body, media_type=GEOJSON)


@router.get(
    "/{code}/signs",
    summary="An area's signs over time",
    responses=answers(models.SignList, {"items": [SIGN_EXAMPLE], "links": []}, 400, 404),
)
async def area_signs(
    code: Annotated[str, Path(description="The area's city code.", examples=["A0000HGF4"])],
    app: App,
    conn: Database,
    wanted: History,
) -> Response:
    """Return the signs of an area in [from, to), oldest first: each change, and one an hour."""
    parsed = parameters.code("code", code)
    if not parsed.startswith(Kind.AREA):
        raise WrongKind(parsed, "an area (kind A)")
    return await sign_history(conn, parsed, app.clock(), wanted)


def _feature(area: Found, counts: dict[str, int]) -> dict[str, Any]:
    return features.entity(
        area, {"aliases": area.aliases, "counts": counts, "attributes": area.attributes}
    )
