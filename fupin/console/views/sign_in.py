"""The door of the house: in, out, and the language spoken inside."""

from __future__ import annotations

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language

from fupin.accounts import api as accounts
from fupin.kernel.errors import UserError
from fupin.ui.guards import Problem, problem_of


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
    login(request, user)
    return redirect(_asked_for(request))


def _form(request: HttpRequest, problem: Problem | None, status: int = 200) -> HttpResponse:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    context = {"problem": problem, "next": wanted, "username": request.POST.get("username", "")}
    return render(request, "console/sign_in.html", context, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("console:sign_in")


@require_POST
def language(request: HttpRequest) -> HttpResponseBase:
    return set_language(request)


def _asked_for(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if wanted and ours else "console:home"
