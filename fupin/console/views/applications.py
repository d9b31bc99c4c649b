"""网上申请: what residents handed in themselves; taken up as a case, or declined with words that they can read."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.console.attachments import sent
from fupin.console.filters import inside
from fupin.console.lists.applications import applications as listing
from fupin.identify import api as identify
from fupin.identify.api import Application
from fupin.kernel.errors import NotFound, UserError
from fupin.kernel.masks import mask_id
from fupin.registry import api as registry
from fupin.ui.answers import answer
from fupin.ui.guards import Problem, problem_of, room, user_of
from fupin.ui.places import place_of, village_names

AREA = "cases"


@room(AREA)
def applications(request: HttpRequest) -> HttpResponseBase:
    user = user_of(request)
    region, standing = (request.GET.get(name, "").strip() for name in ("region", "standing"))
    chosen = {"waiting": identify.unanswered, "overdue": identify.waiting_too_long}
    rows = chosen.get(standing, identify.applications_for)(user)
    context = {
        "area": AREA,
        "asked": {"region": region, "standing": standing},
        "place": place_of(user, region),
        "standings": {"waiting": _("待受理"), "overdue": _("超期")},
    }
    return answer(request, listing(user, rows.filter(inside(region)), region), "console/applications.html", context)


@room(AREA)
def application(request: HttpRequest, number: str) -> HttpResponse:
    """One application, in clear for whoever handles it: each opening is recorded."""
    user = user_of(request)
    one = identify.application_for(user, _number(number))
    if request.method != "POST":
        return _page(request, user, one)
    try:
        return _handled(request, user, one)
    except UserError as error:
        return _page(request, user, one, problem_of(error), status=400)


def _number(typed: str) -> int:
    if not typed.isdecimal() or len(typed) > 17:
        raise NotFound(typed)
    return int(typed)


def _handled(request: HttpRequest, user: User, one: Application) -> HttpResponse:
    if request.POST.get("act") == "decline":
        identify.decline(by=user, application=one, reason=request.POST.get("reason", ""))
        messages.success(request, _("已记录不予受理，申请人凭回执号可以看到理由"))
        return redirect("console:application", str(one.pk))
    case = identify.take_up(by=user, application=one, household_id=request.POST.get("household", "").strip())
    messages.success(request, _("已立案，申请作为第一份材料归入办件"))
    return redirect("console:case", str(case.pk))


def _page(
    request: HttpRequest, user: User, one: Application, problem: Problem | None = None, status: int = 200
) -> HttpResponse:
    content = identify.read_application(user, one)
    context: dict[str, Any] = {
        "area": AREA,
        "application": one,
        "answer": getattr(one, "answer", None),
        "content": content,
        "number": mask_id(content.number),
        "files": identify.files_of(one.files),
        "village": village_names([one.village_code]).get(one.village_code, one.village_code),
        "homes": list(registry.search_households(user, content.number)[:2]),
        "may_handle": bool(identify.turns_of(user)),
        "neighbour": registry.households_for(user).filter(village_code=one.village_code).first()
        if accounts.may(user, "change_registry")
        else None,
        "typed": request.POST,
        "problem": problem,
    }
    return render(request, "console/application.html", context, status=status)


@room(AREA)
def file(request: HttpRequest, number: str, mark: str) -> HttpResponse:
    """A file that came with it; that somebody opened it is recorded."""
    user = user_of(request)
    one = identify.application_for(user, _number(number))
    found = identify.file_for(user, mark)
    if found.mark not in one.files:
        raise NotFound(mark)
    accounts.record(
        by=user, verb="open_paper", object_kind="application", object_id=str(one.pk), region=one.village_code,
        detail={"file": str(found.mark)},
    )  # fmt: skip
    return sent(found)
