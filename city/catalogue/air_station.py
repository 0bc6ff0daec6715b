"""What a reference station for ambient air reports every hour."""

from city.catalogue.quantities import (
    carbon_monoxide,
    concentration,
    pressure,
    rain,
    temperature,
    wind_direction,
    wind_speed,
)
from city.profiles import Profile

AIR_STATION = Profile(
    name="air-station",
    names={"zh": "环境空气质量监测站", "en": "Air quality station"},
    interval_s=3600,
    chunk_days=90,
    metrics=(
        concentration("pm25", 0, "PM2.5", high=1000, suspect_high=900),
        concentration("pm10", 1, "PM10", high=2000, suspect_high=1500),
        concentration("so2", 2, "SO₂", high=3000, suspect_high=1000),
        concentration("no2", 3, "NO₂", high=4000, suspect_high=700),
        concentration("o3", 4, "O₃", high=1500, suspect_high=600),
        carbon_monoxide(5),
        temperature("temperature_c", 6, "气温", "Air temperature"),
        temperature("dew_point_c", 7, "露点温度", "Dew point"),
        pressure(8),
        rain(9),
        wind_direction(10),
        wind_speed(11),
    ),
)
