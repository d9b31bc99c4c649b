"""Households: find one, or all of a kind."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fupin.accounts.api import User
from fupin.catalogue.schema import code_lists
from fupin.console.filters import INCOMES, LISTED, STATE_GROUPS, STATES, HouseholdFilter, inside, run_asked
from fupin.console.lists import households as lists
from fupin.registry import api as registry
from fupin.registry.api import Household
from fupin.ui import words
from fupin.ui.answers import answer
from fupin.ui.guards import room, user_of
from fupin.ui.places import place_of
from fupin.ui.templatetags.ui import label


@room("households")
def households(request: HttpRequest) -> HttpResponseBase:
    """With a run: its index and filters. Before the first run: the registry's list."""
    user = user_of(request)
    asked = HouseholdFilter.of(request)
    run = run_asked(user, asked.run)
    listing = lists.indexed(user, run, asked) if run else lists.plain(user, _registered(user, asked), asked)
    context = {
        "area": "households",
        "asked": asked,
        "place": place_of(user, asked.region),
        "run": run,
        "bands": words.BANDS,
        "states": [*STATE_GROUPS.items(), *((code, label(code, "household_state")) for code in (*LISTED, "9"))],
        "causes": [(code, label(code, "cause")) for code in code_lists()["cause"].values],
        "incomes": INCOMES,
        "bounds": asked.bounds,
        "broad": bool(asked.q) and registry.is_broad(asked.q),
    }
    return answer(request, listing, "console/households.html", context)


def _registered(user: User, asked: HouseholdFilter) -> QuerySet[Household]:
    found = (
        registry.search_households(user, asked.q) if asked.q else registry.households_for(user).filter(ended_on=None)
    )
    found = found.filter(inside(asked.region))
    if asked.cause:
        found = found.filter(cause_main=asked.cause)
    return found.filter(state__in=STATES.get(asked.state, ())) if asked.state else found


@require_POST
@room("households")
def find(request: HttpRequest) -> HttpResponse:
    """By a whole ID or phone number: sent by POST, so that it stands in no address and no log."""
    found = registry.search_households(user_of(request), request.POST.get("number", "")).first()
    if found is not None:
        return redirect("console:portrait", found.pk)
    messages.error(request, _("本辖区的登记库里没有这个号码；请核对号码，或按姓名查找。"))
    return redirect("console:households")
