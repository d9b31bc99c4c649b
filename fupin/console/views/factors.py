"""第二重验证: the own second factors, added and removed with the password, and the recovery codes, shown once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.kernel.errors import UserError
from fupin.ui import chrome
from fupin.ui.guards import posted_from, problem_of, room, user_of, wanted_next

KINDS = ("totp", "passkey")


@room("account")
def show(request: HttpRequest) -> HttpResponse:
    return _page(request, user_of(request))


@require_http_methods(["GET", "POST"])
@room("account")
def add(request: HttpRequest, kind: str) -> HttpResponse:
    """``totp``: a picture for the phone and its first code. ``passkey``: what the browser makes."""
    if kind not in KINDS:
        raise Http404
    user = user_of(request)
    if request.method != "POST":
        return _add_page(request, user, kind)
    try:
        codes = _add(request, user, kind)
    except UserError as error:
        return _add_page(request, user, kind, error=error, status=400)
    accounts.factor_shown(request)
    if not codes:
        return redirect(wanted_next(request) or chrome.FACTORS)
    accounts.end_other_sessions(request, user)  # they were opened with the password alone
    return _page(request, user, codes=codes, next=wanted_next(request))


def _add(request: HttpRequest, user: User, kind: str) -> list[str]:
    typed = {name: request.POST.get(name, "") for name in ("password", "code", "credential", "name")}
    accounts.confirm_password(request, user, typed["password"])
    if kind == "totp":
        return accounts.add_totp(request=request, user=user, code=typed["code"], name=typed["name"])
    return accounts.add_passkey(request=request, user=user, answer=typed["credential"], name=typed["name"])


@room("account")
@posted_from(chrome.FACTORS)
def remove(request: HttpRequest, number: int) -> HttpResponse:
    def removed(user: User) -> list[str]:
        accounts.remove_factor(user=user, number=number)
        return []

    return _with_password(request, removed, _("第二重验证已移除"))


@room("account")
@posted_from(chrome.FACTORS)
def recovery(request: HttpRequest) -> HttpResponse:
    return _with_password(request, lambda user: accounts.renew_recovery_codes(user=user), "")


def _with_password(request: HttpRequest, deed: Callable[[User], list[str]], done: str) -> HttpResponse:
    user = user_of(request)
    try:
        accounts.confirm_password(request, user, request.POST.get("password", ""))
        codes = deed(user)
    except UserError as error:
        return _page(request, user, error=error, status=400)
    return _page(request, user, codes=codes, done=done)


@require_POST
@room("account")
def end_others(request: HttpRequest) -> HttpResponse:
    accounts.end_other_sessions(request, user_of(request))
    return redirect(chrome.ACCOUNT.view)


def _add_page(
    request: HttpRequest, user: User, kind: str, *, error: UserError | None = None, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "area": "account",
        "kind": kind,
        "account": user,
        "name": request.POST.get("name", ""),
        "next": wanted_next(request),
        "problem": problem_of(error) if error else None,
    }
    if kind == "totp":
        context["offer"] = accounts.offer_totp(request, user)
    else:
        context["options"] = accounts.begin_passkey(request, user)
    return render(request, "console/factor_add.html", context, status=status)


def _page(
    request: HttpRequest, user: User, *, error: UserError | None = None, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "area": "account",
        "account": user,
        "factors": accounts.factors_of(user),
        "left": accounts.recovery_left(user),
        "needed": accounts.needs_factor(user),
        "always": chrome.second_factor_always(),
        "next": wanted_next(request),
        "problem": problem_of(error) if error else None,
        **more,
    }
    return render(request, "console/factors.html", context, status=status)
