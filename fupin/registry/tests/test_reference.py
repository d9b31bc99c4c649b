"""What is shipped of the country: whole, joined up, with sources."""

from __future__ import annotations

import pytest
import shapely
from shapely.geometry import shape

from fupin.registry import api as registry


def test_the_country_has_all_its_provinces_and_the_line_of_its_islands() -> None:
    assert len(registry.reference_cells("cn", 1)["features"]) == len(registry.reference_names("cn", 1)) == 34
    assert shapely.get_num_geometries(shape(registry.reference_cells("cn", 0)["features"][0]["geometry"])) == 9
    west, south, east, north = registry.reference_bounds("cn")
    assert (round(west), round(south), round(east), round(north)) == (74, 3, 135, 54)


@pytest.mark.parametrize(("province", "cities", "counties"), [("45", 14, 111), ("52", 9, 88)])
def test_two_provinces_have_their_cities_and_counties(province: str, cities: int, counties: int) -> None:
    assert registry.reference_levels(province) == (2, 3)
    for level, count in ((2, cities), (3, counties)):
        cells = registry.reference_cells(province, level)["features"]
        assert {cell["properties"]["code"] for cell in cells} == set(registry.reference_names(province, level))
        assert len(cells) == count
        assert all(shape(cell["geometry"]).is_valid for cell in cells)


def test_a_city_is_the_union_of_its_counties() -> None:
    city = next(one for one in registry.reference_cells("45", 2)["features"] if one["properties"]["code"] == "4503")
    counties = registry.reference_cells("4503", 3)["features"]
    area = sum(shape(one["geometry"]).area for one in counties)
    assert len(counties) == 17
    assert shape(city["geometry"]).area == pytest.approx(area, rel=1e-4)


def test_every_former_poor_county_lies_on_the_map_and_names_its_source() -> None:
    exits = registry.exits()
    names = {**registry.reference_names("45", 3), **registry.reference_names("52", 3)}
    assert len(exits) == 99
    assert sum(code.startswith("45") for code in exits) == 33
    assert set(exits) <= set(names)
    assert all(2016 <= one.year <= 2020 and one.source for one in exits.values())


@pytest.mark.parametrize("code", ["99", "4599", "450124", "", "zz"])
def test_what_no_file_knows_is_not_found(code: str) -> None:
    with pytest.raises(registry.NotFound):
        registry.reference_place(code)


def test_a_province_without_counties_is_drawn_as_itself() -> None:
    assert registry.reference_levels("31") == ()
    assert [one["properties"]["name"] for one in registry.reference_cells("31", 1)["features"]] == ["上海市"]
