"""变更: what changed in a household, recording a change, taking one back, how it stood on a day."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.changes import GROUPS, PAPERS, ChangeKind, change_kinds
from fupin.console.changes import handing_in, lists
from fupin.console.changes.fields import OF_MEMBER, fields_of
from fupin.console.changes.told import tell, title_of
from fupin.console.filters import day, inside
from fupin.identify import api as identify
from fupin.kernel.errors import NotFound, UserError
from fupin.kernel.masks import mask_name
from fupin.kernel.periods import full_years
from fupin.registry import api as registry
from fupin.registry.api import Household, HouseholdAt, MemberView, RegistryChange
from fupin.ui.answers import answer
from fupin.ui.guards import posted_from, problem_of, room, user_of
from fupin.ui.places import place_of
from fupin.ui.templatetags.ui import language, spoken, tongue

AREA = "households"
ENDING = ("merge", "end_household")  # acts after which the household is no more
ASKED = ("region", "kind", "since", "until", "q")


@room(AREA)
def changes_of(request: HttpRequest, household_id: str) -> HttpResponse:
    """One household: what can be recorded, what was, and how it stood on a day."""
    user = user_of(request)
    home = registry.household_for(user, household_id)
    return _page(request, user, home)


def _page(request: HttpRequest, user: User, home: Household, problem: Any = None) -> HttpResponse:
    context = {
        "area": AREA,
        "household": home,
        "place": place_of(user, home.village_code),
        "changes": tell(user, registry.changes_of(user, home)[:200], home),
        "groups": groups_for(user, home),
        "may_change": accounts.may(user, "change_registry"),
        "problem": problem,
        **_machine(user, home, request),
    }
    return render(request, "console/changes/household.html", context, status=400 if problem else 200)


def groups_for(user: User, home: Household) -> list[tuple[str, list[ChangeKind]]]:
    """Kinds that this account may record for the household as it is now."""
    if home.ended_on is not None or not accounts.may(user, "change_registry"):
        return []
    open_to = [
        kind for kind in change_kinds().values()
        if not kind.by_case and registry.may_file(user, kind) and (not kind.begins_in or home.state in kind.begins_in)
    ]  # fmt: skip
    found = [(spoken(words), [kind for kind in open_to if kind.group == group]) for group, words in GROUPS.items()]
    return [(words, kinds) for words, kinds in found if kinds]


def _machine(user: User, home: Household, request: HttpRequest) -> dict[str, Any]:
    """情况日, 知悉日: both today unless asked; what was known at the end of a past day stays for ever."""
    true_on, known_on, known_at = _days(request)
    found = registry.household_at(user, home, true_on=true_on, known_at=known_at)
    return {"then": found, "true_on": true_on, "known_on": known_on, "then_members": _members(found)}


def _members(found: HouseholdAt | None) -> list[dict[str, Any]]:
    return [
        {
            "name": mask_name(one.name) if one.name else "–",
            "relation": registry.label("relation", one.relation, language()),
            # a birth date beside the masked number would be the whole one
            "since": None if one.since == one.birth_date else one.since,
            "age": None if one.birth_date is None else full_years(one.birth_date, found.true_on),
        }
        for one in found.members
    ] if found else []  # fmt: skip


@room(AREA)
def record(request: HttpRequest, household_id: str, kind_id: str) -> HttpResponse:
    """The form of one kind of change."""
    user = user_of(request)
    home = registry.household_for(user, household_id)
    kind = change_kinds().get(kind_id)
    if kind is None or kind.by_case:
        raise NotFound(kind_id)
    accounts.require(user, "change_registry", home.village_code)
    if request.method == "POST":
        return _handed_in(request, user, kind, home)
    given = request.GET.dict() | _proposed(user, kind, home, request.GET.get("finding", ""))
    if kind.act in OF_MEMBER and not given.get("person"):
        members = _concerned(kind, registry.members_of(user, home, lang=language()))
        context = {
            "area": AREA,
            "household": home,
            "kind": kind,
            "members": members,
            "finding": given.get("finding", ""),
        }
        return render(request, "console/changes/whose.html", context)
    return _form(request, user, kind, home, given)


def _concerned(kind: ChangeKind, members: list[MemberView]) -> list[MemberView]:
    """Of a number: who has one, or who has none yet."""
    return [one for one in members if not kind.former or bool(one.id_masked) == (kind.former == "some")]


def _proposed(user: User, kind: ChangeKind, home: Household, key: str) -> dict[str, str]:
    """What a confirmed finding fills in."""
    hit = identify.hit_behind(user, key) if key else None
    if hit is not None and hit.household_id == home.pk:
        rule = identify.screen_rule(hit.rule)
        why = _("逻辑筛查 %(rule)s：%(what)s") % {"rule": hit.rule, "what": tongue(rule) if rule else ""}
        return {"finding": key, "reason": why} | ({"person": hit.person_id} if hit.person_id else {})
    proposal = identify.proposed_by(user, key) if key else None
    if proposal is None or proposal.kind.id != kind.id or proposal.household_id != home.pk:
        return {}
    found = {"finding": proposal.key, "person": proposal.person_id}
    if proposal.effective is not None:
        found["effective"] = proposal.effective.isoformat()
    return {name: value for name, value in found.items() if value}


def _form(
    request: HttpRequest, user: User, kind: ChangeKind, home: Household, given: dict[str, str], status: int = 200,
    **more: Any,
) -> HttpResponse:  # fmt: skip
    person = given.get("person", "")
    context = {
        "area": AREA,
        "household": home,
        "place": place_of(user, home.village_code),
        "kind": kind,
        "fields": fields_of(user, kind, home, given),
        "person": person if kind.act in OF_MEMBER else "",
        "whose": registry.member_names(user, home).get(person, "") if kind.act in OF_MEMBER else "",
        "papers": [(paper, spoken(PAPERS[paper]), request.POST.get(f"kept_{paper}", "")) for paper in kind.papers],
        "effective": given.get("effective") or timezone.localdate().isoformat(),
        "reason": given.get("reason", ""),
        "finding": given.get("finding", ""),
        "hit": identify.hit_behind(user, given["finding"]) if given.get("finding") else None,
        "proposal": identify.proposed_by(user, given["finding"]) if given.get("finding") else None,
        "today": timezone.localdate(),
        "version": handing_in.version_of(user, kind, home, person),
        "read_at": timezone.now().isoformat(),
        "meeting_names": [],
        **more,
    }
    return render(request, "console/changes/form.html", context, status=status)


def _handed_in(request: HttpRequest, user: User, kind: ChangeKind, home: Household) -> HttpResponse:
    try:
        if kind.act in ENDING:
            identify.demand_nothing_under_way(home.pk)
        with identify.said_by_database():  # a case may be opened at this very moment
            made = handing_in.hand_in(user, kind, home, request.POST, request.FILES)
    except registry.Stale as error:
        return _met(request, user, kind, error)
    except UserError as error:
        typed = _typed(request.POST)
        return _form(request, user, kind, home, typed, 400, problem=problem_of(error), kept=_read(request.POST))
    messages.success(request, _("已登记“%(what)s”，变更编号 %(n)s") % {"what": tongue(kind), "n": made.pk})
    return redirect("console:changes_of", made.household_id)


def _typed(typed: QueryDict) -> dict[str, str]:
    return {name: str(value) for name, value in typed.items()} | {"members": ",".join(typed.getlist("members"))}


def _read(typed: QueryDict) -> dict[str, str]:
    """What the form had read before: it stays that until the record is looked at again."""
    return {
        name: str(value) for name, value in typed.items() if name.startswith("was_") or name in ("version", "read_at")
    }


def _met(request: HttpRequest, user: User, kind: ChangeKind, error: registry.Stale) -> HttpResponse:
    """Somebody else was quicker: what was typed beside what is there now, field by field."""
    home = registry.household_for(user, request.resolver_match.kwargs["household_id"] if request.resolver_match else "")
    others = tell(user, handing_in.changed_since(user, home, request.POST), home)
    found = handing_in.meetings(user, kind, home, request.POST)
    typed = _typed(request.POST)
    if found:  # what only others changed stands as it is now
        typed |= {one.field.name: one.theirs for one in found if one.pick == "theirs"}
    return _form(
        request, user, kind, home, typed, 409, problem=problem_of(error), others=others, meetings=found,
        meeting_names=[one.field.name for one in found],
    )  # fmt: skip


@room(AREA)
def change(request: HttpRequest, number: int) -> HttpResponse:
    """It stands among those of its household."""
    user = user_of(request)
    home = registry.household_for(user, registry.change_for(user, number).household_id or "")
    return redirect("console:changes_of", home.pk)


@room(AREA)
def paper(request: HttpRequest, number: int, mark: UUID) -> HttpResponse:
    """An attached file, shown in a sandbox; that somebody opened it is written down."""
    file, content = registry.open_paper(by=user_of(request), change_id=number, mark=mark)
    sent = HttpResponse(content, content_type=file.media)
    sent["Content-Disposition"] = f'inline; filename="{file.mark}"'
    sent["Content-Security-Policy"] = "sandbox; default-src 'none'"
    sent["X-Content-Type-Options"] = "nosniff"
    return sent


@room(AREA)
@posted_from("console:change", "number")
def hand_in_paper(request: HttpRequest, number: int) -> HttpResponse:
    """A paper that was missing."""
    user = user_of(request)
    change = registry.change_for(user, number)
    home = registry.household_for(user, change.household_id or "")
    try:
        with transaction.atomic():
            given = handing_in.paper_handed_in(request.POST.get("paper", ""), request.POST, request.FILES)
            registry.add_paper(by=user, change_id=change.pk, paper=given)
    except UserError as error:
        return _page(request, user, home, problem_of(error))
    messages.success(request, _("已补交材料"))
    return redirect("console:changes_of", home.pk)


@room(AREA)
@posted_from("console:change", "number")
def take_back(request: HttpRequest, number: int) -> HttpResponse:
    user = user_of(request)
    change = registry.change_for(user, number)
    home = registry.household_for(user, change.household_id or "")
    try:
        with transaction.atomic():
            registry.reverse(by=user, change_id=change.pk, reason=request.POST.get("reason", ""))
    except UserError as error:
        return _page(request, user, home, problem_of(error))
    messages.success(request, _("已撤销变更 %(n)s，恢复为变更前的情况") % {"n": change.pk})
    return redirect(reverse("console:changes_of", args=[home.pk]))


@room(AREA)
def changes(request: HttpRequest) -> HttpResponseBase:
    """All of the own region: by kind, region and day of recording, with numbers."""
    user = user_of(request)
    asked = {name: request.GET.get(name, "").strip() for name in ASKED}
    within = _within(user, asked)
    rows = within.filter(kind=asked["kind"]) if asked["kind"] else within
    counted = within.order_by().values("kind").annotate(n=Count("pk"), undone=Count("reversed_by"))
    numbers = {one["kind"]: one for one in counted}
    names = {id_: tongue(kind) for id_, kind in change_kinds().items()}
    names |= {"reverse": _("撤销"), "import": _("台账导入")}
    context = {
        "area": AREA,
        "asked": asked,
        "place": place_of(user, asked["region"]),
        "kinds": names,
        "numbers": [(id_, name, numbers[id_]) for id_, name in names.items() if id_ in numbers],
        **_rollup(user, asked["region"] or user.region, request),
    }
    return answer(request, lists.changes(user, rows, asked["region"]), "console/changes/list.html", context,
                  savable=False)  # fmt: skip


def _rollup(user: User, region: str, request: HttpRequest) -> dict[str, Any]:
    """Households and persons of a day by state, as known at the end of a day; counted when it is asked for."""
    true_on, known_on, known_at = _days(request)
    asked = "true_on" in request.GET
    counts = registry.counts_at(user, region, true_on=true_on, known_at=known_at) if asked else {}
    return {"true_on": true_on, "known_on": known_on, "counted": asked, "rollup": registry.summed(counts).items()}


def _days(request: HttpRequest) -> tuple[date, date, datetime]:
    """情况日, 知悉日, and the moment until which the registry's knowledge counts."""
    today = timezone.localdate()
    true_on = day(request.GET.get("true_on", "")) or today
    known_on = day(request.GET.get("known_on", "")) or today
    ends = timezone.make_aware(datetime.combine(known_on, time.max))
    return true_on, known_on, min(ends, timezone.now())


def _within(user: User, asked: dict[str, str]) -> Any:
    rows = registry.changes_for(user).filter(inside(asked["region"]))
    if asked["q"]:
        rows = rows.filter(household_id=asked["q"])
    if since := day(asked["since"]):
        rows = rows.filter(recorded_at__gte=timezone.make_aware(datetime.combine(since, time.min)))
    if until := day(asked["until"]):
        rows = rows.filter(recorded_at__lte=timezone.make_aware(datetime.combine(until, time.max)))
    return rows


def latest(user: User, home: Household) -> list[RegistryChange]:
    """For the portrait: the newest three, with a title."""
    found = list(registry.changes_of(user, home)[:3])
    for one in found:
        one.title = title_of(one)  # type: ignore[attr-defined]
    return found
