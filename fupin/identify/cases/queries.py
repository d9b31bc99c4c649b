"""What a user may see of cases: where each stands, what blocks it, whose turn it is, and how many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Substr
from django.utils import timezone

from fupin.accounts.api import User, may
from fupin.catalogue.procedures import LASTING, Procedure, Step, edition_of, editions
from fupin.identify.cases import course
from fupin.identify.cases.course import Act, Block, Standing
from fupin.identify.cases.deadlines import days_over
from fupin.identify.cases.models import Case, CaseAct, CasePaper, Monitored, Notice, Objection
from fupin.identify.models import HouseholdIndex, Run
from fupin.identify.queries import in_scope
from fupin.kernel.errors import Forbidden, NotFound, UserError

#: digits of a region code → the level whose turn it may be; the town also enters for its villages
TURNS = {12: ("village",), 9: ("village", "town"), 6: ("county",)}
LEVEL_WORDS = {"village": ("村", "village"), "town": ("乡镇", "town"), "county": ("县", "county")}


@dataclass(frozen=True)
class Numbers:
    """Of one region, or one procedure's step: open cases, those overdue, those that ended in the period."""

    key: str
    open: int
    overdue: int
    passed: int
    refused: int
    opened: int


def cases_for(user: User) -> QuerySet[Case]:
    """Nothing for roles that may not see households."""
    if not may(user, "see_households"):
        return Case.objects.none()
    return Case.objects.filter(in_scope(user.scope, "village_code"))


def case_for(user: User, number: int | str) -> Case:
    """Raises NotFound for absent and out of scope alike."""
    found = cases_for(user).filter(pk=number).first() if str(number).isdecimal() and len(str(number)) < 18 else None
    if found is None:
        raise NotFound(str(number))
    return found


def procedure_of(case: Case) -> Procedure:
    return edition_of(case.procedure, case.edition)


def present_step(case: Case) -> Step:
    """Raises KeyError for a case that has ended."""
    return procedure_of(case).step(case.step)


def standing_of(case: Case) -> Standing:
    return Standing(case.step, case.entered_on, case.ended, case.hung_on, last_day(case))


def turns_of(user: User) -> tuple[str, ...]:
    """The levels whose steps this account takes."""
    return TURNS.get(len(user.region), ()) if may(user, "handle_cases") else ()


def demand_level(user: User, step: Step) -> None:
    """Raises Forbidden unless the step is one of the account's own level."""
    if step.level not in turns_of(user):
        zh, en = LEVEL_WORDS[step.level]
        raise Forbidden(
            f"“{step.zh}”由{zh}级办理", f"“{step.en}” is taken by the {en}",
            f"请由该{zh}的账号办理", f"ask an account of the {en}",
        )  # fmt: skip


def index_of(run: Run, case: Case) -> HouseholdIndex | None:
    return HouseholdIndex.objects.filter(run=run, household_id=case.household_id).first()


def papers_there(case: Case) -> list[str]:
    """Papers of the present step that were handed in since it began."""
    found = CasePaper.objects.filter(case=case, step=case.step, at__gte=case.entered_at)
    return list(found.values_list("paper", flat=True).distinct())


def objections_open(case: Case) -> tuple[int, int]:
    """Unanswered, to any notice of the case: sending it back makes none unsaid; upheld, to the notice that hangs."""
    now = Q(step=case.step, at__gte=case.entered_at)
    counted = Objection.objects.filter(case=case).aggregate(
        unanswered=Count("pk", filter=Q(answer__isnull=True)), upheld=Count("pk", filter=now & Q(answer__upheld=True))
    )
    return counted["unanswered"], counted["upheld"]


def blocks_of(case: Case, act: Act) -> list[Block]:
    """Everything that keeps an act from passing the present step."""
    unanswered, upheld = objections_open(case)
    under = monitored(case.household_id) if procedure_of(case).follows else None
    return course.blocks(
        procedure_of(case), standing_of(case), act, region=case.village_code, unanswered=unanswered, upheld=upheld,
        recognised=None if under is None else under.since,
    )  # fmt: skip


def took_village_step(user: User, case: Case) -> bool:
    """Whoever entered a step of the village is whom an objection is raised against."""
    steps = [step.id for step in procedure_of(case).steps if step.level == "village"]
    return CaseAct.objects.filter(case=case, by=user, step__in=steps).exists()


def last_held(case: Case) -> date | None:
    """The latest day on which anything was held so far, as people said it."""
    found: date | None = CaseAct.objects.filter(case=case).aggregate(day=Max("held_on"))["day"]
    return found


def waits_for(case: Case, on: date | None = None) -> list[Block]:
    """What of the present step is still missing apart from the form itself: papers, days of a notice, objections."""
    if case.ended:
        return []
    step = present_step(case)
    act = Act(
        case.step, course.PASS, on or timezone.localdate(), papers=frozenset(papers_there(case)),
        signatures=frozenset(step.signatures), compared=True,
    )  # fmt: skip
    found = blocks_of(case, act)
    return [one for one in found if one.code not in ("no_votes", "unmet")]


def last_day(case: Case) -> date | None:
    """Until when the present step's notice hangs."""
    if case.ended or present_step(case).kind not in LASTING or case.hung_on is None:
        return None
    hung = CaseAct.objects.filter(case=case, step=case.step, outcome=course.HANG, taken_at__gte=case.entered_at)
    return hung.order_by("-pk").values_list("notice__last_day", flat=True).first()


def overdue(case: Case) -> int:
    """Calendar days over the limit; 0 in time, ended, or without one."""
    return 0 if case.ended or case.due_on is None else days_over(case.due_on, timezone.localdate())


def mine(user: User, rows: QuerySet[Case]) -> QuerySet[Case]:
    """Those whose turn it is this account's."""
    levels = turns_of(user)
    return rows.filter(_standing_at(lambda step: step.level in levels), ended="")


def _standing_at(wanted: Callable[[Step], bool]) -> Q:
    """Cases that stand at such a step, each by its own edition."""
    found = Q(pk__in=[])
    for procedure in (one for several in editions().values() for one in several):
        steps = [step.id for step in procedure.steps if wanted(step)]
        found |= Q(procedure=procedure.id, edition=procedure.edition, step__in=steps)
    return found


def late(rows: QuerySet[Case]) -> QuerySet[Case]:
    return rows.filter(ended="", due_on__lt=timezone.localdate())


def late_in(user: User, region: str) -> int:
    """How many cases of a region are overdue: as many as the list of the cases shows."""
    return late(cases_for(user)).filter(village_code__gte=region, village_code__lt=region + ":").count()


def level_of_turn(case: Case) -> str:
    """ "" for one that has ended."""
    return "" if case.ended else present_step(case).level


def numbers_by_region(user: User, prefix: str, parts: Sequence[str], since: date, until: date) -> dict[str, Numbers]:
    """One row a part of the region; parts without any case are missing."""
    width = len(parts[0]) if parts else len(prefix)
    inside = cases_for(user).filter(village_code__gte=prefix, village_code__lt=prefix + ":")
    rows = inside.annotate(part=Substr("village_code", 1, width)).values("part")
    return {row["part"]: _numbers(row.pop("part"), row) for row in _counted(rows, since, until)}


def numbers_by_step(user: User, prefix: str, since: date, until: date) -> dict[tuple[str, str], Numbers]:
    """(procedure, step) → open cases there; (procedure, "") → what ended or was opened in the period."""
    inside = cases_for(user).filter(village_code__gte=prefix, village_code__lt=prefix + ":")
    found = {}
    for row in _counted(inside.values("procedure", "step"), since, until):
        key = row.pop("procedure"), row.pop("step")
        found[key] = _numbers("/".join(key), row)
    return found


def _counted(rows: QuerySet[Case, Any], since: date, until: date) -> Iterable[dict[str, Any]]:
    period = Q(ended_on__range=(since, until))
    return rows.order_by().annotate(
        open=Count("pk", filter=Q(ended="")),
        overdue=Count("pk", filter=Q(ended="", due_on__lt=timezone.localdate())),
        passed=Count("pk", filter=period & Q(ended="passed")),
        refused=Count("pk", filter=period & ~Q(ended="passed")),
        opened=Count("pk", filter=Q(opened_on__range=(since, until))),
    )


def _numbers(key: str, row: dict[str, Any]) -> Numbers:
    return Numbers(key, row["open"], row["overdue"], row["passed"], row["refused"], row["opened"])


def notices_for(user: User) -> QuerySet[Notice]:
    if not may(user, "see_households"):
        return Notice.objects.none()
    return Notice.objects.filter(in_scope(user.scope, "village_code"))


def notice_for(user: User, code: str) -> Notice:
    """Raises NotFound."""
    found = notices_for(user).filter(pk=code).first()
    if found is None:
        raise NotFound(code)
    return found


def on_notice(notice: Notice) -> QuerySet[Case]:
    """The cases that were put on it."""
    return Case.objects.filter(acts__notice=notice).order_by("pk")


def objection_for(user: User, number: int | str) -> Objection:
    """Raises NotFound."""
    rows = Objection.objects.filter(in_scope(user.scope, "village_code")).select_related("case", "notice")
    found = rows.filter(pk=number).first() if str(number).isdecimal() and may(user, "see_households") else None
    if found is None:
        raise NotFound(str(number))
    return found


def to_hang(user: User) -> list[Any]:
    """Village, procedure, edition and step with how many cases wait there for a notice."""
    rows = cases_for(user).filter(_standing_at(lambda step: step.kind in LASTING), ended="", hung_on__isnull=True)
    return list(
        rows.order_by("village_code", "procedure", "edition", "step")
        .values("village_code", "procedure", "edition", "step")
        .annotate(count=Count("pk"))
    )  # fmt: skip


def monitored_by_village(user: User, low: str) -> dict[str, int]:
    """Village code → households under monitoring now, of the user's scope below a region (prefix)."""
    if not may(user, "see_households"):
        return {}
    now = Monitored.objects.filter(village_code__gte=low, village_code__lt=low + ":", until__isnull=True)
    found = now.filter(in_scope(user.scope, "village_code")).values_list("village_code").annotate(n=Count("pk"))
    return dict(found.order_by())


def monitored(household_id: str) -> Monitored | None:
    """The present monitoring of a household; out of scope the database shows none."""
    return Monitored.objects.filter(household_id=household_id, until__isnull=True).first()


def demand_nothing_under_way(household_id: str) -> None:
    """Before a household ends: its cases would never be finished, its monitoring never lifted. Raises UserError."""
    open_ = list(Case.objects.filter(household_id=household_id, ended="").values_list("pk", flat=True))
    if open_:
        told = "、".join(str(one) for one in open_)
        raise UserError(
            f"这户还有在办的办件：{told}", f"the household has cases under way: {told}",
            "请先办结或撤回这些办件", "finish or withdraw them first",
        )  # fmt: skip
    if monitored(household_id) is not None:
        raise UserError(
            "这户是在册监测对象", "the household is under monitoring",
            "请先办理风险消除", "have its risk removed by the procedure first",
        )  # fmt: skip
