"""公示 for everybody: by the code on the wall. No account, no scope; names are masked."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from fupin.accounts.api import nobody_acting
from fupin.catalogue.procedures import procedures, steps_known
from fupin.identify import api as identify
from fupin.identify.api import PublicNotice
from fupin.kernel.errors import NotFound, UserError
from fupin.portal.attached import attached_to
from fupin.portal.throttle import demand_room, sent_from
from fupin.ui.guards import Problem, posted_from, problem_of
from fupin.ui.places import village_names
from fupin.ui.templatetags.ui import spoken, tongue


def find(request: HttpRequest) -> HttpResponse:
    """A box for the code, for who has no camera."""
    code = request.GET.get("code", "").strip().upper()
    if not code:
        return render(request, "portal/find.html")
    try:
        with nobody_acting():
            identify.public_notice(code)
    except NotFound:
        problem = Problem(_("没有这个公示号"), how=_("核对公示上的字母和数字；没有字母 I、L、O 和数字 0、1"))
        return render(request, "portal/find.html", {"problem": problem, "code": code[:12]}, status=404)
    return redirect("portal:notice", code)


def notice(request: HttpRequest, code: str) -> HttpResponse:
    return _page(request, _found(code))


def _found(code: str) -> PublicNotice:
    try:
        with nobody_acting():
            return identify.public_notice(code)
    except NotFound as error:
        raise Http404 from error


def _page(request: HttpRequest, shown: PublicNotice, problem: Problem | None = None, status: int = 200) -> HttpResponse:
    procedure = procedures()[shown.procedure]
    kinds = procedure.kinds or {}
    context: dict[str, Any] = {
        "notice": shown,
        "procedure": procedure,
        "step": tongue(steps_known(shown.procedure)[shown.step]),
        "village": village_names([shown.village]).get(shown.village, shown.village),
        "lines": [(line, spoken(kinds[line.kind]) if line.kind in kinds else "") for line in shown.lines],
        "problem": problem,
        "typed": request.POST,
    }
    return render(request, "portal/notice.html", context, status=status)


@posted_from("portal:notice", "code")
def object_to(request: HttpRequest, code: str) -> HttpResponse:
    """Written as nobody's, also from a browser where somebody is signed in: an anonymous objection names no account."""
    shown, number, address = _found(code), request.POST.get("case", ""), request.META.get("REMOTE_ADDR", "")
    try:
        demand_room(address)
        files = attached_to(request)
        with nobody_acting():
            receipt = identify.object_to(
                notice=shown, case=int(number) if number.isdecimal() and len(number) < 18 else 0, files=files,
                **{name: request.POST.get(name, "") for name in ("body", "name", "phone")},
            )  # fmt: skip
        sent_from(address)
    except UserError as error:
        return _page(request, shown, problem_of(error), status=400)
    return redirect(f"/notices/objections/?receipt={receipt}")


def receipt(request: HttpRequest) -> HttpResponse:
    """What came of an objection."""
    asked = request.GET.get("receipt", "").strip().upper()[:12]
    context: dict[str, Any] = {"receipt": asked}
    if asked:
        try:
            with nobody_acting():
                context["told"] = identify.public_answer(asked)
        except NotFound:
            context["problem"] = Problem(_("没有这个回执号"), how=_("核对提交异议时给您的 12 位回执号"))
            return render(request, "portal/receipt.html", context, status=404)
    return render(request, "portal/receipt.html", context)
