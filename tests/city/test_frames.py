import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Polygon, shape

from city.errors import InvalidValue
from city.frames import Frame, frame_named, gcj02_to_wgs84, to_wgs84, wgs84_to_gcj02

METRE_DEG = 1 / 111_000


def test_a_widely_published_pair_of_points_agrees() -> None:
    lon, lat = wgs84_to_gcj02(116.404, 39.915)
    assert lon == pytest.approx(116.41024449916938, abs=1e-9)
    assert lat == pytest.approx(39.91640428150164, abs=1e-9)


@given(st.floats(73.6, 134.7), st.floats(18.2, 53.5))
def test_there_and_back_is_the_same_place_to_a_millimetre(lon: float, lat: float) -> None:
    back_lon, back_lat = gcj02_to_wgs84(*wgs84_to_gcj02(lon, lat))
    assert abs(back_lon - lon) < METRE_DEG / 1000
    assert abs(back_lat - lat) < METRE_DEG / 1000


def test_outside_china_the_frames_agree() -> None:
    assert [float(degrees) for degrees in wgs84_to_gcj02(2.35, 48.85)] == [2.35, 48.85]


def test_a_geometry_moves_as_a_whole_and_keeps_its_shape() -> None:
    square = Polygon([(116.3, 39.9), (116.4, 39.9), (116.4, 40.0), (116.3, 40.0)], [])
    moved = to_wgs84(square, Frame.GCJ02)
    assert moved.is_valid
    assert 0.001 < shape(square).centroid.distance(moved.centroid) < 0.01
    assert np.isclose(moved.area, square.area, rtol=1e-2)
    assert to_wgs84(square, Frame.WGS84) is square


@pytest.mark.parametrize("name", ["GCJ-02", "gcj02", "Gcj 02"])
def test_a_frame_goes_by_its_usual_names(name: str) -> None:
    assert frame_named(name) is Frame.GCJ02
    assert frame_named("urn:ogc:def:crs:OGC:1.3:CRS84") is Frame.WGS84


@pytest.mark.parametrize("name", ["", "BD-09", "EPSG:3857"])
def test_a_frame_that_can_not_be_converted_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue):
        frame_named(name)
