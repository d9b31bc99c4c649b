"""精准画像: one household on one page, every figure with its source."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.load import load_catalogue
from fupin.console.dossiers.household import dossier_of
from fupin.console.filters import run_asked
from fupin.console.forms import RevealForm
from fupin.console.portraits import Told, income_per_head, survey_groups, told_of, working_members
from fupin.console.views.changes import latest
from fupin.identify import api as identify
from fupin.identify.api import HouseholdIndex, Run
from fupin.kernel.errors import UserError
from fupin.registry import api as registry
from fupin.registry.api import Household
from fupin.ui.charts import income_data, radar_data
from fupin.ui.figures import dimension_means
from fupin.ui.guards import room, user_of
from fupin.ui.places import place_of
from fupin.ui.templatetags.ui import language, tongue


@room("households")
def portrait(request: HttpRequest, household_id: str) -> HttpResponse:
    user = user_of(request)
    household = registry.household_for(user, household_id)
    members = registry.members_of(user, household, lang=language())
    ledger = registry.ledger_of(user, household)
    income = income_data(ledger)
    context = {
        "area": "households",
        "household": household,
        "place": place_of(user, household.village_code),
        "members": members,
        "workers": working_members(members),
        "income": income if income["months"] else None,
        "per_head": income_per_head(ledger, household.members),
        "survey": survey_groups(registry.survey_of(user, household)),
        "phone": registry.masked_phone(user, household),
        "may_handle": accounts.may(user, identify.CASE_VERB),
        "may_reveal": accounts.may(user, "reveal_id"),
        "reasons": RevealForm.USUAL,
        "may_assign": accounts.may(user, "assign_helpers"),
        **dossier_of(user, household, ledger),
        "changes": latest(user, household),
        **_identified(user, household, run_asked(user, request.GET.get("run", ""))),
    }
    return render(request, "console/portrait.html", context)


def _identified(user: User, household: Household, run: Run | None) -> dict[str, Any]:
    """Index, radar, lost points and findings of a run; nothing before the first one."""
    index = identify.index_for(user, run).filter(household_id=household.pk).first() if run else None
    if run is None or index is None:
        return {"run": run, "index": None}
    told = _told(user, run, household.pk)
    return {"run": run, "index": index, "radar": _radar(user, run, index), "told": told}


def _told(user: User, run: Run, household_id: str) -> Told | None:
    """None when the run's folder is gone: the figures in the database then stand without their evidence."""
    try:
        return told_of(identify.explain(user, run, household_id))
    except (UserError, OSError):
        return None


def _radar(user: User, run: Run, index: HouseholdIndex) -> dict[str, Any]:
    """Middle of each dimension's interval as a share of its points, beside the village's mean."""
    parts = zip(index.dim_low, index.dim_high, index.dim_weight, strict=True)
    own = [(low + high) / 2 / (weight * 10_000) if weight else None for low, high, weight in parts]
    try:
        mean: list[float | None] | None = dimension_means(identify.region_result(user, run, index.village_code))
    except LookupError:
        mean = None
    names = [tongue(dimension) for dimension in load_catalogue().dimensions]
    return radar_data(names, own, _("本户"), mean, _("全村平均"))
