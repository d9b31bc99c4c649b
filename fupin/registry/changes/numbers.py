"""An ID number given with a change: valid, in agreement with birth date and sex, nobody's who is a member somewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from django.conf import settings
from django.db import connection

from fupin.kernel import identity
from fupin.kernel.errors import UserError
from fupin.kernel.keys import keyed_hash, tail_hash
from fupin.kernel.masks import mask_id, mask_name
from fupin.registry.closed_table import put_value
from fupin.registry.household_models import Person
from fupin.registry.lake_version import hold_lake_key
from fupin.registry.number_facts import facts_of
from fupin.registry.numbers import hashes
from fupin.registry.sealed_models import Kind, SealedField
from fupin.registry.sealing import hint_of, seal

#: what two entries of one number must agree in
SAME = {"name": ("姓名", "name"), "sex": ("性别", "sex"), "birth_date": ("出生日期", "birth date")}
UNSAID = (None, "", "0", "9")


@dataclass(frozen=True)
class Known:
    """A person of this number who belongs to no household now; ``left``: until when he did."""

    person_id: str
    left: date | None


def read_number(typed: str, needed: bool) -> str | None:
    """The number in canonical writing; None where none is given and none is needed. Raises UserError."""
    found = identity.normalise(typed)
    if found.number is not None:
        return found.number
    if found.problem == "missing" and not needed:
        return None
    zh, en = identity.PROBLEMS[found.problem or "missing"]
    raise UserError(
        f"证件号不对：{zh}", f"the ID number is wrong: {en}",
        "请对照证件原件核对" if found.problem != "missing" else "请填写证件号",
        "compare it with the original" if found.problem != "missing" else "give the ID number",
    )  # fmt: skip


def demand_agreement(number: str, birth_date: date | None, sex: str | None) -> None:
    """Raises UserError when the number says another birth date or sex."""
    if birth_date is not None and identity.birth_date(number) != birth_date:
        raise UserError(
            "证件号里的出生日期与填写的不一致", "the birth date in the ID number is another one",
            "请核对出生日期和证件号", "check birth date and number",
        )  # fmt: skip
    if sex in ("1", "2") and identity.sex(number) != sex:
        raise UserError(
            "证件号里的性别与填写的不一致", "the sex in the ID number is the other one",
            "请核对性别和证件号", "check sex and number",
        )  # fmt: skip


def demand_same(person: Person, typed: Mapping[str, Any]) -> None:
    """Who is known by the number is the one who was typed. Raises UserError.

    What was left empty is not compared: sex and birth date may have been loaded otherwise than the number says.
    """
    for name, (zh, en) in SAME.items():
        mine, theirs = typed.get(name), getattr(person, name)
        if mine in UNSAID or theirs in UNSAID:
            continue
        if mine != theirs:
            raise UserError(
                f"登记库里这个证件号的人是{mask_name(person.name)}，{zh}与填写的不一致",
                f"the person of this number is {mask_name(person.name)} in the registry: the {en} typed is another",
                "请核对证件号和填写的内容；登记有误的，先照登记填写，再办“更正成员信息”",
                "check the number and what was typed; what the registry has wrong is corrected after the joining",
            )  # fmt: skip


def unused(number: str) -> Known | None:
    """Nobody of this number is a member of any household; the person, if he was one before. Held until the end of the
    transaction, so that two officers cannot enter the same person at once. Raises UserError."""
    return standing_of([keyed_hash(key, number) for key in settings.FUPIN_KEYS.now.lookups])


def standing_of(asked: list[bytes]) -> Known | None:
    """The same for a number by its hashes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT standing, person_id, household_id, left_on FROM fupin_number_standing(%s)", [asked])
        row = cursor.fetchone()
    if row is None:
        return None
    standing, person_id, household_id, left = row
    if standing == "left":
        return Known(person_id, left)
    raise _taken(standing, household_id)


def _taken(standing: str, household_id: str | None) -> UserError:
    if standing == "here":
        return UserError(
            f"这个证件号的人现在是户 {household_id} 的成员，一人不能在两户",
            f"the person of this number is a member of household {household_id}: nobody belongs to two",
            "请先在那一户登记减少，再在这一户登记增加", "record the leaving there first, then the joining here",
        )  # fmt: skip
    if standing == "elsewhere":
        return UserError(
            "这个证件号的人现在是别处一户的成员，一人不能在两户",
            "the person of this number is a member of a household elsewhere: nobody belongs to two",
            "请报上级核对，由那一户所在地先登记减少",
            "ask the office above: where he is a member now, his leaving comes first",
        )  # fmt: skip
    return UserError(
        "这个证件号的人曾登记在别的辖区", "the person of this number was registered in another region",
        "请由两地共同的上级登记迁入", "the office above both places records the move",
    )  # fmt: skip


def give_number(person: Person, number: str) -> None:
    """What the registry keeps beside the number; the number itself follows with :func:`seal_number`."""
    keys, lake = settings.FUPIN_KEYS.now, hold_lake_key()
    person.id_hint = seal(keys, mask_id(number), hint_of(person.person_id))
    person.id_lookup = keys.lookup_hash(number)
    person.id_tail4, person.id_tail6 = tail_hash(keys.lookup, number, 4), tail_hash(keys.lookup, number, 6)
    person.lookup_key = keys.lookup.id
    person.lake_key = hashes(lake, pl.Series([number]))[0]
    person.lake_key_id = lake.id
    for name, value in facts_of(number, person.birth_date).items():
        setattr(person, name, value)


def seal_number(person_id: str, number: str) -> None:
    put_value(settings.FUPIN_KEYS.now, Kind.PERSON, person_id, SealedField.ID_NUMBER, number)
