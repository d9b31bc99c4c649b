from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.conf import settings
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from fupin.accounts.api import acting_as
from fupin.accounts.models import Deed
from fupin.accounts.tests.fixtures import FAR_VILLAGE, VILLAGE, Cast
from fupin.kernel.errors import Forbidden, UserError
from fupin.registry import api as registry
from fupin.registry import registry_loading
from fupin.registry.copying import copy_in
from fupin.registry.models import Household, HouseholdState, LedgerEntry, Membership, Person, SealedValue, Survey
from fupin.registry.sealing import bound_to, unseal
from fupin.registry.tests.fixtures import HEAD_ID, PHONE
from fupin.registry.tests.folders import plain_rows, write_folder

Opened = Callable[[str], str]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    """What the closed table was given for a person: the app itself could not read it back."""
    written: dict[str, str] = {}

    def noting(model: type[Model], frames: Iterable[pl.DataFrame]) -> int:
        kept = list(frames)
        if model is SealedValue:
            for row in pl.concat(kept).iter_rows(named=True):
                bound = bound_to(row["record"], row["field"])
                written[row["record"]] = unseal(settings.FUPIN_KEYS.now, row["cipher"], bound)
        return copy_in(model, kept)

    monkeypatch.setattr(registry_loading, "copy_in", noting)
    return written.__getitem__


@pytest.fixture
def loaded(cast: Cast, regions: None, opened: Opened, tmp_path: Path) -> registry.Loaded:
    return registry.load_registry(by=cast.office, folder=write_folder(tmp_path / "city", plain_rows()))


def test_it_counts_what_it_wrote_and_records_the_deed(cast: Cast, loaded: registry.Loaded) -> None:
    assert loaded == registry.Loaded(households=2, persons=3, surveys=1, ledger=2, without_id=1)
    deed = Deed.objects.get(verb="load_registry")
    assert (deed.by, deed.detail["persons"]) == (cast.office, 3)


def test_a_household_gets_its_head_and_members(loaded: registry.Loaded) -> None:
    one = Household.objects.get(pk="H1")
    assert (one.head_name, one.head_pinyin, one.members) == ("韦大山", "weidashan", 2)
    assert bytes(one.phone_lookup or b"") == settings.FUPIN_KEYS.now.lookup_hash(PHONE)


def test_numbers_are_normalised_hashed_and_encrypted(opened: Opened, loaded: registry.Loaded) -> None:
    person = Person.objects.get(pk="P1")
    assert bytes(person.lake_key or b"") == settings.FUPIN_KEYS.now.lake_hash(HEAD_ID)
    assert bytes(person.id_lookup or b"") == settings.FUPIN_KEYS.now.lookup_hash(HEAD_ID)
    assert opened("P1") == HEAD_ID
    assert (person.pinyin, person.initials) == ("wei da shan", "wds")


def test_the_same_number_twice_is_kept_for_people_to_find(loaded: registry.Loaded) -> None:
    assert Person.objects.filter(id_lookup=settings.FUPIN_KEYS.now.lookup_hash(HEAD_ID)).count() == 2


def test_a_wrong_number_is_kept_as_written_but_joins_nothing(opened: Opened, loaded: registry.Loaded) -> None:
    person = Person.objects.get(pk="P2")
    assert (person.lake_key, person.id_lookup) == (None, None)
    assert opened("P2") == "45012419190601002"


def test_states_and_memberships_carry_their_days(loaded: registry.Loaded) -> None:
    states = HouseholdState.objects.filter(household_id="H1").order_by("valid_from")
    days = [(row.state, row.valid_from, row.valid_to) for row in states]
    assert days == [("0", date(2015, 11, 30), date(2018, 12, 31)), ("1", date(2018, 12, 31), None)]
    since = dict(Membership.objects.values_list("person_id", "valid_from"))
    assert since == {"P1": date(2015, 11, 30), "P2": date(2019, 6, 1), "P3": date(2026, 6, 1)}


def test_facts_arrive_unchanged(loaded: registry.Loaded) -> None:
    assert str(Survey.objects.get().house_area) == "82.505"
    assert LedgerEntry.objects.get(month=202609).wage_work == 120_000
    assert Survey.objects.get().roof_leaks is None


def wrong(table: str, row: int, **values: Any) -> dict[str, list[dict[str, Any]]]:
    rows = copy.deepcopy(plain_rows())
    rows[table][row] |= values
    return rows


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (wrong("households", 0, village_code="450124999999"), "450124999999"),
        (wrong("households", 0, state="7"), "第 1 行「state"),
        (wrong("households", 0, household_id=None), "household_id"),
        (wrong("households", 1, household_id="H1"), "编号重复，例如 H1"),
        (wrong("persons", 1, person_id="P2"), "编号重复，例如 P2"),
        (wrong("persons", 1, household_id="H9"), "例如 H9"),
        (wrong("persons", 2, health="77"), "第 3 行「health"),
        (wrong("survey", 0, house_area=-1), "house_area"),
        (wrong("ledger", 1, month=202608), "H1, 202608"),
        (wrong("ledger", 1, month=202613), "month"),
        (wrong("ledger", 0, household_id="H9"), "ledger"),
    ],
)
def test_a_wrong_table_is_refused_whole(cast: Cast, regions: None, tmp_path: Path, rows: Any, says: str) -> None:
    with pytest.raises(UserError, match=says) as caught:
        registry.load_registry(by=cast.office, folder=write_folder(tmp_path, rows))
    assert caught.value.hint_en
    assert not Household.objects.exists()
    assert HEAD_ID not in str(caught.value)


def test_a_missing_table_and_a_missing_column_are_named(cast: Cast, regions: None, tmp_path: Path) -> None:
    folder = write_folder(tmp_path, plain_rows())
    survey = pl.read_parquet(folder / "survey.parquet")
    survey.drop("toilet", "fuel").write_parquet(folder / "survey.parquet")
    with pytest.raises(UserError, match="toilet、fuel"):
        registry.load_registry(by=cast.office, folder=folder)
    (folder / "survey.parquet").unlink()
    with pytest.raises(UserError, match=r"没有 survey\.parquet"):
        registry.load_registry(by=cast.office, folder=folder)


def test_a_damaged_file_is_named(cast: Cast, regions: None, tmp_path: Path) -> None:
    folder = write_folder(tmp_path, plain_rows())
    (folder / "persons.parquet").write_bytes(b"no parquet")
    with pytest.raises(UserError, match="persons：不是完好的 Parquet"):
        registry.load_registry(by=cast.office, folder=folder)


def test_loading_twice_is_refused_and_changes_nothing(cast: Cast, loaded: registry.Loaded, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="已有编号"):
        registry.load_registry(by=cast.office, folder=tmp_path / "city")
    assert Household.objects.count() == 2


def test_only_the_office_loads(cast: Cast, regions: None, tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        registry.load_registry(by=cast.cadre, folder=tmp_path)


def test_the_ledger_may_come_in_parts(cast: Cast, regions: None, tmp_path: Path) -> None:
    folder = write_folder(tmp_path, plain_rows())
    ledger = pl.read_parquet(folder / "ledger.parquet")
    (folder / "ledger.parquet").unlink()
    (folder / "ledger").mkdir()
    for number in range(2):
        ledger[number].write_parquet(folder / "ledger" / f"part-{number}.parquet")
    assert registry.load_registry(by=cast.office, folder=folder).ledger == 2


def test_no_number_stands_in_a_statement_that_a_server_may_log(cast: Cast, regions: None, tmp_path: Path) -> None:
    with CaptureQueriesContext(connection) as statements:
        registry.load_registry(by=cast.office, folder=write_folder(tmp_path, plain_rows()))
    text = str(statements.captured_queries)
    assert "INSERT INTO" in text
    assert HEAD_ID not in text
    assert PHONE not in text


def test_households_of_another_region_are_refused_whole(cast: Cast, regions: None, tmp_path: Path) -> None:
    with pytest.raises(Forbidden, match=FAR_VILLAGE):
        registry.load_registry(by=cast.county_office, folder=write_folder(tmp_path, plain_rows()))
    assert Household.objects.count() == 0


def test_a_number_taken_in_another_region_is_refused_without_telling_where(
    cast: Cast, loaded: registry.Loaded, tmp_path: Path
) -> None:
    one = {"household_id": "H2", "village_code": VILLAGE, "state": "9"}
    folder = write_folder(
        tmp_path / "again", {**plain_rows(), "households": [one], "persons": [], "survey": [], "ledger": []}
    )
    with acting_as(cast.county_office, origin="command"), pytest.raises(UserError, match="在别的辖区") as caught:
        registry.load_registry(by=cast.county_office, folder=folder)
    assert "H2" not in str(caught.value)
