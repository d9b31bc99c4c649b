"""The owner's way into an empty registry: what it writes, how it leaves the tables, when it steps back."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection, connections, transaction

from fupin.accounts.models import Deed
from fupin.accounts.tests.fixtures import Cast
from fupin.registry import api as registry
from fupin.registry import first_loading, registry_loading
from fupin.registry.copying import copy_in
from fupin.registry.models import Household, LedgerEntry, Membership, Person
from fupin.registry.tests.folders import plain_rows, write_folder

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
STRUCTURE = """
SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid), c.convalidated::text
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid AND t.relname LIKE 'registry%' OR c.confrelid = t.oid
UNION SELECT indrelid::regclass::text, indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid::text
FROM pg_index JOIN pg_class t ON t.oid = indrelid AND t.relname LIKE 'registry%' ORDER BY 1, 2
"""


@pytest.fixture
def folder(transactional_db: None, cast: Cast, regions: None, tmp_path: Path) -> Path:
    return write_folder(tmp_path / "city", plain_rows())


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tables that went the app's way, through staging tables."""
    seen: list[str] = []

    def noting(model: type, frames: object) -> int:
        seen.append(model.__name__)
        return copy_in(model, frames)  # type: ignore[arg-type]

    monkeypatch.setattr(registry_loading, "copy_in", noting)
    return seen


def rows(statement: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def test_an_empty_registry_is_filled_by_the_owner(cast: Cast, folder: Path, ways: list[str]) -> None:
    loaded = registry.load_registry(by=cast.office, folder=folder)
    assert loaded == registry.Loaded(households=2, persons=3, surveys=1, ledger=2, without_id=1)
    assert ways == []
    assert LedgerEntry.objects.get(month=202609).wage_work == 120_000
    assert Membership.objects.filter(household_id="H1").count() == 2
    assert Deed.objects.get(verb="load_registry").by == cast.office


def test_keys_indexes_and_foreign_keys_are_those_of_before(cast: Cast, folder: Path) -> None:
    before = rows(STRUCTURE)
    registry.load_registry(by=cast.office, folder=folder)
    assert rows(STRUCTURE) == before
    assert any("FOREIGN KEY" in str(row[2]) for row in before)
    assert any("USING btree (pinyin)" in str(row[2]) for row in before)


def test_the_planner_knows_the_new_rows(cast: Cast, folder: Path) -> None:
    registry.load_registry(by=cast.office, folder=folder)
    assert rows("SELECT reltuples FROM pg_class WHERE relname = 'registry_person'") == [(3.0,)]


def test_a_failure_at_the_end_leaves_the_tables_as_they_were(
    cast: Cast, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(STRUCTURE)
    monkeypatch.setattr("fupin.accounts.api.record", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        registry.load_registry(by=cast.office, folder=folder)
    assert rows(STRUCTURE) == before
    assert not Person.objects.exists()


def test_a_row_without_its_household_is_refused_by_the_foreign_key(
    cast: Cast, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are checked before; should a fault slip through, the database refuses the whole load."""
    monkeypatch.setattr(registry_loading, "states_rows", lambda *_: _states("H-nowhere"))
    with pytest.raises(Exception, match="foreign key constraint"):
        registry.load_registry(by=cast.office, folder=folder)
    assert not Household.objects.exists()


def _states(household_id: str) -> object:
    import polars as pl

    return pl.DataFrame({"household_id": [household_id], "state": ["0"], "valid_from": ["2020-01-01"]})


def test_tables_with_rows_are_filled_beside_them(cast: Cast, folder: Path, ways: list[str]) -> None:
    Household.objects.create(household_id="H-old", village_code="450124100201", state="9")
    registry.load_registry(by=cast.office, folder=folder)
    assert ways[0] == "Household"
    assert Household.objects.count() == 3


def test_tables_in_use_are_not_waited_for(
    cast: Cast, folder: Path, ways: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_loading, "PATIENCE", "50ms")
    reader = connection.copy(alias="reader")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM registry_household")
            busy = first_loading.load_into_empty([Household], lambda *_: "written")
        assert busy is None  # the app is inside a transaction of its own
        with reader.cursor() as cursor:
            cursor.execute("BEGIN; SELECT count(*) FROM registry_household")
            registry.load_registry(by=cast.office, folder=folder)
    finally:
        reader.close()
    assert ways[0] == "Household"
    assert Person.objects.count() == 3


def test_the_owners_connection_is_given_back(cast: Cast, folder: Path) -> None:
    registry.load_registry(by=cast.office, folder=folder)
    assert connections["owner"].connection is None
