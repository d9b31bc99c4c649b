"""Two who manage one account: the later one acts on what he saw, or is told that it is another account by now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.accounts.models import Deed
from fupin.accounts.tests.fixtures import VILLAGE, Cast
from fupin.kernel.seen import Stale

GOOD = "Karst-Hills-9"
Act = Callable[..., Any]
ACTS: dict[str, tuple[Act, dict[str, Any]]] = {
    "change": (accounts.change_account, {"role": "cadre", "region": VILLAGE, "display_name": "甲"}),
    "close": (accounts.close_account, {}),
    "reopen": (accounts.reopen_account, {}),
    "password": (accounts.renew_password, {"password": GOOD}),
    "unlock": (accounts.unlock, {}),
    "factors": (accounts.reset_factors, {}),
}


def as_it_is(user: User) -> tuple[Any, ...]:
    return User.objects.values_list("role", "region", "display_name", "is_active", "password", "epoch").get(pk=user.pk)


@pytest.mark.parametrize("act", ACTS)
def test_nothing_is_done_to_an_account_that_is_another_by_now(cast: Cast, act: str) -> None:
    seen = accounts.account_mark(cast.cadre)
    accounts.change_account(
        by=cast.county_office, user=cast.cadre, role="cadre", region=VILLAGE, display_name="乙", reason="改名"
    )
    before, verb = as_it_is(cast.cadre), ACTS[act][0]
    with pytest.raises(Stale, match=r"账号 .*别人改动"):
        verb(by=cast.office, user=cast.cadre, reason="迟到的一位", seen=seen, **ACTS[act][1])
    assert as_it_is(cast.cadre) == before
    assert not Deed.objects.filter(reason="迟到的一位").exists()
    now = accounts.account_mark(User.objects.get(pk=cast.cadre.pk))
    verb(by=cast.office, user=cast.cadre, reason="看过了再办", seen=now, **ACTS[act][1])
    assert Deed.objects.filter(reason="看过了再办").exists()


@pytest.mark.parametrize("act", ["close", "password", "factors"])
def test_each_deed_makes_another_account_of_it(cast: Cast, act: str) -> None:
    seen = accounts.account_mark(cast.cadre)
    verb, more = ACTS[act]
    verb(by=cast.office, user=cast.cadre, reason="第一位", seen=seen, **more)
    with pytest.raises(Stale):
        verb(by=cast.county_office, user=cast.cadre, reason="第二位", seen=seen, **more)


def test_signing_in_is_no_change_of_the_account(cast: Cast) -> None:
    seen = accounts.account_mark(cast.cadre)
    User.objects.filter(pk=cast.cadre.pk).update(last_login="2026-10-01T08:00:00Z")
    accounts.unlock(by=cast.office, user=cast.cadre, reason="来电", seen=seen)


def test_what_was_done_to_an_account_is_told_with_who_and_why(cast: Cast) -> None:
    accounts.unlock(by=cast.office, user=cast.cadre, reason="来电，已核对身份")
    accounts.close_account(by=cast.county_office, user=cast.cadre, reason="离任")
    told = accounts.deeds_about("user", str(cast.cadre.pk), ("close_user", "unlock_user"))
    assert [(one.verb, one.by, one.reason) for one in told] == [
        ("close_user", cast.county_office, "离任"),
        ("unlock_user", cast.office, "来电，已核对身份"),
    ]
    assert accounts.deeds_about("user", str(cast.office.pk), ("close_user", "unlock_user")) == []
