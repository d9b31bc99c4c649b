"""For the audit administrator: who did what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from fupin.accounts import api as accounts
from fupin.accounts.api import Deed, User
from fupin.console.filters import day
from fupin.console.lists import people as lists
from fupin.ui.answers import answer
from fupin.ui.guards import room, user_of
from fupin.ui.templatetags.ui import language


@room("deeds")
def deeds(request: HttpRequest) -> HttpResponseBase:
    user = user_of(request)
    accounts.require(user, "see_deeds")
    asked = {name: request.GET.get(name, "").strip() for name in ("verb", "by", "since", "until")}
    verbs = accounts.deeds_for(user).order_by("verb").values_list("verb", flat=True).distinct()
    state = accounts.trail_state(user)
    broken = "" if state is None else (state.broken_zh if language() == "zh" else state.broken_en)
    context = {"area": "deeds", "asked": asked, "verbs": verbs, "state": state, "broken": broken}
    return answer(request, lists.deeds(_asked_for(user, asked)), "console/deeds.html", context)


def _asked_for(user: User, asked: Mapping[str, str]) -> QuerySet[Deed]:
    rows = accounts.deeds_for(user)
    if asked["verb"]:
        rows = rows.filter(verb=asked["verb"])
    if asked["by"]:
        rows = rows.filter(Q(by__username=asked["by"]) | Q(by__display_name=asked["by"]))
    if since := day(asked["since"]):
        rows = rows.filter(at__date__gte=since)
    if until := day(asked["until"]):
        rows = rows.filter(at__date__lt=until + timedelta(days=1))
    return rows
