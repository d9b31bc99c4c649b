"""疑点: what contradicts, with the evidence beside the household's own statement."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fupin.console.evidence import evidence_of, statements_of
from fupin.console.filters import FindingFilter, page_of, run_asked
from fupin.identify import api as identify
from fupin.kernel.errors import NotFound
from fupin.registry import api as registry
from fupin.ui import words
from fupin.ui.guards import room, user_of
from fupin.ui.places import place_of


@room("findings")
def findings(request: HttpRequest) -> HttpResponse:
    """The list; every filter stands in the address."""
    user = user_of(request)
    asked = FindingFilter.of(request)
    run = run_asked(user, asked.run)
    context: dict[str, Any] = {"area": "findings", "asked": asked, "place": place_of(user, asked.region), "run": run}
    if run is not None:
        page = page_of(request, asked.select(user, run))
        homes = registry.households_for(user).in_bulk([one.household_id for one in page])
        context |= {
            "page": page,
            "rows": [{"finding": one, "household": homes.get(one.household_id)} for one in page],
            "rules": identify.rule_counts(user, run),
            "severities": words.SEVERITIES,
            "directions": words.DIRECTIONS,
        }
    return render(request, "console/findings.html", context)


@room("findings")
def finding(request: HttpRequest, run_id: str, finding_id: str) -> HttpResponse:
    """Evidence and statement of one finding, put under its row."""
    user = user_of(request)
    run = identify.run_for(user, run_id)
    one = identify.findings_for(user, run).filter(finding_id=finding_id).first()
    if one is None:
        raise NotFound(finding_id)
    survey = registry.survey_of(user, one.household_id)
    context = {
        "finding": one,
        "rule": identify.catalogue_rule(one.rule),
        "evidence": evidence_of(run, one),
        "survey": survey,
        "statements": statements_of(one.topic, survey),
    }
    return render(request, "console/finding_detail.html", context)
