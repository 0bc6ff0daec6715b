"""`/c/{CODE}`: forms, refusals, tombstones and redirects."""

import re
from datetime import datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from api import models
from city.codes import Kind, entity_code, parse_code
from registry import entities
from registry.minting import mint

Connection = psycopg.AsyncConnection[Any]
PAGE = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
FREE = entity_code(Kind.COMPONENT, "7K3", 12)


async def test_json_is_the_answer_to_a_client_without_a_wish(
    client: httpx.AsyncClient, known_city: Any
) -> None:
    answer = await client.get(f"/c/{known_city.pole('110101')}", headers={"Accept": "*/*"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["vary"].startswith("Accept, Accept-Language")
    found = models.Description.model_validate(answer.json())
    assert found.uri == f"https://id.example/c/{known_city.pole('110101')}"
    assert [area.class_ for area in found.areas] == ["sub-district", "district", "city"]


async def test_geojson_is_answered_where_it_is_wanted(
    client: httpx.AsyncClient, known_city: Any
) -> None:
    headers = {"Accept": "application/geo+json"}
    answer = await client.get(f"/c/{known_city.pole('110101')}", headers=headers)
    assert answer.headers["content-type"] == "application/geo+json"
    feature = answer.json()
    assert (feature["type"], feature["geometry"]["type"]) == ("Feature", "Point")
    plain = (await client.get(f"/c/{feature['id']}", headers={"Accept": "*/*"})).json()
    assert feature["geometry"] == plain.pop("geometry")
    assert feature["properties"] == plain


@pytest.mark.parametrize(
    ("language", "lang", "text"), [("zh-CN,zh;q=0.9", "zh", "终端"), ("en-GB", "en", "Device")]
)
async def test_a_browser_gets_a_page_in_its_language(
    client: httpx.AsyncClient, known_city: Any, language: str, lang: str, text: str
) -> None:
    headers = {**PAGE, "Accept-Language": language}
    answer = await client.get(f"/c/{known_city.pole('110101')}", headers=headers)
    assert answer.headers["content-type"].startswith("text/html")
    assert f'<html lang="{lang}">' in answer.text
    assert text in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_the_page_of_a_device_shows_its_newest_values_and_what_it_stands_on(
    client: httpx.AsyncClient, known_city: Any, now: datetime, vitals_done: Any
) -> None:
    code = known_city.pole("110101")
    known_city.put("smart-pole", code, (now - timedelta(minutes=3), {"pm25": 35.2, "ev_state": 0}))
    await vitals_done()
    page = (await client.get(f"/c/{code}", headers={**PAGE, "Accept-Language": "en"})).text
    assert "35.2 µg/m³ <small>(3 min ago)</small>" in page
    assert ": idle <small>" in page
    mount = known_city.codes["demo:pole:110101-001"]
    shown = re.search(f'<a href="/c/{mount}">(.+?) · {parse_code(mount).printed}</a>', page)
    assert shown is not None


async def test_names_are_escaped_on_the_page(
    client: httpx.AsyncClient, known_city: Any, conn: Connection
) -> None:
    await conn.execute(
        "UPDATE registry.entity_version SET names = %s WHERE entity_key ="
        " (SELECT entity_key FROM registry.entity WHERE code = %s)",
        ['{"zh": "<script>alert(1)</script>"}', known_city.pole("110101")],
    )
    answer = await client.get(f"/c/{known_city.pole('110101')}", headers=PAGE)
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


async def test_an_unacceptable_wish_is_refused(client: httpx.AsyncClient, known_city: Any) -> None:
    headers = {"Accept": "image/png"}
    answer = await client.get(f"/c/{known_city.pole('110101')}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")


async def test_compact_qr_codes_resolve_under_the_capital_letter(
    client: httpx.AsyncClient, known_city: Any
) -> None:
    assert (await client.get(f"/C/{known_city.pole('110101')}")).status_code == 200


@pytest.mark.parametrize("form", ["lower", "printed", "spaced", "folded"])
async def test_another_form_leads_to_the_canonical_one(
    client: httpx.AsyncClient, form: str
) -> None:
    code = entity_code(Kind.COMPONENT, "100", 0)
    forms = {
        "lower": code.lower(),
        "printed": parse_code(code).printed,
        "spaced": f" {code[:4]} {code[4:]}",
        "folded": code.replace("1", "I").replace("0", "O"),
    }
    answer = await client.get(f"/c/{forms[form]}")
    assert (answer.status_code, answer.headers["location"]) == (308, f"/c/{code}")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("C7K3K4WT", "length", id="one character short"),
        pytest.param("K7K3K4WTB", "kind", id="no such kind"),
        pytest.param("C7K3K4WT!", "alphabet", id="a foreign character"),
        pytest.param("C7K3K4WTC", "check", id="a wrong check character"),
    ],
)
async def test_what_is_no_code_is_refused_by_the_rule_it_breaks(
    client: httpx.AsyncClient, text: str, rule: str
) -> None:
    answer = await client.get(f"/c/{text}")
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["rule"]) == (400, "bad-code", rule)


async def test_a_refusal_repeats_what_was_given(client: httpx.AsyncClient) -> None:
    told = (await client.get("/c/xyz")).json()["detail"]
    assert told.startswith("'xyz' is not a city code:")
    assert told.endswith("(read as 'XY2')")


async def test_a_browser_is_told_on_a_page_what_is_wrong(client: httpx.AsyncClient) -> None:
    answer = await client.get("/c/C7K3K4WTC", headers=PAGE)
    assert answer.status_code == 400
    assert "不是城市编码" in answer.text


@pytest.mark.parametrize("headers", [{}, PAGE], ids=["json", "page"])
async def test_a_code_that_names_nothing_is_not_found(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await client.get(f"/c/{FREE}", headers=headers)).status_code == 404


async def test_a_minted_code_names_nothing_yet(client: httpx.AsyncClient, conn: Connection) -> None:
    (code,) = await mint(conn, Kind.COMPONENT, 1)
    answer = await client.get(f"/c/{code}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unassigned")


@pytest.mark.parametrize("headers", [{}, PAGE], ids=["json", "page"])
async def test_a_retired_code_leaves_a_tombstone(
    client: httpx.AsyncClient, conn: Connection, known_city: Any, headers: dict[str, str]
) -> None:
    old, new = known_city.pole("110101", 1), known_city.pole("110101", 2)
    await entities.retire(conn, old, "hit by a lorry", successors=[new])
    answer = await client.get(f"/c/{old}", headers=headers)
    assert answer.status_code == 410
    assert "hit by a lorry" in answer.text
    assert new in answer.text
    if not headers:
        problem = answer.json()
        assert (problem["code"], problem["superseded_by"]) == ("gone", [new])
        assert problem["last_known"]["class"] == "smart-pole"
        assert answer.headers["link"] == f'</c/{new}>; rel="successor-version"'


async def test_a_retired_entity_is_still_told_as_it_was(
    client: httpx.AsyncClient, conn: Connection, known_city: Any
) -> None:
    code = known_city.pole("110101")
    before = (await client.get(f"/api/v1/entities/{code}")).json()["valid_from"]
    await entities.retire(conn, code, "gone")
    assert (await client.get(f"/api/v1/entities/{code}")).status_code == 410
    then = await client.get(f"/api/v1/entities/{code}", params={"at": before})
    assert (then.status_code, then.json()["state"]) == (200, "retired")


async def test_a_void_code_is_gone(client: httpx.AsyncClient, conn: Connection) -> None:
    (code,) = await mint(conn, Kind.COMPONENT, 1)
    await entities.void(conn, code, "misprinted")
    answer = await client.get(f"/c/{code}")
    assert (answer.status_code, answer.json()["state"]) == (410, "void")


async def test_a_shared_address_stays_good_whatever_was_appended_to_it(
    client: Any, known_city: Any
) -> None:
    answer = await client.get(f"/c/{known_city.pole('110101')}?utm_source=chat")
    assert answer.status_code == 200
