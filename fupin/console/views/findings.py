"""疑点: what contradicts, with the evidence beside the household's own statement."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from fupin.console.evidence import evidence_of, statements_of
from fupin.console.filters import FindingFilter, run_asked
from fupin.console.lists import findings as lists
from fupin.identify import api as identify
from fupin.kernel.errors import NotFound
from fupin.registry import api as registry
from fupin.ui import words
from fupin.ui.answers import answer
from fupin.ui.guards import room, user_of
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
    survey = registry.survey_of(user, one.household_id)
    context = {
        "area": "findings",
        "finding": one,
        "rule": identify.catalogue_rule(one.rule),
        "evidence": evidence_of(run, one),
        "survey": survey,
        "statements": statements_of(one.topic, survey),
    }
    part = "HX-Request" in request.headers
    return render(request, "console/finding_detail.html" if part else "console/finding.html", context)
