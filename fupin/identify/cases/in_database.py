"""What the database must know of the catalogue to keep cases on their course: steps, standards, days and shares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from chinese_calendar import holidays, workdays
from django.db import models, transaction

from fupin.catalogue.parameters import parameters
from fupin.catalogue.procedures import Procedure, Step, editions
from fupin.catalogue.standards import standards
from fupin.identify.cases.course import outcomes
from fupin.identify.cases.models import CalendarDay, Case, DatedParameter, OverdueRule, StandardItem, StepRule
from fupin.kernel.errors import UserError
from fupin.registry import api as registry

#: of a step, what a case that is under way relies on
_KEPT = ("step", "kind", "level", "papers", "signatures", "outcomes", "returns_to", "following", "lasts")
_ALWAYS = (
    "meeting_share", "meeting_majority", "bulk_sample_share", "bulk_sample_least", "answer_objection_days",
    "take_up_application_days",
)  # fmt: skip


@transaction.atomic(using="owner")
def write_rules() -> None:
    """By the owner's login, after migrating: what was written from another catalogue goes. Raises UserError.

    The registry's kinds of change are written with them: a passed case and an officer's change go the same way in.
    """
    registry.write_change_rules()
    rules = [_rule(one, place, step) for one in _all() for place, step in enumerate(one.steps)]
    _demand_kept(rules)
    items = [
        StandardItem(standards=one.id, item=item.id, regions=list(one.regions))
        for one in standards().values()
        for item in one.items
    ]
    days = [CalendarDay(day=day, working=day in workdays) for day in sorted({*holidays, *workdays})]
    overdue = [
        OverdueRule(procedure=one.id, edition=one.edition, receiver=rule.to, after=rule.after)
        for one in _all() for rule in one.overdue
    ]  # fmt: skip
    for rows in (rules, items, days, overdue, list(_parameters())):
        _replace(rows)


def _all() -> list[Procedure]:
    return [one for several in editions().values() for one in several]


def _demand_kept(rules: Sequence[StepRule]) -> None:
    """Cases go on by the steps they began with: those of an edition in use are not changed in place, nor taken away."""
    before, after = _courses(StepRule.objects.using("owner")), _courses(rules)
    for key in sorted(_in_use() & before.keys()):
        if before[key] != after.get(key):
            raise UserError(
                f"程序 {key[0]} 第 {key[1]} 版的步骤有改动，但还有办件在按它办理",
                f"the steps of {key[0]}, edition {key[1]}, were changed although cases are under way by it",
                f"恢复原文件；改动写成新的一版：新文件，id 不变，edition = {key[1] + 1}，since = 启用日期",
                f"put the file back; write the change into a new file, same id, edition = {key[1] + 1}, since",
            )  # fmt: skip


def _in_use() -> set[tuple[str, int]]:
    return set(Case.objects.using("owner").filter(ended="").values_list("procedure", "edition").distinct())


def _courses(rules: Iterable[StepRule]) -> dict[tuple[str, int], list[list[Any]]]:
    """Procedure and edition → what its steps demand, in order."""
    found: dict[tuple[str, int], list[list[Any]]] = {}
    for rule in sorted(rules, key=attrgetter("procedure", "edition", "place")):
        found.setdefault((rule.procedure, rule.edition), []).append([getattr(rule, name) for name in _KEPT])
    return found


def _replace(rows: Sequence[models.Model]) -> None:
    rows_in_owner = type(rows[0])._default_manager.using("owner")
    rows_in_owner.all().delete()
    rows_in_owner.bulk_create(rows)


def _rule(procedure: Procedure, place: int, step: Step) -> StepRule:
    return StepRule(
        procedure=procedure.id, edition=procedure.edition, since=procedure.since, step=step.id, place=place,
        kind=step.kind, level=step.level, papers=list(step.papers), signatures=list(step.signatures),
        outcomes=list(outcomes(step)), returns_to=list(step.returns_to), following=procedure.after(step.id),
        lasts=step.lasts, begins_in=list(procedure.begins_in), ends_in=procedure.ends_in,
        kinds=list(procedure.kinds or ()), follows=procedure.follows, not_before=procedure.not_before,
        kind_states={kind: list(states) for kind, states in (procedure.kind_states or {}).items()},
        **_limits(procedure, place, step),
    )  # fmt: skip


def _limits(procedure: Procedure, place: int, step: Step) -> dict[str, str]:
    whole = procedure.whole if procedure.whole and place <= procedure.place(procedure.whole.until) else None
    found = {"within": step.within, "whole": whole and whole.limit}
    return {
        f"{name}_{part}": getattr(limit, part) if limit else ""
        for name, limit in found.items() for part in ("days", "count")
    }  # fmt: skip


def _parameters() -> Iterator[DatedParameter]:
    used = {step.lasts for one in _all() for step in one.steps if step.lasts}
    limits = [step.within for one in _all() for step in one.steps]
    limits += [one.whole.limit for one in _all() if one.whole]
    used |= {limit.days for limit in limits if limit}
    used |= {one.not_before for one in _all() if one.not_before}
    for name in sorted(used.union(_ALWAYS)):
        for dated in parameters()[name].values:
            yield DatedParameter(name=name, region=dated.region, since=dated.since, value=dated.value)
