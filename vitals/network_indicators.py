"""The indicators of roads, tunnels and energy as data; see `vitals.indicators`."""

from vitals import tunnel
from vitals.indicator import Indicator, Level, text
from vitals.traffic import CONGESTED


def _traffic_level(number: int, zh: str, en: str, colour: str) -> Level:
    low = 2.0 * (number - 1)
    return Level(
        number=number,
        label=text(zh, en),
        colour=colour,
        low=low,
        high=low + 2,
        is_alarm=low >= CONGESTED,
    )


TRAFFIC_INDEX = Indicator(
    id="traffic.index",
    names=text("道路交通运行指数", "Road traffic index"),
    unit="1",
    norm="GB/T 33171-2016",
    clause="8.1 (level by v/v_f), 8.2 (index), Annex C (index from the delay-time ratio)",
    levels=(
        _traffic_level(1, "畅通", "Free", "#00a651"),
        _traffic_level(2, "基本畅通", "Mostly free", "#9acd32"),
        _traffic_level(3, "轻度拥堵", "Lightly congested", "#ffcc00"),
        _traffic_level(4, "中度拥堵", "Moderately congested", "#ff7e00"),
        _traffic_level(5, "严重拥堵", "Severely congested", "#e60000"),
    ),
    validity=text(
        "最近 5 分钟的检测数据；数据所占里程不足 75% 时，仅在拥堵时发布，否则为 NA",
        "Counts of the last 5 minutes; with data on less than 75 % of the length, published only "
        "when congested, else NA",
    ),
    engineering=(
        text(
            "自由流速度取路段标称值：按规范 7.2.1.2 计算需要至少 30 天数据，尚未采用",
            "Free-flow speed is what the link declares: that of clause 7.2.1.2 needs 30 days of "
            "data, and is not used yet",
        ),
        text(
            "路线、区域的延误时间比按长度×流量加权（每路段至少计 60 辆/小时），再按附录 C 换算",
            "Delay ratios of routes and areas are weighed by length times flow (60 veh/h at "
            "least), then converted by Annex C",
        ),
        text(
            "附录 C 各节点之间按线性内插",
            "Between the nodes of Annex C the index is interpolated linearly",
        ),
        text(
            "失联检测器最近一次数据会使指数达到拥堵时，不发布畅通的数值",
            "No free value is published when the last counts of silent detectors would make it "
            "congested",
        ),
        text(
            "无车通过时，占有率低于 5% 视为空闲，否则视为停滞",
            "Without any vehicle, a road is empty below 5 % occupancy, and stands still above",
        ),
        text("颜色为自定", "Colours are our own"),
    ),
    bound_is_worse=True,
)


def _tunnel_level(number: int, zh: str, en: str, colour: str) -> Level:
    is_alarm = number > tunnel.NORMAL
    return Level(
        number=number,
        label=text(zh, en),
        colour=colour,
        low=number,
        high=number,
        is_alarm=is_alarm,
    )


TUNNEL_ENVIRONMENT = Indicator(
    id="tunnel.environment",
    names=text("综合管廊环境", "Utility tunnel environment"),
    unit="1",
    norm="GB/T 50838-2015 (2024), GB/T 51274-2017, GB 8958, GBZ/T 205, GBZ 2.1-2019",
    clause="limits as secondary sources give them; each named at its tier in the documentation",
    levels=(
        _tunnel_level(tunnel.NORMAL, "正常", "Normal", "#00a651"),
        _tunnel_level(tunnel.WARNING, "预警", "Warning", "#ffcc00"),
        _tunnel_level(tunnel.ALARM, "报警", "Alarm", "#ff7e00"),
        _tunnel_level(tunnel.DANGER, "危及生命安全", "Danger to life", "#e60000"),
    ),
    validity=text(
        "应测项目全部有当前数据才可判为正常；有缺测时仅在超限时发布，否则为 NA",
        "Normal only with everything current that should be measured; with something missing, "
        "published only beyond a limit, else NA",
    ),
    engineering=(
        text(
            "取各测项最差一级；管廊、区域取各舱室最差一级，正常时至少 75% 的舱室已知",
            "The worst measurement counts, and the worst compartment of a tunnel or an area; "
            "normal with 75 % of the compartments known",
        ),
        text(
            "氧气两套限值并用：19.5～22.0 正常，18.0～23.5 以内预警，以外危险",
            "Both published pairs for oxygen are used as tiers: normal 19.5 to 22.0 %, warning to "
            "18.0 and 23.5 %, danger beyond",
        ),
        text(
            "甲烷 10 %LEL 起预警，20 %LEL 起危险；硫化氢高于 10 mg/m³ 危险；一氧化碳高于 20 "
            "预警、30 报警；气温高于 40 °C 报警，低于 5 °C 预警",
            "Methane: warning from 10, danger from 20 % LEL; hydrogen sulphide: danger above 10 "
            "mg/m³; carbon monoxide: warning above 20, alarm above 30 mg/m³; air: alarm above "
            "40 °C, warning below 5 °C",
        ),
        text(
            "水位仅在终端或舱室配置了 water_level_limit_m 时判断",
            "The water level counts only where the terminal or the compartment has a "
            "water_level_limit_m",
        ),
        text(
            "失联前超限的测点使正常值不予发布",
            "A sensor that fell silent beyond a limit keeps a normal value from being published",
        ),
        text("等级与颜色为自定", "Levels and colours are our own"),
    ),
)

_METERED = Level(
    number=1,
    label=text("已计量", "Metered"),
    colour="#2b7bba",
    low=0,
    high=1e12,
    is_alarm=False,
)
_ENERGY_VALIDITY = text(
    "至少 75% 的电表有当前数据，否则为 NA", "75 % of the meters current, else NA"
)


def _energy(id_: str, zh: str, en: str, unit: str, rule_zh: str, rule_en: str) -> Indicator:
    return Indicator(
        id=id_,
        names=text(zh, en),
        unit=unit,
        norm="none",
        clause="a measured sum; no norm gives levels",
        levels=(_METERED,),
        validity=_ENERGY_VALIDITY,
        engineering=(
            text(rule_zh, rule_en),
            text("失联的表不计入，也不估算", "Silent meters are left out, not guessed"),
        ),
    )


ENERGY_POWER = _energy(
    "energy.power",
    "建筑用电功率",
    "Electric power of buildings",
    "kW",
    "区内电表最近一次有功功率之和",
    "The sum of the newest active power of the area's meters",
)
_DIFFERENCES = (
    "示数之差；翻转时续计，换表或复位后从零计",
    "Differences of registers; a roll-over is carried on, a reset counts from nought",
)
ENERGY_HOUR = _energy(
    "energy.use-hour",
    "近一小时用电量",
    "Electricity used in the last hour",
    "kW.h",
    *_DIFFERENCES,
)
ENERGY_DAY = _energy(
    "energy.use-day",
    "近一日用电量",
    "Electricity used in the last day",
    "kW.h",
    *_DIFFERENCES,
)
