"""Where a page stands: found by one question, told as the registry tells it."""

from __future__ import annotations

import pytest

from fupin.registry import api as registry
from fupin.ui.places import place_of
from fupin.ui.tests.city import City


@pytest.mark.parametrize("who", ["office", "county_office", "cadre"])
def test_a_place_has_its_way_down_and_its_parts(city: City, who: str) -> None:
    user = city.cast[who]
    place = place_of(user)
    assert place is not None
    assert place.code == user.region
    assert [part.code for part in place.crumbs] == [user.region]
    assert place.parts == registry.children(user, user.region)
    for part in place.parts[:3]:
        below = place_of(user, part.code)
        assert below is not None
        assert [one.code for one in below.crumbs] == [user.region, part.code]
        assert below.parts == registry.children(user, part.code)


@pytest.mark.parametrize("code", ["45", "4502", "4501999", "450199", "x"])
def test_what_is_outside_and_what_is_not_there_answer_the_same(city: City, code: str) -> None:
    with pytest.raises(registry.NotFound):
        place_of(city.cast["office"], code)


def test_who_has_no_region_stands_nowhere(city: City) -> None:
    assert place_of(city.cast["administrator"]) is None
