"""A full number on the portrait: asked for with a reason, shown for a minute, then masked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.console.forms import RevealForm, problems_of
from fupin.kernel.errors import NotFound, UserError
from fupin.registry import api as registry
from fupin.registry.api import Kind, SealedField
from fupin.ui.guards import problem_of, room, second_factor_first, user_of

SECONDS_SHOWN = 60


# The deed is committed in a transaction of its own before the number is asked for: the request has none around both.
@transaction.non_atomic_requests
@never_cache
@require_http_methods(["GET", "POST"])
@room("households")
def full_number(request: HttpRequest, household_id: str, person_id: str = "") -> HttpResponse:
    """GET: masked, with the form that asks for a reason. POST: the number. Without a person the household's phone."""
    user = user_of(request)
    with transaction.atomic(), accounts.acting_as(user):
        context = _masked(user, household_id, person_id)
    return _answer(request, context, lambda reason: _revealed(user, household_id, person_id, reason))


@transaction.non_atomic_requests
@never_cache
@require_http_methods(["GET", "POST"])
@room("dossiers")
def helper_phone(request: HttpRequest, helper_id: str) -> HttpResponse:
    """The same for the phone of a helper."""
    user = user_of(request)
    with transaction.atomic(), accounts.acting_as(user):
        masked = registry.masked_helper_phone(registry.helper_for(user, helper_id))
    may = accounts.may(user, "reveal_id")
    context = {"helper_id": helper_id, "masked": masked, "may_reveal": may, "reasons": RevealForm.USUAL}
    ask = {"kind": Kind.HELPER, "record": helper_id, "field": SealedField.PHONE}
    return _answer(request, context, lambda reason: registry.reveal(by=user, reason=reason, **ask))


def _answer(request: HttpRequest, context: dict[str, Any], reveal: Callable[[str], str]) -> HttpResponse:
    if request.method == "GET":
        return render(request, "console/number.html", context)
    if (way := second_factor_first(request)) is not None:
        return way
    form = RevealForm(request.POST)
    if not form.is_valid():
        return render(
            request, "console/number.html", {**context, "open": True, "form": form, "error": problems_of(form)}
        )
    try:
        number = reveal(form.reason)
    except UserError as error:
        return render(request, "console/number.html", {**context, "open": True, "error": problem_of(error).what})
    return render(request, "console/revealed.html", {**context, "number": number, "seconds": SECONDS_SHOWN})


def _masked(user: User, household_id: str, person_id: str) -> dict[str, Any]:
    """Raises NotFound for a person who is not a present member of this very household."""
    household = registry.household_for(user, household_id)
    if person_id:
        members = {member.person_id: member.id_masked for member in registry.members_of(user, household)}
        if person_id not in members:
            raise NotFound(person_id)
        masked = members[person_id]
    else:
        masked = registry.masked_phone(user, household)
    may = accounts.may(user, "reveal_id")
    about = {"household_id": household_id, "person_id": person_id}
    return {**about, "masked": masked, "may_reveal": may, "reasons": RevealForm.USUAL}


def _revealed(user: User, household_id: str, person_id: str, reason: str) -> str:
    if person_id:
        return registry.reveal_id(by=user, person_id=person_id, reason=reason)
    return registry.reveal(by=user, kind=Kind.HOUSEHOLD, record=household_id, field=SealedField.PHONE, reason=reason)
