"""帮扶责任人: a helper with his households, and the pairing of a household."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.console.filters import day, whole
from fupin.console.forms import RevealForm
from fupin.console.lists import helpers as lists
from fupin.console.meanwhile import form_state, seen_by, status_of
from fupin.kernel.errors import Forbidden, UserError
from fupin.registry import api as registry
from fupin.ui.answers import answer
from fupin.ui.guards import posted_from, problem_of, room, user_of
from fupin.ui.places import place_of, village_names

AREA = "dossiers"


@room(AREA)
def helpers(request: HttpRequest) -> HttpResponseBase:
    """Everybody who helps a household of a region."""
    user = user_of(request)
    place = place_of(user, request.GET.get("region", "").strip())
    low = place.code if place else user.region
    context = {"area": AREA, "place": place}
    return answer(request, lists.helpers(registry.helpers_counted(user, low), low), "console/helpers.html", context)


@room(AREA)
def helper(request: HttpRequest, helper_id: str) -> HttpResponse:
    user = user_of(request)
    one = registry.helper_for(user, helper_id)
    helped = registry.helped_by(user, one)
    names = village_names(line.household.village_code for line in helped)
    context = {
        "area": AREA,
        "helper": one,
        "phone": registry.masked_helper_phone(one),
        "may_reveal": accounts.may(user, "reveal_id"),
        "reasons": RevealForm.USUAL,
        "helped": [(line, names.get(line.household.village_code, "")) for line in helped if line.until is None],
        "former": [(line, names.get(line.household.village_code, "")) for line in helped if line.until is not None],
    }
    return render(request, "console/helper.html", context)


@room("households")
def helping(request: HttpRequest, household_id: str) -> HttpResponse:
    """The pairings of a household: present, former, and a new one."""
    return _page(request, user_of(request), household_id)


def _page(request: HttpRequest, user: User, household_id: str, error: UserError | None = None) -> HttpResponse:
    household = registry.household_for(user, household_id)
    found = registry.helpers_of(user, household)
    context: dict[str, Any] = {
        "area": "households",
        "household": household,
        "place": place_of(user, household.village_code),
        "helpers": [one for one in found if one.until is None],
        "former": [one for one in found if one.until is not None],
        "known": registry.helpers_counted(user, household.village_code).order_by("name"),
        "may_assign": accounts.may(user, "assign_helpers"),
        "today": timezone.localdate(),
        "typed": request.POST if error else {},
        "problem": problem_of(error) if error else None,
        **form_state(
            request, registry.helping_mark(household.pk), error, "household", household.pk,
            {one.helper_id: f"{one.name} · {one.unit}" for one in found},
        ),
    }  # fmt: skip
    context["lost"] = _lost(context, request)
    return render(request, "console/helping.html", context, status=status_of(error))


def _lost(context: dict[str, Any], request: HttpRequest) -> str:
    """The reason that was typed for a pairing which somebody else ended."""
    number, why = request.POST.get("number", ""), request.POST.get("why", "").strip()
    return "" if not number or any(str(one.number) == number for one in context["helpers"]) else why


@room("households")
@posted_from("console:helping", "household_id")
def act(request: HttpRequest, household_id: str, act: str) -> HttpResponse:
    """``assign`` or ``end``."""
    user = user_of(request)
    try:
        said = _done(request, user, household_id, act)
    except Forbidden:
        raise
    except UserError as error:
        return _page(request, user, household_id, error)
    messages.success(request, said)
    return redirect("console:helping", household_id)


def _done(request: HttpRequest, user: User, household_id: str, act: str) -> str:
    typed = {name: request.POST.get(name, "").strip() for name in ("helper_id", "name", "unit", "post", "phone", "why")}
    on = day(request.POST.get("day", ""))
    if on is None:
        raise UserError("日期看不懂", "not a date", "写成 2026-10-31 这样", "write it like 2026-10-31")
    if act == "assign":
        who = {name: typed[name] for name in ("helper_id", "name", "unit", "post", "phone")}
        registry.assign_helper(by=user, household_id=household_id, since=on, mark=seen_by(request), **who)
        return _("已结对。")
    number = whole(request.POST.get("number", ""))
    there = {one.number for one in registry.helpers_of(user, household_id)}
    if act != "end" or number is None or number not in there:
        raise registry.NotFound(act)
    registry.end_helping(by=user, number=number, until=on, why=typed["why"], mark=seen_by(request))
    return _("结对已终止。")
