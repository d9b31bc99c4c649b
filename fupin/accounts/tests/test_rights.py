from __future__ import annotations

import pytest

from fupin.accounts import api as accounts
from fupin.accounts.rules import ROLES, VERBS, RoleRights, role_may
from fupin.accounts.tests.fixtures import COUNTY, VILLAGE, Cast
from fupin.kernel.errors import Forbidden


@pytest.mark.parametrize("role", ROLES.values())
def test_a_role_explains_itself_and_names_known_rights(role: type[RoleRights]) -> None:
    assert role.why_zh.endswith("。")
    assert role.why_en.endswith(".")
    assert role.verbs <= VERBS.keys()


def test_every_role_of_the_model_has_rights() -> None:
    assert set(accounts.Role.values) == ROLES.keys()


def test_every_right_belongs_to_somebody() -> None:
    assert set(VERBS) == {verb for role in ROLES.values() for verb in role.verbs}


def test_a_misspelt_right_is_an_error_not_a_refusal() -> None:
    with pytest.raises(KeyError, match="start_runs"):
        role_may("office", "start_runs")


def test_only_the_office_starts_runs(cast: Cast) -> None:
    allowed = [name for name, user in vars(cast).items() if accounts.may(user, "start_run")]
    assert allowed == ["office", "county_office", "town"]


def test_a_refusal_names_the_roles_that_may(cast: Cast) -> None:
    with pytest.raises(Forbidden) as caught:
        accounts.require(cast.cadre, "start_run")
    assert "扶贫办" in caught.value.hint_zh


def test_a_county_office_is_refused_outside_its_county(cast: Cast) -> None:
    accounts.require(cast.county_office, "start_run", COUNTY)
    with pytest.raises(Forbidden, match="4501 不在您的辖区"):
        accounts.require(cast.county_office, "start_run", "4501")


def test_an_inactive_account_may_nothing_and_sees_nothing(cast: Cast) -> None:
    cast.office.is_active = False
    assert not accounts.may(cast.office, "see_results")
    assert not cast.office.scope


def test_scopes_follow_the_region(cast: Cast) -> None:
    assert cast.cadre.scope.covers(VILLAGE)
    assert not cast.stranger.scope.covers(VILLAGE)
    assert not cast.department.scope
    assert not cast.administrator.scope
