"""The door of the house: in, out, and the language spoken inside."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.kernel.errors import UserError
from fupin.ui.guards import Problem, problem_of, user_of, wanted_next


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """On success to the page asked for, else home; a wrong pair says so without telling which half is wrong."""
    if request.method == "POST":
        return _try(request)
    if request.user.is_authenticated:
        return redirect("console:home")
    return _form(request, None)


def _try(request: HttpRequest) -> HttpResponse:
    try:
        user = accounts.sign_in(request, request.POST.get("username", "").strip(), request.POST.get("password", ""))
    except UserError as error:
        return _form(request, problem_of(error), status=429)
    if user is None:
        what = _("用户名或密码不对")
        how = _("请检查大小写和输入法；连续五次不对会锁定一刻钟。忘记密码请找管理员重设。")
        return _form(request, Problem(what, how=how), status=401)
    wanted = wanted_next(request)
    if accounts.has_factor(user):
        accounts.begin_half(request, user)
        return redirect(f"{reverse('console:second')}?{urlencode({'next': wanted})}")
    accounts.enter(request, user)
    return redirect(wanted or "console:home")


@require_http_methods(["GET", "POST"])
def second(request: HttpRequest) -> HttpResponse:
    """The second factor: after the password, or again before a number is shown in clear. Failures count at the door."""
    signed_in = request.user.is_authenticated
    user = user_of(request) if signed_in else accounts.half_signed_in(request)
    if user is None:
        return redirect(f"{reverse('console:sign_in')}?{urlencode({'next': wanted_next(request)})}")
    if request.method != "POST":
        return _second_form(request, user, None)
    try:
        fits = accounts.second_step(
            request, user, code=request.POST.get("code", ""), answer=request.POST.get("credential", "")
        )
    except UserError as error:
        return _second_form(request, user, problem_of(error), status=429)
    if not fits:
        what, how = _("验证没有通过"), _("验证码半分钟换一次，用过的不能再用；连续五次不对会锁定一刻钟。")
        return _second_form(request, user, Problem(what, how=how), status=401)
    if signed_in:
        accounts.factor_shown(request)
    else:
        accounts.enter(request, user, factor=True)
    return redirect(wanted_next(request) or "console:home")


def _second_form(request: HttpRequest, user: User, problem: Problem | None, status: int = 200) -> HttpResponse:
    options = accounts.ask_passkey(request, user) if accounts.has_passkey(user) else None
    government = accounts.government_provider() is not None
    context = {"problem": problem, "government": government, "next": wanted_next(request), "options": options}
    answer = render(request, "console/second.html", context, status=status)
    answer["Cache-Control"] = "no-store, private"
    return answer


def _form(request: HttpRequest, problem: Problem | None, status: int = 200) -> HttpResponse:
    government = accounts.government_provider() is not None
    context = {
        "problem": problem,
        "government": government,
        "next": wanted_next(request),
        "username": request.POST.get("username", ""),
    }
    return render(request, "console/sign_in.html", context, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    elsewhere = accounts.sign_out_of_government(request, request.build_absolute_uri(reverse("console:sign_in")))
    logout(request)
    answer = redirect(elsewhere or "console:sign_in")
    answer["Clear-Site-Data"] = '"cache", "storage"'  # what a page left in this browser: kept pages, typed text
    return answer


@require_POST
def language(request: HttpRequest) -> HttpResponseBase:
    return set_language(request)
