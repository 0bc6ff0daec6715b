"""Everything generated beside the poles: communities, organisations, roads, a tunnel, buildings.

In: the districts and the seed. Out: features for the city file, each after what it lies in. Keys
are the same for every seed; places and what things are like follow the seed.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shapely import Point
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from simulators.chance import Dice
from simulators.features import Feature, feature
from simulators.network_buildings import Neighbourhood, buildings
from simulators.network_owners import organisations
from simulators.network_plan import Plan
from simulators.network_roads import roads
from simulators.network_tunnel import above, tunnel
from simulators.placement import sub_districts
from simulators.plane import place_of

COMMUNITIES = 3  # in each sub-district


class District(NamedTuple):
    """A district, and how it is filled.

    Attributes:
        code: GB/T 2260.
        centre: its town, WGS 84.
        outline: WGS 84, as the importer makes it from the feature.
        spread_km: how widely the town spreads.
        share: how much of the city is here, relative to the others: so many poles.
    """

    code: str
    zh: str
    en: str
    centre: Point
    outline: BaseGeometry
    spread_km: float
    share: int


def network(districts: Sequence[District], seed: int) -> Iterator[Feature]:
    """Organisations first, then roads, buildings, and the tunnel that feeds them."""
    towns = {each.code: place_of(each.centre.x, each.centre.y) for each in districts}
    plan = Plan(towns, seed)
    yield from organisations()
    lies_above = above(plan)
    for road in roads(plan, seed):
        properties = road["properties"]
        properties.get("relations", []).extend(lies_above.get(properties["key"], ()))
        yield _settled(road, districts)
    neighbourhoods = [
        Neighbourhood(
            each.code, each.zh, each.en, each.outline, towns[each.code], each.spread_km, each.share
        )
        for each in districts
    ]
    built, fed = buildings(neighbourhoods, plan, seed)
    yield from built
    yield from tunnel(plan, fed)


def _settled(road: Feature, districts: Sequence[District]) -> Feature:
    """Say the district of what lies in none: generalised borders leave gaps between them."""
    place = shape(road["geometry"]).representative_point()
    if not any(each.outline.covers(place) for each in districts):
        nearest = min(districts, key=lambda each: each.outline.distance(place))
        road["properties"]["area"] = f"demo:district:{nearest.code}"
    return road


def communities(
    sub_district: BaseGeometry, key: str, zh: str, en: str, seed: int
) -> Iterator[Feature]:
    """The communities that tile a sub-district."""
    dice = Dice(seed, "communities", key)
    for number, part in enumerate(sub_districts(sub_district, COMMUNITIES, dice), start=1):
        yield feature(
            mapping(part),
            key=f"demo:community:{key}-{number}",
            kind="A",
            class_="community",
            zh=f"{zh}生成社区 {number}",
            en=f"{en}, generated community {number}",
            area=f"demo:sub-district:{key}",
        )
