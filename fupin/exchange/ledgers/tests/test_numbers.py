"""A ledger that says another ID number, phone or account of a known record: shown masked, taken, taken back."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, connections, transaction

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import COUNTY, Cast
from fupin.catalogue.ledgers import layouts
from fupin.exchange.ledgers import store
from fupin.exchange.ledgers.tests.books import (
    AB01_HEAD,
    AC01_HEAD,
    AS_OF,
    HOME,
    NEXT,
    YEAR,
    applied,
    as_csv,
    home_row,
    looked_at,
    number,
    person_row,
    two_homes,
)
from fupin.exchange.ledgers.work import order_undo, run_undo
from fupin.registry import api as registry
from fupin.registry.api import Household, LedgerOrder, Person, RegistryChange
from fupin.registry.replacing import replace_value
from fupin.registry.tests.changing import do, filing

pytestmark = pytest.mark.django_db(transaction=True)
PHONE, ACCOUNT = "13907710002", "6217003320001234567"
NEW = number("19800101", 77)


def changed(**more: str) -> list[Any]:
    """Another phone and account of the household, another ID number of its second member."""
    homes = [AC01_HEAD, home_row(AAR012=PHONE, AAC004=ACCOUNT)]
    people = [AB01_HEAD, person_row(1), person_row(2, AAB004=NEW, **more), person_row(3)]
    return [as_csv("AC01.csv", homes), as_csv("AB01.csv", people)]


def kept(cast: Cast) -> list[Any]:
    """Full numbers as they come out against a deed, and what is found by them."""
    order = LedgerOrder(layouts()["ab01"], COUNTY, YEAR, {})
    _receipt, people = registry.export_now(by=cast.county_office, order=order, full=True, reason="报送上级系统")
    homes = LedgerOrder(layouts()["ac01"], COUNTY, YEAR, {})
    _receipt, rows = registry.export_now(by=cast.county_office, order=homes, full=True, reason="报送上级系统")
    facts = Person.objects.order_by("pk").values_list(
        "id_lookup", "id_tail4", "id_tail6", "lake_key", "id_birth_agrees", "id_birth_judged", "id_sex"
    )
    phones = Household.objects.order_by("pk").values_list("phone_lookup", "phone_tail4", "lookup_key")
    return [people["AAB004"].to_list(), rows.select("AAR012", "AAC004").rows(), list(facts), list(phones)]


def undone(cast: Cast, batch: int) -> str:
    order_undo(by=cast.county_office, batch_id=batch, reason="传错了文件", in_background=False)
    return run_undo(batch).state


def test_changed_numbers_are_shown_masked(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    batch = looked_at(cast.county_office, changed())
    assert (batch.counts["changed"], batch.counts["refused"]) == (2, 0)
    assert batch.counts["by_figure"] == {"phone": 1, "bank_account": 1, "id_number": 1}
    found = store.differences_of(batch.pk)
    assert found is not None
    rows = {row["column"]: (row["before"], row["after"]) for row in found.iter_rows(named=True)}
    assert rows["phone"] == ('"138****0009"', '"139****0002"')
    assert rows["bank_account"] == (None, '"6217*************67"')
    assert rows["id_number"] == (f'"450124********{person_row(2)[4][-4:]}"', f'"450124********{NEW[-4:]}"')
    assert NEW not in str(batch.__dict__) + str(found.to_dicts())


def test_changed_numbers_are_taken_and_taken_back(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    before = kept(cast)
    batch = applied(cast.county_office, changed())
    assert batch.state == "applied", batch.problem
    ids, homes, *_rest = kept(cast)
    assert (ids[1], homes[0]) == (NEW, (PHONE, ACCOUNT))
    assert registry.reveal_id(by=cast.cadre, person_id=f"{HOME}02", reason="入户核对") == NEW
    assert {home.pk for home in registry.search_households(cast.office, NEW)} == {HOME}
    assert {home.pk for home in registry.search_households(cast.office, PHONE)} == {HOME}
    log = str(list(RegistryChange.objects.filter(batch=batch.pk).values_list("before", "after")))
    assert not any(text in log for text in (NEW, PHONE, ACCOUNT, NEW[-4:], PHONE[-4:]))
    assert looked_at(cast.county_office, changed()).counts["changed"] == 0
    assert undone(cast, batch.pk) == "undone"
    assert kept(cast) == before
    assert not registry.search_households(cast.office, NEW).exists()
    again = applied(cast.county_office, changed())
    assert again.state == "applied", again.problem


def test_numbers_changed_twice_go_back_one_after_the_other(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    first, before = applied(cast.county_office, changed()), kept(cast)
    homes = [AC01_HEAD, home_row(AAR012="13907719999", AAC004="6217003320009999999")]
    second = applied(cast.county_office, [as_csv("AC01.csv", homes)])
    assert undone(cast, first.pk) == "applied"
    assert undone(cast, second.pk) == "undone"
    assert kept(cast) == before
    assert undone(cast, first.pk) == "undone"


def test_a_correction_after_the_ledger_goes_back_to_what_the_ledger_said(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    batch = applied(cast.county_office, changed())
    other = number("19800101", 78)
    done = do(
        cast.county_office, registry.correct_number, household_id=HOME, person_id=f"{HOME}02", number=other,
        filing=filing("correct_number", AS_OF),
    )  # fmt: skip
    assert undone(cast, batch.pk) == "applied"
    registry.take_back(by=cast.county_office, change_id=done.pk, reason="改错了人")
    assert registry.reveal_id(by=cast.cadre, person_id=f"{HOME}02", reason="入户核对") == NEW
    assert undone(cast, batch.pk) == "undone"
    assert registry.reveal_id(by=cast.cadre, person_id=f"{HOME}02", reason="入户核对") == person_row(2)[4]


def refused(cast: Cast, rows: list[list[str]]) -> list[tuple[int, str, str]]:
    batch = looked_at(cast.county_office, [as_csv("AB01.csv", [AB01_HEAD, *rows])])
    found = store.differences_of(batch.pk)
    assert found is not None
    told = found.filter(pl.col("kind") == "refused").sort("row")
    assert batch.counts["changed"] == 0
    return list(told.select("row", "column", "zh").iter_rows())


def test_a_number_of_somebody_else_is_refused_with_its_place(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    Person.objects.filter(pk=f"{HOME}03").update(name="韦小花")
    taken = person_row(2, AAB004=person_row(1, NEXT, born="19700202")[4])
    stranger = person_row(3, AAB004=NEW)
    found = refused(cast, [person_row(1), taken, stranger])
    assert [(row, column) for row, column, _why in found] == [(3, "人编号"), (4, "证件号码")]
    assert f"{NEXT}01" in found[0][2]
    assert "像是另一个人" in found[1][2]


def test_two_rows_with_one_new_number_give_it_to_the_first(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    rows = [AB01_HEAD, person_row(2, AAB004=NEW), person_row(3, AAB004=NEW)]
    batch = looked_at(cast.county_office, [as_csv("AB01.csv", rows)])
    assert (batch.counts["changed"], batch.counts["refused"]) == (1, 1)


def test_the_database_replaces_nothing_that_no_change_names(cast: Cast, regions: None) -> None:
    applied(cast.county_office, two_homes())
    with acting_as(cast.county_office):
        with pytest.raises(DatabaseError, match="no change of this transaction"), transaction.atomic():
            replace_value("id_number", f"{HOME}02", NEW)
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT count(*) FROM registry_formervalue")


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("purpose", ["encryption", "lookup", "lake"])
def test_a_rotation_of_keys_takes_former_numbers_along(
    cast: Cast, regions: None, purpose: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fupin.kernel.keys import Keys
    from fupin.kernel.live_keys import LiveKeys

    Keys.generate().save(tmp_path / "keys.json")
    live = LiveKeys(tmp_path / "keys.json", lambda: Keys.load(tmp_path / "keys.json"))
    monkeypatch.setattr(settings, "FUPIN_KEYS", live)
    applied(cast.county_office, [as_csv("a", [AC01_HEAD, home_row(AAC004="6217003320007654321")]), two_homes()[1]])
    before = kept(cast)[:2]
    batch = applied(cast.county_office, changed())
    old = getattr(live.now, purpose).id
    done = registry.rotate(by=None, purpose=purpose)
    if purpose == "lake":
        assert registry.turn_lake_key(by=None, everything_is_there=lambda: True)
    assert set(registry.keys_used(purpose)) == {done.key}
    registry.drop_key(by=None, purpose=purpose, id_=old)
    assert undone(cast, batch.pk) == "undone"
    assert kept(cast)[:2] == before
    assert set(registry.keys_used(purpose)) == {done.key}
    assert {home.pk for home in registry.search_households(cast.office, person_row(2)[4])} == {HOME}
    connections["owner"].close()
