"""The operators' page: files that the dashboard's build left, with names that say their content."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_PACKAGE = Path(__file__).parent
# In an installed package the built page lies inside; in a source tree, where it was built.
_PLACES = (_PACKAGE / "page", _PACKAGE.parent / "dashboard" / "dist")

FOREVER = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"

_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>citypulse</title>
<body style="font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem">
<h1>citypulse is running</h1>
<p>The operators' page has not been built. <code>make demo</code> builds it; or, in
<code>dashboard/</code>: <code>npm ci &amp;&amp; npm run build</code>, then restart.</p>
<p>The API is here: <a href="/docs">/docs</a> &middot; <a href="/health">/health</a></p>
<p lang="zh">页面尚未构建。运行 <code>make demo</code> 即可构建；接口文档见
<a href="/docs">/docs</a>。</p></body></html>
"""


def built_page(configured: Path | None) -> Path | None:
    """Return the folder of the built page: the one configured, else where a build puts it."""
    candidates = (configured,) if configured is not None else _PLACES
    return next((place for place in candidates if (place / "index.html").is_file()), None)


class _PageFiles(StaticFiles):
    """Files below `assets/` have a hash of their content in their name, and never change."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        is_hashed = path.startswith("assets/") and response.status_code in (200, 304)
        response.headers["Cache-Control"] = FOREVER if is_hashed else REVALIDATE
        return response


def mount(app: FastAPI, page: Path | None) -> None:
    """Serve the page at `/`, after every other route; or a page that says how to build it."""
    if page is None:
        app.add_api_route("/", _not_built, include_in_schema=False)
        return
    app.mount("/", _PageFiles(directory=page, html=True), name="page")


async def _not_built() -> HTMLResponse:
    return HTMLResponse(_NOT_BUILT, headers={"Cache-Control": "no-store"})
