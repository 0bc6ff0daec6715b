"""Evaluates the environment of utility tunnels: per compartment, tunnel and area.

However many terminals there are, it takes the same number of statements.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from city.catalogue import PROFILES
from store import across, latest
from store.latest import DeviceState
from vitals import networks, tunnel
from vitals.follow import FAILED
from vitals.indicators import TUNNEL_ENVIRONMENT
from vitals.networks import Group, Link, Networks, Terminal
from vitals.outcome import LISTED, Outcome, sign_of
from vitals.signs import Sign
from vitals.tunnel import Compartment, Measured, Together

TUNNEL = PROFILES[networks.TUNNEL]
MEMORY = timedelta(hours=24)


async def tunnel_signs(conn: AsyncConnection[Any], city: Networks, now: datetime) -> list[Sign]:
    """Return the environment of every compartment, tunnel and area with tunnels."""
    if not city.compartments:
        return []
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
            if value.quality == FAILED:
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
    outcome = Outcome(found.level, found.status, found.reason, found.coverage)
    detail = {
        "worst": _worst(found),
        "tiers": dict(found.tiers),
        "missing": list(found.missing),
        "inputs": measured,
    }
    return sign_of(TUNNEL_ENVIRONMENT, link, outcome, detail, now)


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
    outcome = Outcome(found.level, found.status, found.reason, found.coverage)
    detail = {
        "compartments": len(group.links),
        "counts": counts,
        "beyond": [each for _, each in beyond][:LISTED],
    }
    return sign_of(TUNNEL_ENVIRONMENT, group, outcome, detail, now)


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
