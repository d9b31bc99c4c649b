"""Borders come ready for the browser and only to whom may see the region; homes lie in their village."""

from __future__ import annotations

import json

import pytest
import shapely
from shapely.geometry import Point, Polygon, mapping

from fupin.accounts.tests.fixtures import CITY, COUNTY, VILLAGE, Cast
from fupin.registry import api as registry
from fupin.registry.shapes import scattered
from fupin.registry.tests.fixtures import Homes

HOOK = Polygon([(108, 23), (109, 23), (109, 24), (108.9, 24), (108.9, 23.1), (108, 23.1)])


@pytest.mark.django_db
def test_cells_are_geojson_and_say_that_they_are_illustrative(cast: Cast, homes: Homes) -> None:
    found = json.loads(registry.cells_json(cast.county_office, COUNTY, 5))
    assert found["type"] == "FeatureCollection"
    assert [cell["properties"]["name"] for cell in found["features"]] == ["新汉村委会", "尚新村委会"]
    assert all(cell["properties"]["illustrative"] for cell in found["features"])
    assert all(cell["geometry"]["type"] == "Polygon" for cell in found["features"])


@pytest.mark.django_db
def test_a_region_at_its_own_level_is_itself(cast: Cast, homes: Homes) -> None:
    found = json.loads(registry.cells_json(cast.cadre, VILLAGE, 5))
    assert [cell["properties"]["code"] for cell in found["features"]] == [VILLAGE]


@pytest.mark.django_db
@pytest.mark.parametrize("code", [CITY, "999999"])
def test_forbidden_and_absent_borders_answer_the_same(cast: Cast, homes: Homes, code: str) -> None:
    with pytest.raises(registry.NotFound):
        registry.cells_json(cast.county_office, code, 5)


@pytest.mark.django_db
def test_homes_lie_in_their_village(cast: Cast, homes: Homes) -> None:
    points = registry.home_points({VILLAGE: ["H-own", "H-other"]})
    cell = shapely.from_geojson(json.dumps(registry.region(VILLAGE).geometry))
    assert set(points) == {"H-own", "H-other"}
    assert all(cell.distance(Point(place)) < 1e-4 for place in points.values())


def test_points_stay_inside_a_crooked_cell() -> None:
    points = scattered(mapping(HOOK), [f"H{number}" for number in range(500)])
    assert shapely.buffer(HOOK, 1e-4).covers(shapely.multipoints(points))
    assert len({tuple(point) for point in points}) == 500


def test_a_household_keeps_its_place_whoever_else_is_drawn() -> None:
    alone = scattered(mapping(HOOK), ["H7"])[0]
    among = scattered(mapping(HOOK), [f"H{number}" for number in range(20)])[7]
    assert tuple(alone) == tuple(among)
