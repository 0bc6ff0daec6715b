"""Evaluates the signs of roads, tunnels and meters: per link, route and area, in a few queries.

However many devices there are, each profile takes the same number of statements.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from city.catalogue import PROFILES
from store import across, latest
from store.latest import DeviceState
from vitals import networks, traffic, tunnel
from vitals.indicators import (
    ENERGY_DAY,
    ENERGY_HOUR,
    ENERGY_POWER,
    TRAFFIC_INDEX,
    TUNNEL_ENVIRONMENT,
    Indicator,
    level_of,
)
from vitals.networks import Group, Link, Networks, Terminal
from vitals.signs import Sign
from vitals.traffic import Assessed, LinkTraffic, Passed
from vitals.tunnel import Compartment, Measured, Together

ROAD, TUNNEL, METER = (PROFILES[n] for n in (networks.ROAD, networks.TUNNEL, networks.METER))
TRAFFIC_SPAN = timedelta(minutes=5)  # GB/T 33171: a segment's mean speed is of at most 5 minutes
MEMORY = timedelta(hours=24)
DAY_RENEWED = timedelta(minutes=5)
MINIMUM_COVERAGE = 0.75
LISTED = 60

_QUALITY_FAIL = 4
_DAY_AT = "SELECT max(ts) FROM vitals.sign_now WHERE indicator = %s"


async def evaluate(conn: AsyncConnection[Any], city: Networks, now: datetime) -> list[Sign]:
    """Return the signs of roads, tunnels and energy as of `now`."""
    found: list[Sign] = []
    if city.roads:
        found += await traffic_signs(conn, city, now)
    if city.compartments:
        found += await tunnel_signs(conn, city, now)
    if city.meters:
        found += await energy_signs(conn, city, now)
    return found


async def traffic_signs(conn: AsyncConnection[Any], city: Networks, now: datetime) -> list[Sign]:
    """Return the traffic index of every link, route and area that has detectors."""
    terminals = [terminal for link in city.roads for terminal in link.terminals]
    counted = await _counted(conn, [terminal.device_key for terminal in terminals], now)
    silent = [t.device_key for t in terminals if t.device_key not in counted]
    remembered = await _last_counted(conn, silent, now)
    seen = {link.entity_key: _link_traffic(link, counted, remembered) for link in city.roads}
    signs = [_link_sign(link, seen[link.entity_key], now) for link in city.roads]
    for group in (*city.road_routes, *city.road_areas):
        links = [seen[link.entity_key] for link in group.links]
        assessed = traffic.assess_network(links)
        detail = {"links": len(links), **_levels(links)}
        signs.append(_traffic_sign(group, assessed, detail, now))
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


def _link_sign(link: Link, seen: LinkTraffic, now: datetime) -> Sign:
    speed = None if link.free_kmh is None else traffic.mean_speed(seen.now, link.free_kmh)
    detail: dict[str, Any] = {
        "length_m": round(link.length_m),
        "free_flow": {"kmh": link.free_kmh, "basis": "declared"},
        "speed_kmh": None if speed is None else round(speed, 1),
        "flow_veh_h": round(sum(p.flow_veh_h for p in seen.now)),
        "inputs": [terminal.code for terminal in link.terminals][:LISTED],
    }
    return _traffic_sign(link, traffic.assess_link(seen), detail, now)


def _traffic_sign(
    of: Link | Group, found: Assessed, detail: Mapping[str, Any], now: datetime
) -> Sign:
    outcome = _Outcome(found.index, found.status, found.reason, found.coverage)
    return _sign(TRAFFIC_INDEX, of, outcome, detail, now)


def _levels(links: Iterable[LinkTraffic]) -> dict[str, Any]:
    """Share of the length in each level, in % of what is known (GB/T 33171: DP)."""
    by_level: dict[int, float] = {}
    for link in links:
        index = traffic.assess_link(link).index
        if index is not None:
            number = level_of(TRAFFIC_INDEX, index).number
            by_level[number] = by_level.get(number, 0.0) + link.length_m
    total = sum(by_level.values())
    shares = {str(number): round(100 * by_level[number] / total, 1) for number in sorted(by_level)}
    return {"length_pct_by_level": shares}


async def tunnel_signs(conn: AsyncConnection[Any], city: Networks, now: datetime) -> list[Sign]:
    """Return the environment of every compartment, tunnel and area with tunnels."""
    terminals = [terminal for link in city.compartments for terminal in link.terminals]
    states = await latest.latest_of(conn, [terminal.device_key for terminal in terminals])
    newest = await _newest_good(conn, states, now)
    by_link = {link.entity_key: _assess(link, states, newest, now) for link in city.compartments}
    signs = [
        _compartment_sign(link, by_link[link.entity_key], newest, now) for link in city.compartments
    ]
    for group in (*city.tunnel_routes, *city.tunnel_areas):
        found = tunnel.together([by_link[link.entity_key] for link in group.links])
        signs.append(_tunnel_sign(group, found, by_link, now))
    return signs


async def _newest_good(
    conn: AsyncConnection[Any], states: Mapping[int, DeviceState], now: datetime
) -> dict[int, dict[str, Measured]]:
    """Each rated metric's newest good value of a day, by device.

    Where the newest is flagged failed, the one before it speaks: it is looked for in the readings.
    """
    found: dict[int, dict[str, Measured]] = {key: {} for key in states}
    failed: dict[str, list[int]] = {}
    for key, state in states.items():
        for metric in tunnel.RATED:
            value = state.metrics.get(metric)
            if value is None or now - value.ts > MEMORY:
                continue
            if value.quality == _QUALITY_FAIL:
                failed.setdefault(metric, []).append(key)
            else:
                found[key][metric] = Measured(value.value, value.ts)
    for metric, devices in failed.items():
        rows = await across.newest_rows(
            conn, TUNNEL, (metric,), devices=devices, since=now - MEMORY, count=1
        )
        for row in rows:
            found[row.device_key][metric] = Measured(row.values[0], row.ts)
    return found


def _assess(
    link: Link,
    states: Mapping[int, DeviceState],
    newest: Mapping[int, Mapping[str, Measured]],
    now: datetime,
) -> Compartment:
    """A compartment with several terminals is as bad as the worst of them."""
    found = [_of_terminal(link, each, states, newest, now) for each in link.terminals]
    return found[0] if len(found) == 1 else max(found, key=_badness)


def _badness(of: Compartment) -> tuple[int, bool, bool]:
    return (
        of.level if of.level is not None and of.level > tunnel.NORMAL else 0,
        of.was_alarm,
        of.level is None,
    )


def _of_terminal(
    link: Link,
    terminal: Terminal,
    states: Mapping[int, DeviceState],
    newest: Mapping[int, Mapping[str, Measured]],
    now: datetime,
) -> Compartment:
    state = states.get(terminal.device_key)
    reported = () if state is None else state.metrics.keys()
    return tunnel.assess(
        networks.expected(terminal, reported),
        newest.get(terminal.device_key, {}),
        now=now,
        stale_after=timedelta(seconds=TUNNEL.stale_after_s),
        water_limit_m=terminal.water_limit_m or link.water_limit_m,
    )


def _compartment_sign(
    link: Link,
    found: Compartment,
    newest: Mapping[int, Mapping[str, Measured]],
    now: datetime,
) -> Sign:
    measured = {
        terminal.code: {
            metric: round(value.value, 3)
            for metric, value in newest.get(terminal.device_key, {}).items()
        }
        for terminal in link.terminals
    }
    outcome = _Outcome(found.level, found.status, found.reason, found.coverage)
    detail = {
        "worst": _worst(found),
        "tiers": dict(found.tiers),
        "missing": list(found.missing),
        "inputs": measured,
    }
    return _sign(TUNNEL_ENVIRONMENT, link, outcome, detail, now)


def _tunnel_sign(
    group: Group, found: Together, by_link: Mapping[int, Compartment], now: datetime
) -> Sign:
    counts: dict[str, int] = {}
    beyond = []
    for link in group.links:
        each = by_link[link.entity_key]
        state = each.status if each.level is None else str(each.level)
        counts[state] = counts.get(state, 0) + 1
        if each.level is not None and each.level > tunnel.NORMAL:
            beyond.append((each.level, {"entity": link.code, **(_worst(each) or {})}))
    beyond.sort(key=lambda pair: -pair[0])
    outcome = _Outcome(found.level, found.status, found.reason, found.coverage)
    detail = {
        "compartments": len(group.links),
        "counts": counts,
        "beyond": [each for _, each in beyond][:LISTED],
    }
    return _sign(TUNNEL_ENVIRONMENT, group, outcome, detail, now)


def _worst(found: Compartment) -> dict[str, Any] | None:
    worst = found.worst
    if worst is None:
        return None
    return {
        "metric": worst.metric,
        "value": round(worst.value, 3),
        "unit": TUNNEL.metric(worst.metric).unit,
        "tier": worst.tier,
        "life_safety": worst.tier == tunnel.DANGER and worst.metric in tunnel.LIFE_SAFETY,
    }


async def energy_signs(conn: AsyncConnection[Any], city: Networks, now: datetime) -> list[Sign]:
    """Return electric power, and use over an hour and a day, of every area with meters.

    The day's use is added up anew once in five minutes only: it reads a day of registers.
    """
    keys = [meter.device_key for meter in city.meters]
    stale_after = timedelta(seconds=METER.stale_after_s)
    power = {
        key: (value.value, value.ts)
        for key, state in (await latest.latest_of(conn, keys)).items()
        if (value := state.metrics.get("power_kw")) and value.quality != _QUALITY_FAIL
    }
    signs = _energy_signs(ENERGY_POWER, "power_kw", city, power, now)
    spans = [(ENERGY_HOUR, timedelta(hours=1))]
    if await _is_due(conn, now):
        spans.append((ENERGY_DAY, timedelta(days=1)))
    for indicator, span in spans:
        used = await across.over(
            conn,
            METER,
            "energy_kwh",
            devices=keys,
            start=now - span,
            end=now,
            look_back=stale_after,
        )
        known = {key: (value.value, value.newest_at) for key, value in used.items()}
        signs += _energy_signs(indicator, "energy_kwh", city, known, now)
    return signs


async def _is_due(conn: AsyncConnection[Any], now: datetime) -> bool:
    row = await (await conn.execute(_DAY_AT, [ENERGY_DAY.id])).fetchone()
    return row is None or row[0] is None or now - row[0] >= DAY_RENEWED


def _energy_signs(
    indicator: Indicator,
    metric: str,
    city: Networks,
    known: Mapping[int, tuple[float, datetime]],
    now: datetime,
) -> list[Sign]:
    stale_after = timedelta(seconds=METER.stale_after_s)
    signs = []
    for area in city.meter_areas:
        meters = [meter for meter in area.meters if meter.measures(metric)]
        keys = (meter.device_key for meter in meters)
        there = [known[k][0] for k in keys if k in known and now - known[k][1] <= stale_after]
        coverage = len(there) / len(meters) if meters else 0.0
        status, reason = _energy_status(len(meters), coverage)
        value = round(sum(there), 2) if status == "ok" else None
        detail = {"meters": len(meters), "reporting": len(there)}
        outcome = _Outcome(value, status, reason, coverage)
        signs.append(_sign(indicator, area, outcome, detail, now))
    return signs


def _energy_status(meters: int, coverage: float) -> tuple[str, str | None]:
    if meters == 0:
        return "not-monitored", "no-devices"
    if coverage == 0:
        return "stale", "no-data"
    return ("ok", None) if coverage >= MINIMUM_COVERAGE else ("na", "coverage")


class _Outcome(NamedTuple):
    """What a sign says, whatever of."""

    value: float | None
    status: str
    reason: str | None
    coverage: float


def _sign(
    indicator: Indicator,
    of: Link | Group,
    found: _Outcome,
    detail: Mapping[str, Any],
    now: datetime,
) -> Sign:
    level = None if found.value is None else level_of(indicator, found.value).number
    return Sign(
        entity_key=of.entity_key,
        entity=of.code,
        indicator=indicator.id,
        ts=now,
        level=level,
        norm=indicator.norm,
        detail=detail,
        **found._asdict(),
    )
