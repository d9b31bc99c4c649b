from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fupin.kernel import regions
from fupin.kernel.scope import Scope
from fupin.kernel.tests.strategies import region_codes

scopes = st.lists(region_codes(), max_size=5).map(lambda codes: Scope.of(*codes))


@given(region_codes())
def test_ancestors_are_prefixes_one_level_apart(code: str) -> None:
    chain = [*regions.ancestors(code), code]
    assert [regions.level_of(c) for c in chain] == list(range(1, regions.level_of(code) + 1))
    assert all(regions.parent(below) == above for above, below in pairwise(chain))
    assert regions.parent(chain[0]) is None


@pytest.mark.parametrize("wrong", ["", "4", "450", "4501２4", "45012a", "4501240001", "4501240001002003"])
def test_what_is_no_code_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not a region code"):
        regions.level_of(wrong)


def test_levels_have_names() -> None:
    assert regions.level_name(regions.VILLAGE) == "行政村"
    assert regions.level_name(regions.TOWN, "en") == "town"
    assert regions.at_level("450124100201", regions.COUNTY) == "450124"
    with pytest.raises(ValueError, match="above"):
        regions.at_level("45", regions.CITY)


@given(scopes, region_codes())
def test_who_sees_a_region_sees_all_below_it(scope: Scope, code: str) -> None:
    if any(scope.covers(ancestor) for ancestor in regions.ancestors(code)):
        assert scope.covers(code)


@given(scopes, region_codes())
def test_ranges_say_the_same_as_covers(scope: Scope, code: str) -> None:
    assert any(low <= code < high for low, high in scope.ranges()) == scope.covers(code)


@given(scopes, region_codes(), region_codes())
def test_within_is_the_intersection(scope: Scope, region: str, code: str) -> None:
    assert scope.within(region).covers(code) == (scope.covers(code) and code.startswith(region))


@given(st.lists(region_codes(), max_size=6), region_codes())
def test_leaving_out_inner_prefixes_changes_nothing(codes: list[str], code: str) -> None:
    assert Scope.of(*codes).covers(code) == any(code.startswith(prefix) for prefix in codes)


def test_nothing_and_everything() -> None:
    assert not Scope.nothing()
    assert not Scope.nothing().covers("45")
    assert Scope.everything().covers("450124100201")
    assert Scope.everything().ranges() == [("", ":")]
