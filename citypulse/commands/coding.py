"""``citypulse code``: city codes by hand."""

import asyncio
import json

import click

from city.codes import Code, Kind, from_keypad, normalise
from citypulse.commands.context import with_settings
from citypulse.settings import Settings
from citypulse.stack.local import running_database
from registry.minting import mint as mint_codes
from store.pool import open_pool


@click.group()
def code() -> None:
    """Check, mint and convert city codes."""


@code.command()
@click.argument("texts", nargs=-1, required=True, metavar="CODE…")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def check(texts: tuple[str, ...], as_json: bool) -> None:
    """Say whether each CODE is well formed, and what it says; needs no database.

    Written with hyphens, blanks or in lower case is fine. A wrong one ends with status 1 and the
    rule it breaks.
    """
    for text in texts:
        found = normalise(text)
        _show(found.code, as_json, note=" (letters read as those they resemble)" * found.folded)


@code.command()
@click.argument("digits")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def keypad(digits: str, as_json: bool) -> None:
    """Turn a 14-digit keypad number into its code, or a code into its keypad number."""
    text = digits.replace(" ", "").replace("-", "")
    _show(from_keypad(text) if text.isdigit() else normalise(digits).code, as_json)


@code.command()
@click.argument("kind", type=click.Choice([kind.value for kind in Kind], case_sensitive=False))
@click.option(
    "-n",
    "--count",
    type=click.IntRange(1, 100_000),
    default=1,
    show_default=True,
    help="How many.",
)
@with_settings
def mint(settings: Settings, kind: str, count: int) -> None:
    """Issue new codes of a KIND (A area, C component, D device, …); they name nothing yet."""
    url = running_database(settings.state, database=settings.database)
    for issued in asyncio.run(_mint(url, Kind(kind), count)):
        click.echo(issued)


async def _mint(url: str, kind: Kind, count: int) -> list[str]:
    async with open_pool(url, application_name="citypulse code") as pool, pool.connection() as conn:
        return await mint_codes(conn, kind, count)


def _show(found: Code, as_json: bool, note: str = "") -> None:
    twin = found.keypad if found.kind in _ENTITIES else None
    if as_json:
        facts = {"code": found.text, "printed": found.printed, "kind": found.kind, "keypad": twin}
        click.echo(json.dumps(facts))
    else:
        keypad_part = f"  keypad {twin}" if twin else ""
        kind = found.kind.name.lower()
        click.echo(f"{found.text}  {found.printed}  {kind}{keypad_part}{note}")


_ENTITIES = set(Kind) - {Kind.EVENT, Kind.PERSON}
