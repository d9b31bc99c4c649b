"""常用条件: filters of a list that a user keeps under a name."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fupin.accounts import api as accounts
from fupin.kernel.errors import UserError
from fupin.ui import chrome
from fupin.ui.guards import problem_of, room, user_of

#: rooms of lists whose address has no number in it
LISTS = ("households", "findings", "deliveries", "runs", "users", "deeds")


@require_POST
@room("home")
def save(request: HttpRequest) -> HttpResponseBase:
    user = user_of(request)
    path, query = request.POST.get("path", ""), _cleaned(request.POST.get("query", ""))
    if _room_of(path) not in LISTS or not chrome.may_enter(user, _room_of(path)):
        raise Http404
    try:
        accounts.save_filter(by=user, path=path, name=request.POST.get("name", ""), query=query)
    except UserError as error:
        messages.error(request, problem_of(error).what)
    else:
        messages.success(request, _("已保存到常用条件"))
    return redirect(f"{path}?{query}")


@require_POST
@room("home")
def forget(request: HttpRequest, number: int) -> HttpResponseBase:
    user = user_of(request)
    kept = accounts.SavedFilter.objects.filter(user=user, pk=number).first()
    if kept is None:
        raise Http404
    accounts.forget_filter(by=user, number=number)
    return redirect(kept.path)


def _room_of(path: str) -> str:
    """The list behind an address of ours; "" for anything else."""
    try:
        found = resolve(path)
    except Resolver404:
        return ""
    return found.url_name or "" if found.namespace == "console" else ""


def _cleaned(query: str) -> str:
    """Written anew, so that nothing but a question can follow the address."""
    return urlencode(parse_qsl(query))
