"""Households: find one, or all of a kind."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fupin.accounts.api import User
from fupin.catalogue.schema import code_lists
from fupin.console.filters import STATES, HouseholdFilter, inside, page_of, page_of_index, run_asked
from fupin.identify.api import Run
from fupin.registry import api as registry
from fupin.ui import words
from fupin.ui.guards import room, user_of
from fupin.ui.places import place_of


@room("households")
def households(request: HttpRequest) -> HttpResponse:
    """With a run: its index and filters. Before the first run: the registry's list."""
    user = user_of(request)
    asked = HouseholdFilter.of(request)
    run = run_asked(user, asked.run)
    place = place_of(user, asked.region)
    rows = _indexed(request, user, run, asked) if run else _plain(request, user, asked)
    context = {
        "area": "households",
        "asked": asked,
        "place": place,
        "run": run,
        "bands": words.BANDS,
        "causes": code_lists()["cause"].values,
        "villages": _villages(rows["rows"]),
    }
    return render(request, "console/households.html", {**context, **rows})


def _villages(rows: list[dict[str, Any]]) -> dict[str, str]:
    codes = {row["household"].village_code for row in rows if row["household"]}
    return dict(registry.Region.objects.filter(code__in=codes).values_list("code", "name"))


def _indexed(request: HttpRequest, user: User, run: Run, asked: HouseholdFilter) -> dict[str, Any]:
    page = page_of_index(request, user, run, asked)
    homes = registry.households_for(user).in_bulk([one.household_id for one in page])
    return {"page": page, "rows": [{"index": one, "household": homes.get(one.household_id)} for one in page]}


def _plain(request: HttpRequest, user: User, asked: HouseholdFilter) -> dict[str, Any]:
    found = registry.search_households(user, asked.q) if asked.q else registry.households_for(user)
    found = found.filter(inside(asked.region))
    if asked.cause:
        found = found.filter(cause_main=asked.cause)
    if asked.state:
        found = found.filter(state__in=STATES.get(asked.state, ()))
    page = page_of(request, found.order_by("village_code", "household_id"))
    return {"page": page, "rows": [{"index": None, "household": one} for one in page]}


@require_POST
@room("households")
def find(request: HttpRequest) -> HttpResponse:
    """By a whole ID number: sent by POST, so that it stands in no address and no log."""
    found = registry.search_households(user_of(request), request.POST.get("number", "")).first()
    if found is not None:
        return redirect("console:portrait", found.pk)
    messages.error(request, _("本辖区的登记库里没有这个证件号；请核对号码，或按姓名查找。"))
    return redirect("console:households")
