"""A lake file under another key says the same: only the hashes differ, and they join the same people."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fupin.exchange.parquet import LakeKeys
from fupin.exchange.reading.source import PlainFile
from fupin.exchange.rehashing import Versions, rehash
from fupin.exchange.tests.files import HEADER, KEY, card, csv_bytes, intake, person, row, written
from fupin.kernel.errors import UserError
from fupin.kernel.keys import Key, keyed_hash

NEW = Key("l2", b"n" * 32)
VERSIONS = Versions(LakeKeys(KEY), LakeKeys(NEW))
PEOPLE = [person(number) for number in range(1, 9)]


def rehashed(folder: Path, rows: list[list[str]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The lake file as it came in, and under the new key."""
    path = written(folder, csv_bytes([HEADER, *rows]))
    intake(path, folder)
    rehash(PlainFile(path), card(), folder / "out.parquet", folder / "new.parquet", VERSIONS)
    return pl.read_parquet(folder / "out.parquet"), pl.read_parquet(folder / "new.parquet")


def joined(lake: pl.DataFrame, key: Key) -> list[tuple[int, str]]:
    """(row of the delivery, person) by the keyed hash, as a run joins them."""
    people = pl.DataFrame({"person": PEOPLE, "key": [keyed_hash(key, number) for number in PEOPLE]})
    return lake.join(people, left_on="id_number_key", right_on="key").select("row", "person").sort("row").rows()


@hypothesis_settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 3), st.booleans()), min_size=1, max_size=30))
def test_both_versions_join_the_same_people(some: list[tuple[int, int, bool]]) -> None:
    rows = [row(number, amount=f"{amount}.00", item="08") for number, amount, _untidy in some]
    for one, (_number, _amount, untidy) in zip(rows, some, strict=True):
        one[0] = f" {one[0].lower()}" if untidy else one[0]
    with tempfile.TemporaryDirectory() as folder:
        old, new = rehashed(Path(folder), rows)
    assert joined(new, NEW) == joined(old, KEY)
    assert new.drop("id_number_key").equals(old.drop("id_number_key"))
    assert not set(new["id_number_key"].drop_nulls()) & set(old["id_number_key"].drop_nulls())


def test_the_types_of_the_columns_stay(tmp_path: Path) -> None:
    old, new = rehashed(tmp_path, [row(1), row(2)])
    assert new.schema == old.schema
    assert new["id_number_key"].to_list() == [keyed_hash(NEW, person(1)), keyed_hash(NEW, person(2))]


def test_a_file_without_a_good_row_stays_one(tmp_path: Path) -> None:
    old, new = rehashed(tmp_path, [["合计", "", "", "", ""]])
    assert (old.height, new.height, new.schema) == (0, 0, old.schema)


def test_another_file_than_the_delivered_one_is_not_believed(tmp_path: Path) -> None:
    intake(written(tmp_path, csv_bytes([HEADER, row(1), row(2)])), tmp_path)
    other = written(tmp_path, csv_bytes([HEADER, row(1)]), "other.csv")
    with pytest.raises(UserError, match="1 rows of the lake file"):
        rehash(PlainFile(other), card(), tmp_path / "out.parquet", tmp_path / "new.parquet", VERSIONS)
