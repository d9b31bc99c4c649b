"""我要申请: choose the village, fill in one form, keep the receipt. No account; what is typed is sealed at once."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from fupin.accounts.api import nobody_acting
from fupin.catalogue.procedures import edition_of
from fupin.identify import api as identify
from fupin.identify.api import Content
from fupin.kernel.errors import NotFound, UserError
from fupin.kernel.regions import VILLAGE, at_level, is_code, level_of
from fupin.portal.attached import attached_to
from fupin.portal.throttle import demand_room, sent_from
from fupin.ui.guards import Problem, problem_of
from fupin.ui.places import chain_of, parts_of, village_names
from fupin.ui.templatetags.ui import tongue


def begin(request: HttpRequest) -> HttpResponse:
    """From the province down to the village, one level a page; a level with a single part is skipped."""
    code = request.GET.get("region", "").strip()
    if code and not is_code(code):
        raise Http404
    if code and level_of(code) >= VILLAGE:
        return redirect("apply:form", at_level(code, VILLAGE))
    parts = parts_of(code)
    while len(parts) == 1 and level_of(parts[0].code) < VILLAGE:
        code = parts[0].code
        parts = parts_of(code)
    if not parts and code:
        raise Http404
    context = {"chain": chain_of(code), "parts": parts, "last": bool(parts) and level_of(parts[0].code) == VILLAGE}
    return render(request, "portal/apply_where.html", context)


def form(request: HttpRequest, village: str) -> HttpResponse:
    chain = chain_of(village) if is_code(village) and level_of(village) == VILLAGE else []
    if not chain or chain[-1].code != village:
        raise Http404
    if request.method != "POST":
        return render(request, "portal/apply.html", {"chain": chain, "village": village, "typed": {}})
    try:
        receipt = _handed_in(request, village)
    except UserError as error:
        context = {"chain": chain, "village": village, "typed": request.POST, "problem": problem_of(error)}
        return render(request, "portal/apply.html", context, status=400)
    return redirect(f"/apply/receipt/?receipt={receipt}")


def _handed_in(request: HttpRequest, village: str) -> str:
    typed, address = request.POST, request.META.get("REMOTE_ADDR", "")
    demand_room(address)
    if typed.get("consent") != "yes":
        raise UserError(
            "没有勾选同意核对", "you have not agreed to the comparison",
            "申请要与部门数据核对，请阅读后勾选", "an application is compared with departments' data; read and tick",
        )  # fmt: skip
    files = attached_to(request)
    members = typed.get("members", "").strip()
    with nobody_acting():  # also from a browser where somebody is signed in: it is a resident who applies
        receipt = identify.apply(
            village=village, content=Content(*(typed.get(name, "") for name in ("name", "number", "phone", "body"))),
            members=int(members) if members.isdecimal() and len(members) < 4 else None, files=files,
        )  # fmt: skip
    sent_from(address)
    return receipt


def receipt(request: HttpRequest) -> HttpResponse:
    """How far an application has come."""
    asked = request.GET.get("receipt", "").strip().upper()[:12]
    context: dict[str, Any] = {"receipt": asked}
    if asked:
        try:
            with nobody_acting():
                told = identify.public_course(asked)
        except NotFound:
            context["problem"] = Problem(_("没有这个回执号"), how=_("核对提交申请时给您的 12 位回执号"))
            return render(request, "portal/apply_receipt.html", context, status=404)
        context |= {"told": told, "village": village_names([told.village]).get(told.village, ""), "steps": _steps(told)}
    return render(request, "portal/apply_receipt.html", context)


def _steps(told: identify.PublicCourse) -> list[tuple[str, str]]:
    """Every step of the procedure with "done", "now" or "ahead"; none before it is taken up, or once refused."""
    if told.procedure is None or told.edition is None or told.ended in ("refused", "withdrawn"):
        return []
    steps = edition_of(told.procedure, told.edition).steps
    at = next((place for place, step in enumerate(steps) if step.id == told.step), len(steps))
    standing = ["done" if place < at else "now" if place == at else "ahead" for place in range(len(steps))]
    return [(tongue(step), how) for step, how in zip(steps, standing, strict=True)]
