"""What the database must know of the catalogue to keep cases on their course: steps, standards, days and shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chinese_calendar.constants import holidays, workdays
from django.db import models, transaction

from fupin.catalogue.parameters import parameters
from fupin.catalogue.procedures import Procedure, Step, procedures
from fupin.catalogue.standards import standards
from fupin.identify.cases.course import outcomes
from fupin.identify.cases.models import CalendarDay, DatedParameter, OverdueRule, StandardItem, StepRule

_ALWAYS = ("meeting_share", "meeting_majority", "bulk_sample_share", "bulk_sample_least", "answer_objection_days")


@transaction.atomic(using="owner")
def write_rules() -> None:
    """By the owner's login, after migrating: what was written from another catalogue goes."""
    rules = [_rule(one, place, step) for one in procedures().values() for place, step in enumerate(one.steps)]
    items = [StandardItem(standards=one.id, item=item.id) for one in standards().values() for item in one.items]
    days = [CalendarDay(day=day, working=day in workdays) for day in sorted({*holidays, *workdays})]
    overdue = [
        OverdueRule(procedure=one.id, receiver=rule.to, after=rule.after)
        for one in procedures().values() for rule in one.overdue
    ]  # fmt: skip
    for rows in (rules, items, days, overdue, list(_parameters())):
        _replace(rows)


def _replace(rows: Sequence[models.Model]) -> None:
    rows_in_owner = type(rows[0])._default_manager.using("owner")
    rows_in_owner.all().delete()
    rows_in_owner.bulk_create(rows)


def _rule(procedure: Procedure, place: int, step: Step) -> StepRule:
    return StepRule(
        procedure=procedure.id, step=step.id, place=place, kind=step.kind, level=step.level,
        papers=list(step.papers), signatures=list(step.signatures), outcomes=list(outcomes(step)),
        returns_to=list(step.returns_to), following=procedure.after(step.id), lasts=step.lasts,
        begins_in=list(procedure.begins_in), ends_in=procedure.ends_in, kinds=list(procedure.kinds or ()),
        follows=procedure.follows, not_before=procedure.not_before, **_limits(procedure, place, step),
    )  # fmt: skip


def _limits(procedure: Procedure, place: int, step: Step) -> dict[str, str]:
    whole = procedure.whole if procedure.whole and place <= procedure.place(procedure.whole.until) else None
    found = {"within": step.within, "whole": whole and whole.limit}
    return {
        f"{name}_{part}": getattr(limit, part) if limit else ""
        for name, limit in found.items() for part in ("days", "count")
    }  # fmt: skip


def _parameters() -> Iterator[DatedParameter]:
    used = {step.lasts for one in procedures().values() for step in one.steps if step.lasts}
    limits = [step.within for one in procedures().values() for step in one.steps]
    limits += [one.whole.limit for one in procedures().values() if one.whole]
    used |= {limit.days for limit in limits if limit}
    used |= {one.not_before for one in procedures().values() if one.not_before}
    for name in sorted(used.union(_ALWAYS)):
        for dated in parameters()[name].values:
            yield DatedParameter(name=name, region=dated.region, since=dated.since, value=dated.value)
