"""The benchmarks of the engine at tiny size: both sides do the same, the line is whole. Nothing is timed here."""

import json
import os
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fupin.bench import compare, frame, index, link, screen
from fupin.bench.compare_data import Size, keys, make
from fupin.bench.frame import Measured, Result, Side


def measured_here(side: Side) -> Measured:
    """Without a new process, so that the test is quick."""
    work = side()
    started = time.perf_counter()
    value = work()
    return Measured(time.perf_counter() - started, sum(os.times()[:2]), 1.0, value)


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (frame, index, compare, screen):
        monkeypatch.setattr(module, "measure", measured_here)


def figures(result: Result) -> dict[str, object]:
    found: dict[str, object] = json.loads(result.as_line())
    assert set(found) > {"name", "rows", "ours_s", "reference_s", "ratio", "peak_mb"}
    return found


def test_the_index_is_the_same_by_hand_in_sql_and_in_pandas(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    (result,) = index.run(tmp_path, True, index.Size(600, 300, 1))
    found = figures(result)
    assert found["rows"] == 600
    assert {"floor_s", "duckdb_s", "pandas_ratio"} <= set(found)


def test_a_reference_that_finds_something_else_is_refused(tmp_path: Path) -> None:
    pl.DataFrame({"household_id": ["1", "2"], "low": [1, 2]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"household_id": ["2", "1"], "low": [1, 2]}).write_parquet(tmp_path / "b.parquet")
    index.demand_equal((tmp_path / "a.parquet",), (tmp_path / "a.parquet",))
    with pytest.raises(ValueError, match=r"b\.parquet differs in low"):
        index.demand_equal((tmp_path / "a.parquet",), (tmp_path / "b.parquet",))


def test_the_comparison_by_hand_gives_the_same_links_and_findings(tmp_path: Path) -> None:
    rows = dict.fromkeys(compare.FULL.rows, 3_000)
    found = figures(*compare.run(tmp_path, True, Size(700, rows, 1)))
    assert found["rows"] == 15_000
    links, findings = found["links"], found["findings"]
    assert isinstance(links, int)
    assert isinstance(findings, int)
    assert 3_000 < links < 4_500  # one person in four is registered
    assert findings > 50


def test_made_keys_are_sixteen_bytes_and_tell_persons_apart(tmp_path: Path) -> None:
    made = keys(np.arange(10_000))
    assert made.n_unique() == 10_000
    assert made.bin.size().unique().to_list() == [16]


def test_the_same_size_gives_the_same_comparison_data(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        make(tmp_path / name, Size(50, {"tx_payments": 20}, 1))
    first, second = (pl.read_parquet(tmp_path / name / "lake" / "tx_payments.parquet") for name in ("a", "b"))
    assert first.equals(second)


def test_linking_generated_persons_gives_the_pairs_of_bare_splink(tmp_path: Path) -> None:
    result = link._generated(tmp_path, 300, 1)
    pairs = figures(result)["pairs"]
    assert isinstance(pairs, int)
    assert 150 < pairs < 400


@pytest.mark.parametrize("known", link.KNOWN, ids=lambda known: known.name)
def test_the_published_f1_is_reached(known: link.Known) -> None:
    found = figures(link._published(known))
    assert found["f1_reached"] is True
    assert found["rows"] in (1_000, 5_000, 10_000)


def test_the_screening_by_hand_finds_the_same_objects(tmp_path: Path) -> None:
    found = figures(*screen.run(tmp_path, True, 3_000))
    assert (found["rows"], found["persons"], found["rules"]) == (3_000, 10_500, 12)
    hits, all_hits, applied = found["hits"], found["all_rules_hits"], found["all_rules"]
    assert isinstance(hits, int)
    assert isinstance(all_hits, int)
    assert isinstance(applied, int)
    assert 0 < hits < all_hits < 3_000
    assert applied > 180
