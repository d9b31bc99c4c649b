"""Runs of identification: start one, watch it, read what it found."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.console.filters import page_of
from fupin.console.forms import RunForm, problems_of
from fupin.identify import api as identify
from fupin.identify.api import RegionResult, Run, RunState
from fupin.kernel.errors import UserError
from fupin.ui.charts import histogram_data
from fupin.ui.figures import incidence, mean_text, region_figures
from fupin.ui.guards import Problem, problem_of, room, user_of
from fupin.ui.places import place_of

BUSY = (RunState.WAITING, RunState.RUNNING)


@room("runs")
def runs(request: HttpRequest) -> HttpResponse:
    return _list(request)


def _list(request: HttpRequest, problem: Problem | None = None, status: int = 200) -> HttpResponse:
    user = user_of(request)
    place = place_of(user)
    context = {
        "area": "runs",
        "page": page_of(request, identify.runs_for(user)),
        "place": place,
        "today": timezone.localdate(),
        "may_start": accounts.may(user, "start_run"),
        "problem": problem,
    }
    return render(request, "console/runs.html", context, status=status)


@require_POST
@room("runs")
def start(request: HttpRequest) -> HttpResponse:
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
def doubts(request: HttpRequest, run_id: str) -> HttpResponse:
    """Matches that the machine does not decide."""
    user = user_of(request)
    one = identify.run_for(user, run_id)
    context = {"area": "runs", "run": one, "page": page_of(request, identify.doubts_for(user, one))}
    return render(request, "console/doubts.html", context)


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
