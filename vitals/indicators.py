"""The indicators as data: what each is called, which norm it follows, how its levels look."""

from collections.abc import Mapping
from types import MappingProxyType

from city.errors import CitypulseError, shortened
from vitals import aqi
from vitals.indicator import Indicator, Level, Names, text
from vitals.network_indicators import (
    ENERGY_DAY,
    ENERGY_HOUR,
    ENERGY_POWER,
    TRAFFIC_INDEX,
    TUNNEL_ENVIRONMENT,
)

__all__ = [
    "AIR_AQI",
    "ENERGY_DAY",
    "ENERGY_HOUR",
    "ENERGY_POWER",
    "INDICATORS",
    "LIT_RATE",
    "TRAFFIC_INDEX",
    "TUNNEL_ENVIRONMENT",
    "Indicator",
    "Level",
    "Names",
    "UnknownIndicator",
    "indicator",
    "level_of",
    "text",
]


class UnknownIndicator(CitypulseError):
    """No indicator has this name."""

    code = "unknown-indicator"

    def __init__(self, name: str) -> None:
        known = ", ".join(INDICATORS)
        super().__init__(f"no indicator {shortened(name)!r}; there are {known}")
        self.name = name


def _aqi_levels() -> tuple[Level, ...]:
    lows = (0, *(level.upper + 1 for level in aqi.LEVELS))
    return tuple(
        Level(
            number=level.number,
            label=level.name,
            colour=level.colour,
            low=low,
            high=level.upper,
            is_alarm=low > aqi.ALARM_ABOVE,
        )
        for level, low in zip(aqi.LEVELS, lows, strict=False)
    )


AIR_AQI = Indicator(
    id="air.aqi",
    names=text("空气质量指数（实时）", "Air quality index (real-time)"),
    unit="1",
    norm="HJ 633-2026",
    clause="4.1-4.3, 5.3.1, Tables 1, 3, A.1; HJ 633-2012 for observations before 2026-03-01",
    levels=_aqi_levels(),
    validity=text(
        "每小时至少 45 分钟数据；有污染物缺测时，仅当 AQI 大于 100 才发布，否则为 NA",
        "45 minutes of data an hour; with a pollutant missing, published only above 100, else NA",
    ),
    engineering=(
        text(
            "区域值取区内参考站本小时浓度的平均值；没有参考站时用灯杆传感器的小时均值，标为参考值",
            "An area's value is taken from the mean concentrations of its reference stations; "
            "without one, from pole sensors' 1-h means, marked indicative",
        ),
        text(
            "少于 75% 的设备有数据，或失联设备最近一次的数值会使 AQI 超过 100 时，"
            "不发布 100 以下的值",
            "A value up to 100 is withheld with data from less than 75 % of the devices, or when "
            "the last values of silent ones would lift it above 100",
        ),
        text(
            "2012 版的滑动平均按 GB 3095 要求 24 小时至少 20 个、8 小时至少 6 个小时值",
            "Rolling means of the 2012 edition need 20 of 24 and 6 of 8 hours, as GB 3095 has it",
        ),
    ),
)

# Local rules, e.g. the lighting rules of Hebei province: arterial roads >= 98 %, others >= 96 %.
ARTERIAL_PCT = 98.0
SECONDARY_PCT = 96.0

LIT_RATE = Indicator(
    id="lighting.lit-rate",
    names=text("亮灯率", "Lamps lit rate"),
    unit="%",
    norm="local lighting rules (Hebei, Changsha: 98 % / 96 %)",
    clause="no single national figure",
    levels=(
        Level(
            number=1,
            label=text("达标", "On target"),
            colour="#00a651",
            low=ARTERIAL_PCT,
            high=100,
            is_alarm=False,
        ),
        Level(
            number=2,
            label=text("达到次干路、支路标准", "On target for minor roads only"),
            colour="#ffcc00",
            low=SECONDARY_PCT,
            high=ARTERIAL_PCT,
            is_alarm=False,
        ),
        Level(
            number=3,
            label=text("未达标", "Below target"),
            colour="#e60000",
            low=0,
            high=SECONDARY_PCT,
            is_alarm=True,
        ),
    ),
    validity=text(
        "至少 75% 的灯状态已知，否则仅在未达标时发布",
        "The state of 75 % of the lamps known, else published only when below target",
    ),
    engineering=(
        text(
            "指令亮灯而连续两次功率低于应有值的 20% 为故障，低于 70% 为衰减；指令关灯而功率高于"
            "额定值的 50% 为白天亮灯",
            "Commanded on: failed below 20 % of the expected power twice on end, degraded below "
            "70 %; commanded off: burning by day above 50 % of the rated power",
        ),
        text(
            "失联的灯不计入分子和分母，单独列出；失联前已故障的仍计为故障",
            "Silent lamps are left out of the rate and shown; one that failed before stays failed",
        ),
        text("颜色为自定", "Colours are our own"),
    ),
)

INDICATORS: Mapping[str, Indicator] = MappingProxyType(
    {
        each.id: each
        for each in (
            AIR_AQI,
            LIT_RATE,
            TRAFFIC_INDEX,
            TUNNEL_ENVIRONMENT,
            ENERGY_POWER,
            ENERGY_HOUR,
            ENERGY_DAY,
        )
    }
)


def indicator(name: str) -> Indicator:
    """Return the indicator of this id.

    Raises:
        UnknownIndicator: there is none.
    """
    try:
        return INDICATORS[name]
    except KeyError:
        raise UnknownIndicator(name) from None


def level_of(of: Indicator, value: float) -> Level:
    """Return the level a value lies in; on a shared bound, the better one unless it says else."""
    levels = of.levels[::-1] if of.bound_is_worse else of.levels
    return next((level for level in levels if level.low <= value <= level.high), of.levels[-1])
