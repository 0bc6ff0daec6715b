"""What the terminal of a utility tunnel's compartment measures; each is fitted with a part of it.

A compartment carries water, gas, heat or cables, and has the sensors for that (GB 50838-2015,
Table 7.5.4, as the reference on vital-sign norms gives it). Alarm limits are no limits of
plausibility: a value that means danger must never count as a doubtful one.
"""

from city.catalogue.quantities import humidity, state
from city.profiles import Aggregation, Grade, Metric, Profile

_DOOR_STATES = {
    0: {"zh": "关闭", "en": "closed"},
    1: {"zh": "打开", "en": "open"},
}
_INTRUSION_STATES = {
    0: {"zh": "无", "en": "none"},
    1: {"zh": "入侵", "en": "intrusion"},
}
_FAN_STATES = {
    0: {"zh": "停止", "en": "stopped"},
    1: {"zh": "正常通风", "en": "normal ventilation"},
    2: {"zh": "事故通风", "en": "accident ventilation"},
    3: {"zh": "故障", "en": "fault"},
}
_PUMP_STATES = {
    0: {"zh": "停止", "en": "stopped"},
    1: {"zh": "运行", "en": "running"},
    2: {"zh": "故障", "en": "fault"},
}
_OWNERS_LIMIT = "instrument range, our own choice; compared with the line's own design pressure"


def _pipe_pressure(name: str, bit: int, zh: str, en: str, high: float) -> Metric:
    return Metric(
        name=name,
        bit=bit,
        names={"zh": zh, "en": en},
        unit="MPa",
        low=0,
        high=high,
        resolution=0.001,
        source=_OWNERS_LIMIT,
        grade=Grade.RESTRICTED,
    )


def _pipe_flow(name: str, bit: int, zh: str, en: str, high: float) -> Metric:
    return Metric(
        name=name,
        bit=bit,
        names={"zh": zh, "en": en},
        unit="m3/h",
        low=0,
        high=high,
        resolution=0.1,
        grade=Grade.RESTRICTED,
    )


UTILITY_TUNNEL = Profile(
    name="utility-tunnel",
    names={"zh": "综合管廊舱室", "en": "Utility tunnel compartment"},
    interval_s=60,
    chunk_days=1,
    metrics=(
        Metric(
            name="o2_pct",
            bit=0,
            names={"zh": "氧气浓度", "en": "Oxygen"},
            unit="%",  # by volume
            low=0,
            high=30,
            resolution=0.1,
            suspect_high=25,
            source="alarm limits 19.5 and 23.5 % (GB 8958), 18 and 22 % (GBZ/T 205)",
        ),
        Metric(
            name="ch4_lel_pct",
            bit=1,
            names={"zh": "甲烷浓度", "en": "Methane"},
            unit="%{LEL}",  # 1 % LEL = 0.05 % by volume = 500 ppm
            low=0,
            high=100,
            resolution=0.1,
            aggregation=Aggregation.MAX,
            source="alarm at 20 % LEL, cut-off at 25 % LEL (GB 50838)",
        ),
        Metric(
            name="h2s",
            bit=2,
            names={"zh": "硫化氢浓度", "en": "Hydrogen sulphide"},
            unit="mg/m3",  # 10 ppm = 13.94 mg/m³ at 25 °C
            low=0,
            high=150,
            resolution=0.1,
            aggregation=Aggregation.MAX,
            source="alarm at 10 mg/m³, a ceiling (GBZ 2.1-2019)",
        ),
        Metric(
            name="co",
            bit=3,
            names={"zh": "CO 浓度", "en": "CO concentration"},
            unit="mg/m3",
            low=0,
            high=1200,
            resolution=0.1,
            source="alarm at 20 mg/m³ over a shift, 30 over 15 min (GBZ 2.1-2019)",
        ),
        Metric(
            name="temperature_c",
            bit=4,
            names={"zh": "舱内气温", "en": "Air temperature"},
            unit="Cel",
            low=-40,
            high=120,
            resolution=0.1,
            suspect_low=-15,
            source="alarm outside 5 to 40 °C (GB/T 51274-2017); fans start above 40 °C",
        ),
        humidity(5),
        Metric(
            name="water_level_m",
            bit=6,
            names={"zh": "集水坑水位", "en": "Water level in the sump"},
            unit="m",
            low=0,
            high=10,
            resolution=0.001,
            aggregation=Aggregation.MAX,
            source="instrument range, our own choice; pumps and alarms by each sump's own levels",
        ),
        Metric(
            name="cable_temperature_c",
            bit=7,
            names={"zh": "电缆表面温度", "en": "Cable surface temperature, hottest"},
            unit="Cel",
            low=-40,
            high=300,
            resolution=0.1,
            aggregation=Aggregation.MAX,
            suspect_low=-15,
            source="XLPE conductor 90 °C continuous, 250 °C short circuit; surface limits by owner",
        ),
        _pipe_pressure("water_pressure_mpa", 8, "给水管压力", "Water main pressure", 2.5),
        _pipe_flow("water_flow_m3_h", 9, "给水管流量", "Water main flow", 10_000),
        _pipe_pressure("gas_pressure_mpa", 10, "燃气管压力", "Gas main pressure", 4),
        _pipe_flow("gas_flow_m3_h", 11, "燃气管标况流量", "Gas main flow, standard", 100_000),
        _pipe_pressure("heat_pressure_mpa", 12, "热力管压力", "Heat main pressure", 2.5),
        _pipe_flow("heat_flow_m3_h", 13, "热力管流量", "Heat main flow", 20_000),
        Metric(
            name="settlement_mm",
            bit=14,
            names={"zh": "累计沉降", "en": "Settlement since commissioning, downwards"},
            unit="mm",
            low=-500,
            high=500,
            resolution=0.01,
            suspect_low=-200,
            suspect_high=200,
            source="instrument range, our own choice; held against each point's control value",
        ),
        state(
            "door_state",
            15,
            {"zh": "舱门状态", "en": "Door or hatch"},
            _DOOR_STATES,
            aggregation=Aggregation.MAX,
            grade=Grade.RESTRICTED,
        ),
        state(
            "intrusion_state",
            16,
            {"zh": "入侵探测", "en": "Intrusion detector"},
            _INTRUSION_STATES,
            aggregation=Aggregation.MAX,
            grade=Grade.RESTRICTED,
        ),
        state("fan_state", 17, {"zh": "风机状态", "en": "Fans"}, _FAN_STATES),
        state("pump_state", 18, {"zh": "水泵状态", "en": "Sump pump"}, _PUMP_STATES),
        Metric(
            name="power_kw",
            bit=19,
            names={"zh": "附属设施功率", "en": "Power of fans, pumps and lighting"},
            unit="kW",
            low=0,
            high=1000,
            resolution=0.01,
            suspect_high=500,
        ),
    ),
)
