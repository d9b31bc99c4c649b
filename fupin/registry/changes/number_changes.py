"""证件号更正, 换号, 补登: the log names that a number changed and never the number.

The former number stays in the closed table beside the present one, with all that hangs on it (masked form, hashes, what
it says of itself), moved by ``replacing``: taking the change back opens no number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from fupin.accounts.api import User
from fupin.catalogue.changes import ChangeKind
from fupin.kernel.errors import UserError
from fupin.kernel.keys import keyed_hash
from fupin.kernel.seen import Stale
from fupin.registry.change_models import RegistryChange
from fupin.registry.changes import reversal
from fupin.registry.changes.checks import Filing, begin, demand_day, member_of
from fupin.registry.changes.facts import allowed_facts, demand_born_before
from fupin.registry.changes.numbers import demand_agreement, read_number, standing_of, unused
from fupin.registry.changes.stays import joined_on
from fupin.registry.changes.steps import Step, nothing_to_change
from fupin.registry.changes.values import clean
from fupin.registry.household_models import Person
from fupin.registry.replacing import replace_value, restore_values, sealed_key
from fupin.registry.sealed_models import SealedField


@transaction.atomic
def correct_number(
    *, by: User, household_id: str, person_id: str, filing: Filing, number: str, facts: Mapping[str, Any] | None = None
) -> RegistryChange:
    """Another number for a member, or the first; ``facts``: birth date and sex, where they were as wrong.

    Raises NotFound, Forbidden, UserError (a number that cannot be, contradicts, or is another's), Stale.
    """
    home, kind = begin(by, household_id, filing, "number")
    row = member_of(home, person_id)
    person = Person.objects.select_for_update().get(pk=person_id)
    if filing.version is not None and filing.version != person.version:
        raise Stale(f"成员 {person_id}", person.version)
    joined = joined_on(row)
    demand_day(kind, filing.effective, joined=joined)
    _demand_former(kind, person)
    read = read_number(number, needed=True) or ""
    values = {name: value for name, value in clean(Person, allowed_facts(kind, facts or {})).items() if value}
    demand_born_before(values, joined)
    born = values.get("birth_date", person.birth_date)
    demand_agreement(read, born, values.get("sex", person.sex))
    _demand_new(person, read)
    step = Step(home, person_id=person_id)
    step.change(person, **values)
    step.name_value(sealed_key(SealedField.ID_NUMBER, person_id), held=_has_number(person))
    change = step.file(by, filing)
    replace_value(SealedField.ID_NUMBER, person_id, read, born)
    _count_on(person_id)
    return change


@transaction.atomic
def reverse(*, by: User, change_id: int, reason: str) -> RegistryChange:
    """Restore what a change found. Raises NotFound, Forbidden, UserError (done already; a later one builds on it)."""
    change = reversal.reverse(by=by, change_id=change_id, reason=reason)
    if restore_values():
        _demand_still_his(str(change.person_id))
        _count_on(str(change.person_id))
    return change


def _count_on(person_id: str) -> None:
    """What hangs on a number makes no version by itself; a form that was read before is old all the same."""
    Person.objects.filter(pk=person_id).update(version=F("version") + 1)


def _demand_still_his(person_id: str) -> None:
    """A number that came back is nobody's who was entered meanwhile. Asked without his own; never opened."""
    person = Person.objects.get(pk=person_id)
    if person.id_lookup is None:
        return
    mine = Person.objects.filter(pk=person_id)
    mine.update(id_lookup=None)
    if standing_of([bytes(person.id_lookup)]) is not None:
        raise _of_one_who_left()
    mine.update(id_lookup=person.id_lookup)


def _has_number(person: Person) -> bool:
    return person.id_lookup is not None or person.id_hint is not None


def _demand_former(kind: ChangeKind, person: Person) -> None:
    has = _has_number(person)
    if kind.former == "none" and has:
        raise UserError(
            "这位成员已有证件号", "this member has an ID number", "登记有误或换了号码，请用证件号更正",
            "if it is wrong or was replaced, correct the number",
        )  # fmt: skip
    if kind.former == "some" and not has:
        raise UserError(
            "这位成员还没有证件号", "this member has no ID number yet", "请用补登证件号", "give it as a first number"
        )


def _demand_new(person: Person, number: str) -> None:
    """Another than his own, and nobody else's: no member's anywhere, nor that of somebody who left."""
    hashes = [keyed_hash(key, number) for key in settings.FUPIN_KEYS.now.lookups]
    if person.id_lookup is not None and bytes(person.id_lookup) in hashes:
        raise nothing_to_change()
    if unused(number) is not None:
        raise _of_one_who_left()


def _of_one_who_left() -> UserError:
    return UserError(
        "这个证件号属于已离开的一位成员", "this ID number is that of somebody who left",
        "若是同一人：先撤销这次的增加，再按迁入或婚入登记",
        "if it is the same person, take the joining back and record his coming by that number",
    )  # fmt: skip
