"""The resolver: `/c/{CODE}` as JSON, GeoJSON or a plain page, whatever the client asks for.

Anything that is not a canonical code is answered from the code's own arithmetic, without a
database.
"""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse
from psycopg import AsyncConnection

from api import code_page, descriptions, device_reads, features, models, negotiation
from api.code_page import Beside
from api.context import App, Context
from api.descriptions import DESCRIPTION_EXAMPLE
from api.documents import answers
from api.errors import Gone, Unassigned, facts_of, problem, status_of
from api.replies import GEOJSON, JSON, tagged
from city.catalogue import profile
from city.codes import Kind, normalise
from city.errors import BadCode, CitypulseError
from registry.resolve import resolve as registry_resolve

router = APIRouter(tags=["resolver"])

HTML = "text/html"
OFFERED = (JSON, HTML, GEOJSON)
VARY = {"Vary": "Accept, Accept-Language"}

CodeText = Annotated[str, Path(description="A city code, in any form.", examples=["C7K3K4WTB"])]


@router.get("/C/{text}", include_in_schema=False)
@router.get(
    "/c/{text}",
    summary="What a city code names",
    responses={
        **answers(models.Description, DESCRIPTION_EXAMPLE, 400, 404, 406, 410, tagged=True),
        308: {"description": "The code in its canonical form."},
    },
)
async def resolve(text: CodeText, request: Request, app: App) -> Response:
    """Resolve a code: JSON, GeoJSON or HTML by Accept, Chinese or English by Accept-Language.

    Lower case, separators and letters that are easily misread lead to the canonical form (308).
    What is no code is refused with the rule it breaks (400), before any look-up.
    """
    wanted = negotiation.media_type(request.headers.get("accept"), OFFERED)
    try:
        canonical = str(normalise(text).code)
        if canonical != text:
            return RedirectResponse(f"/c/{quote(canonical)}", 308, VARY)
        answer = await _answer(request, app, canonical, wanted)
    except (BadCode, Unassigned, Gone) as error:
        answer = _refusal(request, error, wanted)
    answer.headers.update(VARY)
    return answer


async def _answer(request: Request, app: Context, code: str, wanted: str) -> Response:
    async with app.connection() as conn:
        found = await descriptions.described(conn, code)
        told = descriptions.as_json(found, app.public_url)
        if wanted == HTML:
            language = _language(request)
            beside = await _beside(conn, told, language, app.clock())
            page = code_page.description(told, language, beside)
            return _page(tagged(request, page, media_type=HTML))
    if wanted == GEOJSON:
        return tagged(request, features.feature(told), media_type=GEOJSON)
    return tagged(request, told)


async def _beside(
    conn: AsyncConnection[Any], told: dict[str, Any], language: str, now: datetime
) -> Beside:
    if told["kind"] != Kind.DEVICE:
        return Beside()
    mount = told["mounted_on"]
    on = None if mount is None else (await registry_resolve(conn, mount)).version
    rows = await device_reads.page(conn, codes=[told["code"]], limit=1)
    values: list[tuple[str, str, float]] = []
    for row in rows:
        state = (await device_reads.states(conn, [row])).get(row.device_key)
        if state is not None:
            values = device_reads.legible(state, profile(row.profile), language, now)
    return Beside(values, {} if on is None else on.names)


def _refusal(request: Request, error: CitypulseError, wanted: str) -> Response:
    status = status_of(error)
    if wanted == HTML:
        content = code_page.refusal(error, status, _language(request))
        return _page(Response(content, status, media_type=HTML))
    facts = facts_of(error)
    links = facts.get("superseded_by", ())
    headers = {"Link": ", ".join(f'</c/{c}>; rel="successor-version"' for c in links)}
    return problem(
        status,
        error.code,
        str(error),
        instance=request.url.path,
        facts=facts,
        headers=headers if links else None,
    )


def _page(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = code_page.POLICY
    response.headers["Cache-Control"] = "no-cache"
    return response


def _language(request: Request) -> str:
    return negotiation.language(request.headers.get("accept-language"))
