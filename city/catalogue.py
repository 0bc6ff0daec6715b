"""The catalogue of profiles. A city adds a profile or a metric here, then runs `db migrate`."""

from collections.abc import Mapping
from types import MappingProxyType

from city.errors import UnknownProfile
from city.profiles import Aggregation, Metric, Profile, Storage

_HJ_653 = "gas and particle analysers' usual range; step as HJ 633-2026, 4.2.2"
_EV_STATES = {
    0: {"zh": "空闲", "en": "idle"},
    1: {"zh": "已连接", "en": "connected"},
    2: {"zh": "充电中", "en": "charging"},
    3: {"zh": "故障", "en": "fault"},
}


def _concentration(name: str, bit: int, label: str, high: float, suspect_high: float) -> Metric:
    """A pollutant in µg/m³; the suspect limit is our own, above anything Beijing has recorded."""
    return Metric(
        name=name,
        bit=bit,
        names={"zh": f"{label} 浓度", "en": f"{label} concentration"},
        unit="ug/m3",
        low=0,
        high=high,
        resolution=0.1,
        suspect_high=suspect_high,
        detection_floor=2,
        source=_HJ_653,
    )


def _carbon_monoxide(bit: int) -> Metric:
    return Metric(
        name="co",
        bit=bit,
        names={"zh": "CO 浓度", "en": "CO concentration"},
        unit="mg/m3",
        low=0,
        high=100,
        resolution=0.01,
        suspect_high=30,
        detection_floor=0.1,
        source=_HJ_653,
    )


def _temperature(name: str, bit: int, zh: str, en: str) -> Metric:
    return Metric(
        name=name,
        bit=bit,
        names={"zh": zh, "en": en},
        unit="Cel",
        low=-50,
        high=70,
        resolution=0.1,
        suspect_low=-35,
        suspect_high=50,
    )


def _pressure(bit: int) -> Metric:
    return Metric(
        name="pressure_hpa",
        bit=bit,
        names={"zh": "气压", "en": "Air pressure"},
        unit="hPa",
        low=500,
        high=1100,
        resolution=0.1,
        suspect_low=850,
        suspect_high=1060,
    )


def _wind_speed(bit: int) -> Metric:
    return Metric(
        name="wind_speed_ms",
        bit=bit,
        names={"zh": "风速", "en": "Wind speed"},
        unit="m/s",
        low=0,
        high=75,
        resolution=0.1,
        suspect_high=40,
        detection_floor=0.3,
    )


def _wind_direction(bit: int) -> Metric:
    return Metric(
        name="wind_direction_deg",
        bit=bit,
        names={"zh": "风向", "en": "Wind direction (from)"},
        unit="deg",
        low=0,
        high=360,
        resolution=0.5,
        aggregation=Aggregation.CIRCULAR_MEAN,
    )


def _rain(bit: int) -> Metric:
    return Metric(
        name="rain_mm",
        bit=bit,
        names={"zh": "降水量", "en": "Rain since the last report"},
        unit="mm",
        low=0,
        high=500,
        resolution=0.1,
        aggregation=Aggregation.SUM,
        suspect_high=150,
        detection_floor=0,
    )


def _energy_counter(name: str, bit: int, zh: str, en: str) -> Metric:
    return Metric(
        name=name,
        bit=bit,
        names={"zh": zh, "en": en},
        unit="kW.h",
        low=0,
        high=1e9,
        resolution=0.001,
        aggregation=Aggregation.COUNTER_DIFFERENCE,
        storage=Storage.DOUBLE,
    )


SMART_POLE = Profile(
    name="smart-pole",
    names={"zh": "智慧灯杆", "en": "Smart pole"},
    interval_s=60,
    chunk_days=1,
    metrics=(
        _concentration("pm25", 0, "PM2.5", high=1000, suspect_high=900),
        _concentration("pm10", 1, "PM10", high=2000, suspect_high=1500),
        _concentration("so2", 2, "SO₂", high=3000, suspect_high=1000),
        _concentration("no2", 3, "NO₂", high=4000, suspect_high=700),
        _concentration("o3", 4, "O₃", high=1500, suspect_high=600),
        _carbon_monoxide(5),
        Metric(
            name="noise_db",
            bit=6,
            names={"zh": "等效声级", "en": "Noise level Leq"},
            unit="dB[SPL]",  # A-weighted; UCUM has no code for the weighting
            low=20,
            high=140,
            resolution=0.1,
            aggregation=Aggregation.ENERGY_MEAN,
            suspect_high=120,
            source="class-2 sound level meter's range, IEC 61672-1",
        ),
        _temperature("temperature_c", 7, "气温", "Air temperature"),
        Metric(
            name="humidity_pct",
            bit=8,
            names={"zh": "相对湿度", "en": "Relative humidity"},
            unit="%",
            low=0,
            high=100,
            resolution=0.1,
            suspect_low=2,
        ),
        _pressure(9),
        _wind_speed(10),
        _wind_direction(11),
        _rain(12),
        Metric(
            name="illuminance_lx",
            bit=13,
            names={"zh": "照度", "en": "Illuminance"},
            unit="lx",
            low=0,
            high=200_000,
            resolution=0.1,
            suspect_high=150_000,
            detection_floor=0.1,
        ),
        Metric(
            name="lamp_power_w",
            bit=14,
            names={"zh": "灯具功率", "en": "Lamp power"},
            unit="W",
            low=0,
            high=2000,
            resolution=0.1,
            suspect_high=1000,
            detection_floor=1,
        ),
        Metric(
            name="lamp_dim_pct",
            bit=15,
            names={"zh": "调光设定", "en": "Lamp dimming, commanded"},
            unit="%",
            low=0,
            high=100,
            resolution=1,
            aggregation=Aggregation.LAST,
        ),
        _energy_counter("energy_kwh", 16, "累计用电量", "Energy counter"),
        Metric(
            name="crowd_count",
            bit=17,
            names={"zh": "人数", "en": "People in view"},
            unit="1",
            low=0,
            high=10_000,
            resolution=1,
            suspect_high=2_000,
            detection_floor=0,
            source="instrument range, our own choice; a count only, never a person",
        ),
        Metric(
            name="tilt_deg",
            bit=18,
            names={"zh": "倾斜角", "en": "Tilt from the vertical"},
            unit="deg",
            low=0,
            high=90,
            resolution=0.01,
            aggregation=Aggregation.MAX,
            suspect_high=15,
        ),
        Metric(
            name="ev_state",
            bit=19,
            names={"zh": "充电桩状态", "en": "EV charger state"},
            unit="1",
            low=0,
            high=3,
            resolution=1,
            aggregation=Aggregation.LAST,
            storage=Storage.STATE,
            states=_EV_STATES,
            source="code list of this catalogue",
        ),
        _energy_counter("ev_energy_kwh", 20, "充电桩累计电量", "EV charger energy counter"),
    ),
)

AIR_STATION = Profile(
    name="air-station",
    names={"zh": "环境空气质量监测站", "en": "Air quality station"},
    interval_s=3600,
    chunk_days=90,
    metrics=(
        _concentration("pm25", 0, "PM2.5", high=1000, suspect_high=900),
        _concentration("pm10", 1, "PM10", high=2000, suspect_high=1500),
        _concentration("so2", 2, "SO₂", high=3000, suspect_high=1000),
        _concentration("no2", 3, "NO₂", high=4000, suspect_high=700),
        _concentration("o3", 4, "O₃", high=1500, suspect_high=600),
        _carbon_monoxide(5),
        _temperature("temperature_c", 6, "气温", "Air temperature"),
        _temperature("dew_point_c", 7, "露点温度", "Dew point"),
        _pressure(8),
        _rain(9),
        _wind_direction(10),
        _wind_speed(11),
    ),
)

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {entry.name: entry for entry in (SMART_POLE, AIR_STATION)}
)


def profile(name: str) -> Profile:
    """The profile of this name.

    Raises:
        UnknownProfile: when the catalogue has none.
    """
    try:
        return PROFILES[name]
    except KeyError:
        raise UnknownProfile(name, tuple(PROFILES)) from None
