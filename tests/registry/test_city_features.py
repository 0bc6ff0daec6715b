"""What a city file may hold: every rule that a feature can break, named by feature, field, rule."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import shapely
from shapely import Point

from city.codes import Kind
from city.frames import Frame, wgs84_to_gcj02
from registry.city_features import MAX_ATTRIBUTES_BYTES, read_features
from registry.errors import BadCityFile, Problem
from registry.geometries import MAX_VERTICES

Feature = dict[str, Any]
MakeFeature = Callable[..., Feature]
Collection = Callable[..., dict[str, Any]]


def _read(document: object, frame: Frame | None = None) -> tuple[list[Any], list[Problem]]:
    return read_features(document, frame=frame, progress=lambda step, done, total: None)


def _tree(**changed: Any) -> dict[str, Any]:
    """A good feature, changed: a property by its name, the geometry by ``geometry``."""
    geometry = changed.pop("geometry", {"type": "Point", "coordinates": [116.3, 39.9]})
    properties = {"key": "tree/1", "kind": "C", "class": "tree"} | changed
    present = {name: value for name, value in properties.items() if value is not ...}
    return {"type": "Feature", "geometry": geometry, "properties": present}


def _polygon(*ring: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[list(position) for position in ring]]}


def _many(count: int) -> dict[str, Any]:
    turn = [2 * math.pi * step / count for step in range(count)]
    ring = [[116 + math.cos(angle), 39 + math.sin(angle)] for angle in turn]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def _deep(levels: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


_BOW_TIE = _polygon((116, 39), (117, 40), (117, 39), (116, 40), (116, 39))
_OPEN_RING = _polygon((116, 39), (117, 39), (117, 40), (116, 40))
_POINT_OF = {"type": "Point"}

BAD_FEATURES = [
    pytest.param(7, "type", "Feature", id="not an object"),
    pytest.param({"type": "Point"}, "type", "Feature", id="a geometry where a feature should be"),
    pytest.param({"type": "Feature"}, "properties", "object", id="no properties"),
    pytest.param(_tree(key=...), "properties.key", "text", id="no key"),
    pytest.param(_tree(key=""), "properties.key", "text", id="an empty key"),
    pytest.param(_tree(key=12), "properties.key", "text", id="a number as key"),
    pytest.param(_tree(key="a\nb"), "properties.key", "printable", id="a key of two lines"),
    pytest.param(_tree(key="\ud800"), "properties.key", "printable", id="half a surrogate pair"),
    pytest.param(_tree(key="k" * 201), "properties.key", "200", id="a key that is too long"),
    pytest.param(_tree(kind=...), "properties.kind", "none of", id="no kind"),
    pytest.param(_tree(kind="Z"), "properties.kind", "none of", id="a kind nobody knows"),
    pytest.param(_tree(kind="P"), "properties.kind", "none of", id="a person"),
    pytest.param(_tree(kind=["C"]), "properties.kind", "none of", id="a list as kind"),
    pytest.param(_tree(**{"class": ...}), "properties.class", "class", id="no class"),
    pytest.param(_tree(**{"class": "tower"}), "properties.class", "class", id="an unknown class"),
    pytest.param(
        _tree(**{"class": "city"}), "properties.class", "class", id="another kind's class"
    ),
    pytest.param(_tree(kind="D"), "properties.profile", "profile", id="a device without profile"),
    pytest.param(
        _tree(kind="D", profile="toaster"), "properties.profile", "profile", id="unknown profile"
    ),
    pytest.param(
        _tree(profile="smart-pole"), "properties.profile", "devices", id="a tree with a profile"
    ),
    pytest.param(
        _tree(mounted_on="pole/1"), "properties.mounted_on", "devices", id="a mounted tree"
    ),
    pytest.param(_tree(area=3), "properties.area", "text", id="a number as area"),
    pytest.param(_tree(colour="red"), "properties.colour", "known property", id="unknown property"),
    pytest.param(_tree(name="Tree"), "properties.name", "language", id="a name without language"),
    pytest.param(_tree(name={"e": "x"}), "properties.name", "language", id="no language tag"),
    pytest.param(_tree(name={"en": ""}), "properties.name.en", "text", id="an empty name"),
    pytest.param(_tree(code="C7K3K4WT0"), "properties.code", "check", id="a code that fails"),
    pytest.param(_tree(code="B0A1KB9UF"), "properties.code", "kind B", id="a building's code"),
    pytest.param(_tree(code=12), "properties.code", "no city code", id="a number as code"),
    pytest.param(_tree(aliases=["x"]), "properties.aliases", "object", id="a list of aliases"),
    pytest.param(
        _tree(aliases={"gbt2260": "1101"}), "properties.aliases.gbt2260", "six", id="short alias"
    ),
    pytest.param(
        _tree(aliases={"gbt2260": 110101}), "properties.aliases.gbt2260", "text", id="number alias"
    ),
    pytest.param(_tree(attributes=[1]), "properties.attributes", "object", id="listed attributes"),
    pytest.param(
        _tree(attributes={"h": math.nan}), "properties.attributes", "NaN", id="NaN as attribute"
    ),
    pytest.param(
        _tree(attributes={"a": "\x00"}), "properties.attributes", "NUL", id="NUL in an attribute"
    ),
    pytest.param(
        _tree(attributes={"a": "\udc00"}),
        "properties.attributes",
        "surrogate",
        id="half a surrogate pair in an attribute",
    ),
    pytest.param(
        _tree(attributes={"a": "x" * MAX_ATTRIBUTES_BYTES}),
        "properties.attributes",
        "larger",
        id="attributes without end",
    ),
    pytest.param(
        _tree(attributes=[_deep(900)]), "properties.attributes", "object", id="a deep list"
    ),
    pytest.param(
        _tree(attributes={"a": _deep(5000)}), "properties.attributes", "plain JSON", id="too deep"
    ),
    pytest.param(_tree(frame="BD-09"), "properties.frame", "WGS 84 or GCJ-02", id="unknown frame"),
    pytest.param(_tree(frame=4326), "properties.frame", "WGS 84 or GCJ-02", id="number as frame"),
    pytest.param(_tree(geometry=[116, 39]), "geometry", "GeoJSON geometry", id="bare coordinates"),
    pytest.param(
        _tree(geometry={"type": "Circle", "coordinates": [1, 2]}), "geometry", "type", id="a circle"
    ),
    pytest.param(
        _tree(geometry={"type": "GeometryCollection", "geometries": []}),
        "geometry",
        "type",
        id="a collection of geometries",
    ),
    pytest.param(_tree(geometry=_POINT_OF), "geometry", "coordinates", id="no coordinates"),
    pytest.param(
        _tree(geometry=_POINT_OF | {"coordinates": []}), "geometry", "position", id="empty point"
    ),
    pytest.param(
        _tree(geometry=_POINT_OF | {"coordinates": [116]}), "geometry", "position", id="one number"
    ),
    pytest.param(
        _tree(geometry=_POINT_OF | {"coordinates": ["116", "39"]}),
        "geometry",
        "not a number",
        id="coordinates as text",
    ),
    pytest.param(
        _tree(geometry=_POINT_OF | {"coordinates": [True, 39]}),
        "geometry",
        "not a number",
        id="a coordinate that is true",
    ),
    pytest.param(
        _tree(geometry=_POINT_OF | {"coordinates": [math.nan, 39]}),
        "geometry",
        "finite",
        id="a coordinate that is NaN",
    ),
    pytest.param(
        _tree(geometry=_POINT_OF | {"coordinates": [math.inf, 39]}),
        "geometry",
        "finite",
        id="an infinite coordinate",
    ),
    pytest.param(
        _tree(geometry=_POINT_OF | {"coordinates": [10**400, 39]}),
        "geometry",
        "finite",
        id="a coordinate beyond floating point",
    ),
    pytest.param(
        _tree(geometry=_POINT_OF | {"coordinates": [39.9, 116.3]}),
        "geometry",
        "latitude stands before longitude",
        id="latitude before longitude",
    ),
    pytest.param(
        _tree(geometry=_POINT_OF | {"coordinates": [447_800.0, 4_418_000.0]}),
        "geometry",
        "outside",
        id="metres instead of degrees",
    ),
    pytest.param(
        _tree(geometry={"type": "LineString", "coordinates": [116, 39]}),
        "geometry",
        "position",
        id="a line nested like a point",
    ),
    pytest.param(
        _tree(geometry={"type": "Polygon", "coordinates": [[116, 39], [117, 39]]}),
        "geometry",
        "ring",
        id="a polygon nested like a line",
    ),
    pytest.param(
        _tree(geometry={"type": "LineString", "coordinates": [[116, 39]]}),
        "geometry",
        "LineString",
        id="a line of one position",
    ),
    pytest.param(_tree(geometry=_BOW_TIE), "geometry", "Self-intersection", id="a bow tie"),
    pytest.param(_tree(geometry=_OPEN_RING), "geometry", "closed", id="a ring that is open"),
    pytest.param(
        _tree(geometry={"type": "Polygon", "coordinates": []}),
        "geometry",
        "empty",
        id="a polygon without rings",
    ),
    pytest.param(
        _tree(geometry=_many(MAX_VERTICES + 1)), "geometry", "vertices", id="too many vertices"
    ),
    pytest.param(
        _tree(kind="A", **{"class": "city"}), "geometry", "kind A", id="an area that is a point"
    ),
]


@pytest.mark.parametrize(("raw", "field", "words"), BAD_FEATURES)
def test_a_bad_feature_is_named_by_index_field_and_rule(
    collection: Collection, raw: object, field: str, words: str
) -> None:
    features, problems = _read(collection([_tree(key="good"), raw]))

    assert [feature.key for feature in features] == ["good"]
    assert (1, field) in {(problem.feature, problem.field) for problem in problems}
    assert any(words in problem.rule for problem in problems), problems


BAD_FILES = [
    pytest.param([], "type", id="a list"),
    pytest.param(None, "type", id="null"),
    pytest.param({"type": "Feature"}, "type", id="a single feature"),
    pytest.param({"type": "FeatureCollection"}, "features", id="no features"),
    pytest.param({"type": "FeatureCollection", "features": {}}, "features", id="no list"),
    pytest.param(
        {"type": "FeatureCollection", "features": [], "frame": "BD-09"}, "frame", id="unknown frame"
    ),
]


@pytest.mark.parametrize(("document", "field"), BAD_FILES)
def test_what_is_no_city_file_is_refused(document: object, field: str) -> None:
    with pytest.raises(BadCityFile) as caught:
        _read(document)
    assert [(each.feature, each.field) for each in caught.value.problems] == [(-1, field)]


def test_every_fault_of_a_feature_is_named_not_only_the_first(collection: Collection) -> None:
    raw = _tree(key="", colour="red", name="Tree", frame="BD-09")
    _, problems = _read(collection([raw]))
    assert {problem.field for problem in problems} == {
        "properties.key",
        "properties.colour",
        "properties.name",
        "properties.frame",
    }


def test_a_problem_reads_as_one_line_whatever_the_value(collection: Collection) -> None:
    _, problems = _read(collection([_tree(key="a\nb" * 500)]))
    line = str(problems[0])
    assert line.startswith("feature 0: properties.key: ") and line.isprintable()
    assert len(line) < 300


def test_a_device_takes_its_class_from_its_profile(feature: MakeFeature) -> None:
    raw = feature("device/1", "D", None, None, profile="air-station")
    features, _ = _read({"type": "FeatureCollection", "features": [raw]})
    assert (features[0].kind, features[0].class_) == (Kind.DEVICE, "air-station")


def test_heights_are_dropped(collection: Collection) -> None:
    raw = _tree(geometry={"type": "Point", "coordinates": [116.3, 39.9, 44.0]})
    features, _ = _read(collection([raw]))
    assert features[0].geometry == Point(116.3, 39.9)
    assert not shapely.has_z(features[0].geometry)


FRAMES = [
    pytest.param("GCJ-02", {}, None, Frame.GCJ02, id="the feature says"),
    pytest.param(..., {"frame": "gcj02"}, None, Frame.GCJ02, id="the file says"),
    pytest.param(..., {}, Frame.GCJ02, Frame.GCJ02, id="the caller says"),
    pytest.param("WGS 84", {"frame": "GCJ-02"}, None, Frame.WGS84, id="the feature over the file"),
    pytest.param(..., {"frame": "WGS84"}, Frame.GCJ02, Frame.WGS84, id="the file over the caller"),
    pytest.param(..., {}, None, Frame.WGS84, id="nobody says"),
]


@pytest.mark.parametrize(("stated", "members", "given", "frame"), FRAMES)
def test_coordinates_come_in_as_wgs_84_and_their_frame_is_kept(
    collection: Collection, stated: object, members: dict[str, str], given: Frame, frame: Frame
) -> None:
    lon, lat = (float(each) for each in wgs84_to_gcj02(116.3, 39.9))
    moved = frame is Frame.GCJ02
    position = [lon, lat] if moved else [116.3, 39.9]
    raw = _tree(frame=stated, geometry={"type": "Point", "coordinates": position})

    features, problems = _read(
        collection([raw, _tree(key="tree/2", frame="WGS 84")], **members), given
    )

    assert problems == []
    assert [each.frame for each in features] == [frame, Frame.WGS84]
    # A millimetre is 1e-8 degrees.
    assert features[0].geometry.distance(Point(116.3, 39.9)) < 1e-8
