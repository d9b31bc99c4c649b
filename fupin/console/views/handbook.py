"""The portrait on paper (扶贫手册), and where its figures come from."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.console import trails
from fupin.console.dossiers.handbook import handbook_paper
from fupin.console.dossiers.household import RECENT, sources_of
from fupin.console.forms import RevealForm, problems_of
from fupin.kernel.errors import NotFound
from fupin.registry import api as registry
from fupin.registry.api import Kind, SealedField
from fupin.ui.guards import room, second_factor_first, user_of
from fupin.ui.papers import chinese_families, hand_out
from fupin.ui.places import place_of


@require_GET
@room("households")
def sources(request: HttpRequest, household_id: str, group: str) -> HttpResponse:
    """Who collected and entered a group of figures, when, with which load or act: a part of the portrait."""
    user = user_of(request)
    household = registry.household_for(user, household_id)
    context = {"household": household, "source": sources_of(user, household, group)}
    return render(request, "console/source.html", context)


@require_GET
@room("households")
def recent(request: HttpRequest, household_id: str) -> HttpResponse:
    """The newest changes: a part of the portrait that comes after it."""
    user = user_of(request)
    household = registry.household_for(user, household_id)
    acts = [trails.told(act) for act in registry.timeline_of(user, household)[:RECENT]]
    return render(request, "console/recent.html", {"household": household, "acts": acts})


# Full numbers are asked for one by one against deeds that are committed before: no transaction around the request.
@transaction.non_atomic_requests
@never_cache
@require_http_methods(["GET", "POST"])
@room("households")
def handbook(request: HttpRequest, household_id: str) -> HttpResponse:
    """GET: masked or with full numbers, and why. POST: the PDF."""
    user = user_of(request)
    full = request.POST.get("numbers") == "full"
    form = RevealForm(request.POST)
    with transaction.atomic(), accounts.acting_as(user):
        household = registry.household_for(user, household_id)
        may = accounts.may(user, "reveal_id")
        if request.method == "GET" or (full and may and not form.is_valid()):
            problem = problems_of(form) if request.method == "POST" else ""
            context = {
                "area": "households",
                "household": household,
                "place": place_of(user, household.village_code),
                "may_reveal": may,
                "reasons": RevealForm.USUAL,
                "error": problem,
                "form": form,
            }
            return render(request, "console/handbook.html", context, status=400 if problem else 200)
    if not full or not may:
        return _made(user, household_id, {}, "")
    if (way := second_factor_first(request)) is not None:
        return way
    chinese_families()
    numbers, phone = _revealed(user, household_id, form.reason)
    return _made(user, household_id, numbers, phone)


def _made(user: User, household_id: str, numbers: dict[str, str], phone: str) -> HttpResponse:
    with transaction.atomic(), accounts.acting_as(user):
        household = registry.household_for(user, household_id)
        data = handbook_paper(user, household, numbers, phone)
        return hand_out(user, "handbook", data, object_id=household.pk, region=household.village_code)


def _revealed(user: User, household_id: str, reason: str) -> tuple[dict[str, str], str]:
    """The members' full ID numbers and the household's phone: each a deed of its own."""
    with transaction.atomic(), accounts.acting_as(user):
        members = [one.person_id for one in registry.members_of(user, household_id) if one.id_masked]
        has_phone = bool(registry.masked_phone(user, household_id))
    numbers = {one: registry.reveal_id(by=user, person_id=one, reason=reason) for one in members}
    if not has_phone:
        return numbers, ""
    try:
        ask = {"kind": Kind.HOUSEHOLD, "record": household_id, "field": SealedField.PHONE}
        return numbers, registry.reveal(by=user, reason=reason, **ask)
    except NotFound:
        return numbers, ""
