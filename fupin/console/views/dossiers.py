"""档案: the dossier of a region at any level, and of a village with its form, team and projects."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fupin.accounts import api as accounts
from fupin.accounts.api import NATION, User
from fupin.catalogue.village_form import village_form
from fupin.console.dossiers import stating
from fupin.console.dossiers.papers import place_paper, village_paper
from fupin.console.dossiers.place import place_dossier
from fupin.console.dossiers.village import village_dossier
from fupin.console.filters import day, whole
from fupin.kernel.errors import Forbidden, UserError
from fupin.registry import api as registry
from fupin.registry.api import Region
from fupin.ui import words
from fupin.ui.guards import posted_from, problem_of, room, user_of
from fupin.ui.papers import hand_out
from fupin.ui.places import place_of

AREA = "dossiers"
VILLAGE = 5
COUNTRY = "cn"


@room(AREA)
def dossiers(request: HttpRequest) -> HttpResponse:
    """The reader's own: of the country, a region or a village."""
    user = user_of(request)
    if user.scope.covers(NATION):
        return redirect("console:dossier", COUNTRY)
    return redirect("console:dossier", user.region)


@room(AREA)
def dossier(request: HttpRequest, code: str) -> HttpResponse:
    user = user_of(request)
    region, crumbs, parts = _where(user, code)
    if region is not None and region.level == VILLAGE:
        return _village(request, user, region, crumbs)
    context = {"area": AREA, "region": region, "crumbs": crumbs, "code": code}
    context |= place_dossier(user, region.code if region else NATION, parts)
    return render(request, "console/dossier_place.html", context)


def _where(user: User, code: str) -> tuple[Region | None, list[Region], list[Region]]:
    """The region (None: the country), the way to it, its parts. Raises NotFound."""
    if code == COUNTRY:
        if not user.scope.covers(NATION):
            raise registry.NotFound(code)
        return None, [], registry.provinces()
    place = place_of(user, code)
    if place is None:
        raise registry.NotFound(code)
    return place.region, place.crumbs, place.parts


def _village(
    request: HttpRequest, user: User, village: Region, crumbs: list[Region], problem: Any = None, typed: Any = None
) -> HttpResponse:
    asked = request.GET.get("year", "")
    context = {"area": AREA, "region": village, "crumbs": crumbs, "code": village.code}
    context |= village_dossier(user, village, whole(asked))
    context |= {
        "problem": problem,
        "typed": typed or {},
        "today": timezone.localdate(),
        "team_roles": words.TEAM_ROLES.items(),
        "progress_words": words.PROJECT_PROGRESS.items(),
    }
    return render(request, "console/dossier_village.html", context, status=400 if problem else 200)


@room(AREA)
def village_form_page(request: HttpRequest, code: str, year: int) -> HttpResponse:
    """The form of a year: GET shows it filled with what is known, POST saves it."""
    user = user_of(request)
    region, crumbs, _parts = _where(user, code)
    if region is None or region.level != VILLAGE:
        raise registry.NotFound(code)
    if not accounts.may(user, "state_village"):
        accounts.require(user, "state_village")
    error: UserError | None = None
    if request.method == "POST":
        try:
            return _saved(request, user, code, year)
        except Forbidden:
            raise
        except UserError as caught:
            error = caught
    context = {"area": AREA, "region": region, "crumbs": crumbs, "year": year, **_stating(request, user, error)}
    status = 200 if error is None else 409 if isinstance(error, registry.Stale) else 400
    return render(request, "console/village_form.html", context, status=status)


def _stating(request: HttpRequest, user: User, error: UserError | None) -> dict[str, Any]:
    """The form filled in; where somebody else was quicker, what differs item by item and the version of now."""
    code, year = (
        (request.resolver_match.kwargs[name] for name in ("code", "year")) if request.resolver_match else ("", 0)
    )
    form = next((one for one in registry.forms_of(user, code) if one.year == year), None)
    known, typed = registry.stated(form), request.POST if error else None
    moved_on = isinstance(error, registry.Stale)
    met = stating.meetings(typed, known) if typed is not None and moved_on else []
    named = form.stated_by if form is not None else str(user)
    return {
        "years": range(timezone.localdate().year, timezone.localdate().year - 5, -1),
        "groups": stating.fields(typed, known, registry.village_counts(user, code)),
        "stated_by": request.POST.get("stated_by") or named,
        "version": typed.get("version", "") if typed is not None and not moved_on else registry.form_version(form),
        "meetings": met,
        "meeting_names": [one.field.name for one in met],
        "entered_by": form.entered_by if form is not None else "",
        "problem": problem_of(error) if error else None,
    }


def _saved(request: HttpRequest, user: User, code: str, year: int) -> HttpResponse:
    values = {item.name: stating.read(item, request.POST.get(item.name, "")) for item in village_form().items.values()}
    registry.state_village(
        by=user, village=code, year=year, values=values, stated_by=request.POST.get("stated_by", ""),
        version=request.POST.get("version"),
    )  # fmt: skip
    messages.success(request, _("%(year)s 年度村情已保存。") % {"year": year})
    return redirect("console:dossier", code)


@room(AREA)
@posted_from("console:dossier", "code")
def village_act(request: HttpRequest, code: str, act: str) -> HttpResponse:
    """``send`` and ``leave`` (team), ``plan`` and ``advance`` (projects)."""
    user = user_of(request)
    region, crumbs, _parts = _where(user, code)
    if region is None or region.level != VILLAGE:
        raise registry.NotFound(code)
    try:
        said = _done(user, code, act, request.POST)
    except Forbidden:
        raise
    except UserError as error:
        return _village(request, user, region, crumbs, problem_of(error), request.POST)
    messages.success(request, said)
    return redirect("console:dossier", code)


def _done(user: User, village: str, act: str, typed: QueryDict) -> str:
    given = {name: typed.get(name, "").strip() for name in ("name", "role", "unit", "post", "source", "progress")}
    number = whole(typed.get("number", "")) or 0
    if act == "send":
        who = {name: given[name] for name in ("name", "role", "unit", "post")}
        registry.send_to_village(by=user, village=village, since=_day(typed.get("since", "")), **who)
        return _("已登记驻村队员。")
    if act == "leave":
        registry.leave_village(by=user, village=village, number=number, until=_day(typed.get("until", "")))
        return _("已登记离任。")
    if act == "plan":
        funds = stating.read(_FUNDS, typed.get("funds", ""))
        year = whole(typed.get("year", "")) or 0
        what = {name: given[name] for name in ("name", "source", "progress")}
        registry.plan_project(by=user, village=village, year=year, funds=funds, **what)
        return _("已登记项目。")
    if act == "advance":
        registry.advance_project(
            by=user, village=village, number=number, progress=given["progress"], was=typed.get("was")
        )
        return _("项目进度已更新。")
    raise registry.NotFound(act)


_FUNDS = village_form().items["collective_income"]


def _day(typed: str) -> Any:
    found = day(typed)
    if found is None:
        raise UserError("日期看不懂", "not a date", "写成 2026-10-31 这样", "write it like 2026-10-31")
    return found


@require_POST
@room(AREA)
def dossier_paper(request: HttpRequest, code: str) -> HttpResponse:
    """The registration form of a village, or the dossier of a region, as a PDF; recorded."""
    user = user_of(request)
    region, _crumbs, parts = _where(user, code)
    if region is not None and region.level == VILLAGE:
        asked = request.POST.get("year", "")
        told = village_dossier(user, region, whole(asked))
        return hand_out(user, "village", village_paper(region, told), object_id=code, region=code)
    told = place_dossier(user, region.code if region else NATION, parts)
    data = place_paper(region, told)
    return hand_out(user, "region", data, object_id=code, region=region.code if region else "")
