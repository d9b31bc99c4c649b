"""Accounts in the browser: handed down, changed, locked out and let in again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from fupin.accounts import api as accounts
from fupin.accounts.models import SavedFilter, User
from fupin.ui.tests.city import PASSWORD
from fupin.ui.tests.visitor import Visitor

OWN = "Karst-Hills-9"
COUNTY, TOWN, VILLAGE = "450124", "450124100", "450124100201"


@pytest.fixture
def names(visitor: Visitor) -> Iterator[list[str]]:
    """Accounts that a test opens; the city is shared, so they are closed and renamed away behind it."""
    made: list[str] = []
    yield made
    for name in made:
        SavedFilter.objects.filter(user__username=name).delete()
        User.objects.filter(username=name).update(is_active=False, username=f"gone-{User.objects.count()}-{name}")


def fill(visitor: Visitor, username: str, role: str, region: str) -> None:
    visitor.open("/users/new/")
    visitor.page.fill("#username", username)
    visitor.page.fill("#display_name", "新来人")
    if visitor.page.locator(f"#role option[value={role}]").count():
        visitor.page.select_option("#role", role)
    visitor.page.fill("#region", region)
    visitor.page.click("main form .btn-primary")


def opened(visitor: Visitor, username: str, role: str, region: str) -> str:
    """The one-time password that the page shows."""
    fill(visitor, username, role, region)
    return visitor.page.inner_text("[data-password]")


def first_sign_in(visitor: Visitor, username: str, password: str) -> None:
    """With the one-time password, which the page wants changed at once."""
    visitor.page.context.clear_cookies()
    visitor.open("/sign-in/")
    visitor.page.fill("#username", username)
    visitor.page.fill("#password", password)
    visitor.page.click("main button.btn-primary")
    visitor.page.wait_for_url("**/account/")
    visitor.page.fill("#old", password)
    visitor.page.fill("#new", OWN)
    visitor.page.fill("#again", OWN)
    visitor.page.click("main form .btn-primary >> nth=0")
    visitor.page.wait_for_selector("[role=status]")


def test_accounts_are_handed_down_three_levels_and_a_fourth_is_refused(visitor: Visitor, names: list[str]) -> None:
    visitor.sign_in("office")
    for username, role, region in (
        ("xian-a", "office", COUNTY),
        ("zhen-a", "office", TOWN),
        ("cun-a", "cadre", VILLAGE),
    ):
        names.append(username)
        first_sign_in(visitor, username, opened(visitor, username, role, region))
    assert visitor.open("/users/new/") == 403
    assert accounts.user_for(User.objects.get(username="xian-a"), "cun-a").region == VILLAGE


def test_a_region_beside_the_own_is_refused_and_what_was_typed_stays(visitor: Visitor) -> None:
    visitor.sign_in("county_office")
    fill(visitor, "waixian-a", "cadre", "450125100201")
    assert "不在您的辖区" in visitor.page.inner_text("main [role=alert]")
    assert visitor.page.input_value("#username") == "waixian-a"
    assert not User.objects.filter(username="waixian-a").exists()


def test_a_page_says_what_an_account_may_do_and_why(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/users/cungan/")
    rows = visitor.page.locator("[data-rights] tbody tr").all_inner_texts()
    assert any(re.search(r"查看完整证件号.*能.*限本辖区", row, re.DOTALL) for row in rows)
    assert any(re.search(r"发起识别运行.*不能.*扶贫办", row, re.DOTALL) for row in rows)
    assert visitor.open("/users/guanli/") == visitor.open("/users/nobody/") == 404


def test_a_successor_who_does_not_exist_is_refused_and_nothing_typed_is_lost(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/users/cungan/")
    visitor.page.fill("#successor", "nobody")
    visitor.page.fill("#close-reason", "离任")
    visitor.page.click("button:has-text('停用账号')")
    assert "没有账号 nobody" in visitor.page.inner_text("main [role=alert]")
    assert visitor.page.input_value("#successor") == "nobody"
    assert visitor.page.input_value("#close-reason") == "离任"
    assert User.objects.get(username="cungan").is_active


def test_five_failures_lock_and_the_security_administrator_lets_in_again(visitor: Visitor) -> None:
    visitor.open("/sign-in/")
    for password in ["wrong"] * 5 + [PASSWORD]:
        visitor.page.fill("#username", "minzheng")
        visitor.page.fill("#password", password)
        visitor.page.click("main button.btn-primary")
    assert "暂停登录" in visitor.page.inner_text("main [role=alert]")
    visitor.sign_in("security").open("/users/minzheng/")
    visitor.page.fill("#guard-reason", "本人来电，已核对身份")
    visitor.page.click("button:has-text('解锁')")
    visitor.page.context.clear_cookies()
    visitor.open("/sign-in/")
    visitor.page.fill("#username", "minzheng")
    visitor.page.fill("#password", PASSWORD)
    visitor.page.click("main button.btn-primary")
    visitor.page.wait_for_url(f"{visitor.base}/")


def test_the_three_administrators_share_no_room_and_none_enters_households(visitor: Visitor) -> None:
    for who, may, may_not in (
        ("administrator", "/users/new/", "/deeds/"),
        ("security", "/users/", "/users/new/"),
        ("audit", "/deeds/", "/users/"),
    ):
        visitor.sign_in(who)
        assert visitor.open(may) == 200
        assert visitor.open(may_not) == visitor.open("/households/") == visitor.open("/findings/") == 403


def test_a_token_is_shown_once_and_can_be_taken_back(visitor: Visitor) -> None:
    visitor.sign_in("department").open("/account/")
    visitor.page.fill("#token-name", "夜间交付")
    visitor.page.uncheck("input[name=verb][value=download_bad_rows]")
    visitor.page.click("button:has-text('签发令牌')")
    text = visitor.page.inner_text("[data-token]")
    assert accounts.user_of_token(text) == visitor.city.cast["department"]
    token = accounts.token_of(text)
    assert token is not None
    assert set(token.verbs) == {"deliver", "see_deliveries", "read_shared"}
    visitor.open("/account/")
    assert text not in visitor.page.content()
    visitor.page.click("button:has-text('收回')")
    assert accounts.user_of_token(text) is None


@pytest.mark.parametrize("path", ["/users/", "/users/new/", "/users/cungan/", "/account/"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_pages_fit(visitor: Visitor, path: str, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 800})
    assert visitor.sign_in("office").open(path) == 200
    assert visitor.fits(width)


def test_the_life_of_an_account_shows_who_changed_what(visitor: Visitor) -> None:
    cadre, page = visitor.city.cast["cadre"], visitor.page
    visitor.sign_in("office").open(f"/users/{cadre.username}/")
    page.fill("#display_name", "陆春生（二组）")
    page.fill("#change-reason", "姓名核对")
    page.click("button:has-text('保存')")
    visitor.sign_in("security").open(f"/users/{cadre.username}/")
    latest = page.locator("#life li").first.inner_text()
    assert str(visitor.city.cast["office"]) in latest
    assert "陆春生" in latest
    assert "陆春生（二组）" in latest
    assert "pbkdf2" not in page.content()
    assert "sha256:" not in page.content()
