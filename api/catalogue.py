"""The catalogues: profiles with their metrics, indicators with their norms and levels."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api import models
from api.documents import answers
from api.replies import tagged
from city.catalogue import PROFILES
from city.profiles import Metric, Profile
from vitals.indicators import INDICATORS, Indicator
from vitals.signs import REASONS, STATUSES

router = APIRouter(prefix="/api/v1", tags=["catalogue"])


@router.get(
    "/profiles",
    summary="Profiles and their metrics",
    responses=answers(
        models.ProfileList,
        {
            "items": [
                {
                    "name": "smart-pole",
                    "names": {"zh": "智慧灯杆", "en": "Smart pole"},
                    "interval_s": 60,
                    "stale_after_s": 180,
                    "metrics": [
                        {
                            "name": "pm25",
                            "names": {"zh": "PM2.5 浓度", "en": "PM2.5 concentration"},
                            "unit": "ug/m3",
                            "low": 0,
                            "high": 1000,
                            "resolution": 0.1,
                            "aggregation": "mean",
                            "weight": None,
                            "rolls_over_at": None,
                            "suspect_low": None,
                            "suspect_high": 900,
                            "states": {},
                            "source": "HJ 653",
                            "grade": "open",
                        }
                    ],
                }
            ]
        },
        tagged=True,
    ),
)
async def profiles(request: Request) -> Response:
    """List every kind of terminal: metrics, units (UCUM), ranges, names in zh and en."""
    return tagged(request, {"items": [_profile(profile) for profile in PROFILES.values()]})


@router.get(
    "/indicators",
    summary="Vital signs and their norms",
    responses=answers(
        models.IndicatorList,
        {
            "items": [
                {
                    "indicator": "air.aqi",
                    "names": {"zh": "空气质量指数（实时）", "en": "Air quality index (real-time)"},
                    "unit": "1",
                    "norm": "HJ 633-2026",
                    "clause": "4.1-4.3, 5.3.1",
                    "levels": [
                        {
                            "level": 1,
                            "label": {"zh": "优", "en": "Excellent"},
                            "colour": "#00e400",
                            "low": 0,
                            "high": 50,
                            "is_alarm": False,
                        }
                    ],
                    "validity": {"zh": "每小时至少 45 分钟数据", "en": "45 minutes an hour"},
                    "engineering": [],
                }
            ],
            "statuses": {"na": {"zh": "不予发布（NA）", "en": "Not available (NA)"}},
            "reasons": {"coverage": {"zh": "数据覆盖率不足 75%", "en": "Less than 75 %"}},
        },
        tagged=True,
    ),
)
async def indicators(request: Request) -> Response:
    """List every indicator: norm and clause, levels with label and colour, our own choices."""
    return tagged(
        request,
        {
            "items": [_indicator(indicator) for indicator in INDICATORS.values()],
            "statuses": {key: dict(text) for key, text in STATUSES.items()},
            "reasons": {key: dict(text) for key, text in REASONS.items()},
        },
    )


def _profile(profile: Profile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "names": dict(profile.names),
        "interval_s": profile.interval_s,
        "stale_after_s": profile.stale_after_s,
        "metrics": [_metric(metric) for metric in profile.metrics],
    }


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "names": dict(metric.names),
        "unit": metric.unit,
        "low": metric.low,
        "high": metric.high,
        "resolution": metric.resolution,
        "aggregation": metric.aggregation,
        "weight": metric.weight,
        "rolls_over_at": metric.rolls_over_at,
        "suspect_low": metric.suspect_low,
        "suspect_high": metric.suspect_high,
        "states": {str(value): dict(names) for value, names in metric.states.items()},
        "source": metric.source,
        "grade": metric.grade,
    }


def _indicator(indicator: Indicator) -> dict[str, Any]:
    return {
        "indicator": indicator.id,
        "names": dict(indicator.names),
        "unit": indicator.unit,
        "norm": indicator.norm,
        "clause": indicator.clause,
        "levels": [
            {
                "level": level.number,
                "label": dict(level.label),
                "colour": level.colour,
                "low": level.low,
                "high": level.high,
                "is_alarm": level.is_alarm,
            }
            for level in indicator.levels
        ],
        "validity": dict(indicator.validity),
        "engineering": [dict(text) for text in indicator.engineering],
    }
