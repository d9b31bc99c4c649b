"""Who comes without 人编号: one ID number is one person in all tables of a batch, a name alone is nobody."""

from __future__ import annotations

import polars as pl
import pytest

from fupin.accounts.tests.fixtures import Cast
from fupin.exchange.ledgers import store
from fupin.exchange.ledgers.services import LedgerFile
from fupin.exchange.ledgers.tests.books import (
    AB01_HEAD,
    AC01_HEAD,
    HOME,
    NEXT,
    applied,
    as_csv,
    home_row,
    looked_at,
    person_row,
    without,
)
from fupin.registry.api import Household, LedgerBatch, Person

pytestmark = pytest.mark.django_db(transaction=True)
HOMES = [AC01_HEAD, home_row(), home_row(NEXT)]


def tables(*each: list[list[str]]) -> list[LedgerFile]:
    """Households, then a table of persons each."""
    lists = [as_csv(f"AB01-{place}.csv", [AB01_HEAD, *rows]) for place, rows in enumerate(each)]
    return [as_csv("AC01.csv", HOMES), *lists]


def bare(serial: int = 2, **said: str) -> list[str]:
    """A row without any number of the person."""
    return without(person_row(serial, **said), "AAB001", "AAB004")


def nameless(serial: int = 2, **said: str) -> list[str]:
    """A row with an ID number and without 人编号."""
    return without(person_row(serial, **said), "AAB001")


def refused(batch: LedgerBatch) -> list[tuple[int, str]]:
    found = store.differences_of(batch.pk)
    assert found is not None
    told = found.filter(pl.col("kind") == "refused").sort("table", "row")
    return list(told.select("row", "zh").iter_rows())


def test_one_id_number_in_two_tables_is_one_person(cast: Cast, regions: None) -> None:
    first, second = [person_row(1), nameless(2, AAB008="")], [nameless(2, AAB008="05"), nameless(3)]
    batch = applied(cast.county_office, tables(first, second))
    assert (batch.state, batch.counts["new_person"], batch.counts["refused"]) == ("applied", 3, 0), refused(batch)
    assert list(Person.objects.order_by("pk").values_list("pk", "name")) == [
        (f"{HOME}01", "韦二妹"), (f"{HOME}02", "韦三妹"), (f"{HOME}03", "韦四妹"),
    ]  # fmt: skip
    assert (Person.objects.get(pk=f"{HOME}02").education, Household.objects.get(pk=HOME).members) == ("05", 3)


@pytest.mark.parametrize("turned", [False, True])
def test_he_takes_the_number_that_another_table_gives_him(cast: Cast, regions: None, turned: bool) -> None:
    each = [[person_row(1), person_row(7)], [nameless(7)]]
    batch = applied(cast.county_office, tables(*(each[::-1] if turned else each)))
    assert (batch.state, batch.counts["new_person"]) == ("applied", 2), refused(batch)
    assert set(Person.objects.values_list("pk", flat=True)) == {f"{HOME}01", f"{HOME}07"}


def test_the_same_batch_again_changes_nothing(cast: Cast, regions: None) -> None:
    files = ([person_row(1), nameless(2)], [nameless(2)])
    applied(cast.county_office, tables(*files))
    again = looked_at(cast.county_office, tables(*files))
    assert [again.counts[name] for name in ("new_person", "changed", "refused")] == [0, 0, 0], refused(again)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (nameless(2, AAC001=NEXT), "已属另一户"),
        (nameless(2, AAB002="韦小花"), "另一个姓名"),
        (person_row(9, AAB002="韦三妹", AAB004=person_row(2)[4]), "另一个人编号"),
    ],
)
def test_one_id_number_that_contradicts_itself_is_shown(cast: Cast, regions: None, row: list[str], said: str) -> None:
    batch = looked_at(cast.county_office, tables([person_row(1), person_row(2)], [row]))
    told = refused(batch)
    assert (batch.counts["new_person"], [(place, said in zh) for place, zh in told]) == (2, [(2, True)]), told


def test_two_of_one_name_with_numbers_of_their_own_are_two(cast: Cast, regions: None) -> None:
    rows = [person_row(1), nameless(2), nameless(3, AAB002="韦三妹")]
    batch = applied(cast.county_office, tables(rows))
    assert (batch.state, Person.objects.filter(name="韦三妹").count()) == ("applied", 2)


@pytest.mark.parametrize("said", [{}, {"AAB002": "韦 三妹"}, {"AAB003": "1"}, {"AAB005": "19550505"}])
def test_a_name_alone_is_nobody_that_is_registered(cast: Cast, regions: None, said: dict[str, str]) -> None:
    """However alike, or however sex and birth date contradict: it is shown, and nothing is entered or changed."""
    applied(cast.county_office, tables([person_row(1), person_row(2)]))
    batch = looked_at(cast.county_office, tables([person_row(1), bare(2, **said)]))
    assert [batch.counts[name] for name in ("new_person", "changed", "refused")] == [0, 0, 1]
    place, zh = refused(batch)[0]
    assert (place, f"同名的成员 {HOME}02" in zh) == (3, True)


def test_nor_is_it_when_two_members_have_it(cast: Cast, regions: None) -> None:
    applied(cast.county_office, tables([person_row(1), person_row(2), person_row(3, AAB002="韦三妹")]))
    batch = looked_at(cast.county_office, tables([person_row(1), bare(2)]))
    assert [batch.counts[name] for name in ("new_person", "changed", "refused")] == [0, 0, 1]


@pytest.mark.parametrize(
    "each",
    [
        ([person_row(1), person_row(2)], [bare(2)]),
        ([person_row(1), bare(2)], [nameless(2)]),
        ([person_row(1), bare(2)], [bare(2)]),
    ],
)
def test_nor_is_it_somebody_of_another_table(cast: Cast, regions: None, each: tuple[list[list[str]], ...]) -> None:
    batch = looked_at(cast.county_office, tables(*each))
    assert (batch.counts["new_person"], len(refused(batch))) == (2, 1)
    assert "同名成员" in refused(batch)[0][1]


def test_who_has_no_number_and_no_namesake_is_new(cast: Cast, regions: None) -> None:
    batch = applied(cast.county_office, tables([person_row(1), bare(2)]))
    assert (batch.state, Person.objects.get(name="韦三妹").pk) == ("applied", f"{HOME}02")
