"""Which form of an answer a client prefers: Accept and Accept-Language (RFC 9110, 12.4-12.5)."""

from collections.abc import Sequence

from api.errors import NotAcceptable

LANGUAGES = ("zh", "en")
MAX_HEADER = 1000


def _weighted(header: str) -> list[tuple[str, float]]:
    """Return a header's choices with their weights, most wanted first; malformed ones are left."""
    choices = []
    for part in header[:MAX_HEADER].split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            weight = float(quality)
        except ValueError:
            continue
        if name and 0 <= weight <= 1:
            choices.append((name, weight))
    return sorted(choices, key=lambda choice: -choice[1])


def media_type(accept: str | None, offered: Sequence[str]) -> str:
    """Return the type of `offered` that the client wants most; the first where it has no wish.

    Raises:
        NotAcceptable: it accepts none.
    """
    if not accept or not accept.strip():
        return offered[0]
    choices = _weighted(accept)
    ranked = sorted(offered, key=lambda type_: -_quality(type_, choices))
    if _quality(ranked[0], choices) <= 0:
        raise NotAcceptable(accept, tuple(offered))
    return ranked[0]


def _quality(type_: str, choices: Sequence[tuple[str, float]]) -> float:
    # The most special range that fits decides, whatever weight others have.
    main = type_.partition("/")[0]
    for pattern in (type_, f"{main}/*", "*/*"):
        for name, weight in choices:
            if name == pattern:
                return weight
    return 0.0


def language(accept_language: str | None) -> str:
    """Return "zh" or "en": the one wanted most; Chinese where neither is named."""
    for name, weight in _weighted(accept_language or ""):
        primary = name.partition("-")[0]
        if weight > 0 and primary in LANGUAGES:
            return primary
    return LANGUAGES[0]
