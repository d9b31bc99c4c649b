"""An ID number is corrected, replaced, given later, and taken back; nothing of it ever stands in the log."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from fupin.accounts.api import acting_as
from fupin.accounts.models import Deed
from fupin.accounts.tests.fixtures import Cast
from fupin.kernel.errors import NotFound, UserError
from fupin.kernel.keys import Keys
from fupin.kernel.live_keys import LiveKeys
from fupin.registry import api as registry
from fupin.registry.models import FormerNumber, Person, RegistryChange
from fupin.registry.tests.changing import WIFE, birth, do, filing, marry, number_of
from fupin.registry.tests.fixtures import HEAD_ID, Homes

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
RIGHT = number_of("45012419620304003")  # of the same day and sex as HEAD_ID
CHILDS = number_of("45012420120601004")


def correct(cast: Cast, number: str = RIGHT, kind: str = "correct_number", **more: Any) -> RegistryChange:
    wanted = {"household_id": "H-own", "person_id": "P-own", "filing": filing(kind), **more}
    return do(wanted.pop("by", cast.cadre), registry.correct_number, number=number, **wanted)


def give(cast: Cast, number: str = CHILDS, **more: Any) -> RegistryChange:
    return correct(cast, number, "give_number", person_id="P-child", **more)


def in_clear(cast: Cast, person: str = "P-own") -> str:
    return registry.reveal_id(by=cast.cadre, person_id=person, reason="入户核对")


def found_by(cast: Cast, text: str) -> set[str]:
    with acting_as(cast.cadre):
        return {one.pk for one in registry.search_households(cast.cadre, text)}


def masked(cast: Cast) -> dict[str, str]:
    with acting_as(cast.cadre):
        return {one.person_id: one.id_masked for one in registry.members_of(cast.cadre, "H-own")}


def test_a_corrected_number_is_found_shown_and_revealed(cast: Cast, homes: Homes) -> None:
    before = Person.objects.get(pk="P-own")
    change = correct(cast)
    assert in_clear(cast) == RIGHT
    assert masked(cast)["P-own"].endswith(RIGHT[-4:])
    assert (found_by(cast, RIGHT), found_by(cast, RIGHT[-6:])) == ({"H-own"}, {"H-own"})
    assert found_by(cast, HEAD_ID) == found_by(cast, HEAD_ID[-6:]) == set()
    after = Person.objects.get(pk="P-own")
    assert bytes(after.lake_key or b"") != bytes(before.lake_key or b"")
    assert (after.id_check_ok, after.id_birth_agrees, after.version) == (True, True, before.version + 1)
    said = str(change.before) + str(change.after)
    assert not [number for number in (RIGHT, HEAD_ID, RIGHT[-6:], HEAD_ID[-6:]) if number in said]


def test_a_correction_is_taken_back_with_all_that_hangs_on_the_number(cast: Cast, homes: Homes) -> None:
    change = correct(cast)
    back = registry.take_back(by=cast.cadre, change_id=change.pk, reason="改错了人")
    assert in_clear(cast) == HEAD_ID
    assert (found_by(cast, HEAD_ID), found_by(cast, RIGHT)) == ({"H-own"}, set())
    assert masked(cast)["P-own"].endswith(HEAD_ID[-4:])
    assert (back.kind, Person.objects.get(pk="P-own").id_mark) == ("reverse", None)
    opened = Deed.objects.filter(verb="reveal_id", detail__change=change.pk).get()
    assert (opened.by, opened.reason) == (cast.cadre, "改错了人")
    correct(cast)
    assert in_clear(cast) == RIGHT


def test_a_child_is_given_a_number_later_and_it_may_be_taken_back(cast: Cast, homes: Homes) -> None:
    change = give(cast)
    assert (in_clear(cast, "P-child"), found_by(cast, CHILDS)) == (CHILDS, {"H-own"})
    registry.take_back(by=cast.cadre, change_id=change.pk, reason="不是他的")
    child = Person.objects.get(pk="P-child")
    assert (child.id_lookup, child.id_hint, child.lake_key, child.id_length) == (None, None, None, None)
    assert found_by(cast, CHILDS) == set()
    with pytest.raises(NotFound):
        in_clear(cast, "P-child")
    give(cast, number_of("45012420120601006"))
    corrected = correct(cast, CHILDS, person_id="P-child")
    registry.take_back(by=cast.cadre, change_id=corrected.pk, reason="又改错了")
    assert in_clear(cast, "P-child") == number_of("45012420120601006")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (RIGHT[:-1] + ("0" if RIGHT[-1] != "0" else "1"), "校验码错误"),
        (number_of("45012419630304003"), "出生日期与填写的不一致"),
        (number_of("45012419620304002"), "性别与填写的不一致"),
        ("", "没有证件号"),
        (HEAD_ID, "没有任何改动"),
    ],
)
def test_a_number_that_cannot_be_is_refused(cast: Cast, homes: Homes, number: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        correct(cast, number)
    assert not number or number not in str(caught.value)
    assert in_clear(cast) == HEAD_ID


def test_a_birth_date_that_was_as_wrong_is_put_right_with_it(cast: Cast, homes: Homes) -> None:
    change = correct(cast, number_of("45012419630304003"), facts={"birth_date": "1963-03-04", "sex": ""})
    person = Person.objects.get(pk="P-own")
    assert (person.birth_date, person.sex, person.id_birth_agrees) == (date(1963, 3, 4), "1", True)
    registry.take_back(by=cast.cadre, change_id=change.pk, reason="改错了人")
    person = Person.objects.get(pk="P-own")
    assert (person.birth_date, person.id_birth_agrees, in_clear(cast)) == (date(1962, 3, 4), True, HEAD_ID)


def test_the_number_of_another_member_is_refused_without_telling_a_stranger_whose(cast: Cast, homes: Homes) -> None:
    with pytest.raises(UserError, match="别处一户的成员") as caught:
        correct(cast, HEAD_ID, "give_number", by=cast.stranger, household_id="H-far", person_id="P-far")
    assert "H-own" not in str(caught.value)
    with pytest.raises(UserError, match="户 H-own 的成员"):
        correct(cast, HEAD_ID, "give_number", by=cast.county_office, household_id="H-next", person_id="P-next")


def test_the_number_of_somebody_who_left_is_not_given_to_another(cast: Cast, homes: Homes) -> None:
    wife = marry(cast)
    do(
        cast.cadre, registry.end_membership, household_id="H-own", person_id=str(wife.person_id),
        filing=filing("move_out", date(2026, 5, 1)),
    )  # fmt: skip
    born = birth(cast, facts={"birth_date": "1965-07-08"}, form=filing("birth", date(2026, 5, 1)))
    given = filing("give_number", date(2026, 5, 2))
    with pytest.raises(UserError, match="已离开的一位成员"):
        correct(cast, WIFE, "give_number", person_id=str(born.person_id), filing=given)


def test_what_was_taken_meanwhile_does_not_come_back(cast: Cast, homes: Homes) -> None:
    change = correct(cast)
    correct(cast, HEAD_ID, "give_number", by=cast.county_office, household_id="H-next", person_id="P-next")
    with pytest.raises(UserError, match="一人不能在两户"):
        registry.take_back(by=cast.county_office, change_id=change.pk, reason="改错了人")
    assert in_clear(cast) == RIGHT


def test_the_kind_fits_who_has_a_number_and_who_has_none(cast: Cast, homes: Homes) -> None:
    with pytest.raises(UserError, match="已有证件号"):
        correct(cast, RIGHT, "give_number")
    with pytest.raises(UserError, match="还没有证件号"):
        correct(cast, CHILDS, person_id="P-child")


def test_two_officers_do_not_correct_over_each_other(cast: Cast, homes: Homes) -> None:
    version = Person.objects.get(pk="P-own").version
    correct(cast)
    with pytest.raises(registry.Stale):
        correct(cast, HEAD_ID, filing=filing("correct_number", version=version))


def test_no_number_changes_by_sql_without_the_log_and_no_former_one_is_read(cast: Cast, homes: Homes) -> None:
    change = correct(cast)
    with acting_as(cast.cadre):
        for statement, said in (
            ("SELECT fupin_put_number('P-own', NULL, NULL)", "without a change in the log"),
            ("SELECT cipher FROM registry_formernumber", "permission denied"),
            ("DELETE FROM registry_formernumber", "permission denied"),
        ):
            with pytest.raises(DatabaseError, match=said), transaction.atomic():
                connection.cursor().execute(statement)
    with transaction.atomic(), acting_as(cast.cadre), connection.cursor() as cursor:  # a deed that is not committed
        detail = {"field": "id_number", "change": change.pk}
        deed = Deed.objects.create(
            by=cast.cadre, verb="reveal_id", object_kind="person", object_id="P-own", region=cast.cadre.region,
            reason="入户核对", detail=detail,
        )  # fmt: skip
        cursor.execute("SELECT fupin_open_former(%s)", [deed.pk])
        assert cursor.fetchone() == (None,)
        transaction.set_rollback(True)
    with acting_as(cast.stranger), pytest.raises(NotFound):
        registry.take_back(by=cast.stranger, change_id=change.pk, reason="改错了人")


def test_former_numbers_come_under_the_new_key(
    cast: Cast, homes: Homes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.json"
    settings.FUPIN_KEYS.now.save(path)
    monkeypatch.setattr(settings, "FUPIN_KEYS", LiveKeys(path, lambda: Keys.load(path)))
    change, old = correct(cast), settings.FUPIN_KEYS.now.encryption.id
    done = registry.rotate(by=None, purpose="encryption")
    assert done.rows["registry_formernumber"] == FormerNumber.objects.using("owner").count() == 2
    registry.drop_key(by=None, purpose="encryption", id_=old)
    registry.take_back(by=cast.cadre, change_id=change.pk, reason="改错了人")
    assert in_clear(cast) == HEAD_ID
