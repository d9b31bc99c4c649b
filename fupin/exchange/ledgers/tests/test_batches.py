"""A batch of national tables: looked at, applied, taken back, applied again."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from fupin.accounts.tests.fixtures import Cast
from fupin.exchange.ledgers.planning import KINDS
from fupin.exchange.ledgers.tests.books import (
    AB01_HEAD,
    AC01_HEAD,
    AS_OF,
    HOME,
    NEXT,
    applied,
    as_csv,
    as_xlsx,
    confirmed,
    home_row,
    looked_at,
    person_row,
    two_homes,
)
from fupin.exchange.ledgers.work import order_apply, order_undo, run_apply, run_undo
from fupin.registry.api import (
    Household,
    HouseholdState,
    LedgerBatch,
    LedgerCells,
    Membership,
    Person,
    RegistryChange,
    Survey,
)
from fupin.registry.tests.fixtures import Homes

pytestmark = pytest.mark.django_db(transaction=True)
HOME_FACTS = ("household_id", "state", "cause_main", "exited_on", "members", "head_name", "head_pinyin")


def picture() -> list[list[tuple[Any, ...]]]:
    """All that people see: households that go on, members, periods, surveys, kept cells."""
    present = Household.objects.filter(ended_on__isnull=True)
    return [
        list(present.order_by("pk").values_list(*HOME_FACTS)),
        list(
            Membership.objects.order_by("pk").values_list(
                "person_id", "relation", "valid_from", "valid_to", "person__name", "person__pinyin", "person__health"
            )
        ),
        list(HouseholdState.objects.order_by("pk").values_list("household_id", "state", "valid_from", "valid_to")),
        list(Survey.objects.order_by("pk").values_list(*(field.attname for field in Survey._meta.concrete_fields))),
        list(LedgerCells.objects.order_by("record", "layout", "year").values_list("record", "layout", "year", "cells")),
    ]


def test_it_shows_what_would_be_new_and_writes_nothing(cast: Cast, regions: None) -> None:
    batch = looked_at(cast.county_office, two_homes())
    assert batch.state == "ready", batch.problem
    assert (batch.counts["new_household"], batch.counts["new_person"]) == (2, 4)
    assert batch.counts["refused"] == 0
    assert not Household.objects.exists()
    assert not Person.objects.exists()


def test_it_applies_all_of_it_with_a_log(cast: Cast, regions: None) -> None:
    batch = applied(cast.county_office, two_homes())
    assert batch.state == "applied", batch.problem
    home = Household.objects.get(pk=HOME)
    assert (home.state, home.members, home.head_name, home.cause_main) == ("0", 3, "韦二妹", "02")
    assert Membership.objects.filter(valid_to__isnull=True).count() == 4
    assert list(HouseholdState.objects.filter(household=home).values_list("state", "valid_to")) == [("0", None)]
    log = RegistryChange.objects.filter(batch=batch.pk)
    assert sorted(log.values_list("household_id", flat=True).distinct()) == sorted([HOME, NEXT])
    assert log.count() == 6
    assert log.filter(person__isnull=True, household=home).get().after["state"] == "0"


def test_the_same_files_again_say_nothing_new(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    again = looked_at(cast.county_office, two_homes())
    assert {kind: again.counts[kind] for kind in KINDS} == dict.fromkeys(KINDS, 0)


def test_it_is_taken_back_whole_and_may_come_again(cast: Cast, homes: Homes) -> None:
    before = picture()
    batch = applied(cast.county_office, two_homes())
    assert picture() != before
    order_undo(by=cast.county_office, batch_id=batch.pk, reason="传错了文件", in_background=False)
    assert run_undo(batch.pk).state == "undone", LedgerBatch.objects.get(pk=batch.pk).problem
    assert picture() == before
    assert RegistryChange.objects.filter(batch=batch.pk, kind="reverse").count() == 6
    again = applied(cast.county_office, two_homes())
    assert again.state == "applied", again.problem
    assert Household.objects.get(pk=HOME).members == 3
    assert Household.objects.get(pk=HOME).ended_on is None


def test_changed_figures_go_forth_and_back(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes(), as_of=date(2026, 3, 1))
    person, before = Person.objects.get(pk=f"{HOME}02"), picture()
    homes = [AC01_HEAD, home_row(state="1", AAC007="01")]
    people = [AB01_HEAD, person_row(2, AAB002="韦小妹", AAB017="04", AAB006="04"), person_row(4)]
    batch = applied(cast.county_office, [as_csv("a.csv", homes), as_csv("b.csv", people)])
    assert batch.state == "applied", batch.problem
    assert (batch.counts["changed"], batch.counts["missing"]) == (3, 2)
    assert batch.counts["by_figure"]["health"] == 1
    home, changed = Household.objects.get(pk=HOME), Person.objects.get(pk=person.pk)
    assert (home.state, home.cause_main, home.exited_on, home.members) == ("1", "01", AS_OF, 4)
    assert (changed.name, changed.pinyin, changed.health, changed.version) == ("韦小妹", "wei xiao mei", "04", 2)
    assert Membership.objects.get(person=changed).relation == "04"
    periods = HouseholdState.objects.filter(household=home).order_by("valid_from")
    assert list(periods.values_list("state", "valid_from", "valid_to"))[1:] == [("1", AS_OF, None)]
    order_undo(by=cast.county_office, batch_id=batch.pk, reason="台账有误", in_background=False)
    assert run_undo(batch.pk).state == "undone", LedgerBatch.objects.get(pk=batch.pk).problem
    assert picture() == before


def yearly(land: str, income: str, year: str = "2025") -> Any:
    """Tables of one year; a cell that is only kept, and one in another writing than ours."""
    return as_xlsx(
        "年度.xlsx",
        {
            "AC30": [["AAC001", "AAC301", "AAC084", "AAR040"], [HOME, land, "1", year]],
            "AC31": [["AAC001", "AAC312", "AAC318", "AAR040"], [HOME, "0", "1", year]],
            "AC07": [["AAC001", "AAC071", "AAC082", "AAR040"], [HOME, "5000", income, year]],
        },
    )


def test_yearly_tables_are_taken_back_whole(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    before = picture()
    first = applied(cast.county_office, [yearly("3.50", "12345.6")])
    middle = picture()
    assert Survey.objects.get(household_id=HOME, year=2025).farmland_mu == Decimal("3.5")
    second = applied(cast.county_office, [yearly("4", "12000.00"), yearly("2", "900", "2024")])
    assert (second.counts["new_year"], second.counts["by_figure"]) == (
        1, {"farmland_mu": 1, "declared_income_head": 1}
    )  # fmt: skip
    assert Survey.objects.get(household_id=HOME, year=2025).farmland_mu == Decimal(4)
    order_undo(by=cast.county_office, batch_id=second.pk, reason="年度弄错了", in_background=False)
    assert run_undo(second.pk).state == "undone", LedgerBatch.objects.get(pk=second.pk).problem
    assert picture() == middle
    order_undo(by=cast.county_office, batch_id=first.pk, reason="年度弄错了", in_background=False)
    assert run_undo(first.pk).state == "undone", LedgerBatch.objects.get(pk=first.pk).problem
    assert picture() == before


def test_a_year_that_was_surveyed_again_is_not_taken_back(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    batch = applied(cast.county_office, [yearly("3.50", "12345.6")])
    Survey.objects.filter(household_id=HOME, year=2025).update(farmland_mu=9)
    order_undo(by=cast.county_office, batch_id=batch.pk, reason="年度弄错了", in_background=False)
    stopped = run_undo(batch.pk)
    assert stopped.state == "applied"
    assert "入户调查改过" in stopped.problem["zh"]


def test_it_is_not_taken_back_when_something_was_built_on_it(cast: Cast, regions: None) -> None:
    first = applied(cast.county_office, two_homes())
    second = applied(cast.county_office, [as_csv("b.csv", [AB01_HEAD, person_row(2, AAB017="04")])])
    order_undo(by=cast.county_office, batch_id=first.pk, reason="传错了文件", in_background=False)
    stopped = run_undo(first.pk)
    assert stopped.state == "applied"
    assert HOME in stopped.problem["zh"]
    assert str(second.pk) in stopped.problem["zh"]
    assert Membership.objects.count() == 4
    order_undo(by=cast.county_office, batch_id=second.pk, reason="传错了文件", in_background=False)
    assert run_undo(second.pk).state == "undone"
    order_undo(by=cast.county_office, batch_id=first.pk, reason="传错了文件", in_background=False)
    assert run_undo(first.pk).state == "undone"


def test_what_changed_since_the_look_is_looked_at_again(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    batch = confirmed(
        cast.county_office, looked_at(cast.county_office, [as_csv("b.csv", [AB01_HEAD, person_row(2, AAB017="04")])])
    )
    Person.objects.filter(pk=f"{HOME}02").update(health="02")
    order_apply(by=cast.county_office, batch_id=batch.pk, in_background=False)
    again = run_apply(batch.pk)
    assert (again.state, again.applied_at) == ("ready", None)
    assert "试算之后" in again.problem["zh"]
    assert Person.objects.get(pk=f"{HOME}02").health == "02"


def test_an_empty_cell_empties_nothing(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    batch = looked_at(cast.county_office, [as_csv("b.csv", [AB01_HEAD, person_row(2, AAB017="", AAB008="")])])
    assert batch.counts["changed"] == 0
