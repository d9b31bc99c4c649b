"""办件: the list, a new one, and one case with its steps, papers, votes, notices and objections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.procedures import Procedure, procedures, procedures_at, steps_known
from fupin.console.attachments import sent
from fupin.console.case_page import Page, page_of
from fupin.console.filters import day, inside, whole
from fupin.console.lists import cases as lists
from fupin.identify import api as identify
from fupin.identify.api import Case, Form, Votes
from fupin.kernel.errors import NotFound, UserError
from fupin.registry import api as registry
from fupin.registry.api import Household
from fupin.ui.answers import answer
from fupin.ui.guards import posted_from, problem_of, room, user_of
from fupin.ui.places import place_of
from fupin.ui.templatetags.ui import spoken, tongue

AREA = "cases"
ASKED = ("region", "procedure", "step", "standing", "q")
STANDINGS = ("mine", "raised", "open", "overdue", "passed", "refused", "withdrawn")


@room(AREA)
def cases(request: HttpRequest) -> HttpResponseBase:
    user = user_of(request)
    asked = {name: request.GET.get(name, "").strip() for name in ASKED}
    rows = asked_for(user, asked)
    procedure = procedures().get(asked["procedure"])
    context = {
        "area": AREA,
        "asked": asked,
        "place": place_of(user, asked["region"]),
        "procedures": {one.id: tongue(one) for one in procedures().values()},
        "steps": {} if procedure is None else {step.id: tongue(step) for step in steps_known(procedure.id).values()},
        "standings": dict(zip(STANDINGS, lists.standing_words(), strict=True)),
        "turn": identify.mine(user, identify.cases_for(user)).count(),
        "late": identify.late(identify.cases_for(user)).count(),
        "lists": identify.bulks_open(user),
        "may_bulk": _may_bulk(user, asked) and rows.exists(),
        "may_handle": accounts.may(user, identify.CASE_VERB),
        "applied": identify.unanswered(user).count() if identify.turns_of(user) else 0,
        "to_hang": len(identify.to_hang(user)) if "village" in identify.turns_of(user) else 0,
    }
    return answer(request, lists.cases(user, rows, asked["region"]), "console/cases.html", context)


def asked_for(user: User, asked: Mapping[str, str]) -> QuerySet[Case]:
    rows = identify.cases_for(user).filter(inside(asked["region"]))
    for name in ("procedure", "step"):
        if asked[name]:
            rows = rows.filter(**{name: asked[name]})
    if asked["q"]:
        rows = rows.filter(household_id=asked["q"])
    if asked["standing"] == "mine":
        return identify.mine(user, rows)
    if asked["standing"] == "raised":
        return identify.raised(user, rows)
    if asked["standing"] == "overdue":
        return identify.late(rows)
    if asked["standing"] == "open":
        return rows.filter(ended="")
    return rows.filter(ended=asked["standing"]) if asked["standing"] in STANDINGS else rows


def _may_bulk(user: User, asked: Mapping[str, str]) -> bool:
    """One decision of the own level is being looked at."""
    step = steps_known(asked["procedure"]).get(asked["step"]) if asked["procedure"] in procedures() else None
    return step is not None and step.kind == "decision" and step.level in identify.turns_of(user)


@room(AREA)
def new(request: HttpRequest, household_id: str) -> HttpResponse:
    """Choose a procedure that fits the household."""
    user = user_of(request)
    home = registry.household_for(user, household_id)
    accounts.require(user, identify.CASE_VERB, home.village_code)
    context: dict[str, Any] = {
        "area": AREA,
        "household": home,
        "place": place_of(user, home.village_code),
        "fitting": _fitting(home),
        "open": list(identify.cases_for(user).filter(household_id=home.pk, ended="")),
        "typed": request.POST,
    }
    if request.method != "POST":
        return render(request, "console/case_new.html", context)
    procedure, _dot, kind = request.POST.get("procedure", "").partition(".")
    try:
        made = identify.open_case(
            by=user, household_id=home.pk, procedure=procedure, kind=kind, channel=request.POST.get("channel", "")[:12],
            note=request.POST.get("note", ""),
        )  # fmt: skip
    except UserError as error:
        return render(request, "console/case_new.html", {**context, "problem": problem_of(error)}, status=400)
    messages.success(request, _("已立案，从“%(step)s”开始") % {"step": tongue(identify.present_step(made))})
    return redirect("console:case", made.pk)


def _fitting(home: Household) -> list[tuple[Procedure, dict[str, tuple[str, str]]]]:
    """Procedures that the household may begin now, each with the kinds that it may be."""
    under = identify.monitored(home.pk) is not None
    found = [one for one in procedures_at(timezone.localdate()).values() if home.state in one.begins_in]
    found = [one for one in found if (under if one.follows else not (under and one.kinds))]
    return [(one, dict(one.kinds_for(home.state))) for one in found]


@room(AREA)
def case(request: HttpRequest, number: str) -> HttpResponseBase:
    """One case; what is handed in for its present step comes here, too."""
    user = user_of(request)
    one = identify.case_for(user, number)
    if request.method != "POST":
        return _page(request, page_of(user, one))
    try:
        messages.success(request, _handed_in(request, user, one))
    except UserError as error:
        return _page(request, page_of(user, identify.case_for(user, number), error, request.POST), status=400)
    return redirect("console:case", one.pk)


def _page(request: HttpRequest, page: Page, status: int = 200) -> HttpResponse:
    return render(request, "console/case.html", {"area": AREA, "page": page, "case": page.case}, status=status)


def _handed_in(request: HttpRequest, user: User, one: Case) -> str:
    """Papers first: they stay even when the step cannot pass yet. Raises UserError."""
    if one.ended or request.POST.get("step", "") != one.step:
        raise UserError(
            "这个办件刚被别人办理过，没有写入", "somebody took this step meanwhile; nothing was written",
            "看清当前步骤再办；您填写的内容保留在下面", "look at the present step; what you typed is kept below",
        )  # fmt: skip
    papers = _papers(request, user, one)
    if request.POST.get("act") == "papers":
        return _("已收 %(n)s 份材料") % {"n": papers}
    identify.take_step(by=user, case=one, form=_form(request.POST, one))
    after = identify.case_for(user, one.pk)
    if after.ended:
        return _("办件已结束：%(how)s") % {"how": after.get_ended_display()}
    return _("已办理，现在到“%(step)s”") % {"step": tongue(identify.present_step(after))}


def _papers(request: HttpRequest, user: User, one: Case) -> int:
    count = 0
    for paper in identify.present_step(one).papers:
        file, kept_at = request.FILES.get(f"file_{paper}"), request.POST.get(f"kept_{paper}", "").strip()
        if file is None and not kept_at:
            continue
        identify.attach_paper(
            by=user, case=one, paper=paper, kept_at=kept_at, name="" if file is None else file.name or "",
            content=None if file is None else file.read(),
        )  # fmt: skip
        count += 1
    return count


def _form(typed: QueryDict, one: Case) -> Form:
    outcome, _dot, to = typed.get("outcome", "").partition(".")
    step, held = identify.present_step(one), typed.get("held_on", "").strip()
    if held and day(held) is None:
        raise UserError("日期看不懂", "no such day", "日期写成 2026-10-31 这样", "write it like 2026-10-31")
    return Form(
        outcome=outcome,
        note=typed.get("note", ""),
        to=to,
        held_on=day(held),
        signatures={role: typed.get(f"sign_{role}", "").strip()[:40] for role in step.signatures},
        votes=_votes(typed) if step.kind == "votes" else None,
        standards={
            name.removeprefix("met_"): (value == "yes", typed.get(f"why_{name.removeprefix('met_')}", ""))
            for name, value in typed.items()
            if name.startswith("met_")
        },
    )


def _votes(typed: QueryDict) -> Votes | None:
    counts = [whole(typed.get(name, "").strip()) for name in ("eligible", "present", "yes", "no")]
    if None in counts:
        return None
    eligible, present, yes, no = (count or 0 for count in counts)
    return Votes(eligible, present, yes, no)


@room(AREA)
def paper(request: HttpRequest, number: str, mark: str) -> HttpResponse:
    """An attached file; that somebody opened it is written down."""
    user = user_of(request)
    one = identify.case_for(user, number)
    file = identify.file_for(user, mark)
    if not identify.belongs_to(file, one):
        raise NotFound(mark)
    accounts.record(
        by=user, verb="open_paper", object_kind="household", object_id=one.household_id, region=one.village_code,
        detail={"case": one.pk, "file": str(file.mark)},
    )  # fmt: skip
    return sent(file)


@room(AREA)
@posted_from("console:case", "number")
def answer_objection(request: HttpRequest, number: str, objection: int) -> HttpResponse:
    user = user_of(request)
    one = identify.case_for(user, number)
    found = identify.objection_for(user, objection)
    if found.case_id != one.pk:
        raise NotFound(str(objection))
    try:
        identify.answer_objection(
            by=user, objection=found, upheld=request.POST.get("upheld") == "yes", answer=request.POST.get("answer", "")
        )
    except UserError as error:
        return _page(request, page_of(user, one, error, request.POST), status=400)
    messages.success(request, _("已答复，提出人凭回执号可以看到"))
    return redirect("console:case", one.pk)


@room(AREA)
@posted_from("console:case", "number")
def objection_contact(request: HttpRequest, number: str, objection: int) -> HttpResponse:
    """Who objected by name, and how to reach him: for who answers, each opening recorded."""
    user = user_of(request)
    one = identify.case_for(user, number)
    found = identify.objection_for(user, objection)
    if found.case_id != one.pk:
        raise NotFound(str(objection))
    contact = identify.open_contact(user, found)
    return _page(request, replace(page_of(user, one), contacts={found.pk: contact}))


@room(AREA)
def numbers(request: HttpRequest) -> HttpResponse:
    """How many, by region and by step, and what was opened and ended between two days."""
    user = user_of(request)
    place = place_of(user, request.GET.get("region", "").strip())
    if place is None:
        raise NotFound("")
    today = timezone.localdate()
    since = day(request.GET.get("since", "")) or today.replace(month=1, day=1)
    until = day(request.GET.get("until", "")) or today
    parts = identify.numbers_by_region(user, place.code, [part.code for part in place.parts], since, until)
    steps = identify.numbers_by_step(user, place.code, since, until)
    context = {
        "area": AREA,
        "place": place,
        "since": since,
        "until": until,
        "parts": [(part, parts[part.code]) for part in place.parts if part.code in parts],
        "procedures": [_procedure_lines(one.id, steps) for one in procedures().values()],
        "levels": {name: spoken(pair) for name, pair in identify.LEVEL_WORDS.items()},
    }
    return render(request, "console/case_numbers.html", context)


def _procedure_lines(name: str, steps: Mapping[tuple[str, str], identify.Numbers]) -> dict[str, Any]:
    """A procedure with its steps, and its sums over all of them."""
    found = [numbers for (procedure, _step), numbers in steps.items() if procedure == name]
    keys = ("open", "overdue", "opened", "passed", "refused")
    return {
        "procedure": procedures()[name],
        "steps": [(step, steps.get((name, step.id))) for step in steps_known(name).values()],
        "total": {key: sum(getattr(one, key) for one in found) for key in keys},
    }
