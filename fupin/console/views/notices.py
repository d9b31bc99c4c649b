"""公示: what waits to be hung, what hangs, and the sheet that is printed and hung."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.procedures import procedures, steps_known
from fupin.console.filters import day, whole
from fupin.console.qr import qr_svg
from fupin.identify import api as identify
from fupin.identify.api import Notice
from fupin.kernel.errors import UserError
from fupin.registry import api as registry
from fupin.ui.guards import Problem, problem_of, room, user_of
from fupin.ui.places import village_names
from fupin.ui.templatetags.ui import tongue

AREA = "cases"
SHOWN = 200


@room(AREA)
def notices(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    if request.method != "POST":
        return _list(request, user)
    village, procedure, step = (request.POST.get(name, "") for name in ("village", "procedure", "step"))
    try:
        last = request.POST.get("last_day", "").strip()
        if last and day(last) is None:
            raise UserError("日期看不懂", "no such day", "日期写成 2026-10-31 这样", "write it like 2026-10-31")
        made = identify.hang_notice(
            by=user, village=village, procedure=procedure, step=step, place=request.POST.get("place", ""),
            last_day=day(last), edition=whole(request.POST.get("edition", "")) or 1,
        )  # fmt: skip
    except UserError as error:
        return _list(request, user, problem_of(error), status=400)
    messages.success(request, _("公示已登记，请打印张贴"))
    return redirect("console:notice", made.pk)


def _list(request: HttpRequest, user: User, problem: Problem | None = None, status: int = 200) -> HttpResponse:
    waiting = identify.to_hang(user)
    hanging = list(identify.notices_for(user)[:SHOWN])
    names = village_names([one["village_code"] for one in waiting] + [one.village_code for one in hanging])
    for one in waiting:
        step = steps_known(one["procedure"])[one["step"]]
        one |= {
            "village": names.get(one["village_code"], one["village_code"]),
            "words": f"{tongue(procedures()[one['procedure']])} · {tongue(step)}",
            "shortest": identify.shortest(step, one["village_code"]),
        }
    context = {
        "area": AREA,
        "waiting": waiting if "village" in identify.turns_of(user) else [],
        "notices": [(one, names.get(one.village_code, one.village_code), words_of(one)) for one in hanging],
        "today": timezone.localdate(),
        "problem": problem,
        "typed": request.POST,
    }
    return render(request, "console/notices.html", context, status=status)


def words_of(notice: Notice) -> str:
    procedure = procedures()[notice.procedure]
    return f"{tongue(procedure)} · {tongue(steps_known(notice.procedure)[notice.step])}"


@room(AREA)
def notice(request: HttpRequest, code: str) -> HttpResponse:
    """The sheet, A4: names in full, as it hangs in the village; printing one is written down."""
    user = user_of(request)
    one = identify.notice_for(user, code)
    accounts.record(
        by=user, verb="print_notice", object_kind="notice", object_id=one.pk, region=one.village_code,
        detail={"procedure": one.procedure, "step": one.step},
    )  # fmt: skip
    address = request.build_absolute_uri(reverse("portal:notice", args=[one.pk]))
    context: dict[str, Any] = {
        "area": AREA,
        "notice": one,
        "words": words_of(one),
        "procedure": procedures()[one.procedure],
        "village": village_names([one.village_code]).get(one.village_code, one.village_code),
        "crumbs": registry.breadcrumb(one.village_code),
        "lines": _lines(user, one),
        "address": address,
        "qr": qr_svg(address),
        "answer_days": one.last_day,
    }
    return render(request, "console/notice.html", context)


def _lines(user: User, one: Notice) -> list[tuple[str, int, str]]:
    """Head, members, kind: nothing else of a household hangs on a wall."""
    kinds = procedures()[one.procedure].kinds or {}
    cases = list(identify.on_notice(one))
    homes = registry.households_for(user).in_bulk([case.household_id for case in cases])
    return [
        (homes[case.household_id].head_name, homes[case.household_id].members,
         tongue_pair(kinds[case.kind]) if case.kind in kinds else "")
        for case in cases if case.household_id in homes
    ]  # fmt: skip


def tongue_pair(pair: tuple[str, str]) -> str:
    return pair[0]  # a notice hangs in Chinese
