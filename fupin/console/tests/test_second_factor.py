"""The second factor in the browser: added, asked for at the door, lost; passkeys with a made-up security key."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from playwright.sync_api import Page

from fupin.accounts.doors import name_key
from fupin.accounts.models import Deed, User
from fupin.accounts.rules import MAX_FAILURES
from fupin.ui.tests.city import PASSWORD
from fupin.ui.tests.visitor import Visitor


def code_at(secret: str, later: int = 0) -> str:
    counter = int(time.time()) // 30 + later
    return str(totp.format_hotp_value(totp.hotp_value(secret, counter)))


@pytest.fixture
def officer(visitor: Visitor, settings: Any) -> Iterator[Visitor]:
    """Where the second factor is always asked for; what a test adds to the shared city goes afterwards."""
    settings.FUPIN_SECOND_FACTOR = "always"
    yield visitor
    Authenticator.objects.all().delete()
    for one in User.objects.all():  # the next test finds the door unlocked
        Deed.objects.create(verb="unlocked", object_kind="sign_in", object_id=name_key(one.username))


def sign_in(visitor: Visitor, username: str, base: str = "") -> None:
    page, base = visitor.page, base or visitor.base
    page.context.clear_cookies()
    page.goto(f"{base}/sign-in/")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.click("main button.btn-primary")


def add_totp(page: Page) -> tuple[str, list[str]]:
    """From the page of second factors; the secret and the recovery codes."""
    page.click("a:has-text('添加手机验证码')")
    secret = page.inner_text("[data-secret]")
    page.fill("#code", code_at(secret))
    page.fill("#name", "工作手机")
    page.fill("#password", PASSWORD)
    page.click("main form .btn-primary")
    page.wait_for_load_state()
    return secret, page.locator("[data-codes] code").all_inner_texts()


def type_code(page: Page, code: str) -> None:
    page.fill("#code", code)
    page.click("main form .btn-primary")


def test_who_may_see_numbers_goes_nowhere_before_a_factor_is_added(officer: Visitor) -> None:
    page = officer.page
    sign_in(officer, "shiban")
    assert page.url.endswith("/account/factors/?next=%2F")
    officer.open("/households/")
    assert "先添加一种第二重验证" in officer.text()
    secret, codes = add_totp(page)
    assert len(codes) == 10
    page.click("a:has-text('已经存好')")
    page.wait_for_url(f"{officer.base}/households/")
    officer.open("/account/factors/")
    assert not any(code in page.content() for code in [*codes, secret])


def test_the_code_is_asked_for_at_the_door_and_a_wrong_one_is_said(officer: Visitor) -> None:
    page = officer.page
    sign_in(officer, "shiban")
    secret, codes = add_totp(page)
    sign_in(officer, "shiban")
    assert officer.open("/households/") == 200
    assert page.url.startswith(f"{officer.base}/sign-in/?next=")  # the password alone opens nothing
    sign_in(officer, "shiban")
    type_code(page, "000000")
    assert "验证没有通过" in page.inner_text("main [role=alert]")
    shown = code_at(secret, 1)  # the one before is used, the next one counts already
    type_code(page, shown)
    page.wait_for_url(f"{officer.base}/")
    sign_in(officer, "shiban")
    type_code(page, shown)  # used already
    assert "验证没有通过" in page.inner_text("main [role=alert]")
    type_code(page, codes[0])
    page.wait_for_url(f"{officer.base}/")


def test_wrong_codes_lock_the_door_and_a_lost_phone_is_cleared(officer: Visitor) -> None:
    page = officer.page
    sign_in(officer, "cungan")
    add_totp(page)
    sign_in(officer, "cungan")
    for _ in range(MAX_FAILURES + 1):
        type_code(page, "000000")
    assert "暂停登录" in page.inner_text("main [role=alert]")
    page.context.clear_cookies()
    officer.sign_in("security").open("/users/cungan/")
    page.fill("#guard-reason", "手机遗失，本人到场核对")
    page.click("button:has-text('清除第二重验证')")
    page.fill("#guard-reason", "手机遗失，本人到场核对")
    page.click("button:has-text('解锁')")
    sign_in(officer, "cungan")
    page.wait_for_url("**/account/factors/**")


def test_removing_it_asks_for_the_password(officer: Visitor) -> None:
    page = officer.page
    sign_in(officer, "shiban")
    add_totp(page)
    officer.open("/account/factors/")
    page.fill("[data-factors] input[type=password]", "wrong")
    page.click("button:has-text('移除')")
    assert "密码不对" in page.inner_text("main [role=alert]")
    page.fill("[data-factors] input[type=password]", PASSWORD)
    page.click("button:has-text('移除')")
    assert "已移除" in page.inner_text("main [role=status]")
    assert not Authenticator.objects.exists()


def test_a_passkey_is_added_and_opens_the_door(officer: Visitor) -> None:
    page, base = officer.page, officer.base.replace("127.0.0.1", "localhost")
    with_security_key(page)
    sign_in(officer, "shiban", base)
    page.click("a:has-text('添加通行密钥')")
    page.fill("#name", "办公电脑")
    page.fill("#password", PASSWORD)
    page.click("main form .btn-primary")
    page.wait_for_selector("[data-codes]")
    assert "办公电脑" in page.inner_text("[data-factors]")
    sign_in(officer, "shiban", base)
    page.click("button:has-text('用通行密钥确认')")
    page.wait_for_url(f"{base}/")


def test_without_a_passkey_at_hand_the_page_says_so(officer: Visitor) -> None:
    page, base = officer.page, officer.base.replace("127.0.0.1", "localhost")
    session, key = with_security_key(page)
    sign_in(officer, "shiban", base)
    page.click("a:has-text('添加通行密钥')")
    page.fill("#password", PASSWORD)
    page.click("main form .btn-primary")
    page.wait_for_selector("[data-codes]")
    session.send("WebAuthn.clearCredentials", {"authenticatorId": key})
    sign_in(officer, "shiban", base)
    page.click("button:has-text('用通行密钥确认')")
    page.wait_for_selector("[data-passkey-failed]:not([hidden])")


def with_security_key(page: Page) -> tuple[Any, str]:
    """A security key inside Chromium that confirms everything."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    return session, session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def test_where_only_numbers_ask_for_it_the_pages_open_without(officer: Visitor, settings: Any) -> None:
    settings.FUPIN_SECOND_FACTOR = "numbers"
    sign_in(officer, "shiban")
    assert officer.open("/households/") == 200
    assert officer.page.url.endswith("/households/")


def test_with_generated_data_and_no_setting_the_demonstration_opens_without(officer: Visitor, settings: Any) -> None:
    settings.FUPIN_SECOND_FACTOR = ""
    sign_in(officer, "shiban")
    assert officer.open("/households/") == 200
    assert officer.page.url.endswith("/households/")


@pytest.mark.parametrize("path", ["/account/", "/account/factors/", "/account/factors/add/totp/"])
@pytest.mark.parametrize("width", [390, 1600])
def test_the_pages_fit(visitor: Visitor, path: str, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 844})
    assert visitor.sign_in("office").open(path) == 200
    assert visitor.fits(width)
