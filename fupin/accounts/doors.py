"""Signing in, and the throttle before it, which tells nobody which names exist."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils import timezone

from fupin.accounts.factors import factor_fits, has_factor
from fupin.accounts.models import Deed, User
from fupin.accounts.rules import LOCK, MAX_FAILURES, MAX_FAILURES_ANYWHERE, locked_until
from fupin.accounts.services import record
from fupin.kernel.errors import UserError

KIND = "sign_in"
HALF = "password_accepted"  # the second factor is still to come: no success yet
COUNTED = ("sign_in", "sign_in_failed")


def sign_in(request: HttpRequest | None, username: str, password: str) -> User | None:
    """The user, or None for a wrong name or password. Raises UserError while this name is locked for this address.

    A name that does not exist is counted, locked and answered like one that does. Where the account has a second
    factor the door is not open yet: ``second_step`` opens it, and only that forgets the failures before.
    """
    _demand_open(username, request)
    found = authenticate(request, username=username, password=password)
    user = found if isinstance(found, User) else None
    verb = "sign_in_failed"
    if user is not None:
        verb = HALF if has_factor(user) else "sign_in"
    meant = User.objects.filter(username=username).values_list("pk", flat=True).first()
    _count(user, verb, username, request, {"user": meant})
    return user


def second_step(request: HttpRequest, user: User, *, code: str = "", answer: str = "") -> bool:
    """Whether a code or a passkey's answer fits. Failures count with those of the password. Raises UserError if locked.

    At sign-in and again wherever the second factor is asked for.
    """
    _demand_open(user.username, request)
    kind = factor_fits(request, user, code=code, answer=answer)
    verb = ("factor_shown" if request.user.is_authenticated else "sign_in") if kind else "sign_in_failed"
    _count(user if kind else None, verb, user.username, request, {"user": user.pk, "factor": kind or "wrong"})
    return bool(kind)


def confirm_password(request: HttpRequest, user: User, password: str) -> None:
    """Before a signed-in user changes how the account is opened. Raises UserError; failures count at the door.

    Call it outside of a transaction that the error would roll back.
    """
    _demand_open(user.username, request)
    if not user.check_password(password):
        _count(None, "sign_in_failed", user.username, request, {"user": user.pk})
        raise UserError("密码不对", "the password is wrong", "请再输入一次", "type it again")


def _demand_open(username: str, request: HttpRequest | None) -> None:
    if until := _locked(name_key(username), _address(request)):
        raise UserError(
            f"登录失败次数过多，暂停登录到 {timezone.localtime(until):%H:%M}",
            f"too many failed sign-ins, closed until {timezone.localtime(until):%H:%M}",
            "稍后再试，或请上级扶贫办、安全管理员解锁或重设密码",
            "try later, or ask the office above or the security administrator to unlock it",
        )


def _count(
    by: User | None, verb: str, username: str, request: HttpRequest | None, detail: Mapping[str, object]
) -> None:
    told = {"from": _address(request), **detail}
    record(by=by, verb=verb, object_kind=KIND, object_id=name_key(username), detail=told)


def name_key(username: str) -> str:
    """What stands in the trail for a typed name: people type passwords into the wrong box."""
    return hashlib.sha256(username.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _address(request: HttpRequest | None) -> str:
    return str(request.META.get("REMOTE_ADDR", "")) if request is not None else ""


def _locked(name: str, address: str) -> datetime | None:
    now = timezone.now()
    deeds = Deed.objects.filter(object_kind=KIND, object_id=name, at__gt=now - LOCK).order_by("at")
    here: list[datetime] = []
    anywhere: list[datetime] = []
    opened = _unlocked_at(name)
    for verb, at, detail in deeds.values_list("verb", "at", "detail"):
        if opened is not None and at <= opened:
            continue
        if verb not in COUNTED:
            continue
        anywhere = [*anywhere, at] if verb == "sign_in_failed" else []
        if detail.get("from", "") == address:
            here = [*here, at] if verb == "sign_in_failed" else []
    return locked_until(here, now, MAX_FAILURES) or locked_until(anywhere, now, MAX_FAILURES_ANYWHERE)


def _unlocked_at(name: str) -> datetime | None:
    """When somebody last unlocked the account of this name or renewed its password."""
    return (
        Deed.objects.filter(object_kind=KIND, object_id=name, verb="unlocked")
        .order_by("-at")
        .values_list("at", flat=True)
        .first()
    )
