"""What the poles of the demonstration city carry: not every pole has every sensor."""

from typing import Any

from simulators.chance import Dice
from simulators.poles import PROFILE

_ALWAYS = ("lamp_power_w", "lamp_dim_pct", "energy_kwh", "tilt_deg")
_WEATHER = (
    "temperature_c",
    "humidity_pct",
    "pressure_hpa",
    "wind_speed_ms",
    "wind_direction_deg",
    "rain_mm",
)
_AIR = ("pm25", "pm10", "so2", "no2", "o3", "co")
_CHARGER = ("ev_state", "ev_energy_kwh")
# How likely a pole carries a group of sensors; the first two poles of a district carry them all,
# so that every district has something to show.
_KITS = (
    (_AIR, 0.40),
    (_WEATHER, 0.55),
    (("noise_db",), 0.50),
    (("illuminance_lx",), 0.80),
    (("crowd_count",), 0.35),
)
_FULLY_FITTED = 2
_CHARGER_LIKELY = 0.08
_LAMPS_W = {"arterial": 240, "secondary": 150, "branch": 100, "residential": 60}


def pole_equipment(number: int, street_class: str, dice: Dice) -> dict[str, Any]:
    """Attributes of the terminal on a district's n-th pole (from 1): what it is and measures.

    Args:
        number: the pole's, in its district.
        street_class: of its street; what lamp it carries.
        dice: where chance comes from.
    """
    full = number <= _FULLY_FITTED
    fitted = set(_ALWAYS)
    for kit, likely in _KITS:
        if dice.happens(likely) or full:
            fitted |= set(kit)
    charger = dice.happens(_CHARGER_LIKELY)
    equipment: dict[str, Any] = {
        "street_class": street_class,
        "lamp_rated_w": _LAMPS_W[street_class],
    }
    if charger:
        fitted |= set(_CHARGER)
        equipment["ev_rated_w"] = 7000
    equipment["fitted"] = [each.name for each in PROFILE.metrics if each.name in fitted]
    return equipment
