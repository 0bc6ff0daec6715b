"""What a building's meters say: electricity, heat, gas and water; registers roll over.

A register shows so many digits and then begins again at nought: `Metric.rolls_over_at`. What a
household or an enterprise uses is nobody else's business: the grade is not open.
"""

from city.profiles import Aggregation, Grade, Metric, Profile, Storage


def _register(name: str, bit: int, zh: str, en: str, unit: str, *, digits: int) -> Metric:
    """A counter with so many digits before the point, and three after it."""
    return Metric(
        name=name,
        bit=bit,
        names={"zh": zh, "en": en},
        unit=unit,
        low=0,
        high=10**digits,
        resolution=0.001,
        aggregation=Aggregation.COUNTER_DIFFERENCE,
        rolls_over_at=10**digits,
        storage=Storage.DOUBLE,
        source=f"a register of {digits} digits, our own choice",
        grade=Grade.CONDITIONAL,
    )


def _instant(
    name: str,
    bit: int,
    zh: str,
    en: str,
    unit: str,
    *,
    high: float,
    resolution: float,
) -> Metric:
    """What flows at this moment."""
    return Metric(
        name=name,
        bit=bit,
        names={"zh": zh, "en": en},
        unit=unit,
        low=0,
        high=high,
        resolution=resolution,
        grade=Grade.CONDITIONAL,
    )


def _water_temperature(name: str, bit: int, zh: str, en: str, *, suspect_high: float) -> Metric:
    """Of the heating water at the building's inlet or outlet, °C."""
    return Metric(
        name=name,
        bit=bit,
        names={"zh": zh, "en": en},
        unit="Cel",
        low=0,
        high=180,
        resolution=0.1,
        suspect_high=suspect_high,
        grade=Grade.CONDITIONAL,
    )


ENERGY_METER = Profile(
    name="energy-meter",
    names={"zh": "建筑能源计量", "en": "Building energy meter"},
    interval_s=300,
    chunk_days=7,
    metrics=(
        _register("energy_kwh", 0, "用电量示数", "Electricity register", "kW.h", digits=7),
        _instant("power_kw", 1, "有功功率", "Active power", "kW", high=50_000, resolution=0.01),
        _register("heat_kwh", 2, "用热量示数", "Heat register", "kW.h", digits=8),
        _instant("heat_power_kw", 3, "供热功率", "Heat power", "kW", high=100_000, resolution=0.1),
        _register("gas_m3", 4, "燃气示数", "Gas register", "m3", digits=6),
        _instant("gas_flow_m3_h", 5, "燃气流量", "Gas flow", "m3/h", high=10_000, resolution=0.001),
        _register("water_m3", 6, "用水量示数", "Water register", "m3", digits=6),
        _instant(
            "water_flow_m3_h", 7, "用水流量", "Water flow", "m3/h", high=2_000, resolution=0.001
        ),
        _water_temperature(
            "heat_supply_c", 8, "供水温度", "Heating supply temperature", suspect_high=150
        ),
        _water_temperature(
            "heat_return_c", 9, "回水温度", "Heating return temperature", suspect_high=120
        ),
    ),
)
