"""Open sessions of an account: when each began, how many there may be, and which are ended."""

from __future__ import annotations

import time
from datetime import timedelta

from django.conf import settings
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from fupin.accounts.models import OpenSession, User
from fupin.accounts.rules import FACTOR_FRESH
from fupin.accounts.services import record

BEGAN = "began"  # in the session: when its user signed in
FACTOR = "factor_at"  # when the second factor was last shown in it
HALF = "half"  # a visitor whose password was right: the second factor is still to come
HALF_SECONDS = 300


def enter(request: HttpRequest, user: User, *, factor: bool = False) -> None:
    """The door is open: a session begins; of more than are allowed the oldest end."""
    request.session.pop(HALF, None)
    login(request, user)
    request.session[BEGAN] = int(time.time())
    if factor:
        factor_shown(request)
    note_session(request, user)
    keys = sessions_of(user).order_by("-began_at", "-pk").values_list("session_id", flat=True)
    Session.objects.filter(pk__in=list(keys)[settings.FUPIN_SESSIONS :]).delete()


def note_session(request: HttpRequest, user: User) -> None:
    """That it is open and in use; one that began before this table was kept is taken in, and begins now."""
    request.session.setdefault(BEGAN, int(time.time()))
    key = request.session.session_key
    if key is None or not Session.objects.filter(pk=key).exists():
        return
    told = {
        "user": user,
        "seen_at": timezone.now(),
        "address": str(request.META.get("REMOTE_ADDR", ""))[:45],
        "program": str(request.META.get("HTTP_USER_AGENT", ""))[:200],
    }
    OpenSession.objects.update_or_create(session_id=key, defaults=told)


def is_over(request: HttpRequest) -> bool:
    """However busy: after so many hours one signs in again."""
    began = request.session.get(BEGAN)
    return began is not None and bool(time.time() - began >= settings.FUPIN_SESSION_HOURS * 3600)


def sessions_of(user: User) -> QuerySet[OpenSession]:
    """Those that still open pages, the latest first."""
    return OpenSession.objects.filter(user=user, session__expire_date__gt=timezone.now()).order_by("-seen_at", "-pk")


def end_other_sessions(request: HttpRequest, user: User) -> int:
    """All of the account but this one, also those nobody noted; how many were known."""
    others = sessions_of(user).exclude(session_id=request.session.session_key)
    count = others.count()
    Session.objects.filter(pk__in=list(others.values_list("session_id", flat=True))).delete()
    user.epoch += 1  # what this table does not know ends too
    User.objects.filter(pk=user.pk).update(epoch=user.epoch)
    update_session_auth_hash(request, user)
    note_session(request, user)
    record(by=user, verb="end_sessions", object_kind="user", object_id=str(user.pk), detail={"ended": count})
    return count


def begin_half(request: HttpRequest, user: User) -> None:
    """The password was right: for five minutes this visitor may show the second factor."""
    request.session.cycle_key()
    request.session[HALF] = {"user": user.pk, "at": int(time.time()), "hash": user.get_session_auth_hash()}


def half_signed_in(request: HttpRequest) -> User | None:
    """Whose second factor is awaited; None after five minutes, or when the account changed meanwhile."""
    half = request.session.get(HALF)
    if not isinstance(half, dict) or time.time() - half["at"] > HALF_SECONDS:
        return None
    user = User.objects.filter(pk=half["user"]).first()
    return user if user is not None and user.is_open and user.get_session_auth_hash() == half["hash"] else None


def factor_shown(request: HttpRequest) -> None:
    """The second factor was shown in this session just now."""
    request.session[FACTOR] = int(time.time())


def second_factor_shown(request: HttpRequest, within: timedelta | None = None) -> bool:
    """Whether the second factor was shown in this session: at all, or ``within`` a time."""
    at = request.session.get(FACTOR)
    return at is not None and (within is None or time.time() - at < within.total_seconds())


def second_factor_fresh(request: HttpRequest) -> bool:
    """Shown lately enough to see an ID number in clear."""
    return second_factor_shown(request, FACTOR_FRESH)
