"""What an ID number says of itself is coded when it is written, and comes with a snapshot without the number."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fupin.kernel.identity import number_facts
from fupin.kernel.tests.strategies import id_numbers
from fupin.registry import api as registry
from fupin.registry.models import Person
from fupin.registry.number_facts import facts_columns, facts_of
from fupin.registry.tests.fixtures import HEAD_ID, Homes

BORN = date(1962, 3, 4)  # of HEAD_ID
digits = st.text("0123456789Xx", min_size=15, max_size=22)


@pytest.fixture
def written(transactional_db: None, homes: Homes) -> Person:
    """The head of the own household, a man whose number says the same."""
    person = Person.objects.get(pk="P-own")
    for name, value in facts_of(HEAD_ID, person.birth_date).items():
        setattr(person, name, value)
    person.save()
    return person


def facts_in_snapshot(folder: Path) -> dict[str, object]:
    registry.snapshot(folder)
    rows = pl.read_parquet(folder / "screen_persons.parquet")
    return rows.row(by_predicate=pl.col("person_id") == "P-own", named=True)


@given(st.lists(st.none() | id_numbers() | digits | st.text(max_size=20), max_size=8), st.dates(date(1900, 1, 1)))
def test_many_are_read_exactly_as_one_by_one(written: list[str | None], birth: date) -> None:
    found = facts_columns(pl.Series(written, dtype=pl.String), pl.Series([birth] * len(written), dtype=pl.Date))
    for text, row in zip(written, found.iter_rows(named=True), strict=True):
        one = number_facts(text)
        assert (row["id_length"], row["id_check_ok"], row["id_sex"]) == (one.length, one.check_ok, one.sex)
        assert row["id_birth_agrees"] == (None if one.born is None else one.born == birth)
        assert row["id_birth_judged"] == (None if one.born is None else birth)
        assert row["id_region_ok"] == one.province_ok


def test_the_birth_date_in_a_number_is_not_kept_where_it_differs() -> None:
    kept = facts_of(HEAD_ID, date(1960, 1, 1))
    assert kept["id_birth_agrees"] is False
    assert BORN not in kept.values()


def test_a_snapshot_brings_the_facts_and_not_the_number(written: Person, tmp_path: Path) -> None:
    facts = facts_in_snapshot(tmp_path)
    assert facts == {
        "person_id": "P-own", "x_id_length": 18, "x_id_check_ok": True, "x_id_birth_agrees": True,
        "x_id_sex_agrees": True, "x_id_region_ok": True,
    }  # fmt: skip


def test_a_corrected_birth_date_or_sex_is_judged_anew(written: Person, tmp_path: Path) -> None:
    Person.objects.filter(pk="P-own").update(birth_date=date(1962, 3, 5), sex="2")
    facts = facts_in_snapshot(tmp_path)
    assert (facts["x_id_birth_agrees"], facts["x_id_sex_agrees"]) == (False, False)
    Person.objects.filter(pk="P-own").update(birth_date=BORN, sex="1")
    facts = facts_in_snapshot(tmp_path)
    assert (facts["x_id_birth_agrees"], facts["x_id_sex_agrees"]) == (True, True)


def test_what_did_not_agree_is_unknown_after_a_correction(written: Person, tmp_path: Path) -> None:
    Person.objects.filter(pk="P-own").update(**facts_of(HEAD_ID, date(1960, 1, 1)), birth_date=date(1960, 1, 1))
    assert facts_in_snapshot(tmp_path)["x_id_birth_agrees"] is False
    Person.objects.filter(pk="P-own").update(birth_date=BORN)
    assert facts_in_snapshot(tmp_path)["x_id_birth_agrees"] is None
