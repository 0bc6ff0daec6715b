"""The catalogue of profiles. A city adds a profile or a metric here, then runs `db migrate`.

One module a profile. The entry in `_ENTRIES` is all that makes a profile known: tables, payload
checks, enrolment, HTTP and documents derive from `PROFILES`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from city.catalogue.air_station import AIR_STATION
from city.catalogue.energy_meter import ENERGY_METER
from city.catalogue.road import ROAD
from city.catalogue.smart_pole import SMART_POLE
from city.catalogue.utility_tunnel import UTILITY_TUNNEL
from city.errors import UnknownProfile
from city.profiles import Profile

__all__ = [
    "AIR_STATION",
    "ENERGY_METER",
    "PROFILES",
    "ROAD",
    "SMART_POLE",
    "UTILITY_TUNNEL",
    "profile",
]

_ENTRIES = {
    entry.name: entry for entry in (SMART_POLE, AIR_STATION, ROAD, UTILITY_TUNNEL, ENERGY_METER)
}
PROFILES: Mapping[str, Profile] = MappingProxyType(_ENTRIES)
"""Every profile by its name; a view, so that what derives from it never lags behind it."""


def profile(name: str) -> Profile:
    """The profile of this name.

    Raises:
        UnknownProfile: when the catalogue has none.
    """
    try:
        return PROFILES[name]
    except KeyError:
        raise UnknownProfile(name, tuple(PROFILES)) from None
