"""What was written down wrongly is put right: facts of a person or a household; and who is the head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from fupin.accounts.api import User
from fupin.catalogue.changes import ChangeKind
from fupin.kernel.errors import NotFound, UserError
from fupin.kernel.seen import Stale
from fupin.registry.change_models import RegistryChange
from fupin.registry.changes.checks import Filing, begin, demand_day, member_of, present_members
from fupin.registry.changes.seats import Relations, seat
from fupin.registry.changes.stays import joined_on
from fupin.registry.changes.steps import Step
from fupin.registry.changes.values import clean
from fupin.registry.household_models import Household, Person


@transaction.atomic
def correct_person(
    *, by: User, household_id: str, person_id: str, filing: Filing, facts: Mapping[str, Any], relation: str = ""
) -> RegistryChange:
    """Facts of a member; ``filing.version`` is the person's. Raises NotFound, Forbidden, UserError, Stale."""
    home, kind = begin(by, household_id, filing, "person_facts")
    row = member_of(home, person_id)
    person = Person.objects.select_for_update().get(pk=person_id)
    if filing.version is not None and filing.version != person.version:
        raise Stale(f"成员 {person_id}", person.version)
    joined = joined_on(row)
    demand_day(kind, filing.effective, joined=joined)
    values = clean(Person, allowed_facts(kind, facts))
    if "name" in values and not values["name"]:
        raise UserError("姓名不能为空", "a person has a name", "请填写姓名", "give the name")
    demand_born_before(values, joined)
    step = Step(home, person_id=person_id)
    step.change(person, **values)
    if relation:
        seat(step, [row], person_id if row.relation == "01" else "", {person_id: relation}, row.valid_from)
    return step.file(by, filing)


@transaction.atomic
def correct_household(*, by: User, household_id: str, filing: Filing, facts: Mapping[str, Any]) -> RegistryChange:
    """Facts of a household, not its state. Raises NotFound, Forbidden, UserError, Stale."""
    home, kind = begin(by, household_id, filing, "household_facts")
    demand_day(kind, filing.effective)
    step = Step(home)
    step.change(home, **clean(Household, allowed_facts(kind, facts)))
    return step.file(by, filing)


@transaction.atomic
def change_head(
    *, by: User, household_id: str, filing: Filing, head: str, relations: Relations | None = None
) -> RegistryChange:
    """Another member is the head from a day on. Raises NotFound, Forbidden, UserError, Stale."""
    home, kind = begin(by, household_id, filing, "head")
    members = present_members(home)
    joined = [row.valid_from for row in members if row.person_id == head]
    if not joined:
        raise NotFound(head)
    demand_day(kind, filing.effective, joined=joined[0])
    step = Step(home, person_id=head)
    seat(step, members, head, relations or {}, filing.effective)
    return step.file(by, filing)


def allowed_facts(kind: ChangeKind, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Raises UserError for a field that this kind of correction may not touch."""
    for name in facts:
        if name not in kind.fields:
            raise UserError(f"不能更正 {name}", f"{name} cannot be corrected this way", "请选择列出的项目", "")
    return dict(facts)


def demand_born_before(values: Mapping[str, Any], joined: Any) -> None:
    born = values.get("birth_date")
    if born is not None and born > joined:
        raise UserError(
            f"出生日期 {born:%Y-%m-%d} 晚于成为成员的日期（{joined:%Y-%m-%d}）",
            f"born on {born:%Y-%m-%d}, after joining the household ({joined:%Y-%m-%d})",
            "请核对出生日期", "check the birth date",
        )  # fmt: skip
