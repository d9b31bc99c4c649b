"""Second factors: enrolled with the password, used once, counted at the same door, cleared by those who guard."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import Client, RequestFactory

from fupin.accounts import api as accounts
from fupin.accounts.models import Deed, User
from fupin.accounts.rules import MAX_FAILURES
from fupin.accounts.tests.fixtures import PASSWORD, Cast
from fupin.kernel.errors import Forbidden, UserError
from fupin.kernel.keys import Key, Keys
from fupin.kernel.live_keys import LiveKeys


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No half minute ends in the middle of a test."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)


def code_at(secret: str, later: int = 0) -> str:
    """What a phone shows so many half minutes from now."""
    counter = int(time.time()) // 30 + later
    return str(totp.format_hotp_value(totp.hotp_value(secret, counter)))


def request_of(user: User, address: str = "10.0.0.1") -> HttpRequest:
    request = RequestFactory().post("/", REMOTE_ADDR=address)
    request.session, request.user = SessionStore(), user
    return request


def enrolled(user: User) -> tuple[str, list[str]]:
    """The phone's secret and the recovery codes; the code of the last half minute is the one used up."""
    request = request_of(user)
    secret = accounts.offer_totp(request, user).secret
    return secret, accounts.add_totp(request=request, user=user, code=code_at(secret, -1), name="手机")


def live(keys: Keys) -> LiveKeys:
    return LiveKeys(None, lambda: keys)


def try_code(user: User, code: str) -> bool:
    request = RequestFactory().post("/", REMOTE_ADDR="10.0.0.1")
    request.session, request.user = SessionStore(), AnonymousUser()
    return accounts.second_step(request, user, code=code)


def test_a_secret_is_never_kept_in_clear_and_is_bound_to_the_key(cast: Cast, settings: Any) -> None:
    secret, codes = enrolled(cast.office)
    kept = json.dumps([one.data for one in Authenticator.objects.all()])
    assert secret not in kept
    assert not any(code in kept for code in codes)
    settings.FUPIN_KEYS = live(Keys.generate())
    with pytest.raises(UserError, match="改动"):
        try_code(cast.office, code_at(secret))


def test_a_secret_that_is_only_offered_is_sealed_in_the_session_too(cast: Cast) -> None:
    request = request_of(cast.office)
    secret = accounts.offer_totp(request, cast.office).secret
    assert secret not in str(dict(request.session.items()))
    assert accounts.offer_totp(request, cast.office).secret == secret


def test_after_the_key_has_rotated_every_secret_can_be_sealed_anew(cast: Cast, settings: Any) -> None:
    secret, _codes = enrolled(cast.office)
    old = settings.FUPIN_KEYS.now
    fresh = Keys(Key.new("e2"), old.lookup, old.lake, (old.encryption,))
    settings.FUPIN_KEYS = live(fresh)
    assert accounts.reseal_factors() == 2
    settings.FUPIN_KEYS = live(Keys(fresh.encryption, old.lookup, old.lake))
    assert try_code(cast.office, code_at(secret))


def test_a_code_opens_once(cast: Cast) -> None:
    secret, _codes = enrolled(cast.office)
    assert not try_code(cast.office, code_at(secret, -1))  # used when it was enrolled
    assert try_code(cast.office, code_at(secret))
    assert not try_code(cast.office, code_at(secret))


def test_a_recovery_code_opens_once(cast: Cast) -> None:
    _secret, codes = enrolled(cast.office)
    assert len(codes) == 10
    assert try_code(cast.office, f" {codes[3]} ")
    assert not try_code(cast.office, codes[3])
    assert accounts.recovery_left(cast.office) == 9


def test_the_right_password_between_them_does_not_forget_the_wrong_codes(cast: Cast) -> None:
    secret, _codes = enrolled(cast.office)
    request = RequestFactory().post("/", REMOTE_ADDR="10.0.0.1")
    for _ in range(MAX_FAILURES):
        assert accounts.sign_in(request, "shiban", PASSWORD) == cast.office
        assert not try_code(cast.office, "000000")
    with pytest.raises(UserError, match="暂停登录"):
        accounts.sign_in(request, "shiban", PASSWORD)
    with pytest.raises(UserError, match="暂停登录"):
        try_code(cast.office, code_at(secret))


def test_without_a_second_factor_the_password_is_the_whole_sign_in(cast: Cast) -> None:
    assert accounts.sign_in(None, "shiban", PASSWORD) == cast.office
    assert Deed.objects.latest("pk").verb == "sign_in"


def test_a_wrong_first_code_adds_nothing(cast: Cast) -> None:
    request = request_of(cast.office)
    accounts.offer_totp(request, cast.office)
    with pytest.raises(UserError, match="验证码不对"):
        accounts.add_totp(request=request, user=cast.office, code="12345x", name="")
    assert not accounts.has_factor(cast.office)


@pytest.mark.parametrize("answer", ["", "{}", "[]", "nonsense", '{"id": 5}', '{"response": {"clientDataJSON": "e30"}}'])
def test_a_made_up_passkey_is_refused_not_a_fault(cast: Cast, answer: str) -> None:
    request = request_of(cast.office)
    with pytest.raises(UserError, match="通行密钥"):
        accounts.add_passkey(request=request, user=cast.office, answer=answer, name="")
    assert not accounts.second_step(request, cast.office, answer=answer or "{}")


def test_with_the_last_factor_the_recovery_codes_go(cast: Cast) -> None:
    _secret, codes = enrolled(cast.office)
    [factor] = accounts.factors_of(cast.office)
    accounts.remove_factor(user=cast.office, number=factor.number)
    assert not Authenticator.objects.filter(user=cast.office).exists()
    assert not try_code(cast.office, codes[0])


def test_nobody_removes_the_factor_of_another(cast: Cast) -> None:
    enrolled(cast.office)
    [factor] = accounts.factors_of(cast.office)
    with pytest.raises(UserError, match="没有这个"):
        accounts.remove_factor(user=cast.cadre, number=factor.number)


def test_a_lost_factor_is_cleared_by_the_security_administrator_and_written_down(cast: Cast) -> None:
    enrolled(cast.office)
    accounts.reset_factors(by=cast.security, user=cast.office, reason="手机遗失，已当面核对")
    assert not accounts.has_factor(cast.office)
    deed = Deed.objects.get(verb="reset_factors")
    assert (deed.by, deed.object_id, deed.reason) == (cast.security, str(cast.office.pk), "手机遗失，已当面核对")


@pytest.mark.parametrize("who", ["administrator", "audit", "cadre", "office"])
def test_nobody_else_clears_it_not_even_its_owner(cast: Cast, who: str) -> None:
    enrolled(cast.office)
    with pytest.raises(Forbidden):
        accounts.reset_factors(by=getattr(cast, who), user=cast.office, reason="x")
    assert accounts.has_factor(cast.office)


def test_clearing_it_ends_the_sessions(cast: Cast, client: Client) -> None:
    client.force_login(cast.cadre)
    accounts.reset_factors(by=cast.county_office, user=cast.cadre, reason="手机遗失")
    assert client.get("/account/").status_code == 302


def test_wrong_passwords_before_a_change_count_at_the_door(cast: Cast) -> None:
    for _ in range(MAX_FAILURES):
        with pytest.raises(UserError, match="密码不对"):
            accounts.confirm_password(request_of(cast.office), cast.office, "wrong")
    with pytest.raises(UserError, match="暂停登录"):
        accounts.confirm_password(request_of(cast.office), cast.office, PASSWORD)


@pytest.mark.parametrize(
    ("who", "needs"), [("office", True), ("cadre", True), ("decision", False), ("security", False)]
)
def test_it_is_needed_by_who_may_see_full_numbers(cast: Cast, who: str, needs: bool) -> None:
    assert accounts.needs_factor(getattr(cast, who)) is needs


def test_no_page_of_the_library_is_open(client: Client, cast: Cast) -> None:
    for path in ("login", "signup", "logout", "password/reset", "email", "2fa", "2fa/totp/activate", "reauthenticate"):
        assert client.get(f"/accounts/{path}/").status_code == 404
