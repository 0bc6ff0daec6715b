"""The shapes of answers, for the OpenAPI document; what goes out is encoded without them.

A test holds real answers against these models, so that the document can't drift from the wire.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema


class Shape(BaseModel):
    """An answer without members that are not described here."""

    model_config = ConfigDict(extra="forbid")


class Names(Shape):
    """A text in both languages."""

    zh: str | None = None
    en: str | None = None


class Link(Shape):
    """A link; `next` leads to the next page."""

    rel: str
    href: str


class Problem(BaseModel):
    """An error, RFC 9457; `code` is its stable name."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:citypulse:problem:bad-parameter"])
    title: str
    status: int
    code: str
    detail: str
    instance: str
    field: str | None = None
    rule: str | None = None


class Geometry(BaseModel):
    """A GeoJSON geometry in WGS 84, longitude before latitude."""

    type: str
    coordinates: Any


class AreaProperties(Shape):
    """An area; `area` is its parent."""

    code: str
    kind: Literal["A"]
    class_: str = Field(alias="class")
    name: Names
    area: str | None
    aliases: dict[str, str]
    counts: dict[str, int]
    attributes: dict[str, Any]


class AreaFeature(Shape):
    """An area as a GeoJSON feature; `id` is its code."""

    type: Literal["Feature"]
    id: str
    geometry: Geometry | None
    properties: AreaProperties


class AreaCollection(Shape):
    """Areas by code."""

    type: Literal["FeatureCollection"]
    features: list[AreaFeature]
    links: list[Link]


class BriefSign(Shape):
    """A current sign of the entity it stands with, without what it rests on."""

    indicator: str
    ts: datetime
    value: float | None
    status: Literal["ok", "na", "stale", "not-monitored"]
    level: int | None
    label: Names
    colour: str
    coverage: float
    reason: str | None


class EntityProperties(Shape):
    """An entity; `area` is the smallest area it lies in, `devices` are mounted on it.

    `signs` are there with `include=signs` only.
    """

    code: str
    kind: str
    class_: str = Field(alias="class")
    name: Names
    area: str | None
    district: str | None
    attributes: dict[str, Any]
    devices: list[str]
    signs: list[BriefSign] | None = None


class EntityFeature(Shape):
    """An entity as a GeoJSON feature; `id` is its code."""

    type: Literal["Feature"]
    id: str
    geometry: Geometry | None
    properties: EntityProperties


class EntityCollection(Shape):
    """Entities by code."""

    type: Literal["FeatureCollection"]
    features: list[EntityFeature]
    links: list[Link]


class AreaAround(Shape):
    """An area that something lies in."""

    code: str
    class_: str = Field(alias="class")
    name: Names


class Relation(Shape):
    """One relation; `inverse`: the other is the subject. `position` is from or to, of connects."""

    predicate: str
    inverse: bool
    position: str | None
    code: str
    class_: str | None = Field(alias="class")
    name: Names | None
    valid_from: datetime
    valid_to: datetime | None


class Description(Shape):
    """What a code names, now or at the time asked for."""

    code: str
    printed: str
    keypad: str | None
    kind: str
    state: str
    class_: str | None = Field(alias="class")
    name: Names
    geometry: Geometry | None
    area: str | None
    areas: list[AreaAround]
    owner: str | None
    mounted_on: str | None
    devices: list[str]
    attributes: dict[str, Any]
    aliases: dict[str, str]
    source_frame: str | None
    valid_from: datetime | None
    valid_to: datetime | None
    uri: str


class RelatedDescription(Description):
    """A description with relations; `relations_complete` is false where there are more."""

    relations: list[Relation]
    relations_complete: bool


class LatestValue(Shape):
    """A metric's newest value."""

    value: float
    unit: str | None = None
    ts: datetime
    quality: Literal["good", "suspect", "fail"]


class LatestSummary(Shape):
    """A device's newest values."""

    ts: datetime
    age_s: float
    metrics: dict[str, LatestValue]


class Device(Shape):
    """A device in service; `district` and `area` are codes of areas it lies in."""

    code: str
    profile: str
    name: Names
    district: str | None
    area: str | None
    mounted_on: str | None
    lon: float | None
    lat: float | None
    latest: LatestSummary | None


class DeviceDetail(Device):
    """A device with its attributes."""

    attributes: dict[str, Any]


class DevicePage(Shape):
    """Devices by code."""

    items: list[Device]
    links: list[Link]


class Latest(Shape):
    """A device's newest values with units; stale after three nominal intervals."""

    code: str
    profile: str
    ts: datetime | None
    age_s: float | None
    stale: bool
    metrics: dict[str, LatestValue]


class Point(Shape):
    """A reading, or a bucket of `count` readings."""

    ts: datetime
    value: float
    min: float
    max: float
    count: int


class Telemetry(Shape):
    """A metric over [from, to); without readings there is no point."""

    code: str
    metric: str
    unit: str
    aggregation: str
    from_: datetime = Field(alias="from")
    to: datetime
    bucket_s: int | None
    complete: bool
    points: list[Point]


class AqiHour(Shape):
    """One hour's real-time index."""

    ts: datetime
    aqi: int | None
    level: int | None
    primary: list[str]
    iaqi: dict[str, int]
    missing: list[str]
    status: Literal["ok", "na"]


class AqiSeries(Shape):
    """Hourly indices; `norm` is the edition asked for, or "by-date"."""

    code: str
    norm: Literal["2012", "2026", "by-date"]
    basis: Literal["reference", "indicative"]
    items: list[AqiHour]


class Sign(Shape):
    """One indicator of one thing; `area` is null where that is no area."""

    entity: str
    area: str | None
    indicator: str
    ts: datetime
    value: float | None
    status: Literal["ok", "na", "stale", "not-monitored"]
    level: int | None
    label: Names
    colour: str
    coverage: float
    norm: str
    reason: str | None
    detail: dict[str, Any]


class SignList(Shape):
    """Signs."""

    items: list[Sign]
    links: list[Link] = []


class Metric(Shape):
    """A measured quantity of a profile."""

    name: str
    names: Names
    unit: str
    low: float
    high: float
    resolution: float
    aggregation: str
    weight: str | None
    rolls_over_at: float | None
    suspect_low: float | None
    suspect_high: float | None
    states: dict[str, Names]
    source: str
    grade: str


class Profile(Shape):
    """A kind of terminal."""

    name: str
    names: Names
    interval_s: int
    stale_after_s: int
    metrics: list[Metric]


class ProfileList(Shape):
    """The catalogue of profiles."""

    items: list[Profile]


class IndicatorLevel(Shape):
    """A class of an indicator; `level` 1 is best."""

    level: int
    label: Names
    colour: str
    low: float
    high: float
    is_alarm: bool


class Indicator(Shape):
    """A vital sign: norm, levels and rules; `engineering` are rules that are our own choice."""

    indicator: str
    names: Names
    unit: str
    norm: str
    clause: str
    levels: list[IndicatorLevel]
    validity: Names
    engineering: list[Names]


class IndicatorList(Shape):
    """The indicators, and what statuses and reasons of signs mean."""

    items: list[Indicator]
    statuses: dict[str, Names]
    reasons: dict[str, Names]


class Health(BaseModel):
    """Whether the parts work; `degraded` when one does not, 503 when it is the database."""

    status: Literal["ok", "degraded"]
    checks: dict[str, dict[str, Any]]


def schemas() -> dict[str, Any]:
    """Return the JSON Schemas of all answers, by name, as OpenAPI components."""
    shapes: list[type[BaseModel]] = [*_described(Shape), Problem, Geometry, Health]
    _, document = models_json_schema(
        [(shape, "serialization") for shape in shapes],
        ref_template="#/components/schemas/{model}",
    )
    found: dict[str, Any] = document["$defs"]
    return found


def _described(base: type[BaseModel]) -> list[type[BaseModel]]:
    return [each for sub in base.__subclasses__() for each in (sub, *_described(sub))]
