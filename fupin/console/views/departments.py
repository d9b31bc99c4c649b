"""A department's page: what it gave, what it got, what came of it, its agreements and their ends."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from fupin.accounts import api as accounts
from fupin.console.lists import agreements as lists
from fupin.exchange import api as exchange
from fupin.identify import api as identify
from fupin.kernel.errors import NotFound
from fupin.ui.answers import answer
from fupin.ui.guards import room, user_of

SHOWN = 10


@room("deliveries")
def departments(request: HttpRequest) -> HttpResponse:
    """Every department that the reader may see, with its figures."""
    rows = exchange.department_rows(user_of(request))
    context = {"area": "deliveries", "rows": rows, "uncovered": sum(one.uncovered for one in rows)}
    return render(request, "console/departments.html", context)


@room("deliveries")
def department(request: HttpRequest, name: str) -> HttpResponse:
    user = user_of(request)
    row = next((one for one in exchange.department_rows(user) if one.department == name), None)
    if row is None:
        raise NotFound(name)
    seen = exchange.exchanges_for(user).filter(department=name)
    agreements = exchange.agreements_for(user)
    run, raised = identify.raised_from(user, name)
    context = {
        "area": "deliveries",
        "row": row,
        "given": seen.filter(direction="in")[:SHOWN],
        "got": seen.filter(direction="out")[:SHOWN],
        "agreements": (agreements.filter(giver=name) | agreements.filter(taker=name)).order_by("state", "valid_until"),
        "run": run,
        "raised": raised,
        "came": identify.came_of(user, name),
        "raised_total": sum(one.rule.n for one in raised),
        "sees_results": accounts.may(user, "see_results"),
    }
    return render(request, "console/department.html", context)


@room("deliveries")
def exchanges(request: HttpRequest) -> HttpResponseBase:
    """The ledger: everything that came and went, and what no agreement covered."""
    user = user_of(request)
    asked = {name: request.GET.get(name, "").strip() for name in ("department", "direction", "uncovered")}
    rows = exchange.exchanges_for(user)
    rows = rows.filter(**{name: asked[name] for name in ("department", "direction") if asked[name]})
    if asked["uncovered"]:
        rows = rows.filter(agreement=None) | rows.exclude(outside=[])
    context = {"area": "deliveries", "asked": asked, "departments": exchange.departments_of(user)}
    return answer(request, lists.exchanges(rows), "console/exchanges.html", context)
