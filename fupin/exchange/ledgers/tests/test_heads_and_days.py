"""What a ledger may not leave behind: two heads of a household, a state without its days."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from fupin.accounts.tests.fixtures import Cast
from fupin.exchange.ledgers import store
from fupin.exchange.ledgers.tests.books import (
    AB01_HEAD,
    AC01_HEAD,
    HOME,
    applied,
    as_csv,
    home_row,
    person_row,
    undone,
    without,
)
from fupin.registry.api import Household, LedgerBatch, Membership

pytestmark = pytest.mark.django_db(transaction=True)
FIRST = date(2026, 3, 1)


def begun(cast: Cast, state: str = "0", *more: list[str]) -> LedgerBatch:
    people = [AB01_HEAD, person_row(1), person_row(2), *more]
    files = [as_csv("a.csv", [AC01_HEAD, home_row(state=state)]), as_csv("b.csv", people)]
    batch = applied(cast.county_office, files, as_of=FIRST)
    assert batch.state == "applied", batch.problem
    return batch


def listed(cast: Cast, *rows: list[str]) -> LedgerBatch:
    batch = applied(cast.county_office, [as_csv("b.csv", [AB01_HEAD, *rows])])
    assert batch.state == "applied", batch.problem
    return batch


def turned(cast: Cast, state: str, as_of: date) -> LedgerBatch:
    batch = applied(cast.county_office, [as_csv("a.csv", [AC01_HEAD, home_row(state=state)])], as_of=as_of)
    assert batch.state == "applied", batch.problem
    return batch


def days() -> tuple[str, date | None, date | None]:
    home = Household.objects.get(pk=HOME)
    return home.state, home.registered_on, home.exited_on


def relations() -> dict[str, str | None]:
    rows = Membership.objects.filter(household_id=HOME, valid_to__isnull=True)
    return {row.person_id.removeprefix(HOME): row.relation for row in rows}


def why(batch: LedgerBatch) -> list[str]:
    found = store.differences_of(batch.pk)
    assert found is not None
    return found.filter(pl.col("kind") == "refused")["zh"].to_list()


def test_a_second_head_is_refused_whether_new_or_known(cast: Cast, regions: None) -> None:
    begun(cast)
    batch = listed(cast, person_row(2, AAB006="01"), person_row(3, AAB006="01"), person_row(4))
    assert relations() == {"01": "01", "02": "99", "04": "99"}
    assert (batch.counts["refused"], batch.counts["refused_cells"]) == (1, 1)
    assert all("户主" in words for words in why(batch))


def test_of_two_heads_of_a_new_household_the_first_counts(cast: Cast, regions: None) -> None:
    batch = begun(cast, "0", person_row(3, AAB006="01"))
    assert (relations(), batch.counts["refused"]) == ({"01": "01", "02": "99"}, 1)


def test_a_head_is_followed_by_another_where_the_ledger_says_both(cast: Cast, regions: None) -> None:
    begun(cast)
    listed(cast, person_row(2, AAB006="01"), person_row(1, AAB006="02"))
    assert relations() == {"01": "02", "02": "01"}


def test_the_same_person_in_two_tables_is_one_head(cast: Cast, regions: None) -> None:
    rows = [as_csv(name, [AB01_HEAD, person_row(1)]) for name in ("b.csv", "c.csv")]
    batch = applied(cast.county_office, [as_csv("a.csv", [AC01_HEAD, home_row()]), *rows], as_of=FIRST)
    assert (relations(), batch.counts["refused"]) == ({"01": "01"}, 0)


def test_a_member_without_any_number_is_not_entered_twice(cast: Cast, regions: None) -> None:
    begun(cast)
    child = without(person_row(3, born="20200101"), "AAB001", "AAB004")
    assert listed(cast, child).counts["new_person"] == 1
    again = applied(cast.county_office, [as_csv("b.csv", [AB01_HEAD, child])])
    assert (again.counts["new_person"], Household.objects.get(pk=HOME).members) == (0, 3)


def test_days_of_recognition_and_exit_follow_the_state(cast: Cast, regions: None) -> None:
    begun(cast, "9")
    turned(cast, "0", date(2026, 5, 1))
    assert days() == ("0", date(2026, 5, 1), None)
    turned(cast, "1", date(2026, 6, 1))
    assert days() == ("1", date(2026, 5, 1), date(2026, 6, 1))
    last = turned(cast, "0", date(2026, 7, 1))
    assert days() == ("0", date(2026, 5, 1), None)
    assert undone(cast.county_office, last).state == "undone"
    assert days() == ("1", date(2026, 5, 1), date(2026, 6, 1))
