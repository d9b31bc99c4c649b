from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.conf import settings
from django.db import connection

from fupin.catalogue.schema import tables
from fupin.registry import api as registry
from fupin.registry import snapshot as module
from fupin.registry.models import Household, LedgerEntry
from fupin.registry.tests.fixtures import HEAD_ID, PHONE, Homes

POLARS = {
    "text": pl.String, "code": pl.String, "int": pl.Int64, "money": pl.Int64, "month": pl.Int32, "decimal": pl.Float64,
    "flag": pl.Boolean, "date": pl.Date, "key": pl.Binary,
}  # fmt: skip


@pytest.fixture
def committed(transactional_db: None, homes: Homes) -> Homes:
    """The homes, visible to other connections."""
    return homes


def test_files_have_the_columns_types_and_order_of_the_catalogue(committed: Homes, tmp_path: Path) -> None:
    info = registry.snapshot(tmp_path)
    for name, table in tables().items():
        frame = pl.read_parquet(tmp_path / f"{name}.parquet")
        wanted = {c.name: POLARS[c.type] for c in table.columns.values() if not c.staged}
        assert dict(frame.schema) == wanted
        assert frame.select(table.key).equals(frame.select(table.key).sort(table.key))
        assert frame.height == info.counts[name]
    assert info.counts == {"households": 3, "survey": 2, "persons": 4, "ledger": 2, "screen_persons": 4}


def test_values_are_those_of_the_registry(committed: Homes, tmp_path: Path) -> None:
    registry.snapshot(tmp_path)
    person = pl.read_parquet(tmp_path / "persons.parquet").row(by_predicate=pl.col("person_id") == "P-own", named=True)
    assert person["key"] == settings.FUPIN_KEYS.now.lake_hash(HEAD_ID)
    assert (person["household_id"], person["relation"]) == ("H-own", "01")
    assert person["village_code"] == committed.own.village_code
    assert pl.read_parquet(tmp_path / "survey.parquet")["house_area"].to_list() == [82.505, 82.505]


def test_a_former_member_is_not_in_it(committed: Homes, tmp_path: Path) -> None:
    committed.own.memberships.filter(person_id="P-child").update(valid_to="2026-01-01")
    registry.snapshot(tmp_path)
    assert "P-child" not in pl.read_parquet(tmp_path / "persons.parquet")["person_id"].to_list()


def test_the_manifest_pins_every_file(committed: Homes, tmp_path: Path) -> None:
    info = registry.snapshot(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["id"] == info.id
    assert manifest["lake_key"] == settings.FUPIN_KEYS.now.lake.id
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((tmp_path / f"{name}.parquet").read_bytes()).hexdigest() == digest


def test_the_same_registry_gives_the_same_bytes(committed: Homes, tmp_path: Path) -> None:
    assert registry.snapshot(tmp_path / "a").sha256 == registry.snapshot(tmp_path / "b").sha256


def test_no_number_and_no_phone_is_in_any_file(committed: Homes, tmp_path: Path) -> None:
    registry.snapshot(tmp_path)
    for name in (*tables(), module.SCREENED):
        frame = pl.read_parquet(tmp_path / f"{name}.parquet")
        for text in (HEAD_ID, PHONE):
            assert text not in str(frame.to_dicts())
        assert not [name for name in frame.columns if name.endswith(("hint", "lookup", "tail4", "tail6"))]


def test_what_is_written_meanwhile_is_not_half_seen(
    committed: Homes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the snapshot is opened and before a table is read, somebody commits a household and a month of its own."""
    opened = module._same_moment

    @contextmanager
    def busy(count: int) -> Iterator[list[Any]]:
        with opened(count) as readers:
            Household.objects.create(household_id="H-late", village_code="450124100201", state="9")
            LedgerEntry.objects.create(household_id="H-late", month=202609)
            yield readers

    monkeypatch.setattr(module, "_same_moment", busy)
    info = registry.snapshot(tmp_path)
    assert Household.objects.filter(pk="H-late").exists()
    assert (info.counts["households"], info.counts["ledger"]) == (3, 2)
    assert "H-late" not in pl.read_parquet(tmp_path / "ledger.parquet")["household_id"].to_list()


def test_a_broken_snapshot_leaves_no_manifest(
    committed: Homes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.snapshot(tmp_path)
    monkeypatch.setitem(module.SOURCES, "ledger", "no_such_table t")
    with pytest.raises(Exception, match="no_such_table"):
        registry.snapshot(tmp_path)
    assert not (tmp_path / "manifest.json").exists()
    assert connection.is_usable()
