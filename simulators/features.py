"""Features of a generated city file, and the words its relations are said with."""

from collections.abc import Mapping, Sequence
from typing import Any

Feature = dict[str, Any]
Relation = dict[str, str]


def feature(
    geometry: Mapping[str, Any] | None,
    *,
    key: str,
    kind: str,
    class_: str,
    zh: str,
    en: str,
    attributes: Mapping[str, Any] | None = None,
    **more: Any,
) -> Feature:
    """One feature; all that is made with this is generated, and says so in its attributes."""
    return {
        "type": "Feature",
        "geometry": geometry,
        "properties": {
            "key": key,
            "kind": kind,
            "class": class_,
            "name": {"zh": zh, "en": en},
            **more,
            "attributes": {"generated": True, **(attributes or {})},
        },
    }


def relation(type_: str, to: str, position: str | None = None) -> Relation:
    """One entry of a feature's ``relations``."""
    stated = {"type": type_, "to": to}
    return stated if position is None else stated | {"position": position}


def joins(start: str, end: str) -> list[Relation]:
    """That a link comes from one junction and leads to another."""
    return [relation("connects", start, "from"), relation("connects", end, "to")]


def point(position: tuple[float, float]) -> dict[str, Any]:
    """A GeoJSON point."""
    return {"type": "Point", "coordinates": list(position)}


def line(positions: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """A GeoJSON line."""
    return {"type": "LineString", "coordinates": [list(position) for position in positions]}
