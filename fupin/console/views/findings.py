"""疑点: what contradicts, with the evidence beside the household's own statement."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.console.changes.told import title_of
from fupin.console.evidence import evidence_of, statements_of
from fupin.console.filters import FindingFilter, run_asked
from fupin.console.lists import findings as lists
from fupin.identify import api as identify
from fupin.identify.api import Finding, Run
from fupin.kernel.errors import NotFound, UserError
from fupin.registry import api as registry
from fupin.ui import words
from fupin.ui.answers import answer
from fupin.ui.guards import Problem, problem_of, room, user_of
from fupin.ui.places import place_of
from fupin.ui.templatetags.ui import tongue


@room("findings")
def findings(request: HttpRequest) -> HttpResponseBase:
    """The list; every filter stands in the address."""
    user = user_of(request)
    asked = FindingFilter.of(request)
    run = run_asked(user, asked.run)
    context: dict[str, Any] = {"area": "findings", "asked": asked, "place": place_of(user, asked.region), "run": run}
    if run is None:
        return render(request, "console/findings.html", context)
    context |= {
        "rules": [(row.rule, f"{tongue(row)}（{row.n:,}）") for row in identify.rule_counts(user, run)],
        "severities": words.SEVERITIES,
        "directions": words.DIRECTIONS,
    }
    return answer(request, lists.findings(user, run, asked), "console/findings.html", context)


@room("findings")
def finding(request: HttpRequest, run_id: str, finding_id: str) -> HttpResponse:
    """Evidence and statement of one finding: under its row, or a page of its own for who opens the address."""
    user = user_of(request)
    run = identify.run_for(user, run_id)
    one = identify.findings_for(user, run).filter(finding_id=finding_id).first()
    if one is None:
        raise NotFound(finding_id)
    if request.method == "POST":
        return _judged(request, user, one)
    return _finding(request, user, run, one)


def _judged(request: HttpRequest, user: User, one: Finding) -> HttpResponse:
    try:
        identify.judge_finding(
            by=user, finding=one, verdict=request.POST.get("verdict", ""), reason=request.POST.get("reason", "")
        )
    except UserError as error:
        run = identify.run_for(user, one.run_id)
        return _finding(request, user, run, one, problem_of(error))
    messages.success(request, _("已记下核实结果"))
    return redirect("console:finding", one.run_id, one.finding_id)


def _finding(request: HttpRequest, user: User, run: Run, one: Finding, problem: Problem | None = None) -> HttpResponse:
    survey = registry.survey_of(user, one.household_id)
    change = identify.change_of(user, one)
    context = {
        "area": "findings",
        "finding": one,
        "rule": identify.catalogue_rule(one.rule),
        "veiled": identify.veiled(one.rule),
        "evidence": evidence_of(run, one),
        "survey": survey,
        "statements": statements_of(one.topic, survey),
        "verdict": identify.verdict_of(user, one),
        "proposal": identify.proposal_of(user, one),
        "change": change,
        "change_title": title_of(change) if change else "",
        "may_judge": accounts.may(user, "judge_finding"),
        "may_change": accounts.may(user, "change_registry"),
        "problem": problem,
    }
    part = "HX-Request" in request.headers
    name = "console/finding_detail.html" if part else "console/finding.html"
    return render(request, name, context, status=400 if problem else 200)
