"""Writes of cases: opened, given papers, taken a step. What is refused here with words the database refuses, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.procedures import Procedure, procedures_at
from fupin.catalogue.standards import standards, standards_for
from fupin.identify.cases import course
from fupin.identify.cases.course import Act, Block, Votes
from fupin.identify.cases.effects import take_effect
from fupin.identify.cases.facts import facts_of, lines_of
from fupin.identify.cases.files import attached, keep
from fupin.identify.cases.models import Bulk, Case, CaseAct, CasePaper, Notice
from fupin.identify.cases.queries import (
    blocks_of,
    case_for,
    demand_level,
    index_of,
    last_held,
    papers_there,
    present_step,
    procedure_of,
    standing_of,
)
from fupin.identify.cases.refusals import said_by_database
from fupin.identify.queries import latest_run
from fupin.kernel.errors import UserError
from fupin.registry import api as registry

VERB = "handle_cases"


@dataclass(frozen=True)
class Form:
    """What somebody enters for a step. ``standards``: item → (met, note)."""

    outcome: str
    note: str = ""
    to: str = ""
    held_on: date | None = None
    signatures: Mapping[str, str] = field(default_factory=dict)
    votes: Votes | None = None
    standards: Mapping[str, tuple[bool, str]] = field(default_factory=dict)


class Blocked(UserError):
    """A step that cannot pass; ``blocks``: every reason."""

    def __init__(self, blocks: list[Block]) -> None:
        self.blocks = blocks
        super().__init__(
            "这一步还不能办结：" + "；".join(one.zh for one in blocks),
            "this step cannot pass yet: " + "; ".join(one.en for one in blocks),
            "补齐后再办；内容已为您保留", "mend what is named; what you typed is kept",
        )  # fmt: skip


@transaction.atomic
def open_case(
    *, by: User, household_id: str, procedure: str, kind: str = "", channel: str = "", note: str = ""
) -> Case:
    """Begin a procedure for a household. Raises NotFound, Forbidden, UserError."""
    home = registry.household_for(by, household_id)
    accounts.require(by, VERB, home.village_code)
    opened = timezone.localdate()
    known = procedures_at(opened).get(procedure)
    if known is None:
        raise UserError("没有这个程序", "there is no such procedure", "请从列表中选择", "choose one of the list")
    if home.ended_on is not None:
        raise UserError(
            "这户已经销户或并户，不能立案", "the household has ended: no case is opened for it",
            "请为现有的户立案", "open the case for a household that exists",
        )  # fmt: skip
    _demand_fitting(known, home.state, kind)
    listed = standards_for(home.village_code).id if any(step.kind == "standards" for step in known.steps) else ""
    with said_by_database():
        made = Case.objects.create(
            procedure=procedure, edition=known.edition, kind=kind, household_id=home.pk,
            village_code=home.village_code, standards=listed, channel=channel,
            note=note.strip()[:400], opened_on=opened, opened_by=by, entered_on=opened,
            entered_at=timezone.now(), step=known.steps[0].id,
        )  # fmt: skip
    accounts.record(
        by=by, verb="open_case", object_kind="household", object_id=home.pk, region=home.village_code, reason=made.note,
        detail={"case": made.pk, "procedure": procedure, "kind": kind},
    )  # fmt: skip
    return case_for(by, made.pk)


def _demand_fitting(procedure: Procedure, state: str, kind: str) -> None:
    if state not in procedure.begins_in:
        states = [registry.label("household_state", one) for one in procedure.begins_in]
        raise UserError(
            f"{procedure.zh}只适用于{'、'.join(states)}的户，这户是{registry.label('household_state', state)}",
            f"{procedure.en} is not for a household in the state {registry.label('household_state', state, 'en')}",
            "请选择适用的程序", "choose a procedure that fits",
        )  # fmt: skip
    fitting = procedure.kinds_for(state)
    if (procedure.kinds is None) != (kind == "") or (procedure.kinds and kind not in fitting):
        names = "、".join(zh for zh, _en in fitting.values())
        raise UserError(
            "没有选监测对象类别，或这户不属于这一类别" if procedure.kinds else "这个程序不分类别",
            "choose a kind of monitoring target that fits the household",
            f"类别：{names}" if names else "请留空", "choose one of the list",
        )  # fmt: skip


@transaction.atomic
def attach_paper(
    *, by: User, case: Case, paper: str, kept_at: str = "", name: str = "", content: bytes | None = None
) -> CasePaper:
    """A paper of the present step, as a file or by where the sheet is kept. Raises UserError, Forbidden."""
    accounts.require(by, VERB, case.village_code)
    step = present_step(case)
    if paper not in step.papers:
        raise UserError(
            "这一步不需要这份材料", "this step wants no such paper", "请从列表中选择", "choose one of the list"
        )
    kept_at = kept_at.strip()[:80]
    if content is None and not kept_at:
        raise UserError(
            "没有材料：请上传文件，或填写纸质材料的存放处", "no paper: attach a file, or say where the sheet is kept",
            "例如“村委会档案柜 2026-17”", "for example “village archive 2026-17”",
        )  # fmt: skip
    file = None if content is None else keep(attached(name, content), case.village_code)
    with said_by_database():
        return CasePaper.objects.create(
            case=case, village_code=case.village_code, step=step.id, paper=paper, kept_at=kept_at, file=file, by=by
        )


@transaction.atomic
def take_step(*, by: User, case: Case, form: Form, bulk: Bulk | None = None, notice: Notice | None = None) -> CaseAct:
    """Take the present step. Raises Blocked with every reason, UserError, Forbidden."""
    accounts.require(by, VERB, case.village_code)
    now, procedure = standing_of(case), procedure_of(case)
    if not now.step:
        raise UserError("这个办件已经办结", "this case has ended", "查看办理过程", "see what was done")
    demand_level(by, present_step(case))
    act = _act_of(by, case, form)
    _demand_outcome(procedure, now, act, form)
    _demand_order(case, form)
    if found := blocks_of(case, act):
        raise Blocked(found)
    _demand_explained(by, case, form)
    following = course.after(procedure, now, act)
    with said_by_database():
        taken = CaseAct.objects.create(
            case=case, village_code=case.village_code, step=now.step, outcome=form.outcome, returned_to=form.to,
            taken_on=act.on, held_on=form.held_on, by=by, note=form.note.strip()[:400],
            signatures=dict(form.signatures), standards=_standards_told(form), run=_run_of(by, case), bulk=bulk,
            notice=notice, **_votes_told(form.votes),
        )  # fmt: skip
    if following.ended:
        take_effect(by=by, case=case_for(by, case.pk), reason=taken.note)
    return taken


def _act_of(by: User, case: Case, form: Form) -> Act:
    listed = standards().get(case.standards)
    unmet = () if listed is None else tuple(
        item.zh for item in listed.items if not form.standards.get(item.id, (False, ""))[0]
    )  # fmt: skip
    return Act(
        case.step, form.outcome, timezone.localdate(), form.to, frozenset(papers_there(case)),
        frozenset(role for role, name in form.signatures.items() if name.strip()), form.votes, unmet,
        compared=bool(_run_of(by, case)),
    )  # fmt: skip


def _demand_outcome(procedure: Procedure, now: course.Standing, act: Act, form: Form) -> None:
    if form.held_on is not None and form.held_on > act.on:
        raise UserError(
            "办理日期在今天之后", "the day lies in the future", "请填实际日期", "give the day on which it was"
        )
    if act.outcome in (course.RETURN, course.REFUSE) and not form.note.strip():
        raise UserError(
            "退回或不予通过必须写明理由", "sending back or refusing needs a reason", "请写明理由", "say why"
        )
    try:
        course.after(procedure, now, act)
    except ValueError as error:
        raise UserError(
            "这一步不能这样办理", f"not with this step: {error}", "请刷新页面再试", "reload the page and try again"
        ) from error


def _demand_order(case: Case, form: Form) -> None:
    """What is said to have been held comes after what was held before."""
    before = None if form.held_on is None else last_held(case)
    if form.held_on is not None and before is not None and form.held_on < before:
        raise UserError(
            f"办理日期 {form.held_on} 早于前面的步骤（{before}）",
            f"{form.held_on} is before an earlier step ({before})",
            "请填实际日期；前面填错的，退回重办", "give the day on which it was; what was wrong before is sent back",
        )  # fmt: skip


def _demand_explained(by: User, case: Case, form: Form) -> None:
    """A standard that is met although the registry says otherwise is met for a reason that is written down."""
    if form.outcome != course.PASS or present_step(case).kind != "standards":
        return
    on = timezone.localdate()
    lines = lines_of(standards()[case.standards], facts_of(by, case.household_id, on), on, case.village_code)
    silent = [line.item for line in lines if line.met is False and not form.standards[line.item.id][1].strip()]
    if silent:
        raise UserError(
            f"登记情况是未达标，核实为达标的要写明情况：{'、'.join(one.zh for one in silent)}",
            f"the registry says not met; say what was found: {', '.join(one.en for one in silent)}",
            "在该项“核实情况”里写明，并及时更正登记", "write it beside the item, and have the registry corrected",
        )  # fmt: skip


def _run_of(by: User, case: Case) -> str:
    """The newest run that compared this household; "" when there is none."""
    run = latest_run(by)
    return run.pk if run is not None and index_of(run, case) is not None else ""


def _standards_told(form: Form) -> dict[str, Any]:
    return {item: {"met": met, "note": note.strip()[:200]} for item, (met, note) in form.standards.items()}


def _votes_told(votes: Votes | None) -> dict[str, int]:
    if votes is None:
        return {}
    return {"eligible": votes.eligible, "present": votes.present, "yes": votes.yes, "no": votes.no}
