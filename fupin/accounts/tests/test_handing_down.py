"""Accounts handed down level by level, moved, closed, handed over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from fupin.accounts import api as accounts
from fupin.accounts.api import ROLES, THREE, User
from fupin.accounts.models import Deed, SavedFilter
from fupin.accounts.rules import may_hand_down
from fupin.accounts.tests.fixtures import CITY, COUNTY, OTHER_COUNTY, PASSWORD, VILLAGE, Cast
from fupin.kernel.errors import Forbidden, NotFound, UserError

TOWN = VILLAGE[:9]
GOOD = "Karst-Hills-9"


def opened(by: User, username: str, role: str = "office", region: str = COUNTY, **more: Any) -> User:
    return accounts.create_user(by=by, username=username, password=GOOD, role=role, region=region, **more)


def test_three_levels_hand_down_and_the_fourth_is_refused(cast: Cast) -> None:
    county = opened(cast.office, "xian2", region=COUNTY)
    town = opened(county, "zhen2", region=TOWN)
    cadre = opened(town, "cun2", role="cadre", region=VILLAGE)
    with pytest.raises(Forbidden):
        opened(cadre, "zu2", role="cadre", region=VILLAGE)
    assert [one.opened_by for one in (county, town, cadre)] == [cast.office, county, town]


@pytest.mark.parametrize("region", [OTHER_COUNTY, CITY, "45", ""])
def test_nobody_opens_beside_or_above_the_own_region(cast: Cast, region: str) -> None:
    with pytest.raises(UserError):
        opened(cast.county_office, "waixian", region=region)
    assert not User.objects.filter(username="waixian").exists()


@pytest.mark.parametrize("role", THREE)
def test_nobody_opens_the_one_who_watches_over_him(cast: Cast, role: str) -> None:
    for by in (cast.office, cast.security, cast.audit):
        with pytest.raises(Forbidden):
            opened(by, "xinren", role=role, region="")


def test_the_three_administrators_are_three_and_none_sees_households(cast: Cast) -> None:
    three = (cast.administrator, cast.security, cast.audit)
    rights = [ROLES[one.role].verbs for one in three]
    assert rights[0] & rights[1] == rights[1] & rights[2] == rights[0] & rights[2] == frozenset()
    assert not any(one.scope for one in three)
    User.objects.filter(pk=cast.audit.pk).update(region=CITY)
    assert not User.objects.get(pk=cast.audit.pk).scope


@given(
    role=st.sampled_from(sorted(ROLES)),
    given_role=st.sampled_from(sorted(ROLES)),
    region=st.sampled_from(["45", CITY, COUNTY, TOWN, VILLAGE]),
    given_region=st.sampled_from(["45", CITY, COUNTY, OTHER_COUNTY, TOWN, VILLAGE]),
)
def test_what_is_handed_down_never_sees_more_than_the_giver(
    role: str, given_role: str, region: str, given_region: str
) -> None:
    if may_hand_down(role, region, given_role, given_region):
        assert given_region.startswith(region)
        giver = ROLES[role]
        assert giver.needs_region is False or ROLES[given_role].verbs <= giver.verbs | {"see_households"}


def test_a_moved_account_loses_its_sessions_tokens_and_old_region(cast: Cast) -> None:
    clerk = cast.department
    token = accounts.token_for(by=clerk, user=clerk, name="nightly")
    client = Client()
    client.force_login(clerk)
    moved = accounts.change_account(
        by=cast.office, user=clerk, role="cadre", region=VILLAGE, display_name="莫文静", reason="调到驻村"
    )
    assert accounts.user_of_token(token) is None
    assert client.get("/deliveries/").status_code == 302
    assert moved.scope.covers(VILLAGE)
    deed = Deed.objects.get(verb="change_user")
    assert (deed.by, deed.reason, deed.detail["before"][0], deed.detail["after"][0]) == (
        cast.office, "调到驻村", "department", "cadre",
    )  # fmt: skip


def test_a_new_name_ends_no_session(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.cadre)
    accounts.change_account(
        by=cast.office, user=cast.cadre, role="cadre", region=VILLAGE, display_name="陆春生（新）", reason="更名"
    )
    assert client.get("/account/").status_code == 200


@pytest.mark.parametrize(
    ("role", "region"), [("office", OTHER_COUNTY), ("office", CITY), ("audit_administrator", ""), ("king", COUNTY)]
)
def test_an_account_is_moved_only_to_where_it_could_be_opened(cast: Cast, role: str, region: str) -> None:
    with pytest.raises(UserError):
        accounts.change_account(by=cast.county_office, user=cast.cadre, role=role, region=region, reason="x")
    assert User.objects.get(pk=cast.cadre.pk).region == VILLAGE


def test_nobody_changes_closes_or_renews_the_own_account(cast: Cast) -> None:
    for act in (
        lambda: accounts.close_account(by=cast.office, user=cast.office, reason="x"),
        lambda: accounts.renew_password(by=cast.security, user=cast.security, password=GOOD, reason="x"),
        lambda: accounts.change_account(by=cast.office, user=cast.office, role="office", region=CITY, reason="x"),
    ):
        with pytest.raises(Forbidden):
            act()


def test_a_closed_account_is_out_at_once_and_comes_back(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.cadre)
    accounts.close_account(by=cast.county_office, user=cast.cadre, reason="离任")
    assert client.get("/").status_code == 302
    assert accounts.sign_in(None, "cungan", PASSWORD) is None
    assert not User.objects.get(pk=cast.cadre.pk).scope
    accounts.reopen_account(by=cast.county_office, user=User.objects.get(pk=cast.cadre.pk), reason="回任")
    assert accounts.sign_in(None, "cungan", PASSWORD) == cast.cadre


def test_an_account_ends_by_itself_after_its_last_day(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.cadre)
    today = timezone.localdate()
    User.objects.filter(pk=cast.cadre.pk).update(ends_on=today)
    assert client.get("/").status_code == 200
    User.objects.filter(pk=cast.cadre.pk).update(ends_on=today - timedelta(days=1))
    assert client.get("/").status_code == 302
    assert accounts.sign_in(None, "cungan", PASSWORD) is None


def test_saved_filters_go_to_the_successor_whose_own_stay(cast: Cast) -> None:
    new = opened(cast.office, "xian3", region=COUNTY)
    for by, name, query in (
        (cast.county_office, "重点", "a=1"),
        (cast.county_office, "待定", "a=2"),
        (new, "待定", "b=9"),
    ):
        accounts.save_filter(by=by, path="/households/", name=name, query=query)
    accounts.close_account(by=cast.office, user=cast.county_office, reason="调离", successor=new)
    kept = dict(SavedFilter.objects.filter(user=new).values_list("name", "query"))
    assert kept == {"重点": "a=1", "待定": "b=9"}


def test_a_successor_of_another_role_is_refused_and_nothing_is_closed(cast: Cast) -> None:
    with pytest.raises(UserError, match="接手"):
        accounts.close_account(by=cast.office, user=cast.county_office, reason="x", successor=cast.cadre)
    assert User.objects.get(pk=cast.county_office.pk).is_active


def test_a_renewed_password_must_be_changed_before_anything_else(cast: Cast) -> None:
    accounts.renew_password(by=cast.security, user=cast.cadre, password=GOOD, reason="忘记密码")
    client = Client()
    assert client.post("/sign-in/", {"username": "cungan", "password": GOOD}).status_code == 302
    assert client.get("/households/").headers["Location"] == "/account/"
    wrong = client.post("/account/password/", {"old": "x", "new": "Brocade-Zhuang-8", "again": "Brocade-Zhuang-8"})
    assert wrong.status_code == 400
    right = client.post("/account/password/", {"old": GOOD, "new": "Brocade-Zhuang-8", "again": "Brocade-Zhuang-8"})
    assert right.status_code == 200
    assert client.get("/account/").status_code == 200
    assert not User.objects.get(pk=cast.cadre.pk).must_change_password


def test_a_system_administrator_cannot_take_an_account_over(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        accounts.renew_password(by=cast.administrator, user=cast.office, password=GOOD, reason="x")


@pytest.mark.parametrize("who", ["administrator", "audit"])
def test_no_administrator_draws_a_password_for_another_of_the_three(cast: Cast, who: str) -> None:
    other = getattr(cast, who)
    with pytest.raises(Forbidden):
        accounts.renew_password(by=cast.security, user=other, password=GOOD, reason="x")
    accounts.renew_password(by=None, user=other, password=GOOD, reason="在服务器上")
    assert User.objects.get(pk=other.pk).check_password(GOOD)


def test_an_account_that_was_moved_away_meanwhile_is_no_longer_ones_own_to_close(cast: Cast) -> None:
    seen = User.objects.get(pk=cast.cadre.pk)
    User.objects.filter(pk=cast.cadre.pk).update(region=OTHER_COUNTY + "100201")
    with pytest.raises(Forbidden):
        accounts.close_account(by=cast.county_office, user=seen, reason="x")
    assert User.objects.get(pk=cast.cadre.pk).is_active


def test_accounts_are_listed_and_found_only_below(cast: Cast) -> None:
    names = set(accounts.users_for(cast.county_office).values_list("username", flat=True))
    assert names == {"xianban", "zhenban", "cungan"}
    assert accounts.user_for(cast.county_office, "cungan") == cast.cadre
    for absent in ("shiban", "shengren", "guanli", "nobody"):
        with pytest.raises(NotFound):
            accounts.user_for(cast.county_office, absent)
    assert accounts.users_for(cast.security).count() == User.objects.count()
    assert set(accounts.users_for(cast.audit)) == {cast.audit}


def test_a_reason_is_demanded(cast: Cast) -> None:
    with pytest.raises(UserError, match="理由"):
        accounts.close_account(by=cast.office, user=cast.cadre, reason="  ")
