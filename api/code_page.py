"""The plain page behind a code's QR label: no script, everything escaped, Chinese or English."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from typing import Any

from api.descriptions import KINDS
from api.errors import Gone
from city.codes import Kind, parse_code
from city.errors import BadCode, CitypulseError

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_STYLE = """
:root{color-scheme:light dark;--ink:#1b2430;--dim:#5b6675;--line:#d9dee5;--ground:#f5f7f9;
--card:#fff;--accent:#0b63c5}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--dim:#9aa5b4;--line:#2c3644;
--ground:#0f151d;--card:#18212c;--accent:#6db0ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Noto Sans SC","PingFang SC","Microsoft YaHei",sans-serif}
main{max-width:40rem;margin:0 auto;padding:2rem 1rem}
article{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.5rem}
h1{margin:.25rem 0 .5rem;font-size:1.5rem;line-height:1.25}
.code{font:600 1.1rem/1 ui-monospace,SFMono-Regular,Menlo,monospace;letter-spacing:.06em;
color:var(--dim)}
.what{color:var(--dim);margin:0 0 1.25rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.5rem 1.25rem;margin:0}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
footer{color:var(--dim);font-size:.85rem;padding:1rem .25rem}
"""

_WORDS = {
    "zh": {
        "area": "所在区域",
        "position": "位置",
        "mounted_on": "安装于",
        "latest": "最新数据",
        "ago": "{} 前",
        "devices": "终端",
        "owner": "权属",
        "aliases": "其他编码",
        "attributes": "属性",
        "valid_from": "自",
        "keypad": "键盘码",
        "map": "在地图上查看",
        "footer": "城市编码 · citypulse",
        "bad-code": "不是城市编码",
        "unassigned": "该编码尚未赋予任何对象",
        "gone": "该编码已停用",
        "reason": "原因",
        "retired_at": "停用时间",
        "superseded_by": "后继编码",
        "rule": "未通过的检验",
        "length": "长度",
        "kind": "类别",
        "alphabet": "字符集",
        "check": "校验位",
    },
    "en": {
        "area": "Area",
        "position": "Position",
        "mounted_on": "Mounted on",
        "latest": "Latest values",
        "ago": "{} ago",
        "devices": "Devices",
        "owner": "Owner",
        "aliases": "Other codes",
        "attributes": "Attributes",
        "valid_from": "Since",
        "keypad": "Keypad number",
        "map": "Show on the map",
        "footer": "City code · citypulse",
        "bad-code": "Not a city code",
        "unassigned": "This code names nothing yet",
        "gone": "This code is no longer in use",
        "reason": "Reason",
        "retired_at": "Ended",
        "superseded_by": "Superseded by",
        "rule": "Test failed",
        "length": "length",
        "kind": "kind",
        "alphabet": "alphabet",
        "check": "check character",
    },
}


@dataclass(frozen=True, slots=True)
class Beside:
    """What the page shows of a device that its description does not hold.

    Attributes:
        values: name in the page's language, value with unit, and age in seconds, of each metric.
        mount: names of what it is mounted on.
    """

    values: Sequence[tuple[str, str, float]] = ()
    mount: Mapping[str, str] = field(default_factory=dict)


def description(told: Mapping[str, Any], language: str, beside: Beside) -> bytes:
    """Return the page of what a code names, from its JSON form and what stands beside it."""
    words = _WORDS[language]
    title = _name(told["name"], language) or told["code"]
    kind = KINDS[Kind(told["kind"])][language == "en"]
    facts = [
        (words["area"], _areas(told["areas"], language)),
        (words["position"], _position(told["geometry"])),
        (words["latest"], _values(beside.values, words["ago"])),
        (words["mounted_on"], _mount(told["mounted_on"], _name(beside.mount, language))),
        (words["devices"], _links(told["devices"])),
        (words["owner"], _links([told["owner"]])),
        (words["aliases"], _pairs(told["aliases"])),
        (words["attributes"], _pairs(told["attributes"])),
        (words["valid_from"], escape(f"{told['valid_from']:%Y-%m-%d %H:%M} UTC")),
        (words["keypad"], escape(told["keypad"] or "")),
    ]
    on_map = ""
    if told["kind"] in (Kind.AREA, Kind.DEVICE):
        on_map = f'<p><a href="/?at={escape(told["code"])}">{words["map"]}</a></p>'
    what = escape(f"{kind} · {told['class']}")
    return _document(language, title, told["printed"], what, _facts(facts) + on_map)


def refusal(error: CitypulseError, status: int, language: str) -> bytes:
    """Return the page of a code that names nothing: why, and what came after it."""
    words = _WORDS[language]
    facts: list[tuple[str, str]] = []
    shown = getattr(error, "code_text", None) or getattr(error, "text", "")
    if isinstance(error, BadCode):
        facts = [(words["rule"], escape(words.get(error.rule, error.rule)))]
    if isinstance(error, Gone):
        stone = error.tombstone
        shown = stone["assigned"]
        facts = [
            (words["reason"], escape(str(stone["reason"]))),
            (words["retired_at"], escape(f"{stone['retired_at']:%Y-%m-%d %H:%M} UTC")),
            (words["superseded_by"], _links(stone["superseded_by"])),
        ]
    what = f"{status} · {HTTPStatus(status).phrase}"
    return _document(language, words[error.code], str(shown)[:40], escape(what), _facts(facts))


def _document(language: str, title: str, code: str, what: str, body: str) -> bytes:
    footer = _WORDS[language]["footer"]
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<link rel="icon" href="/favicon.ico" type="image/svg+xml">'
        f"<title>{escape(title)} · {escape(code)}</title><style>{_STYLE}</style></head>"
        f'<body><main><article><div class="code">{escape(code)}</div><h1>{escape(title)}</h1>'
        f'<p class="what">{what}</p>{body}</article><footer>{footer}</footer></main></body></html>'
    ).encode()


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    rows = (f"<dt>{escape(term)}</dt><dd>{fact}</dd>" for term, fact in facts if fact)
    return f"<dl>{''.join(rows)}</dl>"


def _name(names: Mapping[str, Any], language: str) -> str:
    found = names.get(language) or names.get("zh") or names.get("en")
    return str(found) if found else ""


def _links(codes: Iterable[str | None]) -> str:
    return ", ".join(f'<a href="/c/{escape(c)}">{escape(c)}</a>' for c in codes if c)


def _mount(code: str | None, name: str) -> str:
    if code is None:
        return ""
    shown = f"{name} · {parse_code(code).printed}" if name else parse_code(code).printed
    return f'<a href="/c/{escape(code)}">{escape(shown)}</a>'


def _values(values: Iterable[tuple[str, str, float]], ago: str) -> str:
    return "<br>".join(
        f"{escape(name)}: {escape(value)} <small>({escape(ago.format(_age(age_s)))})</small>"
        for name, value, age_s in values
    )


def _age(age_s: float) -> str:
    for unit, seconds in (("d", 86_400), ("h", 3600), ("min", 60)):
        if age_s >= seconds:
            return f"{age_s / seconds:.0f} {unit}"
    return f"{age_s:.0f} s"


def _areas(areas: Iterable[Mapping[str, Any]], language: str) -> str:
    return " · ".join(
        f'<a href="/c/{escape(area["code"])}">'
        f"{escape(_name(area['name'], language) or area['code'])}</a>"
        for area in areas
    )


def _pairs(pairs: Mapping[str, Any]) -> str:
    return "<br>".join(f"{escape(str(key))}: {escape(str(v))}" for key, v in pairs.items())


def _position(geometry: Any) -> str:
    # Only a point is short enough to be read.
    text = "" if geometry is None else bytes(geometry).decode()
    prefix = '{"type":"Point","coordinates":['
    if not text.startswith(prefix):
        return ""
    lon, lat, *_ = (float(each) for each in text.removeprefix(prefix).rstrip("]}").split(","))
    return escape(f"{lon:.6f}, {lat:.6f} (WGS 84)")
