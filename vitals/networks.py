"""Which terminals stand on which link, and which routes and areas the links belong to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import AsyncConnection

from vitals import areas, tunnel
from vitals.attributes import fitted, positive

ROAD, TUNNEL, METER = "road", "utility-tunnel", "energy-meter"

# Index: relation_of_subject, for what holds now.
_DEVICES = """
SELECT d.device_key, d.code, d.profile, d.attributes, d.area_key,
    link.entity_key, link.code, link.attributes, link.area_key,
    CASE WHEN link.kind = 'L' THEN ST_Length(link.geometry::geography) END
FROM devices.device_now d
LEFT JOIN registry.entity_now link
    ON link.entity_key = d.mounted_on_key
    AND link.kind = 'L'
WHERE d.profile = ANY(%s)
ORDER BY d.code
"""
_ROUTES = """
SELECT r.subject_key, r.object_key, r.object_code
FROM registry.relation_now r
JOIN registry.entity_now route
    ON route.entity_key = r.object_key
    AND route.kind = 'R'
WHERE r.predicate = 'partOf'
  AND r.subject_key = ANY(%s)
"""
_ALWAYS = frozenset({"city", "district"})


@dataclass(frozen=True, slots=True)
class Terminal:
    """A device on a network, or a building's meter.

    Attributes:
        fitted: the metrics it says it has; None: it does not say.
    """

    device_key: int
    code: str
    area_key: int | None
    fitted: frozenset[str] | None
    water_limit_m: float | None = None

    def measures(self, metric: str) -> bool:
        """Whether it says that it measures this, or does not say."""
        return self.fitted is None or metric in self.fitted


@dataclass(slots=True)
class Link:
    """A road's segment or a tunnel's compartment, with its terminals.

    Attributes:
        length_m: as its attributes say, else along its geometry.
        free_kmh: free-flow speed its attributes declare, else their speed limit.
    """

    entity_key: int
    code: str
    area_key: int | None
    length_m: float
    free_kmh: float | None
    water_limit_m: float | None
    terminals: list[Terminal] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """A route or an area, and the links in it; of an area also the meters."""

    entity_key: int
    code: str
    links: list[Link] = field(default_factory=list)
    meters: list[Terminal] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Networks:
    """The links that terminals stand on, by what they are, and what they belong to.

    Attributes:
        areas: every city and district, and any other area that has links or meters.
    """

    roads: tuple[Link, ...]
    compartments: tuple[Link, ...]
    road_routes: tuple[Group, ...]
    tunnel_routes: tuple[Group, ...]
    road_areas: tuple[Group, ...]
    tunnel_areas: tuple[Group, ...]
    meter_areas: tuple[Group, ...]
    meters: tuple[Terminal, ...]


async def load(conn: AsyncConnection[Any]) -> Networks:
    """Return the networks as they are registered now."""
    rows = await (await conn.execute(_DEVICES, [[ROAD, TUNNEL, METER]])).fetchall()
    roads, compartments = _links(rows, ROAD), _links(rows, TUNNEL)
    meters = tuple(_terminal(row) for row in rows if row[2] == METER)
    above = await areas.nesting(conn)
    bound = await areas.bound(conn)
    return Networks(
        roads=roads,
        compartments=compartments,
        road_routes=await _routes(conn, roads),
        tunnel_routes=await _routes(conn, compartments),
        road_areas=_areas(bound, above, roads, ()),
        tunnel_areas=_areas(bound, above, compartments, ()),
        meter_areas=_areas(bound, above, (), meters),
        meters=meters,
    )


def _links(rows: Iterable[tuple[Any, ...]], profile: str) -> tuple[Link, ...]:
    links: dict[int, Link] = {}
    for row in rows:
        if row[2] != profile or row[5] is None:
            continue
        key, code, attributes, area_key, drawn_m = row[5:]
        if key not in links:
            links[key] = Link(
                key,
                code,
                area_key,
                positive(attributes.get("length_m")) or drawn_m or 0.0,
                positive(attributes.get("free_speed_kmh"))
                or positive(attributes.get("speed_limit_kmh")),
                positive(attributes.get("water_level_limit_m")),
            )
        links[key].terminals.append(_terminal(row))
    return tuple(links.values())


def _terminal(row: tuple[Any, ...]) -> Terminal:
    device_key, code, profile, attributes, area_key = row[:5]
    limit = positive(attributes.get("water_level_limit_m")) if profile == TUNNEL else None
    return Terminal(device_key, code, area_key, fitted(attributes.get("fitted")), limit)


def expected(terminal: Terminal, reported: Iterable[str]) -> set[str]:
    """Return what a compartment's terminal should measure: what it says, else what it ever sent."""
    if terminal.fitted is not None:
        return set(terminal.fitted)
    return {*reported, *tunnel.REQUIRED}


async def _routes(conn: AsyncConnection[Any], links: Iterable[Link]) -> tuple[Group, ...]:
    by_key = {link.entity_key: link for link in links}
    groups: dict[int, Group] = {}
    cursor = await conn.execute(_ROUTES, [list(by_key)])
    for link_key, route_key, route_code in await cursor.fetchall():
        group = groups.setdefault(route_key, Group(route_key, route_code))
        group.links.append(by_key[link_key])
    return tuple(groups.values())


def _areas(
    bound: Iterable[tuple[int, str, str]],
    above: Mapping[int, list[int]],
    links: Iterable[Link],
    meters: Iterable[Terminal],
) -> tuple[Group, ...]:
    known = {key: (Group(key, code), class_) for key, code, class_ in bound}
    for link in links:
        for key in above.get(link.area_key or 0, ()):
            known[key][0].links.append(link)
    for meter in meters:
        for key in above.get(meter.area_key or 0, ()):
            known[key][0].meters.append(meter)
    return tuple(
        group
        for group, class_ in known.values()
        if group.links or group.meters or class_ in _ALWAYS
    )
