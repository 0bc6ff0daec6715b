"""The utility tunnel of the generated city: 12 km below the road to Tongzhou.

Four compartments side by side (gas, water, heat, power), each cut by fire doors into sections of
200 m; shafts between the sections; in every compartment a main or cable, in pieces of a kilometre
from valve to valve. A compartment's terminal carries what `simulators.tunnel_plan` reads.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from simulators.features import Feature, Relation, feature, joins, line, point, relation
from simulators.network_owners import GAS, HEAT, POWER, TUNNEL, WATER
from simulators.network_plan import Plan
from simulators.network_roads import Link, links
from simulators.plane import Path, at, beside, cut, length_km, metres, position_of, positions

ROUTE = "demo:tunnel:tongzhou"
SECTIONS = 60
SECTION_KM = 0.2
PIECE_SECTIONS = 5  # of a main between two valves

_ROADS = ("tongzhou", "tongzhou-outer")
_DEPTH_M = 8
_SHAFT_ZH, _SHAFT_EN = "生成管廊竖井", "Generated tunnel shaft"


class Medium(NamedTuple):
    """What one compartment carries.

    Attributes:
        key: as in attributes, ``compartment``.
        owner: key of the organisation whose main it is.
        right_km: where the compartment lies, from the tunnel's middle.
        width_m: of the compartment.
        design: of the main, for its attributes.
    """

    key: str
    zh: str
    en: str
    owner: str
    right_km: float
    width_m: float
    design: dict[str, Any]


MEDIA = (
    Medium("gas", "燃气", "gas", GAS, -0.006, 1.9, {"design_pressure_mpa": 0.4, "nominal_mm": 500}),
    Medium(
        "water",
        "给水",
        "water",
        WATER,
        -0.003,
        3.2,
        {"design_pressure_mpa": 1.0, "nominal_mm": 1000},
    ),
    Medium(
        "heat", "热力", "heat", HEAT, 0.001, 3.6, {"design_pressure_mpa": 1.6, "nominal_mm": 1000}
    ),
    Medium("power", "电力", "power", POWER, 0.005, 2.6, {"voltage_kv": 110, "circuits": 4}),
)


def tunnel_path(plan: Plan) -> Path:
    """The tunnel's middle, as long as its sections."""
    first, second = (plan.road(key).path for key in _ROADS)
    return cut(first + second[1:], 0.0, SECTIONS * SECTION_KM)


def piece_key(medium: Medium, piece: int) -> str:
    """The key of a main's piece, from 1."""
    return f"demo:main:{medium.key}-{piece:02d}"


def tunnel(plan: Plan, served: dict[str, list[str]]) -> Iterator[Feature]:
    """Route, shafts, compartments with their terminals, and mains.

    Args:
        plan: of the roads above.
        served: key of a main's piece → keys of the buildings it feeds.
    """
    path = tunnel_path(plan)
    yield _route(path)
    for number in range(SECTIONS + 1):
        yield _shaft(path, number)
    for medium in MEDIA:
        for section in range(1, SECTIONS + 1):
            yield from _compartment(path, medium, section)
        yield from _main(path, medium, served)


def above(plan: Plan) -> dict[str, list[Relation]]:
    """Key of a road's link → what it lies above: compartments whose middle is below it."""
    found: dict[str, list[Relation]] = {}
    begins_km = 0.0
    for key in _ROADS:
        road = plan.road(key)
        for link in (*links(road, "up"), *links(road, "down")):
            below = [
                relation("above", _compartment_key(medium, section))
                for medium in MEDIA
                for section in range(1, SECTIONS + 1)
                if _is_below(link, section, begins_km)
            ]
            if below:
                found[link.key] = below
        begins_km += length_km(road.path)
    return found


def _is_below(link: Link, section: int, begins_km: float) -> bool:
    middle_km = (section - 0.5) * SECTION_KM - begins_km
    return link.from_km <= middle_km < link.to_km


def _shaft_key(number: int) -> str:
    return f"demo:shaft:tongzhou-{number:02d}"


def _compartment_key(medium: Medium, section: int) -> str:
    return f"demo:compartment:{medium.key}-{section:02d}"


def _main_key(medium: Medium) -> str:
    return f"demo:main:{medium.key}"


def _route(path: Path) -> Feature:
    return feature(
        line(positions(path)),
        key=ROUTE,
        kind="R",
        class_="tunnel",
        zh="生成通州路综合管廊",
        en="Generated Tongzhou Road utility tunnel",
        owner=TUNNEL,
        relations=[relation("operatedBy", TUNNEL)],
        attributes={
            "length_m": round(metres(positions(path))),
            "sections": SECTIONS,
            "compartments": [medium.key for medium in MEDIA],
            "depth_m": _DEPTH_M,
        },
    )


def _shaft(path: Path, number: int) -> Feature:
    return feature(
        point(position_of(at(path, number * SECTION_KM))),
        key=_shaft_key(number),
        kind="J",
        class_="shaft",
        zh=f"{_SHAFT_ZH} {number:02d}",
        en=f"{_SHAFT_EN} {number:02d}",
        owner=TUNNEL,
        relations=[relation("partOf", ROUTE)],
        attributes={"chainage_m": round(number * SECTION_KM * 1000)},
    )


def _compartment(path: Path, medium: Medium, section: int) -> Iterator[Feature]:
    key = _compartment_key(medium, section)
    drawn = _beside(path, medium, section - 1, section)
    zh, en = f"{medium.zh}舱 {section:02d}", f"{medium.en.capitalize()} compartment {section:02d}"
    attributes = {
        "tunnel": ROUTE,
        "compartment": medium.key,
        "section": section,
        "length_m": round(SECTION_KM * 1000, 1),
        "width_m": medium.width_m,
        "height_m": 3.2,
    }
    yield feature(
        line(positions(drawn)),
        key=key,
        kind="L",
        class_="tunnel-segment",
        zh=f"生成{zh}",
        en=f"Generated {en}",
        owner=TUNNEL,
        relations=[
            *joins(_shaft_key(section - 1), _shaft_key(section)),
            relation("partOf", ROUTE),
            relation("operatedBy", TUNNEL),
        ],
        attributes=attributes,
    )
    yield feature(
        point(position_of(at(drawn, SECTION_KM / 2))),
        key=key.replace("demo:compartment:", "demo:tunnel-device:"),
        kind="D",
        class_="utility-tunnel",
        zh=f"生成{zh} 终端",
        en=f"Generated {en} terminal",
        mounted_on=key,
        profile="utility-tunnel",
        attributes=attributes | {"settlement_control_mm": 30},
    )


def _main(path: Path, medium: Medium, served: dict[str, list[str]]) -> Iterator[Feature]:
    is_cable = medium.key == "power"
    zh = f"生成{medium.zh}{'线路' if is_cable else '主管'}"
    en = f"Generated {medium.en} {'line' if is_cable else 'main'}"
    yield feature(
        line(positions(_beside(path, medium, 0, SECTIONS))),
        key=_main_key(medium),
        kind="R",
        class_="power-line" if is_cable else "pipeline",
        zh=zh,
        en=en,
        owner=medium.owner,
        relations=[relation("operatedBy", medium.owner)],
        attributes={"medium": medium.key} | medium.design,
    )
    pieces = SECTIONS // PIECE_SECTIONS
    for piece in range(1, pieces + 1):
        key = piece_key(medium, piece)
        onward = [piece_key(medium, piece + 1)] if piece < pieces else []
        yield _piece(
            path,
            medium,
            piece,
            f"{zh} {piece:02d}",
            f"{en} {piece:02d}",
            [*onward, *served.get(key, [])],
        )


def _piece(path: Path, medium: Medium, piece: int, zh: str, en: str, fed: Sequence[str]) -> Feature:
    first, last = (piece - 1) * PIECE_SECTIONS, piece * PIECE_SECTIONS
    compartments = [_compartment_key(medium, number) for number in range(first + 1, last + 1)]
    return feature(
        line(positions(_beside(path, medium, first, last))),
        key=piece_key(medium, piece),
        kind="L",
        class_="cable" if medium.key == "power" else "pipe",
        zh=zh,
        en=en,
        owner=medium.owner,
        relations=[
            *joins(_shaft_key(first), _shaft_key(last)),
            relation("partOf", _main_key(medium)),
            *(relation("locatedIn", each) for each in compartments),
            *(relation("feeds", each) for each in fed),
        ],
        attributes={"medium": medium.key} | medium.design,
    )


def _beside(path: Path, medium: Medium, first: int, last: int) -> Path:
    """The stretch of a compartment between two shafts."""
    return beside(cut(path, first * SECTION_KM, last * SECTION_KM), medium.right_km)
