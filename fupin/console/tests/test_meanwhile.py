"""Two officers at one record: the later one is told who did what, keeps what he typed, and may send it again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from fupin.accounts import api as accounts
from fupin.accounts.models import Deed, User
from fupin.exchange import api as exchange
from fupin.exchange.api import Agreement, Terms
from fupin.ui.tests.visitor import Visitor

VILLAGE, OTHER = "450124100201", "450124100202"


@pytest.fixture
def cadre(visitor: Visitor) -> Iterator[User]:
    """The city is shared: the account is closed and renamed away behind the test."""
    user = accounts.create_user(
        by=visitor.city.cast["office"], username="cun-later", password="Karst-Hills-9", role="cadre", region=VILLAGE,
        display_name="莫小文",
    )  # fmt: skip
    yield user
    User.objects.filter(pk=user.pk).update(is_active=False, username=f"gone-{user.pk}-later")


def test_of_two_who_move_one_account_the_later_one_compares_first(visitor: Visitor, cadre: User) -> None:
    office = visitor.city.cast["office"]
    visitor.sign_in("county_office").open("/users/cun-later/")
    visitor.page.fill("#display_name", "莫文")
    visitor.page.fill("#change-reason", "更正姓名")
    accounts.change_account(  # meanwhile
        by=office, user=cadre, role="cadre", region=OTHER, display_name="莫小文", reason="轮岗到邻村"
    )
    visitor.page.click("button:has-text('保存')")
    met = visitor.page.locator("#conflict")
    for words in (str(office), "调整账号", "轮岗到邻村", VILLAGE, OTHER):
        expect(met).to_contain_text(words)
    assert visitor.page.is_checked("[data-meeting=display_name] input >> nth=0")  # he alone changed it
    assert visitor.page.is_checked("[data-meeting=region] input >> nth=1")  # and this one only the other
    assert visitor.page.input_value("#change-reason") == "更正姓名"
    assert visitor.fits(visitor.page.viewport_size["width"] if visitor.page.viewport_size else 1600)
    cadre.refresh_from_db()
    assert (cadre.display_name, cadre.region) == ("莫小文", OTHER)
    visitor.page.click("button:has-text('保存')")
    expect(visitor.page.locator("#conflict")).to_have_count(0)
    cadre.refresh_from_db()
    assert (cadre.display_name, cadre.region) == ("莫文", OTHER)


def test_an_account_that_somebody_closed_is_not_closed_again(visitor: Visitor, cadre: User) -> None:
    """What was typed for a form that is no more stands beside what happened, never in another form."""
    visitor.sign_in("county_office").open("/users/cun-later/")
    visitor.page.fill("#close-reason", "离任，交接完毕")
    accounts.close_account(by=visitor.city.cast["office"], user=cadre, reason="退休")
    visitor.page.click("button:has-text('停用账号')")
    met = visitor.page.locator("#conflict")
    expect(met).to_contain_text("退休")
    expect(met).to_contain_text("离任，交接完毕")
    expect(visitor.page.locator("button:has-text('恢复账号')")).to_be_visible()
    assert visitor.page.input_value("#close-reason") == ""
    assert not Deed.objects.filter(reason="离任，交接完毕").exists()
    visitor.page.fill("#close-reason", "")
    visitor.page.fill("#close-reason", "返聘")
    visitor.page.click("button:has-text('恢复账号')")
    expect(visitor.page.locator("button:has-text('停用账号')")).to_be_visible()


def test_a_refusal_does_not_pass_for_having_seen_what_changed(visitor: Visitor, cadre: User) -> None:
    visitor.sign_in("county_office").open("/users/cun-later/")
    visitor.page.fill("#successor", "nobody")
    visitor.page.fill("#close-reason", "离任")
    accounts.unlock(by=visitor.city.cast["office"], user=cadre, reason="来电")
    accounts.renew_password(by=visitor.city.cast["office"], user=cadre, password="Karst-Hills-8", reason="忘记密码")
    visitor.page.click("button:has-text('停用账号')")
    expect(visitor.page.locator("main [role=alert]")).to_contain_text("没有账号 nobody")
    visitor.page.fill("#successor", "")
    visitor.page.click("button:has-text('停用账号')")
    expect(visitor.page.locator("#conflict")).to_contain_text("忘记密码")
    cadre.refresh_from_db()
    assert cadre.is_active
