"""`/docs`: the OpenAPI document as one plain page, without scripts and without any other host.

And the icon of every page, where browsers ask for it unbidden.
"""

from collections.abc import Iterable, Mapping
from html import escape
from re import compile as pattern
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_CODE_SPAN = pattern(r"`([^`]+)`")

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="7" fill="#123a4a"/>'
    '<path d="M4 17h6l3-8 5 15 3-9 2 2h5" fill="none" stroke="#6fd3c7" stroke-width="2.6" '
    'stroke-linecap="round" stroke-linejoin="round"/></svg>'
)

_STYLE = """
:root{color-scheme:light dark;--ink:#1b2430;--dim:#5b6675;--line:#d9dee5;--ground:#f5f7f9;
--card:#fff;--accent:#0b63c5}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--dim:#9aa5b4;--line:#2c3644;
--ground:#0f151d;--card:#18212c;--accent:#6db0ff}}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.55 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 4rem}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem 1.25rem;
margin:1rem 0}
h2{margin:2rem 0 .5rem;text-transform:capitalize}h3{margin:0;font-size:1rem}
code,pre{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}
pre{overflow:auto;background:var(--ground);border-radius:8px;padding:.75rem;max-height:24rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
td{border-top:1px solid var(--line);padding:.3rem .75rem .3rem 0;vertical-align:top}
summary{cursor:pointer;color:var(--accent)}a{color:var(--accent)}.dim{color:var(--dim)}
p{white-space:pre-line}
"""


@router.get("/favicon.ico")
async def icon() -> Response:
    """Return the icon."""
    return Response(ICON, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Return the reference as a page."""
    document = request.app.openapi()
    return HTMLResponse(page(document), headers={"Cache-Control": "no-cache"})


def page(document: Mapping[str, Any]) -> str:
    """Return an OpenAPI document as HTML, by tag."""
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = operation.get("tags", ["other"])[0]
            by_tag.setdefault(tag, []).append(_operation(path, method, operation))
    body = "".join(f"<h2>{escape(tag)}</h2>{''.join(each)}" for tag, each in by_tag.items())
    info = document["info"]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<link rel="icon" href="/favicon.ico" type="image/svg+xml">'
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>"
        f"<p>{_marked(info.get('description', ''))}</p>"
        f'<p><a href="/openapi.json">openapi.json</a></p>{body}</main></body></html>'
    )


def _marked(text: str) -> str:
    # Of Markdown our descriptions have backticks only.
    return _CODE_SPAN.sub(r"<code>\1</code>", escape(text))


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    parameters = "".join(map(_parameter, operation.get("parameters", ())))
    told = sorted(operation["responses"].items())
    answers = "".join(_answer(status, each) for status, each in told)
    return (
        f"<section><h3><code>{method.upper()} {escape(path)}</code></h3>"
        f"<p><b>{escape(operation.get('summary', ''))}</b>\n"
        f"{_marked(operation.get('description', ''))}</p>"
        f"<table>{parameters}</table><table>{answers}</table></section>"
    )


def _parameter(parameter: Mapping[str, Any]) -> str:
    required = " (required)" if parameter.get("required") else ""
    bounds = _bounds(_schemas(parameter["schema"]))
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code></td>"
        f'<td class="dim">{escape(parameter["in"])}{required}</td>'
        f"<td>{_marked(parameter.get('description', ''))} {escape(bounds)}</td></tr>"
    )


def _schemas(schema: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    alternatives: Iterable[Mapping[str, Any]] = schema.get("anyOf", [schema])
    return alternatives


def _bounds(schemas: Iterable[Mapping[str, Any]]) -> str:
    told = []
    for schema in schemas:
        if "minimum" in schema and "maximum" in schema:
            told.append(f"{schema['minimum']} to {schema['maximum']}.")
        if "enum" in schema:
            told.append(f"One of {', '.join(map(str, schema['enum']))}.")
    return " ".join(told)


def _answer(status: str, answer: Mapping[str, Any]) -> str:
    examples = "".join(
        f"<details><summary>{escape(media_type)}</summary>"
        f"<pre>{escape(_example(content['example']))}</pre></details>"
        for media_type, content in answer.get("content", {}).items()
        if "example" in content
    )
    description = _marked(answer.get("description", ""))
    return f"<tr><td><code>{status}</code></td><td>{description}{examples}</td></tr>"


def _example(example: Any) -> str:
    if isinstance(example, str):
        return example
    return msgspec.json.format(msgspec.json.encode(example), indent=2).decode()
