from pathlib import Path

import polars as pl
import pytest

from fupin.bench.receive import ENCODINGS, id_numbers, make_file, reference
from fupin.exchange.tests.files import intake
from fupin.kernel.identity import is_valid
from fupin.kernel.keys import Key, keyed_hash

KEY = Key("bench", b"k" * 32)


def test_the_persons_are_distinct_and_their_numbers_valid() -> None:
    import numpy as np

    numbers = id_numbers(np.arange(990, 1_010)).to_list()
    assert len(set(numbers)) == 20
    assert all(map(is_valid, numbers))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_door_takes_the_file_with_one_bad_row_in_a_thousand(encoding: str, tmp_path: Path) -> None:
    make_file(tmp_path / "card.csv", 3_000, encoding)
    taken = intake(tmp_path / "card.csv", tmp_path)
    assert (taken.rows, taken.bad_rows, taken.duplicate_rows) == (3_000, 3, 0)
    assert {one.code for one in taken.bad} == {"below_min"}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_reference_replaces_every_number_by_its_keyed_hash(encoding: str, tmp_path: Path) -> None:
    make_file(tmp_path / "card.csv", 200, encoding)
    reference(tmp_path / "card.csv", tmp_path / "out.parquet", KEY, encoding)
    cells = [line.split(",")[0] for line in (tmp_path / "card.csv").read_text(encoding).splitlines()[1:]]
    assert pl.read_parquet(tmp_path / "out.parquet")["key"].to_list() == [keyed_hash(KEY, cell) for cell in cells]
