"""Quantities that several kinds of terminal measure alike: one wording, one range, one source."""

from collections.abc import Mapping

from city.profiles import Aggregation, Grade, Metric, Names, Storage

_HJ_653 = "gas and particle analysers' usual range; step as HJ 633-2026, 4.2.2"


def pollutants() -> tuple[Metric, ...]:
    """The six that air quality is judged by, in bits 0 to 5."""
    return (
        _concentration("pm25", 0, "PM2.5", high=1000, suspect_high=900),
        _concentration("pm10", 1, "PM10", high=2000, suspect_high=1500),
        _concentration("so2", 2, "SO₂", high=3000, suspect_high=1000),
        _concentration("no2", 3, "NO₂", high=4000, suspect_high=700),
        _concentration("o3", 4, "O₃", high=1500, suspect_high=600),
        _carbon_monoxide(5),
    )


def temperature(name: str, bit: int, zh: str, en: str) -> Metric:
    """A temperature in the open, °C; plausible is what Beijing's climate gives."""
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


def humidity(bit: int) -> Metric:
    """Relative humidity, %; a dry fault reads 0, which no air is."""
    return Metric(
        name="humidity_pct",
        bit=bit,
        names={"zh": "相对湿度", "en": "Relative humidity"},
        unit="%",
        low=0,
        high=100,
        resolution=0.1,
        suspect_low=2,
    )


def pressure(bit: int) -> Metric:
    """Station pressure, hPa, not reduced to sea level."""
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


def wind_speed(bit: int) -> Metric:
    """Wind speed, m/s."""
    return Metric(
        name="wind_speed_ms",
        bit=bit,
        names={"zh": "风速", "en": "Wind speed"},
        unit="m/s",
        low=0,
        high=75,
        resolution=0.1,
        suspect_high=40,
    )


def wind_direction(bit: int) -> Metric:
    """Where the wind comes from, degrees from north, clockwise."""
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


def rain(bit: int) -> Metric:
    """Rain fallen since the report before, mm."""
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
    )


def energy_counter(name: str, bit: int, zh: str, en: str) -> Metric:
    """Electric energy since the counter was new, kW·h."""
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


def state(
    name: str,
    bit: int,
    names: Names,
    states: Mapping[int, Names],
    *,
    aggregation: Aggregation = Aggregation.LAST,
    grade: Grade = Grade.OPEN,
) -> Metric:
    """A coded state; where a higher code is the worse one, MAX keeps what was short from sight."""
    return Metric(
        name=name,
        bit=bit,
        names=names,
        unit="1",
        low=min(states),
        high=max(states),
        resolution=1,
        aggregation=aggregation,
        storage=Storage.STATE,
        states=states,
        source="code list of this catalogue",
        grade=grade,
    )


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
        source=_HJ_653,
    )


def _carbon_monoxide(bit: int) -> Metric:
    """CO in ambient air, mg/m³."""
    return Metric(
        name="co",
        bit=bit,
        names={"zh": "CO 浓度", "en": "CO concentration"},
        unit="mg/m3",
        low=0,
        high=100,
        resolution=0.01,
        suspect_high=30,
        source=_HJ_653,
    )
