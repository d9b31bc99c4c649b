"""Who or what comes again after a batch was taken back: nobody is shown the number of another one."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection, transaction

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import Cast
from fupin.exchange.ledgers.tests.books import (
    AB01_HEAD,
    AC01_HEAD,
    HOME,
    applied,
    as_csv,
    home_row,
    number,
    person_row,
    two_homes,
    undone,
    without,
)
from fupin.registry import api as registry
from fupin.registry.api import Kind, LedgerBatch, Membership, Person, SealedField
from fupin.registry.tests.changing import do, filing

pytestmark = pytest.mark.django_db(transaction=True)
FIRST, REASON = date(2026, 3, 1), "入户核实情况"


def listed(cast: Cast, row: list[str], as_of: date = date(2026, 4, 1)) -> LedgerBatch:
    batch = applied(cast.county_office, [as_csv("c.csv", [AB01_HEAD, row])], as_of=as_of)
    assert (batch.state, batch.counts["new_person"]) == ("applied", 1), batch.problem
    return batch


def begun(cast: Cast, phone: str = "13877100009") -> LedgerBatch:
    files = [as_csv("a.csv", [AC01_HEAD, home_row(AAR012=phone)]), as_csv("b.csv", [AB01_HEAD, person_row(1)])]
    batch = applied(cast.county_office, files, as_of=FIRST)
    assert batch.state == "applied", batch.problem
    return batch


def test_a_number_that_somebody_had_is_not_given_to_another(cast: Cast, regions: None) -> None:
    begun(cast)
    one = without(person_row(5, born="20010101"), "AAB001")
    assert undone(cast.county_office, listed(cast, one)).state == "undone"
    listed(cast, without(person_row(7, born="19990909"), "AAB001"), date(2026, 5, 1))
    other = Person.objects.get(pk=f"{HOME}03")
    assert other.name == "韦八妹"
    assert registry.reveal_id(by=cast.county_office, person_id=other.pk, reason=REASON) == number("19990909", 14)
    assert list(Membership.objects.filter(household_id=HOME).order_by("person").values_list("person", flat=True)) == [
        f"{HOME}01", f"{HOME}03",
    ]  # fmt: skip
    listed(cast, one, date(2026, 6, 1))
    assert registry.reveal_id(by=cast.county_office, person_id=f"{HOME}02", reason=REASON) == number("20010101", 10)


def test_a_newcomer_does_not_get_the_number_of_who_died(cast: Cast, regions: None) -> None:
    begun(cast)
    listed(cast, person_row(2))
    do(cast.cadre, registry.end_membership, household_id=HOME, person_id=f"{HOME}02",
       filing=filing("death", date(2026, 5, 1)))  # fmt: skip
    listed(cast, without(person_row(5, born="20010101"), "AAB001"), date(2026, 6, 1))
    assert Person.objects.get(pk=f"{HOME}03").name == "韦六妹"


def test_who_comes_again_with_an_id_number_has_it(cast: Cast, regions: None) -> None:
    begun(cast)
    assert undone(cast.county_office, listed(cast, without(person_row(2, AAB017="04"), "AAB004"))).state == "undone"
    row = without(person_row(2), "AAB017")
    listed(cast, row)
    assert registry.reveal_id(by=cast.county_office, person_id=f"{HOME}02", reason=REASON) == row[4]
    assert Person.objects.get(pk=f"{HOME}02").health is None


def test_a_household_that_comes_again_has_its_new_phone(cast: Cast, regions: None) -> None:
    assert undone(cast.county_office, begun(cast)).state == "undone"
    begun(cast, "13977112345")
    full = registry.reveal(
        by=cast.county_office, kind=Kind.HOUSEHOLD, record=HOME, field=SealedField.PHONE, reason=REASON
    )
    assert full == "13977112345"
    with acting_as(cast.county_office):
        assert registry.masked_phone(cast.county_office, HOME) == "139****2345"


def test_a_household_that_comes_again_without_a_phone_has_none(cast: Cast, regions: None) -> None:
    assert undone(cast.county_office, begun(cast)).state == "undone"
    begun(cast, "")
    with pytest.raises(registry.NotFound):
        registry.reveal(by=cast.county_office, kind=Kind.HOUSEHOLD, record=HOME, field=SealedField.PHONE, reason=REASON)


def test_the_database_gives_up_no_value_of_who_is_here(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    with acting_as(cast.county_office), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT fupin_forget_values(%s, %s)", [[f"{HOME}02"], [HOME]])
        assert cursor.fetchone() == (0,)
    assert registry.reveal_id(by=cast.county_office, person_id=f"{HOME}02", reason=REASON) == person_row(2)[4]
