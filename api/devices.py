"""Devices: lists with newest values, one device, its telemetry and its air quality index."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import AsyncConnection

from api import device_reads, models, paging, parameters
from api.context import App, Database
from api.device_reads import DeviceRow
from api.documents import answers
from api.errors import BadParameter
from api.parameters import From, To
from api.replies import live
from city import catalogue
from city.codes import Kind
from city.profiles import Metric, Storage
from store import series
from store.series import Series
from vitals import device_air, hours
from vitals.aqi import Aqi, Norm

router = APIRouter(prefix="/api/v1/devices", tags=["devices"])

LONGEST_SERIES = timedelta(days=3660)
LONGEST_AQI = timedelta(days=366)

DeviceCode = Annotated[
    str, Path(description="The device's city code, kind D.", examples=["D7K3K4WTH"])
]
_LATEST = {"pm25": {"value": 35.2, "ts": "2026-11-23T08:15:42Z", "quality": "good"}}
_ITEM: dict[str, Any] = {
    "code": "D7K3K4WTH",
    "profile": "smart-pole",
    "name": {"zh": "东城灯杆 001", "en": "Dongcheng pole 001"},
    "district": "A0000HGF4",
    "area": "A0008N0CM",
    "mounted_on": "C7K3K4WTB",
    "lon": 116.4074,
    "lat": 39.9042,
    "latest": {"ts": "2026-11-23T08:15:42Z", "age_s": 3.1, "metrics": _LATEST},
}


@router.get(
    "",
    summary="Devices with their newest values",
    responses=answers(
        models.DevicePage,
        {
            "items": [_ITEM],
            "links": [{"rel": "next", "href": "/api/v1/devices?limit=1&cursor=RDdLM0s0V1RI"}],
        },
        400,
    ),
)
async def devices(
    request: Request,
    app: App,
    conn: Database,
    portion: paging.Portion,
    area: Annotated[str | None, Query(description="In this area, at any depth.")] = None,
    profile: Annotated[str | None, Query(description="Of this profile.")] = None,
    on: Annotated[
        str | None, Query(description="Mounted on this: a pole, a link, a compartment, a building.")
    ] = None,
) -> Response:
    """List devices in service by code, with every metric's newest value."""
    rows = await device_reads.page(
        conn,
        area=None if area is None else parameters.code("area", area, Kind.AREA),
        profile_name=None if profile is None else parameters.profile_name(profile),
        mounted_on=None if on is None else parameters.code("on", on),
        after="" if portion.after is None else parameters.code("cursor", portion.after),
        limit=portion.limit + 1,
    )
    states = await device_reads.states(conn, rows)
    now = app.clock()
    items = [
        device_reads.item(row, states.get(row.device_key), now) for row in rows[: portion.limit]
    ]
    last = rows[portion.limit - 1].code if len(rows) > portion.limit else None
    return live({"items": items, "links": paging.links(request, last)})


@router.get(
    "/{code}",
    summary="One device",
    responses=answers(
        models.DeviceDetail, {**_ITEM, "attributes": {"lamp_rated_w": 120}}, 400, 404
    ),
)
async def device(code: DeviceCode, app: App, conn: Database) -> Response:
    """Describe a device: where it is, what it stands on, its attributes and newest values."""
    row = await _row(conn, code)
    states = await device_reads.states(conn, [row])
    item = device_reads.item(row, states.get(row.device_key), app.clock())
    return live({**item, "attributes": row.attributes})


@router.get(
    "/{code}/latest",
    summary="A device's newest values",
    responses=answers(
        models.Latest,
        {
            "code": "D7K3K4WTH",
            "profile": "smart-pole",
            "ts": "2026-11-23T08:15:42Z",
            "age_s": 3.1,
            "stale": False,
            "metrics": {"pm25": {**_LATEST["pm25"], "unit": "ug/m3"}},
        },
        400,
        404,
    ),
)
async def latest(code: DeviceCode, app: App, conn: Database) -> Response:
    """Return each metric's newest value with unit, time and quality."""
    row = await _row(conn, code)
    states = await device_reads.states(conn, [row])
    return live(device_reads.newest(row, states.get(row.device_key), app.clock()))


@router.get(
    "/{code}/telemetry",
    summary="One metric over time",
    responses=answers(
        models.Telemetry,
        {
            "code": "D7K3K4WTH",
            "metric": "pm25",
            "unit": "ug/m3",
            "aggregation": "mean",
            "from": "2026-11-23T00:00:00Z",
            "to": "2026-11-23T08:00:00Z",
            "bucket_s": 60,
            "complete": True,
            "points": [
                {"ts": "2026-11-23T00:00:00Z", "value": 35.2, "min": 34.0, "max": 36.1, "count": 12}
            ],
        },
        400,
        404,
    ),
)
async def telemetry(
    code: DeviceCode,
    app: App,
    conn: Database,
    metric: Annotated[str, Query(description="A metric of its profile.", examples=["pm25"])],
    from_: From = None,
    to: To = None,
    points: Annotated[
        int, Query(ge=10, le=series.MAX_POINTS, description="At most so many points.")
    ] = 500,
) -> Response:
    """Return the readings in [from, to) where they fit, else buckets: value, min, max and count.

    The range is the last hour where it is not given. Gaps stay gaps. What failed its quality test
    is left out. `complete` is false when the range reaches past what ingest has committed.
    """
    row = await _row(conn, code)
    profile = catalogue.profile(row.profile)
    now = app.clock()
    span = parameters.span(from_, to, now=now, default=timedelta(hours=1), longest=LONGEST_SERIES)
    found = await series.series(
        conn, profile, row.device_key, profile.metric(metric).name, span.start, span.end, points
    )
    return live(_telemetry(row, found, complete=span.end <= now))


@router.get(
    "/{code}/aqi",
    summary="Hourly air quality index",
    responses=answers(
        models.AqiSeries,
        {
            "code": "D7K3K4WTH",
            "norm": "by-date",
            "basis": "reference",
            "items": [
                {
                    "ts": "2026-11-23T08:00:00Z",
                    "aqi": 119,
                    "level": 3,
                    "primary": ["pm25"],
                    "iaqi": {"pm25": 119},
                    "missing": ["pm10", "so2", "no2", "o3", "co"],
                    "status": "ok",
                }
            ],
        },
        400,
        404,
    ),
)
async def air_quality(
    code: DeviceCode,
    app: App,
    conn: Database,
    from_: From = None,
    to: To = None,
    norm: Annotated[
        Literal["2012", "2026"] | None,
        Query(description="Edition of HJ 633; by each hour's date where it is not given."),
    ] = None,
) -> Response:
    """Return the real-time AQI (HJ 633) of each hour in [from, to) that has readings.

    `aqi` is null where the norm says NA: something is missing and the rest does not exceed 100.
    """
    row = await _row(conn, code)
    profile = catalogue.profile(row.profile)
    if not hours.measures_air(profile):
        raise BadParameter("code", code, f"is a {row.profile}, which does not measure the air")
    span = parameters.span(
        from_, to, now=app.clock(), default=timedelta(hours=24), longest=LONGEST_AQI
    )
    edition = None if norm is None else Norm(norm)
    found = await device_air.hourly(conn, profile, row.device_key, span.start, span.end, edition)
    return live(
        {
            "code": row.code,
            "norm": norm or "by-date",
            "basis": device_air.basis(profile),
            "items": [_aqi(ts, index) for ts, index in found],
        }
    )


async def _row(conn: AsyncConnection[Any], code: str) -> DeviceRow:
    return await device_reads.one(conn, parameters.code("code", code))


def _telemetry(row: DeviceRow, found: Series, *, complete: bool) -> dict[str, Any]:
    return {
        "code": row.code,
        "metric": found.metric.name,
        "unit": found.metric.unit,
        "aggregation": found.metric.aggregation,
        "from": found.start,
        "to": found.end,
        "bucket_s": found.bucket_s,
        "complete": complete,
        "points": [
            {
                "ts": point.ts,
                "value": _shown(found.metric, point.value),
                "min": _shown(found.metric, point.low),
                "max": _shown(found.metric, point.high),
                "count": point.readings,
            }
            for point in found.points
        ],
    }


def _shown(metric: Metric, value: float) -> float:
    """Return a stored value as it was sent: 35.2, where a float4 read as a double is 35.2000008."""
    return float(f"{value:.7g}") if metric.storage is Storage.REAL else value


def _aqi(ts: datetime, index: Aqi) -> dict[str, Any]:
    return {
        "ts": ts,
        "aqi": index.aqi,
        "level": None if index.level is None else index.level.number,
        "primary": index.primary,
        "iaqi": index.iaqi,
        "missing": index.missing,
        "status": index.status,
    }
