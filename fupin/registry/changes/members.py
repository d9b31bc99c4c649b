"""自然增加, 自然减少: somebody joins a household or leaves it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from fupin.accounts.api import User
from fupin.catalogue.changes import ChangeKind, change_kinds
from fupin.kernel import identity
from fupin.kernel.errors import UserError
from fupin.registry.change_models import RegistryChange
from fupin.registry.changes.checks import (
    HEAD,
    Filing,
    begin,
    demand_begun,
    demand_day,
    member_of,
    present_members,
)
from fupin.registry.changes.numbers import (
    Known,
    demand_agreement,
    demand_same,
    give_number,
    read_number,
    seal_number,
    unused,
)
from fupin.registry.changes.seats import Relations, demand_next_head, demand_relation, seat
from fupin.registry.changes.stays import joined_on, leave
from fupin.registry.changes.steps import Step
from fupin.registry.changes.values import clean
from fupin.registry.household_models import Household, Membership, Person
from fupin.registry.spelling import initials, spell

DEATH = "death"


@transaction.atomic
def add_member(
    *, by: User, household_id: str, filing: Filing, relation: str, facts: Mapping[str, Any], number: str = ""
) -> RegistryChange:
    """A person joins from ``filing.effective`` on. ``facts``: name, sex, birth_date and more, as typed.

    Who belonged to a household before is taken by his number and keeps what is known of him. Raises NotFound,
    Forbidden, UserError (a number that is wrong or a member's elsewhere, a day before birth, papers), Stale.
    """
    home, kind = begin(by, household_id, filing, "add")
    demand_relation(relation)
    if not relation:
        raise UserError("请选择与户主关系", "choose the relation to the head", "", "")
    demand_begun(home, filing.effective, anew=False)
    step = Step(home)
    joining = Joining(step, kind, filing, facts, number)
    joining.join(home, relation)
    return joining.write(by)


class Joining:
    """A person new to a household: his facts, his number, his place in it."""

    def __init__(self, step: Step, kind: ChangeKind, filing: Filing, facts: Mapping[str, Any], number: str) -> None:
        self.step, self.kind, self.filing = step, kind, filing
        self.number = read_number(number, needed=kind.number == "required")
        self.typed = clean(Person, facts)
        self.facts = self._complete(dict(self.typed))
        demand_day(kind, filing.effective, born=self.facts.get("birth_date"))

    def _complete(self, facts: dict[str, Any]) -> dict[str, Any]:
        if not facts.get("name"):
            raise UserError("请填写姓名", "give the name", "与证件一致", "as in the papers")
        if self.number is not None:
            demand_agreement(self.number, facts.get("birth_date"), facts.get("sex"))
            facts |= {"birth_date": identity.birth_date(self.number), "sex": identity.sex(self.number)}
        if facts.get("birth_date") is None:
            raise UserError("请填写出生日期", "give the birth date", "或填写证件号", "or the ID number")
        return facts

    def join(self, home: Household, relation: str) -> None:
        known = unused(self.number) if self.number else None
        if known is not None:
            self._demand_gone(known)
            if known.left is not None:  # whose entry was taken back was perhaps entered wrongly: no measure
                self.known = known.person_id
        person_id = known.person_id if known else self._new_person()
        self.step.person_id = person_id
        self.step.add(
            Membership(household=home, person_id=person_id, relation=relation, valid_from=self.filing.effective)
        )

    def _demand_gone(self, known: Known) -> None:
        """He left, and left alive."""
        if known.left is not None and self.filing.effective < known.left:
            raise UserError(
                f"此人 {known.left:%Y-%m-%d} 才离开原来的户", f"this person left the former household on {known.left}",
                "生效日期不能早于那一天", "the day of effect cannot be earlier",
            )  # fmt: skip
        ends = [id_ for id_, kind in change_kinds().items() if kind.act == "end"]
        left = RegistryChange.objects.filter(person_id=known.person_id, kind__in=ends, reversed_by__isnull=True)
        last = left.order_by("id").last()
        if last is not None and last.kind == DEATH:
            raise UserError(
                f"这个证件号的人已于 {last.effective:%Y-%m-%d} 登记死亡（变更 {last.pk}）",
                f"the person of this number died on {last.effective:%Y-%m-%d} (change {last.pk})",
                "请核对证件号；如死亡系误登，先撤销那一次变更",
                "check the number; if the death was a mistake, take that change back first",
            )  # fmt: skip

    def _new_person(self) -> str:
        person = Person(person_id=new_number(), **self.facts)
        person.pinyin = spell(person.name)
        person.initials = initials(person.pinyin)[:60]
        if self.number is not None:
            give_number(person, self.number)
            self.sealed = person.person_id
        self.step.add(person)
        return person.person_id

    sealed = ""
    known = ""

    def write(self, by: User, **more: Any) -> RegistryChange:
        change = self.step.file(by, self.filing, **more)
        if self.known:  # a member again: only now is he seen
            demand_same(Person.objects.get(pk=self.known), self.typed)
        if self.sealed and self.number:
            seal_number(self.sealed, self.number)
        return change


@transaction.atomic
def end_membership(
    *,
    by: User,
    household_id: str,
    person_id: str,
    filing: Filing,
    new_head: str = "",
    relations: Relations | None = None,
) -> RegistryChange:
    """A member leaves: of a death the day itself still counts. ``new_head`` follows a head who leaves others behind.

    Raises NotFound, Forbidden, UserError (a day before birth or joining, no new head), Stale.
    """
    home, kind = begin(by, household_id, filing, "end")
    row = member_of(home, person_id)
    demand_day(kind, filing.effective, born=row.person.birth_date, joined=joined_on(row))
    step = Step(home, person_id=person_id)
    until = filing.effective + timedelta(days=1) if kind.last_day else filing.effective
    leave(step, row, until)
    rest = [one for one in present_members(home) if one.person_id != person_id]
    if row.relation == HEAD:
        demand_next_head(rest, new_head)
        if rest:
            seat(step, rest, new_head, relations or {}, until)
    return step.file(by, filing)


def new_number() -> str:
    """For a person or household that came after the load: N and nine digits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('registry_new_number')")
        return f"N{cursor.fetchone()[0]:09d}"
