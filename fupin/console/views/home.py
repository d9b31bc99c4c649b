"""Home: what each role should look at first."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from fupin.accounts import api as accounts
from fupin.accounts.api import Role, User
from fupin.console.lists.applications import dressed as dressed_applications
from fupin.console.lists.cases import dressed
from fupin.exchange import api as exchange
from fupin.identify import api as identify
from fupin.identify.api import Run
from fupin.registry import api as registry
from fupin.ui.charts import rule_bars
from fupin.ui.figures import region_figures
from fupin.ui.guards import room, user_of
from fupin.ui.places import place_of

RAISED = 8  # shown on the page; the list has them all


def alive(_request: HttpRequest) -> HttpResponse:
    """For a proxy or a watchdog: the server answers. Open to everybody, says nothing else."""
    return HttpResponse("ok", content_type="text/plain")


@room("home")
def home(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    page = {Role.DEPARTMENT: _department, **dict.fromkeys(accounts.THREE, _administrator)}.get(user.role, _results)
    return render(request, "console/home.html", {"area": "home", **page(user)})


def _results(user: User) -> dict[str, Any]:
    """Decision maker, office and cadre: the region's figures, what to check, what runs."""
    run = identify.latest_run(user)
    place = place_of(user)
    may_start = accounts.may(user, "start_run")
    context: dict[str, Any] = {"kind": "results", "place": place, "run": run, "may_start": may_start}
    if place is None:
        return context
    if accounts.may(user, "see_households"):
        cases = identify.cases_for(user)
        context["turn"] = identify.mine(user, cases).count()
        context["late"] = identify.late(cases).count()
        context |= _raised(user) | _applied(user)
    context["busy"] = identify.runs_for(user).exclude(state__in=["finished", "failed"]).first()
    if accounts.may(user, "see_deliveries"):
        context["care"] = deliveries_needing_care(user)[:8]
    return {**context, **(_of_run(user, run, place.code) if run else {})}


def _raised(user: User) -> dict[str, Any]:
    """Overdue cases that were raised to this account, the oldest first."""
    found = list(identify.reminders_for(user)[:RAISED])
    rows = dressed(user, [one.case for one in found])
    return {"raised": list(zip(found, rows, strict=True))}


def _applied(user: User) -> dict[str, Any]:
    """Residents' applications that wait for those who take them up, the longest overdue first."""
    if not identify.turns_of(user):
        return {}
    waiting = identify.unanswered(user)
    return {
        "applied": dressed_applications(list(waiting.order_by("due_on", "pk")[:RAISED])),
        "applied_count": waiting.count(),
        "applied_late": identify.waiting_too_long(user).count(),
        "today": timezone.localdate(),
    }


def _of_run(user: User, run: Run, code: str) -> dict[str, Any]:
    try:
        figures = region_figures(identify.region_result(user, run, code))
    except LookupError:  # the run knows no household in this region
        return {"figures": None}
    rules = identify.rule_counts(user, run)
    severities = (
        identify.findings_for(user, run).values("severity").annotate(n=Count("finding_id")).order_by("severity")
    )
    return {
        "figures": figures,
        "rules": rules,
        "rule_chart": rule_bars(rules, 12),
        "severities": list(severities),
        **(_to_visit(user, run) if user.role == Role.CADRE else {}),
    }


def _to_visit(user: User, run: Run) -> dict[str, Any]:
    """A cadre's work: the gravest findings, and the undecided households with the most unknown facts."""
    found = list(identify.findings_for(user, run).order_by("severity", "finding_id")[:10])
    waiting = identify.index_for(user, run).filter(band="undecided").order_by("-unknown", "household_id")
    open_ = list(waiting[:8])
    ids = [one.household_id for one in found] + [one.household_id for one in open_]
    homes = registry.households_for(user).in_bulk(ids)
    return {
        "to_check": [{"finding": one, "household": homes.get(one.household_id)} for one in found],
        "to_ask": [{"index": one, "household": homes.get(one.household_id)} for one in open_],
    }


def deliveries_needing_care(user: User) -> Any:
    """Sent back, or with rows in quarantine and not corrected since."""
    wanting = Q(state="refused") | Q(bad_rows__gt=0, corrections__isnull=True)
    return exchange.deliveries_for(user).filter(wanting).order_by("-received_at")


def _department(user: User) -> dict[str, Any]:
    deliveries = exchange.deliveries_for(user)
    return {
        "kind": "department",
        "deliveries": deliveries[:10],
        "count": deliveries.count(),
        "care": deliveries_needing_care(user)[:8],
    }


def _administrator(user: User) -> dict[str, Any]:
    """Each of the three sees the part that is theirs; the trail of the others' deeds is the audit administrator's."""
    users = accounts.users_for(user)
    return {
        "kind": "administrator",
        "all_deeds": accounts.may(user, "see_deeds"),
        "roles": users.values("role").annotate(n=Count("pk")).order_by("role"),
        "count": users.count(),
        "deeds": accounts.deeds_for(user)[:15],
    }
