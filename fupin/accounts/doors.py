"""Signing in, and the throttle before it, which tells nobody which names exist."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils import timezone

from fupin.accounts.models import Deed, User
from fupin.accounts.rules import LOCK, MAX_FAILURES, MAX_FAILURES_ANYWHERE, locked_until
from fupin.accounts.services import record
from fupin.kernel.errors import UserError

KIND = "sign_in"


def sign_in(request: HttpRequest | None, username: str, password: str) -> User | None:
    """The user, or None for a wrong name or password. Raises UserError while this name is locked for this address.

    A name that does not exist is counted, locked and answered like one that does.
    """
    name, address = name_key(username), _address(request)
    if until := _locked(name, address):
        raise UserError(
            f"登录失败次数过多，暂停登录到 {timezone.localtime(until):%H:%M}",
            f"too many failed sign-ins, closed until {timezone.localtime(until):%H:%M}",
            "稍后再试，或请上级扶贫办、安全管理员解锁或重设密码",
            "try later, or ask the office above or the security administrator to unlock it",
        )
    found = authenticate(request, username=username, password=password)
    user = found if isinstance(found, User) else None
    verb = "sign_in" if user is not None else "sign_in_failed"
    meant = User.objects.filter(username=username).values_list("pk", flat=True).first()
    record(by=user, verb=verb, object_kind=KIND, object_id=name, detail={"from": address, "user": meant})
    return user


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
