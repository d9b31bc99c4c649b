"""Deciding hundreds of cases at once, behind a drawn sample."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.procedures import SIGNERS, procedures
from fupin.console.lists.cases import dressed
from fupin.console.views.cases import ASKED, asked_for
from fupin.identify import api as identify
from fupin.identify.api import Bulk
from fupin.kernel.errors import NotFound, UserError
from fupin.ui.guards import Problem, problem_of, room, user_of
from fupin.ui.templatetags.ui import spoken, tongue

AREA = "cases"
MOST = 1000


@require_POST
@room(AREA)
def begin(request: HttpRequest) -> HttpResponse:
    """The list is what the address asks for, as far as it waits for this account."""
    user = user_of(request)
    asked = {name: request.GET.get(name, "").strip() for name in ASKED}
    rows = identify.mine(user, asked_for(user, asked)).order_by("pk")
    oldest = rows.first()
    if oldest is not None:  # one edition of the procedure at a time
        rows = rows.filter(edition=oldest.edition)
    made = identify.begin_bulk(by=user, cases=rows[: MOST + 1])
    return redirect("console:bulk", made.pk)


@room(AREA)
def bulk(request: HttpRequest, number: int) -> HttpResponse:
    user = user_of(request)
    one = identify.bulk_for(user, number)
    if request.method != "POST":
        return _page(request, user, one)
    try:
        if request.POST.get("act") == "check":
            return _check(request, user, one)
        step = identify.step_of(one)
        count = identify.decide_bulk(
            by=user, bulk=one, signatures={role: request.POST.get(f"sign_{role}", "") for role in step.signatures},
            kept_at=request.POST.get("kept_at", ""), note=request.POST.get("note", ""),
        )  # fmt: skip
    except UserError as error:
        return _page(request, user, one, problem_of(error), status=400)
    messages.success(request, _("已批量通过 %(n)s 件") % {"n": count})
    return redirect("console:cases")


def _check(request: HttpRequest, user: User, one: Bulk) -> HttpResponse:
    number = request.POST.get("row", "")
    row = one.cases.filter(pk=number).first() if number.isdecimal() else None
    if row is None:
        raise NotFound(number)
    identify.check_sample(
        by=user, bulk_case=row, sound=request.POST.get("sound") == "yes", note=request.POST.get("note", "")
    )
    return redirect("console:bulk", one.pk)


def _page(
    request: HttpRequest, user: User, one: Bulk, problem: Problem | None = None, status: int = 200
) -> HttpResponse:
    rows = list(one.cases.select_related("case", "check_made", "check_made__by").order_by("-sampled", "case_id"))
    shown = dressed(user, [row.case for row in rows])
    step = identify.step_of(one)
    pairs = list(zip(rows, shown, strict=True))
    sampled = [pair for pair in pairs if pair[0].sampled]
    context = {
        "area": AREA,
        "bulk": one,
        "words": f"{tongue(procedures()[one.procedure])} · {tongue(step)}",
        "sampled": sampled,
        "others": [pair for pair in pairs if not pair[0].sampled],
        "count": len(rows),
        "checked": sum(1 for row, _shown in sampled if hasattr(row, "check_made")),
        "unsound": [row for row, _shown in sampled if hasattr(row, "check_made") and not row.check_made.sound],
        "decided": one.acts.exists(),
        "own": one.by_id == user.pk,
        "may_check": one.by_id != user.pk and accounts.may(user, identify.CASE_VERB),
        "signers": [(role, spoken(SIGNERS[role]), request.POST.get(f"sign_{role}", "")) for role in step.signatures],
        "typed": request.POST,
        "problem": problem,
    }
    return render(request, "console/bulk.html", context, status=status)
