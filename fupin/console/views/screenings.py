"""逻辑筛查: one click on a region, hits by region and rule, correction lists out and back, exemptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.screening import read_screening
from fupin.console.correction_book import correction_book, demand_size
from fupin.console.filters import day, inside, whole
from fupin.console.forms import RunForm, problems_of
from fupin.console.lists import screenings as lists
from fupin.console.meanwhile import form_state, seen_by, status_of
from fupin.identify import api as identify
from fupin.identify.api import Mend, RowAnswer, ScreenHit, Screening, Standing
from fupin.kernel.errors import NotFound, UserError
from fupin.kernel.seen import Stale
from fupin.ui import words
from fupin.ui.answers import answer
from fupin.ui.exports import XLSX_TYPE
from fupin.ui.guards import Problem, problem_of, room, user_of
from fupin.ui.places import place_of, village_names
from fupin.ui.templatetags.ui import spoken

AREA = "screenings"
BUSY = ("waiting", "running")
OPEN = ("new", "still")
SHOWN = 200  # rows of a trial on the page
ASKED = ("region", "rule", "severity", "standing", "theme", "q")


@room(AREA)
def screenings(request: HttpRequest) -> HttpResponseBase:
    return _list(request)


def _list(request: HttpRequest, problem: Problem | None = None, status: int = 200) -> HttpResponseBase:
    user = user_of(request)
    context = {
        "area": AREA,
        "place": place_of(user),
        "today": timezone.localdate(),
        "may_start": accounts.may(user, "screen"),
        "problem": problem,
        "rules": len(read_screening().rules),
    }
    listing = lists.screenings(user, identify.screenings_for(user))
    return answer(request, listing, "console/screenings.html", context, status=status, savable=False)


@require_POST
@room(AREA)
def start(request: HttpRequest) -> HttpResponseBase:
    form = RunForm(request.POST)
    if not form.is_valid():
        return _list(request, Problem(_("没有发起筛查"), how=problems_of(form)), status=400)
    try:
        made = identify.start_screening(by=user_of(request), **form.cleaned_data)
    except UserError as error:
        return _list(request, problem_of(error), status=400)
    return redirect("console:screening", made.pk)


@room(AREA)
def screening(request: HttpRequest, screening_id: str) -> HttpResponse:
    user = user_of(request)
    one = identify.screening_for(user, screening_id)
    context: dict[str, Any] = {"area": AREA, "one": one, "busy": one.state in BUSY}
    if one.state == "finished":
        context |= _results(user, one, request.GET.get("region", "").strip())
    return render(request, "console/screening.html", context)


def _results(user: User, one: Screening, region: str) -> dict[str, Any]:
    """Figures of the region asked for, of its parts, and of the rules there."""
    place = place_of(user, region or max(one.region, user.region, key=len))
    if place is None or not place.code.startswith(one.region):
        raise NotFound(region)
    lines = identify.rule_lines(user, one, place.code)
    parts = identify.region_lines(user, one, [part.code for part in place.parts])
    told = {line[0]: line for line in one.told}
    return {
        "place": place,
        "crumbs": [crumb for crumb in place.crumbs if crumb.code.startswith(one.region)],
        "total": {key: sum(getattr(line, key) for line in lines) for key in ("open", "fresh", "mended", "exempted")},
        "parts": [(part, parts[part.code]) for part in place.parts if part.code in parts],
        "lines": [(line, identify.screen_rule(line.key) or _not_shown(line.key)) for line in lines],
        "most": max((line.open for line in lines), default=1) or 1,
        "waiting": [rule for id_, rule in read_screening().rules.items() if id_ in told and not told[id_][1]],
    }


def _not_shown(rule: str) -> dict[str, str] | None:
    return identify.HEALTH_NOT_SHOWN if rule == identify.HEALTH_RULE else None


@room(AREA)
def progress(request: HttpRequest, screening_id: str) -> HttpResponse:
    one = identify.screening_for(user_of(request), screening_id)
    if one.state not in BUSY:
        return HttpResponse(status=200, headers={"HX-Refresh": "true"})
    return render(request, "console/screening_progress.html", {"one": one})


@room(AREA)
def hits(request: HttpRequest, screening_id: str) -> HttpResponseBase:
    user = user_of(request)
    one = identify.screening_for(user, screening_id)
    asked = {name: request.GET.get(name, "").strip() for name in ASKED}
    rows = _asked_for(user, one, asked)
    known = read_screening()
    context = {
        "area": AREA,
        "one": one,
        "asked": asked,
        "place": place_of(user, asked["region"]),
        "themes": {id_: spoken(pair) for id_, pair in known.themes.items()},
        "rule": None if identify.screening_veiled(asked["rule"]) else known.rules.get(asked["rule"]),
        "severities": words.SEVERITIES,
        "standings": {"open": _("待更正"), **dict(Standing.choices), "exempted": _("豁免中")},
        "may_correct": accounts.may(user, "screen"),
    }
    return answer(request, lists.hits(user, one, rows, asked["region"]), "console/screen_hits.html", context,
                  savable=False)  # fmt: skip


def _asked_for(user: User, one: Screening, asked: Mapping[str, str]) -> QuerySet[ScreenHit]:
    found = identify.hits_for(user, one).filter(inside(asked["region"]))
    found = identify.of_screen_rule(found, asked["rule"], asked["theme"])
    if asked["severity"] in ("1", "2", "3", "4", "5"):
        found = found.filter(severity=int(asked["severity"]))
    if asked["q"]:
        found = found.filter(household_id=asked["q"])
    return _standing(found, asked["standing"])


def _standing(found: QuerySet[ScreenHit], asked: str) -> QuerySet[ScreenHit]:
    if asked == "exempted":
        return found.filter(exempted=True, standing__in=OPEN)
    if asked == "open":
        return found.filter(exempted=False, standing__in=OPEN)
    if asked in OPEN:
        return found.filter(exempted=False, standing=asked)
    return found.filter(standing=asked) if asked == "mended" else found


@room(AREA)
def hit(request: HttpRequest, screening_id: str, key: str) -> HttpResponseBase:
    """One hit: what was seen, what was answered; answer it or exempt it."""
    user = user_of(request)
    one = identify.screening_for(user, screening_id)
    found = identify.hit_for(user, one, key)
    problem: UserError | None = None
    if request.method == "POST":
        try:
            messages.success(request, _act(request, user, one, found))
            return redirect("console:screen_hit", one.pk, key)
        except UserError as error:
            problem = error
    context = {
        "area": AREA,
        "one": one,
        "row": lists.dressed(user, [found])[0],
        "rule": identify.screen_rule(found.rule),
        "answers": identify.answers_for(user, found),
        "mends": identify.mends_of(user, found) if accounts.may(user, "change_registry") else [],
        "change": identify.mended_by(user, found),
        "exemption": identify.exemptions_for(user).filter(rule=found.rule, object_id=found.object_id).first(),
        "may_correct": accounts.may(user, "screen") and found.standing in OPEN,
        "may_exempt": accounts.may(user, "exempt"),
        "typed": request.POST,
        "problem": problem_of(problem) if problem else None,
        **form_state(
            request, identify.exemption_mark(found.rule, found.object_id), problem, "screen_object", found.object_id
        ),
    }
    return render(request, "console/screen_hit.html", context, status=status_of(problem))


def _act(request: HttpRequest, user: User, one: Screening, found: ScreenHit) -> str:
    note = request.POST.get("note", "").strip()
    if request.POST.get("act") == "exempt":
        until = day(request.POST.get("until", ""))
        if until is None:
            raise UserError(
                "没有填豁免到期日",
                "no last day of the exemption",
                "日期写成 2026-10-31 这样",
                "write it like 2026-10-31",
            )
        identify.exempt(by=user, screening=one, key=found.key, reason=note, until=until, seen=seen_by(request))
        return _("已豁免，下一次筛查起另行计数")
    identify.answer_hit(by=user, screening=one, hit=found, answer=request.POST.get("answer", ""), note=note)
    return _("已记下处理结果，下一次筛查核对是否改正")


@require_POST
@room(AREA)
def corrections(request: HttpRequest, screening_id: str) -> HttpResponse:
    """The correction list of what the address asks for."""
    user = user_of(request)
    one = identify.screening_for(user, screening_id)
    asked = {name: request.GET.get(name, "").strip() for name in ASKED} | {"standing": "open"}
    rows = _asked_for(user, one, asked)
    demand_size(rows.count())
    found = list(rows.order_by("village_code", "household_id", "severity", "rule", "object_id"))
    content = correction_book(user, one, lists.dressed(user, found), asked["region"])
    sent = HttpResponse(content, content_type=XLSX_TYPE)
    sent["Content-Disposition"] = f'attachment; filename="corrections-{one.pk}.xlsx"'
    sent["Cache-Control"] = "no-store, private"
    return sent


@room(AREA)
def upload(request: HttpRequest, screening_id: str) -> HttpResponse:
    """A filled-in list is tried first; a second click writes what the trial showed."""
    user = user_of(request)
    one = identify.screening_for(user, screening_id)
    accounts.require(user, "screen")
    context: dict[str, Any] = {"area": AREA, "one": one}
    if request.method != "POST":
        return render(request, "console/corrections.html", context)
    try:
        if token := request.POST.get("token", ""):
            count = identify.apply_corrections(by=user, screening=one, token=token)
            messages.success(request, _("已写入 %(n)s 条处理结果，下一次筛查核对是否改正") % {"n": f"{count:,}"})
            return redirect("console:screening", one.pk)
        return _trial(request, user, one)
    except UserError as error:
        return render(request, "console/corrections.html", {**context, "problem": problem_of(error)}, status=400)


def _trial(request: HttpRequest, user: User, one: Screening) -> HttpResponse:
    file = request.FILES.get("file")
    if file is None:
        raise UserError("请选择文件", "choose a file", "填好的 XLSX 更正名单", "the XLSX list filled in")
    plan = identify.read_corrections(by=user, screening=one, name=file.name or "", content=file.read())
    names = village_names(one.hit.village_code for one in plan.answers[:SHOWN])
    context = {
        "area": AREA,
        "one": one,
        "plan": plan,
        "problems": [asdict(one) for one in plan.problems[:SHOWN]],
        "rows": [(row, names.get(row.hit.village_code, ""), _mends(user, row)) for row in plan.answers[:SHOWN]],
    }
    return render(request, "console/corrections.html", context, status=400 if plan.problems else 200)


def _mends(user: User, row: RowAnswer) -> list[Mend]:
    """Of a row that says it is mended: where the registry is changed, for the list itself changes nothing."""
    if row.answer != "mended" or not accounts.may(user, "change_registry"):
        return []
    return identify.mends_of(user, row.hit)


@room(AREA)
def exemptions(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    found = identify.exemptions_for(user)
    state = form_state(request, "", None, "screen_object", "")
    if request.method == "POST":
        number = whole(request.POST.get("number", ""))
        if number is None:
            raise NotFound("exemption")
        one = identify.exemption_behind(user, number)
        try:
            identify.end_exemption(by=user, exemption=one)
            messages.success(request, _("豁免已结束，下一次筛查重新计数"))
            return redirect("console:screen_exemptions")
        except Stale as error:
            state = {
                "problem": problem_of(error),
                **form_state(request, "", error, "screen_object", one.object_id),
            }
    rows = list(found[:1000])
    names = village_names(row.village_code for row in rows)
    context = {
        "area": AREA,
        "rows": [(row, identify.screen_rule(row.rule), names.get(row.village_code, row.village_code)) for row in rows],
        "count": found.count(),
        "today": timezone.localdate(),
        "may_exempt": accounts.may(user, "exempt"),
        **state,
    }
    return render(request, "console/screen_exemptions.html", context, status=409 if "problem" in state else 200)
