"""我的账号: what I may see and do and why, my password, my tokens, my sessions.

Where a deed is done by POST, GET leads to the page: after signing in again the browser opens that address.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from fupin.accounts import api as accounts
from fupin.accounts.api import VERBS, User
from fupin.console.filters import whole
from fupin.console.views.users import explained
from fupin.kernel.errors import UserError
from fupin.ui import chrome
from fupin.ui.guards import posted_from, problem_of, room, user_of


@room("account")
def show(request: HttpRequest) -> HttpResponse:
    return _page(request, user_of(request))


@room("account")
@posted_from(chrome.ACCOUNT.view)
def password(request: HttpRequest) -> HttpResponse:
    """The old one, and the new one twice; this session goes on, others of the account end."""
    user, typed = user_of(request), {name: request.POST.get(name, "") for name in ("old", "new", "again")}
    try:
        if typed["new"] != typed["again"]:
            raise UserError(
                "两次输入的新密码不一样", "the new password was typed in two ways", "请再输入一次", "type it again"
            )
        accounts.confirm_password(request, user, typed["old"])
        changed = accounts.change_own_password(user=user, old=typed["old"], new=typed["new"])
    except UserError as error:
        return _page(request, user, error=error, refused="password", status=400)
    update_session_auth_hash(request, changed)
    return _page(request, changed, done=_("密码已修改"))


@room("account")
@posted_from(chrome.ACCOUNT.view)
def issue(request: HttpRequest) -> HttpResponse:
    """The token stands on the page this once."""
    user, name = user_of(request), request.POST.get("name", "")
    days = whole(request.POST.get("days", "").strip()) or 0
    try:
        text = accounts.token_for(by=user, user=user, name=name, days=days, verbs=request.POST.getlist("verb"))
    except UserError as error:
        return _page(request, user, error=error, refused="token", status=400)
    return _page(request, user, token=text)


@room("account")
@posted_from(chrome.ACCOUNT.view)
def token(request: HttpRequest, number: int, act: str) -> HttpResponse:
    """``revoke`` or ``rotate`` one of the own tokens."""
    user = user_of(request)
    found = accounts.tokens_of(user).filter(pk=number, revoked_at__isnull=True).first()
    if found is None or act not in ("revoke", "rotate"):
        raise Http404
    if act == "rotate":
        return _page(request, user, token=accounts.rotate_token(by=user, token=found))
    accounts.revoke_token(by=user, token=found)
    return redirect(chrome.ACCOUNT.view)


def _page(
    request: HttpRequest,
    user: User,
    *,
    error: UserError | None = None,
    refused: str = "",
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {
        "area": "account",
        "account": user,
        "tokens": accounts.tokens_of(user)[:50],
        "may_issue": accounts.may(user, "issue_token"),
        "token_verbs": [(verb, VERBS[verb]) for verb in accounts.token_verbs(user.role)],
        "factors": accounts.factors_of(user),
        "government": accounts.government_provider() is not None,
        "government_linked": accounts.government_linked(user),
        "sessions": accounts.sessions_of(user)[: settings.FUPIN_SESSIONS],
        "this_session": request.session.session_key,
        "most": settings.FUPIN_SESSIONS,
        "hours": settings.FUPIN_SESSION_HOURS,
        "problem": problem_of(error) if error else None,
        "refused": refused,
        **explained(user),
        **more,
    }
    return render(request, "console/own_account.html", context, status=status)
