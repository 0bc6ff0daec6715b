"""Entities: what is registered, by area, box, kind and class, and one by its code at any time."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import AsyncConnection

from api import descriptions, features, models, paging, parameters
from api.context import App, Database
from api.descriptions import RELATED_EXAMPLE
from api.documents import answers
from api.replies import GEOJSON, tagged
from api.signs import SIGN_EXAMPLE, History, sign_history
from city.codes import Kind
from registry.search import Found, find
from vitals import signs
from vitals.signs import Sign

router = APIRouter(prefix="/api/v1/entities", tags=["entities"])

_DISTRICTS = """
SELECT district_code, code
FROM registry.entity_now
WHERE class = 'district'
  AND district_code IS NOT NULL
"""


_LINE_EXAMPLE: dict[str, Any] = {
    "type": "Feature",
    "id": "L7K3K4WTE",
    "geometry": {"type": "LineString", "coordinates": [[116.41, 39.92], [116.42, 39.92]]},
    "properties": {
        "code": "L7K3K4WTE",
        "kind": "L",
        "class": "road-segment",
        "name": {"zh": "生成道路 01 正向", "en": "Generated road 01 up"},
        "area": "A0008N0CM",
        "district": "A0000HGF4",
        "attributes": {"lanes": 3, "length_m": 600, "free_speed_kmh": 60},
        "devices": ["D0010000R"],
        "signs": [
            {
                "indicator": "traffic.index",
                "ts": "2026-11-23T08:15:40Z",
                "value": 8.33,
                "status": "ok",
                "level": 5,
                "label": {"zh": "严重拥堵", "en": "Severely congested"},
                "colour": "#e60000",
                "coverage": 1.0,
                "reason": None,
            }
        ],
    },
}


@router.get(
    "",
    summary="Entities by area, box, kind and class",
    responses=answers(
        models.EntityCollection,
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "id": "C7K3K4WTB",
                    "geometry": {"type": "Point", "coordinates": [116.4074, 39.9042]},
                    "properties": {
                        "code": "C7K3K4WTB",
                        "kind": "C",
                        "class": "smart-pole",
                        "name": {"zh": "东城灯杆 001", "en": "Dongcheng pole 001"},
                        "area": "A0008N0CM",
                        "district": "A0000HGF4",
                        "attributes": {},
                        "devices": ["D7K3K4WTH"],
                    },
                },
                _LINE_EXAMPLE,
            ],
            "links": [{"rel": "next", "href": "/api/v1/entities?limit=2&cursor=TDdLM0s0V1RC"}],
        },
        400,
        media_type=GEOJSON,
        tagged=True,
    ),
)
async def entities(
    request: Request,
    conn: Database,
    portion: paging.Portion,
    kind: Annotated[str | None, Query(description="Kind letter.", examples=["C"])] = None,
    class_: Annotated[
        str | None, Query(alias="class", description="Class.", examples=["smart-pole"])
    ] = None,
    area: Annotated[str | None, Query(description="In this area, at any depth.")] = None,
    bbox: Annotated[
        str | None,
        Query(description="west,south,east,north in degrees.", examples=["116.3,39.8,116.5,40.0"]),
    ] = None,
    include: Annotated[
        Literal["signs"] | None,
        Query(description="`signs`: with the current signs of each, in brief."),
    ] = None,
) -> Response:
    """List what is registered, by code, as GeoJSON, with the devices mounted on each.

    Roads and tunnels for a map, coloured: `class=road-segment&include=signs`, `tunnel-segment`.
    """
    box = None if bbox is None else parameters.bbox(bbox)
    page = await find(
        conn,
        kind=None if kind is None else parameters.kind_letter(kind),
        class_=None if class_ is None else parameters.class_name(class_),
        area=None if area is None else parameters.code("area", area, Kind.AREA),
        bbox=None if box is None else (box.west, box.south, box.east, box.north),
        after=portion.after,
        limit=portion.limit,
    )
    districts = await _districts(conn)
    current = None
    if include == "signs":
        current = await signs.of_entities(conn, [each.entity_key for each in page.items])
    found = [_feature(each, districts, current) for each in page.items]
    body = features.collection(found, paging.links(request, page.cursor))
    return tagged(request, body, media_type=GEOJSON)


@router.get(
    "/{code}",
    summary="One entity, now or at a time",
    responses=answers(models.RelatedDescription, RELATED_EXAMPLE, 400, 404, 410, tagged=True),
)
async def entity(
    request: Request,
    code: Annotated[str, Path(description="A city code.", examples=["C7K3K4WTB"])],
    app: App,
    conn: Database,
    at: Annotated[
        str | None,
        Query(description="As it was at this instant.", examples=["2026-11-01T00:00:00Z"]),
    ] = None,
) -> Response:
    """Describe what a code names: class, names, place, relations, aliases and since when.

    With `at`, as it was then, also of what has been retired since.
    """
    parsed = parameters.code("code", code)
    moment = None if at is None else parameters.moment("at", at)
    found = await descriptions.described(conn, parsed, moment)
    told = descriptions.as_json(found, app.public_url)
    return tagged(request, told | await descriptions.relations(conn, parsed, moment))


@router.get(
    "/{code}/signs",
    summary="The signs of an area, a route or a link over time",
    responses=answers(models.SignList, {"items": [SIGN_EXAMPLE], "links": []}, 400, 404),
)
async def entity_signs(
    code: Annotated[str, Path(description="A city code.", examples=["L7K3K4WTE"])],
    app: App,
    conn: Database,
    wanted: History,
) -> Response:
    """Return the signs of a thing in [from, to), oldest first.

    Each change of level, status or reason, a change of value alone once in five minutes, and one an
    hour. A thing that has no signs has an empty list.
    """
    return await sign_history(conn, parameters.code("code", code), app.clock(), wanted)


async def _districts(conn: AsyncConnection[Any]) -> dict[str, str]:
    return dict(await (await conn.execute(_DISTRICTS)).fetchall())


def _feature(
    found: Found, districts: dict[str, str], current: Mapping[int, list[Sign]] | None
) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "district": districts.get(found.district or ""),
        "attributes": found.attributes,
        "devices": found.devices,
    }
    if current is not None:
        properties["signs"] = [signs.in_brief(each) for each in current.get(found.entity_key, ())]
    return features.entity(found, properties)
