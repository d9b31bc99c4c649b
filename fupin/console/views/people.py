"""For the administrator: who has an account, who did what."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fupin.accounts import api as accounts
from fupin.accounts.api import Role
from fupin.console.filters import page_of
from fupin.ui.guards import room, user_of


@room("users")
def users(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    accounts.require(user, "manage_users")
    rows = accounts.users_for(user)
    role = request.GET.get("role", "")
    if role:
        rows = rows.filter(role=role)
    context = {"area": "users", "page": page_of(request, rows), "role": role, "roles": Role.choices}
    return render(request, "console/users.html", {**context, "rights": accounts.ROLES})


@room("deeds")
def deeds(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    accounts.require(user, "see_deeds")
    rows = accounts.deeds_for(user)
    asked = {name: request.GET.get(name, "").strip() for name in ("verb", "by")}
    if asked["verb"]:
        rows = rows.filter(verb=asked["verb"])
    if asked["by"]:
        rows = rows.filter(by__username=asked["by"])
    verbs = accounts.deeds_for(user).order_by("verb").values_list("verb", flat=True).distinct()
    context = {"area": "deeds", "page": page_of(request, rows), "asked": asked, "verbs": verbs}
    return render(request, "console/deeds.html", context)
