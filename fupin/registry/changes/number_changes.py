"""证件号更正, 换号, 补登: what the registry keeps of a number follows; the log names marks and never a number.

A number that is replaced stays in the closed table. Taking the change back opens it, against a deed that is committed
before, because everything that hangs on a number (masked form, hashes, what it says of itself) is made from the number
with the keys of today.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.catalogue.changes import ChangeKind, change_kinds
from fupin.kernel.errors import NotFound, UserError
from fupin.kernel.keys import keyed_hash
from fupin.registry.change_models import RegistryChange
from fupin.registry.changes import reversal
from fupin.registry.changes.checks import Filing, Stale, begin, demand_day, demand_reason, member_of
from fupin.registry.changes.facts import allowed_facts, demand_born_before
from fupin.registry.changes.known import change_for
from fupin.registry.changes.numbers import demand_agreement, give_number, read_number, unused
from fupin.registry.changes.steps import Step, nothing_to_change
from fupin.registry.changes.values import clean
from fupin.registry.household_models import Person
from fupin.registry.number_facts import COLUMNS as NUMBER_FACTS
from fupin.registry.sealing import seal, unseal

#: of a person, what is made from the number
MADE = (
    "id_hint", "id_lookup", "id_tail4", "id_tail6", "lookup_key", "lake_key", "lake_key_id", "lake_former",
    *NUMBER_FACTS,
)  # fmt: skip


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
    demand_day(kind, filing.effective, joined=row.valid_from)
    _demand_former(kind, person)
    read = read_number(number, needed=True) or ""
    values = {name: value for name, value in clean(Person, allowed_facts(kind, facts or {})).items() if value}
    demand_born_before(values, row.valid_from)
    demand_agreement(read, values.get("birth_date", person.birth_date), values.get("sex", person.sex))
    _demand_new(person, read)
    step = Step(home, person_id=person_id)
    step.change(person, id_mark=_next_mark(), **values)
    change = step.file(by, filing)
    write_number(person_id, read)
    return change


def take_back(*, by: User, change_id: int, reason: str) -> RegistryChange:
    """``reverse`` for a person at a page. A former number is opened first, against a deed of its own transaction.

    Raises what ``reverse`` raises, and RuntimeError inside a transaction where a number has to be opened.
    """
    former = ""
    with transaction.atomic(), accounts.acting_as(by):
        opens = _replaced_a_number(by, change_id)
    if opens:
        with transaction.atomic(durable=True), accounts.acting_as(by):
            deed = _ask_former(by, change_id, reason)
        with transaction.atomic(durable=True), accounts.acting_as(by):
            former = _open_former(deed)
    with transaction.atomic(), accounts.acting_as(by):
        return reverse(by=by, change_id=change_id, reason=reason, former=former)


@transaction.atomic
def reverse(*, by: User, change_id: int, reason: str, former: str = "") -> RegistryChange:
    """Restore what a change found; ``former``: the number that it replaced.

    Raises NotFound, Forbidden, UserError (done already; a later one builds on it), RuntimeError without the number.
    """
    if not former and _replaced_a_number(by, change_id):
        raise RuntimeError("the former number has to be opened: take_back")
    if former:
        _demand_nobodys(former)
    change = reversal.reverse(by=by, change_id=change_id, reason=reason)
    kind = change_kinds().get(change.reverses.kind) if change.reverses else None
    if kind is not None and kind.act == "number":
        write_number(str(change.person_id), former, again=True)
    return change


def write_number(person_id: str, number: str, again: bool = False) -> None:
    """After the log's row: the closed table, then all that is made from the number. "": there is none (any more)."""
    person = Person.objects.get(pk=person_id)
    cipher = None if again else seal(settings.FUPIN_KEYS.now, number, person_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT fupin_put_number(%s, %s, %s)", [person_id, person.id_mark, cipher])
    for name in MADE:
        if name != "lake_key_id":
            setattr(person, name, None)
    if number:
        give_number(person, number)
    Person.objects.filter(pk=person_id).update(**{name: getattr(person, name) for name in MADE})


def _replaced_a_number(by: User, change_id: int) -> bool:
    kind = change_kinds().get(change_for(by, change_id).kind)
    return kind is not None and kind.act == "number" and kind.former == "some"


def _ask_former(by: User, change_id: int, reason: str) -> int:
    change = change_for(by, change_id)
    accounts.require(by, "change_registry", change.village_code)
    demand_reason(reason)
    deed = accounts.record(
        by=by, verb="reveal_id", object_kind="person", object_id=str(change.person_id), region=change.village_code,
        reason=reason.strip()[:200], detail={"field": "id_number", "change": change.pk},
    )  # fmt: skip
    return int(deed.pk)


def _open_former(deed: int) -> str:
    """Raises NotFound."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT d.object_id, fupin_open_former(d.id) FROM accounts_deed d WHERE d.id = %s", [deed])
        person_id, cipher = cursor.fetchone()
    if cipher is None:
        raise NotFound(person_id)
    return unseal(settings.FUPIN_KEYS.now, bytes(cipher), person_id)


def _next_mark() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('registry_number_mark')")
        return int(cursor.fetchone()[0])


def _demand_former(kind: ChangeKind, person: Person) -> None:
    has = person.id_lookup is not None or person.id_hint is not None
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
    if person.id_lookup is not None and bytes(person.id_lookup) in _hashes(number):
        raise nothing_to_change()
    _demand_nobodys(number)


def _demand_nobodys(number: str) -> None:
    if unused(number) is not None:
        raise UserError(
            "这个证件号属于已离开的一位成员", "this ID number is that of somebody who left",
            "若是同一人：先撤销这次的增加，再按迁入或婚入登记",
            "if it is the same person, take the joining back and record his coming by that number",
        )  # fmt: skip


def _hashes(number: str) -> list[bytes]:
    return [keyed_hash(key, number) for key in settings.FUPIN_KEYS.now.lookups]
