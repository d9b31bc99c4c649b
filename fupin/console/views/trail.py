"""留痕: a household's life, and who answers for each of its figures."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fupin.console import trails
from fupin.registry import api as registry
from fupin.ui.guards import room, user_of
from fupin.ui.places import place_of

ON_A_PAGE = 50


@room("households")
def trail(request: HttpRequest, household_id: str) -> HttpResponse:
    user = user_of(request)
    household = registry.household_for(user, household_id)
    acts = registry.timeline_of(user, household)
    page = Paginator(acts, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "area": "households",
        "household": household,
        "place": place_of(user, household.village_code),
        "count": len(acts),
        "page": page,
        "acts": [trails.told(act) for act in page],
        "answers": trails.responsible(registry.answers_of(acts, household)),
        "cadres": registry.answering_for(household),
    }
    return render(request, "console/trail.html", context)
