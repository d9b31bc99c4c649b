"""What the page of a case shows: the way, where it stands, what blocks it, whose turn it is and since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fupin.accounts.api import User
from fupin.catalogue.procedures import LASTING, SIGNERS, Procedure, Step
from fupin.catalogue.standards import FACTS, standards
from fupin.identify import api as identify
from fupin.identify.api import Case, CaseAct, CasePaper, Objection, StandardLine
from fupin.kernel.errors import Forbidden, UserError
from fupin.registry import api as registry
from fupin.registry.api import Household
from fupin.ui.guards import Problem, problem_of
from fupin.ui.places import Place, place_of
from fupin.ui.templatetags.ui import language, spoken, tongue, yuan

OUTCOME_WORDS = {
    "pass": gettext_lazy("通过"),
    "return": gettext_lazy("退回"),
    "refuse": gettext_lazy("不予通过"),
    "withdraw": gettext_lazy("撤回申请"),
    "hang": gettext_lazy("张贴公示"),
}


@dataclass(frozen=True)
class Stop:
    """A step on the way. ``state``: done, now, or ahead."""

    step: Step
    state: str
    days: date | None = None


@dataclass(frozen=True)
class Choice:
    """What may come of the step: ``value`` as the form sends it."""

    value: str
    words: str


@dataclass
class Page:
    user: User
    case: Case
    problem: Problem | None = None
    typed: Mapping[str, Any] = field(default_factory=dict)
    contacts: Mapping[int, str] = field(default_factory=dict)  # of objections, opened

    @cached_property
    def procedure(self) -> Procedure:
        return identify.procedure_of(self.case)

    @cached_property
    def kind(self) -> str:
        kinds = self.procedure.kinds or {}
        return spoken(kinds[self.case.kind]) if self.case.kind in kinds else ""

    @cached_property
    def household(self) -> Household:
        return registry.household_for(self.user, self.case.household_id)

    @cached_property
    def place(self) -> Place | None:
        return place_of(self.user, self.case.village_code)

    @cached_property
    def step(self) -> Step | None:
        return None if self.case.ended else identify.present_step(self.case)

    @cached_property
    def stops(self) -> list[Stop]:
        now = self.procedure.place(self.case.step) if self.case.step else len(self.procedure.steps)
        if self.case.ended and self.case.ended != "passed":
            last = self.acts[-1].step if self.acts else self.procedure.steps[0].id
            now = self.procedure.place(last)
        taken = {act.step: act.taken_on for act in self.acts if act.outcome == "pass"}
        states = ["done" if n < now else "now" if n == now and not self.case.ended else "ahead"
                  for n in range(len(self.procedure.steps))]  # fmt: skip
        pairs = zip(self.procedure.steps, states, strict=True)
        return [Stop(step, state, taken.get(step.id) if state == "done" else None) for step, state in pairs]

    @cached_property
    def acts(self) -> list[CaseAct]:
        return list(self.case.acts.select_related("by", "notice"))

    @cached_property
    def told(self) -> list[tuple[CaseAct, str, str, list[CasePaper]]]:
        """Act, step, what came of it, the papers that were handed in for it; the newest first."""
        names = {step.id: tongue(step) for step in self.procedure.steps}
        papers = list(self.case.papers.select_related("file", "by").defer("file__content"))
        found, since = [], None
        for act in self.acts:
            given = [one for one in papers if one.step == act.step and one.at <= act.taken_at]
            given = [one for one in given if since is None or one.at > since]
            back = f"：{names.get(act.returned_to, act.returned_to)}" if act.returned_to else ""
            found.append((act, names.get(act.step, act.step), f"{OUTCOME_WORDS[act.outcome]}{back}", given))
            since = act.taken_at if act.outcome != "hang" else since
        return found[::-1]

    @property
    def turn(self) -> str:
        return spoken(identify.LEVEL_WORDS[self.step.level]) if self.step else ""

    @cached_property
    def my_turn(self) -> bool:
        return self.step is not None and self.step.level in identify.turns_of(self.user)

    @cached_property
    def blocks(self) -> list[str]:
        return [spoken((one.zh, one.en)) for one in identify.waits_for(self.case)]

    @property
    def since(self) -> int:
        """Days that the case has stood at this step."""
        return (timezone.localdate() - self.case.entered_on).days

    @property
    def overdue(self) -> int:
        return identify.overdue(self.case)

    @cached_property
    def last_day(self) -> date | None:
        return identify.last_day(self.case)

    @property
    def lasting(self) -> bool:
        return self.step is not None and self.step.kind in LASTING

    @property
    def hung(self) -> bool:
        return self.lasting and self.case.hung_on is not None

    @cached_property
    def notice_code(self) -> str:
        """Of the notice that hangs, "" when none does."""
        hung = [act.notice_id for act in self.acts if act.outcome == "hang" and act.step == self.case.step]
        return hung[-1] or "" if hung and self.hung else ""

    @property
    def shortest(self) -> date | None:
        return identify.shortest(self.step, self.case.village_code) if self.lasting and self.step else None

    @cached_property
    def papers(self) -> list[tuple[str, str, list[CasePaper]]]:
        """id, name, those handed in since the step began."""
        if self.step is None:
            return []
        rows = self.case.papers.filter(step=self.step.id, at__gte=self.case.entered_at)
        given = list(rows.select_related("file", "by").defer("file__content"))
        names = self.procedure.papers
        return [(one, spoken(names[one]), [row for row in given if row.paper == one]) for one in self.step.papers]

    @property
    def signers(self) -> list[tuple[str, str, str]]:
        """role, words, what was typed."""
        roles = self.step.signatures if self.step else ()
        return [(role, spoken(SIGNERS[role]), self.typed.get(f"sign_{role}", "")) for role in roles]

    @property
    def choices(self) -> list[Choice]:
        if self.step is None:
            return []
        names = {step.id: tongue(step) for step in self.procedure.steps}
        found = []
        for outcome in identify.outcomes(self.step):
            if outcome == "return":
                found += [
                    Choice(f"return.{to}", f"{OUTCOME_WORDS['return']}：{names[to]}") for to in self.step.returns_to
                ]
            elif outcome != "hang":
                found.append(Choice(outcome, str(OUTCOME_WORDS[outcome])))
        return found

    @cached_property
    def standards(self) -> list[tuple[StandardLine, str, str, str]]:
        """Line, what the registry knows in words, what was chosen, the note."""
        if self.step is None or self.step.kind != "standards":
            return []
        facts = identify.facts_of(self.user, self.case.household_id, timezone.localdate())
        listed = standards()[self.case.standards]
        lines = identify.lines_of(listed, facts, timezone.localdate(), self.case.village_code)
        return [(line, _known(line), self._chosen(line), self.typed.get(f"why_{line.item.id}", "")) for line in lines]

    def _chosen(self, line: StandardLine) -> str:
        known = {True: "yes", False: "no", None: ""}[line.met]
        return str(self.typed.get(f"met_{line.item.id}", known))

    @property
    def standards_name(self) -> str:
        return tongue(standards()[self.case.standards]) if self.case.standards in standards() else ""

    @cached_property
    def objections(self) -> list[tuple[Objection, str, list[Any]]]:
        """Objection, who (masked until it is opened), its files; the newest first."""
        found = list(self.case.objections.select_related("answer", "answer__by").order_by("-pk"))
        return [
            (one, self.contacts.get(one.pk) or identify.masked_contact(one), identify.files_of(one.files))
            for one in found
        ]

    @property
    def may_answer(self) -> bool:
        return bool({"town", "county"} & set(identify.turns_of(self.user))) and not identify.took_village_step(
            self.user, self.case
        )

    @cached_property
    def findings(self) -> list[Any]:
        """What the newest run says of the household, for the comparison."""
        if self.step is None or self.step.kind != "comparison" or (run := identify.latest_run(self.user)) is None:
            return []
        return list(identify.findings_for(self.user, run).filter(household_id=self.case.household_id)[:20])

    @cached_property
    def index(self) -> Any:
        run = identify.latest_run(self.user)
        return identify.index_for(self.user, run).filter(household_id=self.case.household_id).first() if run else None


def page_of(user: User, case: Case, error: UserError | None = None, typed: Mapping[str, Any] | None = None) -> Page:
    """Raises Forbidden again: whose turn it is not is told as such."""
    if isinstance(error, Forbidden):
        raise error
    return Page(user, case, None if error is None else problem_of(error), typed or {})


def _known(line: StandardLine) -> str:
    """“近十二个月人均纯收入 3,120 元”, one for each test."""
    return "；".join(
        f"{FACTS[test.fact][0 if language() == 'zh' else 1]} {_value(test.fact, value)}" for test, value in line.facts
    )


def _value(fact: str, value: Any) -> str:
    if value is None:
        return _("未知")
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if fact in ("house_grade", "road_type"):
        return registry.label(fact, value, language())
    unit = FACTS[fact][2]
    return f"{yuan(value)} {_('元')}" if unit.startswith("分") else f"{value} {unit}".strip()
