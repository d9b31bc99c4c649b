"""Six levels from the nation to the village, and the roles whose pages are still to come."""

from __future__ import annotations

import pytest
from django.test import Client

from fupin.accounts import api as accounts
from fupin.accounts.models import User
from fupin.accounts.rules import ROLES
from fupin.accounts.tests.fixtures import VILLAGE, Cast
from fupin.kernel.errors import Forbidden, UserError
from fupin.kernel.scope import Scope

COMING = ("helper_unit", "enterprise", "resident")


def opened(by: User | None, role: str, region: str) -> User:
    return accounts.create_user(
        by=by, username=f"x-{role}", password="Karst-Hills-9", role=role, region=region, display_name="新来人"
    )


@pytest.mark.parametrize("role", ["office", "decision_maker"])
def test_the_system_administrator_opens_accounts_of_the_nation(cast: Cast, role: str) -> None:
    user = opened(cast.administrator, role, "全国")
    assert (user.region, user.scope) == ("", Scope.everything())
    assert accounts.account_level(user.role, user.region) == ("国家", "nation")


def test_a_forgotten_region_is_not_the_nation(cast: Cast) -> None:
    with pytest.raises(UserError, match="要写明辖区"):
        opened(cast.administrator, "office", "")


@pytest.mark.parametrize("role", ["cadre", "department", *COMING])
def test_no_other_role_has_the_nation(cast: Cast, role: str) -> None:
    with pytest.raises(UserError, match="不能是全国"):
        opened(cast.administrator, role, "全国")


def test_an_office_of_a_city_does_not_open_one_of_the_nation(cast: Cast) -> None:
    with pytest.raises(Forbidden, match="不在您的辖区"):
        opened(cast.office, "office", "nation")
    with pytest.raises(Forbidden):
        accounts.change_account(by=cast.office, user=cast.county_office, role="office", region="全国", reason="x")


def test_an_office_of_the_nation_hands_down_to_every_province(cast: Cast) -> None:
    national = opened(cast.administrator, "office", "全国")
    assert opened(national, "decision_maker", "52").opened_by == national
    assert accounts.user_for(national, cast.cadre.username) == cast.cadre


def test_a_role_without_a_region_that_must_have_one_sees_nothing() -> None:
    assert not User(role="cadre", region="", is_active=True).scope


@pytest.mark.parametrize(
    ("region", "level"),
    [("45", "省"), ("4501", "市"), ("450124", "县（区）"), ("450124100", "乡镇"), (VILLAGE, "行政村")],
)
def test_the_level_is_told_from_the_code(region: str, level: str) -> None:
    assert accounts.account_level("office", region)[0] == level


@pytest.mark.parametrize("role", COMING)
def test_roles_to_come_are_handed_down_and_see_their_own_account_only(cast: Cast, client: Client, role: str) -> None:
    user = opened(cast.county_office, role, VILLAGE)
    assert not user.scope
    assert "还没有建" in ROLES[role].why_zh
    client.force_login(user)
    assert client.get("/")["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    for path in ("/households/", "/findings/", "/runs/", "/deliveries/", "/users/", "/map/", "/measures/", "/deeds/"):
        assert client.get(path).status_code == 403, path


@pytest.mark.parametrize("role", COMING)
def test_roles_to_come_get_no_token(cast: Cast, role: str) -> None:
    user = opened(cast.county_office, role, VILLAGE)
    with pytest.raises(Forbidden):
        accounts.token_for(by=user, user=user, name="x")


def test_the_pages_of_a_national_office_open(cast: Cast, client: Client) -> None:
    national = opened(None, "office", "全国")
    client.force_login(national)
    for path in ("/", "/households/", "/findings/", "/runs/", "/deliveries/", "/users/", "/map/", "/account/"):
        assert client.get(path).status_code == 200, path
    assert "国家" in client.get("/account/").content.decode()
