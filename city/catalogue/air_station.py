"""What a reference station for ambient air reports every hour."""

from city.catalogue.quantities import (
    pollutants,
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
        *pollutants(),
        temperature("temperature_c", 6, "气温", "Air temperature"),
        temperature("dew_point_c", 7, "露点温度", "Dew point"),
        pressure(8),
        rain(9),
        wind_direction(10),
        wind_speed(11),
    ),
)
