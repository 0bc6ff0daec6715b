"""Evaluates the traffic index of roads: per link, route and area, in a few queries.

However many detectors there are, it takes the same number of statements.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from city.catalogue import PROFILES
from store import across
from vitals import networks, traffic
from vitals.indicators import TRAFFIC_INDEX, level_of
from vitals.networks import Group, Link, Networks
from vitals.outcome import LISTED, Outcome, sign_of
from vitals.signs import Sign
from vitals.traffic import Assessed, LinkTraffic, Passed

ROAD = PROFILES[networks.ROAD]
TRAFFIC_SPAN = timedelta(minutes=5)  # GB/T 33171: a segment's mean speed is of at most 5 minutes
MEMORY = timedelta(hours=24)


async def traffic_signs(conn: AsyncConnection[Any], city: Networks, now: datetime) -> list[Sign]:
    """Return the traffic index of every link, route and area that has detectors."""
    if not city.roads:
        return []
    terminals = [terminal for link in city.roads for terminal in link.terminals]
    counted = await _counted(conn, [terminal.device_key for terminal in terminals], now)
    silent = [t.device_key for t in terminals if t.device_key not in counted]
    remembered = await _last_counted(conn, silent, now)
    seen = {link.entity_key: _link_traffic(link, counted, remembered) for link in city.roads}
    assessed = {key: traffic.assess_link(link) for key, link in seen.items()}
    signs = [
        _link_sign(link, seen[link.entity_key], assessed[link.entity_key], now)
        for link in city.roads
    ]
    for group in (*city.road_routes, *city.road_areas):
        together = traffic.assess_network([seen[link.entity_key] for link in group.links])
        detail = {
            "links": len(group.links),
            "length_pct_by_level": _length_pct_by_level(group.links, assessed),
        }
        signs.append(_traffic_sign(group, together, detail, now))
    return signs


async def _counted(
    conn: AsyncConnection[Any], devices: Sequence[int], now: datetime
) -> dict[int, Passed]:
    values = {
        metric: await across.over(
            conn, ROAD, metric, devices=devices, start=now - TRAFFIC_SPAN, end=now
        )
        for metric in ("flow_veh_h", "speed_kmh", "occupancy_pct")
    }
    speeds, occupancies = values["speed_kmh"], values["occupancy_pct"]
    return {
        key: Passed(
            flow.value,
            speeds[key].value if key in speeds else None,
            occupancies[key].value if key in occupancies else None,
        )
        for key, flow in values["flow_veh_h"].items()
    }


async def _last_counted(
    conn: AsyncConnection[Any], devices: Sequence[int], now: datetime
) -> dict[int, Passed]:
    """The last of a day that silent detectors counted; one that stood in a queue gave no speed."""
    newest: dict[int, tuple[datetime, Passed]] = {}
    for metrics in (("flow_veh_h", "speed_kmh"), ("flow_veh_h", "occupancy_pct")):
        rows = await across.newest_rows(
            conn, ROAD, metrics, devices=devices, since=now - MEMORY, count=1
        )
        for row in rows:
            flow, other = row.values
            is_speed = metrics[1] == "speed_kmh"
            passed = Passed(flow, other) if is_speed else Passed(flow, None, other)
            if row.device_key not in newest or row.ts > newest[row.device_key][0]:
                newest[row.device_key] = (row.ts, passed)
    return {key: passed for key, (_, passed) in newest.items()}


def _link_traffic(
    link: Link, counted: Mapping[int, Passed], remembered: Mapping[int, Passed]
) -> LinkTraffic:
    keys = [t.device_key for t in link.terminals if t.measures("flow_veh_h")]
    return LinkTraffic(
        length_m=link.length_m,
        free_kmh=link.free_kmh,
        now=[counted[key] for key in keys if key in counted],
        silent=[remembered[key] for key in keys if key in remembered],
        detectors=len(keys),
    )


def _link_sign(link: Link, seen: LinkTraffic, found: Assessed, now: datetime) -> Sign:
    speed = None if link.free_kmh is None else traffic.mean_speed(seen.now, link.free_kmh)
    detail: dict[str, Any] = {
        "length_m": round(link.length_m),
        "free_flow": {"kmh": link.free_kmh, "basis": "declared"},
        "speed_kmh": None if speed is None else round(speed, 1),
        "flow_veh_h": round(sum(p.flow_veh_h for p in seen.now)),
        "inputs": [terminal.code for terminal in link.terminals][:LISTED],
    }
    return _traffic_sign(link, found, detail, now)


def _traffic_sign(
    of: Link | Group, found: Assessed, detail: Mapping[str, Any], now: datetime
) -> Sign:
    outcome = Outcome(found.index, found.status, found.reason, found.coverage)
    return sign_of(TRAFFIC_INDEX, of, outcome, detail, now)


def _length_pct_by_level(
    links: Iterable[Link], assessed: Mapping[int, Assessed]
) -> dict[str, float]:
    """Share of the length in each level, in % of what is known (GB/T 33171: DP)."""
    by_level: dict[int, float] = {}
    for link in links:
        index = assessed[link.entity_key].index
        if index is not None:
            number = level_of(TRAFFIC_INDEX, index).number
            by_level[number] = by_level.get(number, 0.0) + link.length_m
    total = sum(by_level.values())
    return {str(number): round(100 * by_level[number] / total, 1) for number in sorted(by_level)}
