"""Frames of coordinates: what comes in as GCJ-02 leaves as WGS 84.

GCJ-02 is the offset frame of Chinese web maps, up to some 700 m away from WGS 84. Its forward
formula is known from published implementations (there is no open standard); the inverse is found by
iteration, to below a millimetre of the formula. Outside mainland China the frames agree.
"""

from enum import StrEnum

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from city.errors import InvalidValue

_SEMI_MAJOR_M = 6_378_245.0  # Krasovsky 1940, as the offset formula has it
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_CHINA = (72.004, 0.8293, 137.8347, 55.8271)
_ITERATIONS = 8  # the offset changes by some 1e-5 of itself per metre: each step gains 4 digits

Floats = npt.NDArray[np.float64]


class Frame(StrEnum):
    """What a file's longitudes and latitudes refer to."""

    WGS84 = "WGS 84"
    GCJ02 = "GCJ-02"


def frame_named(text: str) -> Frame:
    """The frame that a file or a person calls by this name (``gcj02``, ``WGS 84``, ``EPSG:4326``).

    Raises:
        InvalidValue: when it is none that can be converted.
    """
    plain = "".join(character for character in text.lower() if character.isalnum())
    if plain in {"wgs84", "epsg4326", "crs84", "urnogcdefcrsogc13crs84"}:
        return Frame.WGS84
    if plain == "gcj02":
        return Frame.GCJ02
    raise InvalidValue("frame", text, "must be WGS 84 or GCJ-02")


def wgs84_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Degrees in WGS 84 → degrees in GCJ-02; arrays of one shape, shape kept."""
    lon, lat = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    d_lon, d_lat = _offset(lon, lat)
    west, south, east, north = _CHINA
    inside = (lon > west) & (lon < east) & (lat > south) & (lat < north)
    return lon + np.where(inside, d_lon, 0.0), lat + np.where(inside, d_lat, 0.0)


def gcj02_to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Degrees in GCJ-02 → degrees in WGS 84; arrays of one shape, shape kept."""
    lon, lat = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    guess_lon, guess_lat = lon.copy(), lat.copy()
    for _ in range(_ITERATIONS):
        there_lon, there_lat = wgs84_to_gcj02(guess_lon, guess_lat)
        guess_lon += lon - there_lon
        guess_lat += lat - there_lat
    return guess_lon, guess_lat


def to_wgs84(geometry: BaseGeometry, frame: Frame) -> BaseGeometry:
    """The same geometry in WGS 84, lon before lat."""
    if frame is Frame.WGS84:
        return geometry
    return shapely.transform(geometry, _moved)


def _moved(points: Floats) -> Floats:
    """Points of shape (n, 2), GCJ-02 → WGS 84."""
    return np.column_stack(gcj02_to_wgs84(points[:, 0], points[:, 1]))


def _offset(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """How far GCJ-02 lies from WGS 84 at a point, in degrees."""
    x, y = lon - 105.0, lat - 35.0
    ripple = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += (ripple + 20 * np.sin(np.pi * y) + 40 * np.sin(np.pi * y / 3)) * 2 / 3
    north += (160 * np.sin(np.pi * y / 12) + 320 * np.sin(np.pi * y / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += (ripple + 20 * np.sin(np.pi * x) + 40 * np.sin(np.pi * x / 3)) * 2 / 3
    east += (150 * np.sin(np.pi * x / 12) + 300 * np.sin(np.pi * x / 30)) * 2 / 3
    phi = np.radians(lat)
    magic = 1 - _ECCENTRICITY_SQUARED * np.sin(phi) ** 2
    metres_north = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_SQUARED) / magic**1.5
    metres_east = _SEMI_MAJOR_M / np.sqrt(magic) * np.cos(phi)
    return np.degrees(east / metres_east), np.degrees(north / metres_north)
