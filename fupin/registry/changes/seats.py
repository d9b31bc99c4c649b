"""Who is the head and how the others are related to him, from a day on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from fupin.catalogue.schema import code_lists
from fupin.kernel.errors import NotFound, UserError
from fupin.registry.changes.checks import HEAD
from fupin.registry.changes.stays import joined_on, leave, stay_of
from fupin.registry.changes.steps import Step
from fupin.registry.household_models import Household, Membership

OTHER = "99"
Relations = Mapping[str, str]


def seat(step: Step, members: Iterable[Membership], head: str, relations: Relations, since: date) -> None:
    """Give ``head`` the first place and the others their relation to him; who keeps his relation is not touched.

    Raises NotFound when the head is not among them, UserError for a relation that cannot be and for a head who joined
    later: the household would be without one until then.
    """
    members = list(members)
    first = next((row for row in members if row.person_id == head), None)
    if first is None:
        raise NotFound(head)
    _demand_joined(first, since)
    for row in members:
        wanted = relation_of(row.person_id, head, relations, row.relation)
        if wanted == row.relation:
            continue
        if row is first and row.valid_from > since:
            _head_since(step, row, since)
        elif row.valid_from >= since:
            step.change(row, relation=wanted)
        else:
            step.change(row, valid_to=since)
            step.add(Membership(household=row.household, person_id=row.person_id, relation=wanted, valid_from=since))


def _demand_joined(row: Membership, since: date) -> None:
    joined = joined_on(row)
    if joined <= since:
        return
    then = joined + timedelta(days=1)  # the first day on which he can follow a head
    raise UserError(
        f"{row.person.name} 于 {joined:%Y-%m-%d} 才成为该户成员，不能自 {since:%Y-%m-%d} 起任户主，"
        f"否则这段时间该户没有户主",
        f"{row.person.name} joined the household on {joined}: as head since {since} there would be none until then",
        f"请选 {since:%Y-%m-%d} 已是成员的人为户主，再自 {then:%Y-%m-%d} 起办理变更户主；"
        "加入日期有误的，先撤销那次变更",
        f"choose somebody who was a member on {since}, then change the head as of {then}; if the day of joining is "
        "wrong, take that change back first",
    )


def _head_since(step: Step, row: Membership, since: date) -> None:
    """He belonged to the household before, in another relation that was given to him after that day: it gives way."""
    for one in stay_of(row)[1:]:
        if one.valid_from >= since:
            step.remove(one)
        elif one.valid_to is not None and one.valid_to > since:
            step.change(one, valid_to=since)
    step.change(row, relation=HEAD, valid_from=since)


def relation_of(person_id: str, head: str, relations: Relations, was: str | None) -> str | None:
    if person_id == head:
        return HEAD
    wanted = relations.get(person_id) or (OTHER if was == HEAD else was)
    demand_relation(wanted)
    return wanted


def demand_relation(code: str | None) -> None:
    """Of somebody who is not the head."""
    if code is not None and (code == HEAD or code not in code_lists()["relation"].values):
        raise UserError(
            "与户主关系不对：一户只有一位户主", "a wrong relation: a household has one head",
            "请为其他成员选择与户主的关系", "choose the others' relation to the head",
        )  # fmt: skip


def move(step: Step, row: Membership, to: Household, relation: str | None, since: date) -> Membership:
    """Out of one household, into the other."""
    leave(step, row, since)
    fresh = Membership(household=to, person_id=row.person_id, relation=relation, valid_from=since)
    step.add(fresh)
    return fresh


def demand_next_head(rest: Iterable[Membership], head: str | None) -> None:
    """When the head leaves and others stay, somebody follows him."""
    if list(rest) and not head:
        raise UserError(
            "户主离开后，其余成员须另定户主", "the head leaves: the others need a new head",
            "请选择新户主", "choose the new head",
        )  # fmt: skip
