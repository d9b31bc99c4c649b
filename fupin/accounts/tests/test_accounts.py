from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from fupin.accounts import api as accounts
from fupin.accounts.cast import create_cast
from fupin.accounts.models import ApiToken, Deed, User
from fupin.accounts.rules import LOCK, MAX_FAILURES, MAX_FAILURES_ANYWHERE, locked_until, password_problem
from fupin.accounts.tests.fixtures import PASSWORD, Cast
from fupin.kernel.errors import Forbidden, UserError

NOON = datetime(2026, 10, 31, 12, tzinfo=UTC)


def new_user(by: User | None, **changes: str) -> User:
    values: dict[str, Any] = {
        "username": "xinren",
        "password": "Karst-Hills-9",
        "role": "cadre",
        "region": "450124100201",
        **changes,
    }
    return accounts.create_user(by=by, **values)


def test_an_administrator_creates_an_account_and_it_is_recorded(cast: Cast) -> None:
    user = new_user(cast.administrator)
    deed = Deed.objects.get(verb="create_user", object_id=str(user.pk))
    assert (deed.by, deed.region) == (cast.administrator, "450124100201")
    assert "Karst" not in str(deed.detail)


@pytest.mark.parametrize("who", ["cadre", "department", "decision", "security", "audit"])
def test_nobody_else_creates_accounts(cast: Cast, who: str) -> None:
    with pytest.raises(Forbidden):
        new_user(getattr(cast, who))


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("password", "short", "至少"),
        ("password", "xinren-Xinren-1", "用户名"),
        ("password", "onlysmallletters", "三种"),
        ("role", "king", "没有角色"),
        ("region", "45012", "辖区代码"),
        ("role", "department", "部门"),
        ("region", "", "要写明辖区"),
        ("username", "新 人", "不合规"),
        ("password", "1Q2W3e4r5t", "太常见"),
        ("username", "JUECE", "已存在"),
    ],
)
def test_a_faulty_account_is_refused_with_the_reason(cast: Cast, field: str, value: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        new_user(cast.administrator, **{field: value})


def test_the_database_itself_refuses_an_unknown_role(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="user_role_known"), transaction.atomic():
        User.objects.filter(pk=cast.cadre.pk).update(role="king")


def test_the_cast_is_created_once(cast: Cast) -> None:
    again = create_cast(password="Another-Word-1")
    assert again["office"] == cast.office
    assert again["office"].check_password(PASSWORD)


def test_a_token_opens_for_its_user_and_is_kept_as_a_digest_only(cast: Cast) -> None:
    text = accounts.token_for(by=cast.department, user=cast.department, name="nightly")
    assert accounts.user_of_token(text) == cast.department
    assert text.encode() not in bytes(ApiToken.objects.get().digest)


def test_revoked_foreign_and_made_up_tokens_open_nothing(cast: Cast) -> None:
    text = accounts.token_for(by=cast.department, user=cast.department, name="nightly")
    accounts.revoke_token(by=cast.security, token=ApiToken.objects.get())
    assert accounts.user_of_token(text) is None
    assert accounts.user_of_token("fupin_made-up") is None
    with pytest.raises(Forbidden):
        accounts.token_for(by=cast.department, user=cast.office, name="not mine")


def test_a_token_of_an_inactive_user_opens_nothing(cast: Cast) -> None:
    text = accounts.token_for(by=cast.department, user=cast.department, name="nightly")
    User.objects.filter(pk=cast.department.pk).update(is_active=False)
    assert accounts.user_of_token(text) is None


def test_a_token_ends_by_itself_and_a_rotated_one_within_a_day(cast: Cast) -> None:
    old = accounts.token_for(by=cast.department, user=cast.department, name="nightly", days=90)
    new = accounts.rotate_token(by=cast.department, token=ApiToken.objects.get())
    assert accounts.user_of_token(old) == accounts.user_of_token(new) == cast.department
    first, second = ApiToken.objects.order_by("pk")
    assert first.expires_at <= timezone.now() + timedelta(days=1) < second.expires_at
    ApiToken.objects.filter(pk=second.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert accounts.user_of_token(new) is None


@pytest.mark.parametrize(("name", "days"), [("", 30), ("nightly", 0), ("nightly", 366)])
def test_a_token_needs_a_purpose_and_an_end(cast: Cast, name: str, days: int) -> None:
    with pytest.raises(UserError, match="有效期"):
        accounts.token_for(by=cast.department, user=cast.department, name=name, days=days)


def test_a_token_of_a_role_that_may_have_none_opens_nothing(cast: Cast) -> None:
    text = accounts.token_for(by=cast.department, user=cast.department, name="nightly")
    User.objects.filter(pk=cast.department.pk).update(role="cadre")
    assert accounts.user_of_token(text) is None


def test_a_token_carries_what_was_chosen_also_after_it_is_rotated(cast: Cast) -> None:
    old = accounts.token_for(by=cast.department, user=cast.department, name="status", verbs=["see_deliveries"])
    new = accounts.rotate_token(by=cast.department, token=ApiToken.objects.get())
    for text in (old, new):
        token = accounts.token_of(text)
        assert token is not None
        assert token.verbs == ["see_deliveries"]
        with pytest.raises(Forbidden, match="提交部门数据"):
            accounts.require_of_token(token, "deliver")


@pytest.mark.parametrize("verbs", [[], ["see_households"], ["deliver", "manage_users"]])
def test_a_token_carries_nothing_beyond_deliveries(cast: Cast, verbs: list[str]) -> None:
    with pytest.raises(UserError, match="至少一项"):
        accounts.token_for(by=cast.office, user=cast.office, name="nightly", verbs=verbs)


def test_five_failures_lock_the_account_even_for_the_right_password(cast: Cast) -> None:
    for _ in range(MAX_FAILURES):
        assert accounts.sign_in(None, "cungan", "wrong") is None
    with pytest.raises(UserError, match="暂停登录"):
        accounts.sign_in(None, "cungan", PASSWORD)


def test_a_success_forgets_the_failures_before_it(cast: Cast) -> None:
    for word in ["wrong"] * 4 + [PASSWORD] + ["wrong"] * 4:
        accounts.sign_in(None, "cungan", word)
    assert accounts.sign_in(None, "cungan", PASSWORD) == cast.cadre


def test_an_unknown_name_is_answered_and_locked_like_a_known_one(cast: Cast) -> None:
    for _ in range(MAX_FAILURES):
        assert accounts.sign_in(None, "nobody", PASSWORD) is None
    with pytest.raises(UserError, match="暂停登录"):
        accounts.sign_in(None, "nobody", PASSWORD)


def test_a_stranger_elsewhere_cannot_lock_somebody_out(cast: Cast) -> None:
    here, elsewhere = (RequestFactory().post("/", REMOTE_ADDR=address) for address in ("10.0.0.1", "10.0.0.2"))
    for _ in range(MAX_FAILURES):
        accounts.sign_in(elsewhere, "cungan", "wrong")
    with pytest.raises(UserError):
        accounts.sign_in(elsewhere, "cungan", PASSWORD)
    assert accounts.sign_in(here, "cungan", PASSWORD) == cast.cadre


def test_many_addresses_together_are_stopped_all_the_same(cast: Cast) -> None:
    for number in range(MAX_FAILURES_ANYWHERE):
        accounts.sign_in(RequestFactory().post("/", REMOTE_ADDR=f"10.0.1.{number}"), "cungan", "wrong")
    with pytest.raises(UserError):
        accounts.sign_in(RequestFactory().post("/", REMOTE_ADDR="10.0.0.1"), "cungan", PASSWORD)


def test_unlocking_opens_the_door_at_once(cast: Cast) -> None:
    for _ in range(MAX_FAILURES):
        accounts.sign_in(None, "cungan", "wrong")
    accounts.unlock(by=cast.security, user=cast.cadre, reason="本人来电，已核对")
    assert accounts.sign_in(None, "cungan", PASSWORD) == cast.cadre


def test_what_was_typed_as_a_name_does_not_stand_in_the_trail(cast: Cast) -> None:
    accounts.sign_in(None, "My-Secret-Word-1", "x")
    assert "Secret" not in str(list(Deed.objects.values()))


@given(st.lists(st.integers(0, 3600), max_size=12))
def test_a_lock_needs_five_failures_within_a_quarter_of_an_hour(seconds_ago: list[int]) -> None:
    failures = [NOON - timedelta(seconds=ago) for ago in seconds_ago]
    recent = [at for at in failures if NOON - at < LOCK]
    until = locked_until(failures, NOON)
    assert (until is not None) == (len(recent) >= MAX_FAILURES)
    assert until is None or NOON < until <= NOON + LOCK


def test_a_good_password_passes() -> None:
    assert password_problem("Karst-Hills-9", "cungan") is None


@pytest.mark.parametrize("change", ["update", "delete"])
def test_a_deed_can_be_neither_changed_nor_removed(cast: Cast, change: str) -> None:
    deeds = Deed.objects.filter(pk=accounts.record(by=cast.office, verb="x", object_kind="x", object_id="1").pk)
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        deeds.update(verb="y") if change == "update" else deeds.delete()
    assert deeds.get().verb == "x"


def test_deeds_are_seen_by_their_doer_and_the_audit_administrator(cast: Cast) -> None:
    deed = accounts.record(by=cast.office, verb="x", object_kind="x", object_id="1")
    assert deed in accounts.deeds_for(cast.office)
    assert deed in accounts.deeds_for(cast.audit)
    assert deed not in accounts.deeds_for(cast.administrator)
    assert deed not in accounts.deeds_for(cast.cadre)
