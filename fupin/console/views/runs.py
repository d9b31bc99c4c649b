"""Runs of identification: start one, watch it, read what it found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.console.filters import day
from fupin.console.forms import RunForm, problems_of
from fupin.console.lists import runs as lists
from fupin.identify import api as identify
from fupin.identify.api import Doubt, RegionResult, Run, RunState
from fupin.kernel.errors import UserError
from fupin.ui import words
from fupin.ui.answers import answer
from fupin.ui.charts import histogram_data
from fupin.ui.figures import incidence, mean_text, region_figures
from fupin.ui.guards import Problem, problem_of, room, user_of
from fupin.ui.places import place_of

BUSY = (RunState.WAITING, RunState.RUNNING)


@room("runs")
def runs(request: HttpRequest) -> HttpResponseBase:
    return _list(request)


def _list(request: HttpRequest, problem: Problem | None = None, status: int = 200) -> HttpResponseBase:
    user = user_of(request)
    asked = {name: request.GET.get(name, "").strip() for name in ("state", "since", "until")}
    context = {
        "area": "runs",
        "place": place_of(user),
        "today": timezone.localdate(),
        "may_start": accounts.may(user, "start_run"),
        "problem": problem,
        "asked": asked,
        "states": {state: words.WORK_STATES[state][1] for state in RunState.values},
    }
    return answer(request, lists.runs(user, _asked_for(user, asked)), "console/runs.html", context, status=status)


def _asked_for(user: User, asked: Mapping[str, str]) -> QuerySet[Run]:
    found = identify.runs_for(user)
    if asked["state"]:
        found = found.filter(state=asked["state"])
    if since := day(asked["since"]):
        found = found.filter(as_of__gte=since)
    if until := day(asked["until"]):
        found = found.filter(as_of__lte=until)
    return found


@require_POST
@room("runs")
def start(request: HttpRequest) -> HttpResponseBase:
    form = RunForm(request.POST)
    if not form.is_valid():
        return _list(request, Problem(_("没有发起运行"), how=problems_of(form)), status=400)
    try:
        run = identify.start_run(by=user_of(request), **form.cleaned_data)
    except UserError as error:
        return _list(request, problem_of(error), status=400)
    return redirect("console:run", run.pk)


@room("runs")
def run(request: HttpRequest, run_id: str) -> HttpResponse:
    user = user_of(request)
    one = identify.run_for(user, run_id)
    context: dict[str, Any] = {"area": "runs", "run": one, "busy": one.state in BUSY, "manifest": _manifest(one)}
    if one.state == RunState.FINISHED:
        context |= _results(user, one)
    return render(request, "console/run.html", context)


@room("runs")
def doubts(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """Matches that the machine does not decide."""
    user = user_of(request)
    one = identify.run_for(user, run_id)
    asked = {name: request.GET.get(name, "").strip() for name in ("reason", "dataset", "region", "q")}
    place = place_of(user, asked["region"])
    every = identify.doubts_for(user, one)
    found = [doubt for doubt in every if _fits(doubt, asked)]
    context = {
        "area": "runs",
        "run": one,
        "asked": asked,
        "place": place,
        "reasons": identify.DOUBT_REASONS,
        "datasets": sorted({doubt.dataset for doubt in every}),
    }
    return answer(
        request, lists.doubts(user, one, found, asked["region"]), "console/doubts.html", context, savable=False
    )


def _fits(doubt: Doubt, asked: Mapping[str, str]) -> bool:
    return (
        asked["reason"] in ("", doubt.reason)
        and asked["dataset"] in ("", doubt.dataset)
        and doubt.village_code.startswith(asked["region"])
        and (not asked["q"] or doubt.household_id.startswith(asked["q"]) or doubt.person_id.startswith(asked["q"]))
    )


@room("runs")
def progress(request: HttpRequest, run_id: str) -> HttpResponse:
    one = identify.run_for(user_of(request), run_id)
    if one.state not in BUSY:
        return HttpResponse(status=200, headers={"HX-Refresh": "true"})
    return render(request, "console/run_progress.html", {"run": one})


def _manifest(run: Run) -> list[tuple[str, str]]:
    """The run's pins in one level: what was used, and the digests of what came out."""
    rows: list[tuple[str, str]] = []
    for key, value in run.manifest.items():
        if isinstance(value, dict):
            rows += [(f"{key} · {name}", str(inner)) for name, inner in value.items()]
        else:
            rows.append((key, str(len(value)) if isinstance(value, list) else str(value)))
    return rows


def _results(user: User, run: Run) -> dict[str, Any]:
    """Figures of the part of the run that the user may see."""
    code = max(run.region, user.region, key=len)
    try:
        result = identify.region_result(user, run, code)
    except LookupError:
        return {"figures": None}
    latest = identify.latest_run(user) == run
    older = "" if latest else run.pk
    rules = identify.rule_counts(user, run)
    return {
        "latest": latest,
        "place": place_of(user, code),
        "figures": region_figures(result, older),
        "rules": rules,
        "most": max((rule.n for rule in rules), default=1),
        "histogram": histogram_data(identify.histogram(user, run, code), code, older),
        "compared": _against_the_run_before(user, run, code, result),
    }


def _against_the_run_before(user: User, run: Run, code: str, now: RegionResult) -> dict[str, Any] | None:
    before = identify.previous_run(user, run)
    if before is None:
        return None
    try:
        then = identify.region_result(user, before, code)
    except LookupError:
        return None
    names = {
        "registered_households": _("在册户"),
        "unexited_persons": _("未脱贫人口"),
        "poor": _("贫困"),
        "possibly": _("可能贫困"),
        "stable": _("稳定脱贫"),
        "undecided": _("待定"),
        "findings": _("疑点"),
        "severe_findings": _("红色和严重"),
    }
    rows = [
        {
            "name": name,
            "now": getattr(now, key),
            "then": getattr(then, key),
            "change": getattr(now, key) - getattr(then, key),
        }
        for key, name in names.items()
    ]
    rates = (incidence(now), incidence(then))
    return {"run": before, "rows": rows, "rates": rates, "means": (mean_text(now), mean_text(then))}
