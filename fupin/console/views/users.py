"""Accounts handed down: the list, a new one, and what may be done with each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from fupin.accounts import api as accounts
from fupin.accounts.api import ROLES, VERBS, Role, User
from fupin.catalogue.schema import departments
from fupin.console.account_life import PLACE, life_told, meetings
from fupin.console.lists import people as lists
from fupin.console.meanwhile import form_state, seen_by, status_of
from fupin.kernel.errors import UserError
from fupin.kernel.seen import Stale
from fupin.registry import api as registry
from fupin.ui.answers import answer
from fupin.ui.guards import posted_from, problem_of, room, user_of
from fupin.ui.templatetags.ui import spoken, tongue

SUGGESTED = 50  # successors; any other is typed
FIELDS = ("username", "display_name", "role", "region", "department", "ends_on", "reason")


@room("users")
def users(request: HttpRequest) -> HttpResponseBase:
    user = user_of(request)
    asked = {name: request.GET.get(name, "").strip() for name in ("role", "q")}
    rows = accounts.users_for(user)
    if asked["role"]:
        rows = rows.filter(role=asked["role"])
    if asked["q"]:
        rows = rows.filter(Q(username__icontains=asked["q"]) | Q(display_name__icontains=asked["q"]))
    context = {"area": "users", "asked": asked, "roles": Role.choices, "rights": ROLES, "may_open": _gives(user)}
    return answer(request, lists.users(rows), "console/users.html", context)


@require_http_methods(["GET", "POST"])
@room("users")
def new(request: HttpRequest) -> HttpResponse:
    """The form keeps what was typed; the password is drawn here, shown once, and changed at the first sign-in."""
    by = user_of(request)
    accounts.require(by, "manage_users")
    typed = _typed(request) if request.method == "POST" else {"region": by.region}
    context: dict[str, Any] = {"area": "users", "typed": typed, "meeting_names": [], **_choices(by)}
    if request.method != "POST":
        return render(request, "console/user_new.html", context)
    password = accounts.draw_password()
    try:
        found = accounts.create_user(
            by=by,
            username=typed["username"],
            password=password,
            **_place(typed),
            first=True,
        )
    except UserError as error:
        context |= {"problem": problem_of(error)}
        return render(request, "console/user_new.html", context, status=status_of(error))
    return _account_page(request, by, found, password=password)


@room("users")
def account(request: HttpRequest, username: str) -> HttpResponse:
    by = user_of(request)
    return _account_page(request, by, accounts.user_for(by, username))


Act = Callable[[User, User, dict[str, str]], str]  # by, user, typed → a password to show once, or ""
FITS = {"close": True, "reopen": False}  # which accounts have the form
SEEN = "seen"  # in what was typed: the mark of the account as the form had shown it


def _change(by: User, user: User, typed: dict[str, str]) -> str:
    accounts.change_account(
        by=by,
        user=user,
        **_place(typed),
        reason=typed["reason"],
        seen=typed[SEEN],
    )
    return ""


def _close(by: User, user: User, typed: dict[str, str]) -> str:
    successor = _successor(by, typed["successor"]) if typed["successor"] else None
    accounts.close_account(by=by, user=user, reason=typed["reason"], successor=successor, seen=typed[SEEN])
    return ""


def _successor(by: User, username: str) -> User:
    try:
        return accounts.user_for(by, username)
    except registry.NotFound as error:
        raise UserError(
            f"没有账号 {username}，或不归您管理",
            f"there is no account {username}, or it is not yours to manage",
            "填接手人的用户名，或留空不移交",
            "the successor's username, or nothing to hand nothing over",
        ) from error


def _reopen(by: User, user: User, typed: dict[str, str]) -> str:
    accounts.reopen_account(by=by, user=user, reason=typed["reason"], seen=typed[SEEN])
    return ""


def _renew(by: User, user: User, typed: dict[str, str]) -> str:
    password = accounts.draw_password()
    accounts.renew_password(by=by, user=user, password=password, reason=typed["reason"], seen=typed[SEEN])
    return password


def _unlock(by: User, user: User, typed: dict[str, str]) -> str:
    accounts.unlock(by=by, user=user, reason=typed["reason"], seen=typed[SEEN])
    return ""


def _reset(by: User, user: User, typed: dict[str, str]) -> str:
    accounts.reset_factors(by=by, user=user, reason=typed["reason"], seen=typed[SEEN])
    return ""


ACTS: dict[str, Act] = {
    "factors": _reset,
    "change": _change,
    "close": _close,
    "reopen": _reopen,
    "password": _renew,
    "unlock": _unlock,
}


@room("users")
@posted_from("console:account", "username")
def act(request: HttpRequest, username: str, act: str) -> HttpResponse:
    """One of ACTS, each with a reason; what was typed is kept when it is refused."""
    by = user_of(request)
    user = accounts.user_for(by, username)
    if act not in ACTS:
        raise Http404
    typed = {**_typed(request), "successor": request.POST.get("successor", "").strip(), SEEN: seen_by(request)}
    try:
        password = ACTS[act](by, user, typed)
    except UserError as error:
        user = accounts.user_for(by, username)  # as it is now
        return _account_page(request, by, user, typed=typed, refused=act, error=error)
    if password:
        return _account_page(request, by, accounts.user_for(by, username), password=password)
    return redirect("console:account", username)


def _account_page(
    request: HttpRequest,
    by: User,
    user: User,
    *,
    password: str = "",
    typed: dict[str, str] | None = None,
    refused: str = "",
    error: UserError | None = None,
) -> HttpResponse:
    """``password``: shown this once. ``refused``: which form keeps what was typed."""
    stored = _stored(user)
    stale = isinstance(error, Stale)
    kept = refused == "change" and not stale  # what the form had seen, it still has
    choices = _choices(by)
    met = meetings(request.POST, stored, choices) if stale and refused == "change" else []
    context = {
        "area": "users",
        "account": user,
        "password": password,
        "stored": stored,
        "fields": typed if typed is not None and refused == "change" else stored,
        "typed": typed or {},
        "was": [(name, request.POST.get(f"was_{name}", "") if kept else stored[name]) for name in PLACE],
        "refused": refused,
        "meetings": met,
        "meeting_names": [one.field.name for one in met],
        "lost": typed["reason"] if typed and FITS.get(refused, user.is_active) != user.is_active else "",
        **form_state(request, accounts.account_mark(user), error, "user", str(user.pk)),
        "problem": problem_of(error) if error else None,
        "may_keep": by.pk != user.pk and accounts.may_keep(by, user),
        "may_guard": accounts.may_guard(by, user),
        "factors": accounts.factors_of(user),
        "successors": accounts.users_for(by).filter(role=user.role, is_active=True).exclude(pk=user.pk)[:SUGGESTED],
        "life": [life_told(one) for one in accounts.life_of(user)],
        **explained(user),
        **choices,
    }
    return render(request, "console/account.html", context, status=status_of(error))


def explained(user: User) -> dict[str, Any]:
    """What an account may see and do, and why: for its own page and for those who manage it."""
    role = ROLES[user.role]
    rights = [
        {
            "verb": pair,
            "may": verb in role.verbs,
            "others": [tongue(one) for one in ROLES.values() if verb in one.verbs],
        }
        for verb, pair in VERBS.items()
    ]
    gives = [tongue(ROLES[code]) for code in role.gives]
    return {
        "role": role,
        "rights": rights,
        "gives": gives,
        "place_names": _place_names(user),
        "level": accounts.account_level(user.role, user.region),
    }


def _place_names(user: User) -> str:
    """The account's region with those above it; its bare code where the regions are not loaded."""
    try:
        return " › ".join(one.name for one in registry.breadcrumb(user.region)) if user.region else ""
    except registry.NotFound:
        return user.region


def _gives(by: User) -> bool:
    return accounts.may(by, "manage_users")


def _choices(by: User) -> dict[str, list[tuple[str, str]]]:
    given = [(code, tongue(ROLES[code])) for code in ROLES[by.role].gives]
    return {"given_roles": given, "departments": [(code, spoken(pair)) for code, pair in departments().items()]}


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "").strip() for name in FIELDS}


def _place(typed: dict[str, str]) -> dict[str, Any]:
    """What an account is opened with and can be changed in. Raises UserError for what is no day."""
    return {
        **{name: typed[name] for name in ("role", "region", "display_name")},
        "department": typed["department"] if typed["role"] == Role.DEPARTMENT else "",
        "ends_on": accounts.last_day(typed["ends_on"]),
    }


def _stored(user: User) -> dict[str, str]:
    ends = user.ends_on.isoformat() if user.ends_on else ""
    names = ("display_name", "role", "region", "department")
    stored = {name: getattr(user, name) for name in names}
    if not user.region and ROLES[user.role].may_be_national:
        stored["region"] = accounts.NATION_WORDS[0]
    return {**stored, "ends_on": ends, "reason": ""}
