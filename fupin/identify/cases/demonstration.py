"""Cases of the generated city, at every step, so that the demonstration shows how offices work with them.

Everything goes through the services, as people do it; only the calendar is turned back in between, by the owner's
login, because notices hang for days.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connections, transaction
from django.db.models.functions import MD5

from fupin.accounts.api import User, acting_as, nobody_acting
from fupin.catalogue.procedures import LASTING, procedures
from fupin.catalogue.standards import standards
from fupin.identify.cases.applications import Content, apply
from fupin.identify.cases.course import PASS, Votes
from fupin.identify.cases.models import Case, Objection
from fupin.identify.cases.notices import answer_objection, hang_notice, object_to, public_notice
from fupin.identify.cases.queries import case_for, present_step
from fupin.identify.cases.reminders import raise_overdue
from fupin.identify.cases.services import Form, attach_paper, open_case, take_step
from fupin.kernel.identity import check_digit
from fupin.registry import api as registry

#: procedure, kind, state of the household, how many
WANTED = (
    ("identification", "", "9", 14),
    ("exit", "", "0", 10),
    ("monitoring", "marginal", "9", 5),
    ("monitoring", "unstable", "1", 6),
)
NAMES = {"household": "户主本人", "chair": "村党支部书记", "recorder": "村文书", "leader": "分管领导"}
LATE = 5  # every fifth case stands longer than it may
DAYS = """
UPDATE identify_case SET opened_on = opened_on - {n}, opened_at = opened_at - interval '{n} days',
    entered_on = entered_on - {n}, entered_at = entered_at - interval '{n} days', hung_on = hung_on - {n},
    due_on = due_on - {n} WHERE id = %(case)s;
UPDATE identify_casepaper SET at = at - interval '{n} days' WHERE case_id = %(case)s;
UPDATE identify_notice SET hung_on = hung_on - {n}, last_day = last_day - {n}, at = at - interval '{n} days'
    WHERE code IN (SELECT notice_id FROM identify_caseact WHERE case_id = %(case)s);
UPDATE identify_objection SET at = at - interval '{n} days', due_on = due_on - {n} WHERE case_id = %(case)s;
UPDATE identify_caseact SET taken_on = taken_on - {n}, taken_at = taken_at - interval '{n} days',
    next_due = next_due - {n} WHERE case_id = %(case)s;
"""


def demonstration_there() -> bool:
    return Case.objects.exists()


def show_cases(*, town: User, county: User) -> int:
    """A few dozen cases in the town, spread over the steps of their procedures; how many.

    Those that wait for their notice come last: who hangs one hangs it for all that wait in the village.
    """
    who = {"village": town, "town": town, "county": county}
    planned = sorted(_plan(town), key=lambda one: _left_waiting(one[0], one[2]))
    for procedure, household_id, steps, kind, late in planned:
        with acting_as(town):
            case = open_case(by=town, household_id=household_id, procedure=procedure, kind=kind, channel="cadre")
        _advance(case, who, steps)
        if late and not case.acts.filter(notice__isnull=False).exists():
            later(case, 25)
    _apply(town)
    raise_overdue()
    return len(planned)


def _plan(town: User) -> Iterator[tuple[str, str, int, str, bool]]:
    """Procedure, household, steps to take, kind, whether it stands for too long."""
    for procedure, kind, state, wanted in WANTED:
        with acting_as(town):
            found = registry.households_for(town).filter(state=state, members__gt=0)
            homes = list(found.order_by(MD5("household_id"))[:wanted])  # any, but the same ones each time
        length = len(procedures()[procedure].steps)
        for number, home in enumerate(homes):
            yield procedure, home.pk, number * length // max(1, wanted - 1), kind, number % LATE == LATE - 1


def _left_waiting(procedure: str, steps: int) -> bool:
    """It ends up before a notice that nobody has put up yet."""
    known = procedures()[procedure].steps
    return steps < len(known) and known[steps].kind in LASTING and steps % 2 == 0


def _advance(case: Case, who: dict[str, User], steps: int) -> None:
    """Through as many steps; the last one is left with its papers missing, or its notice hanging."""
    for _number in range(steps):
        by = who[present_step(case).level]
        if present_step(case).kind in LASTING:
            _hang(by, case)
            later(case, 9)
        _take(by, case_for(by, case.pk))
        case = case_for(by, case.pk)
        if case.ended:
            return
    if present_step(case).kind in LASTING and not _left_waiting(case.procedure, steps):
        _hang(who["village"], case)
        _object(case, who["county"], answered=steps % 3 == 0)


def _take(by: User, case: Case) -> None:
    step = present_step(case)
    items = standards()[case.standards].items if step.kind == "standards" else ()
    with acting_as(by):
        for paper in step.papers:
            attach_paper(by=by, case=case, paper=paper, kept_at=f"村档案柜 {case.pk}-{step.id[:3]}")
        take_step(
            by=by, case=case,
            form=Form(
                PASS, signatures={role: NAMES.get(role, by.display_name) for role in step.signatures},
                votes=Votes(42, 36, 31, 3) if step.kind == "votes" else None,
                standards={item.id: (True, "入户核实（模拟）") for item in items},
            ),
        )  # fmt: skip


def _hang(by: User, case: Case) -> None:
    with acting_as(by):
        hang_notice(
            by=by, village=case.village_code, procedure=case.procedure, edition=case.edition, step=case.step,
            place="村委会公告栏",
        )  # fmt: skip


def _apply(town: User) -> None:
    """Two residents who wait for an answer: a head whom the registry knows, and somebody whom it does not."""
    with acting_as(town):
        homes = registry.households_for(town).filter(state="9", members__gt=1).order_by(MD5("household_id"))
        home = homes.exclude(pk__in=Case.objects.values("household_id"))[0]
        head = registry.members_of(town, home)[0].person_id
        number = registry.reveal_id(by=town, person_id=head, reason="演示：本人网上申请")
    unknown = f"{town.region[:6]}198104150016"[:17]
    told = (
        (home.head_name, number, "户主去年工伤致残，只靠低保和两亩地，孩子今年上高中。（模拟申请）"),
        ("农秀英（模拟）", unknown + check_digit(unknown), "房屋被暴雨冲毁一半，修不起，老人长期吃药。（模拟申请）"),
    )
    with nobody_acting():
        for name, said, body in told:
            apply(village=home.village_code, content=Content(name, said, "13877100001", body), members=home.members)


def _object(case: Case, county: User, *, answered: bool) -> None:
    with acting_as(county):
        code = case.acts.filter(notice__isnull=False).order_by("-pk").values_list("notice", flat=True).first()
        object_to(notice=public_notice(code or ""), case=case.pk, body="听说这家在镇上有门面出租，请核实。（模拟异议）")
        if answered:
            answer_objection(
                by=county, objection=Objection.objects.filter(case=case).latest("pk"), upheld=False,
                answer="已入户核实：门面属其亲戚所有，异议不成立。（模拟答复）",
            )  # fmt: skip


def later(case: Case, days: int) -> None:
    """As if everything of the case had happened so many days earlier."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(DAYS.format(n=int(days)), {"case": case.pk})
