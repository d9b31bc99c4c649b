"""One household is explained from a small piece of its run: the same words, never another run, bounded on the disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fupin.engine import explain as engine_explain
from fupin.identify import api as identify
from fupin.identify import explaining, pieces
from fupin.identify.tests.small_city import City


@pytest.fixture(autouse=True)
def small_pieces(city: City, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Sixteen households a piece, cut two by two, in a folder of the test's own."""
    monkeypatch.setattr(pieces, "PIECE", 16)
    monkeypatch.setattr(pieces, "DRAWER", 2)
    monkeypatch.setattr(pieces, "home", lambda: tmp_path / "pieces")
    pieces._borders.cache_clear()
    with django_db_blocker.unblock():
        yield
    pieces._borders.cache_clear()


@pytest.fixture
def run(city: City, tmp_path: Path) -> Path:
    """A copy of the run's folder that a test may change."""
    return shutil.copytree(identify.run_folder(city.run), tmp_path / "run")


def ids_of(run: Path) -> list[str]:
    return pl.read_parquet(run / "index.parquet")["household_id"].sort().to_list()


def low_of(folder: Path, household_id: str) -> int:
    index = pl.read_parquet(folder / "index.parquet").filter(pl.col("household_id") == household_id)
    return int(index["low"].item())


def test_every_household_is_explained_from_its_piece_as_from_the_run(city: City, run: Path) -> None:
    inputs = explaining.pinned_inputs(run)
    for household_id in ids_of(run)[::7]:
        piece = pieces.folder_for(run, household_id)
        assert piece != run
        assert len(ids_of(piece)) <= 16
        told = engine_explain.explain(piece, inputs, household_id)
        assert told == engine_explain.explain(run, inputs, household_id)


def test_all_pieces_can_be_cut_beforehand_and_are_those_that_are_read(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = pieces.prepare(run)
    assert count == len(list(pieces.home().iterdir())) > 1
    monkeypatch.setattr(pieces, "_cut_from", lambda *_given: pytest.fail("it was cut before"))
    assert all(pieces.folder_for(run, one) != run for one in ids_of(run))
    assert pieces.prepare(run) == count


def test_a_run_of_more_pieces_than_are_kept_is_cut_as_it_is_read(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "KEPT", 2)
    assert pieces.prepare(run) == 0
    assert not pieces.home().exists()


def test_the_pieces_hold_every_household_of_the_run_once(run: Path) -> None:
    folders = {pieces.folder_for(run, household_id) for household_id in ids_of(run)}
    assert sorted(one for folder in folders for one in ids_of(folder)) == ids_of(run)


def test_a_piece_of_a_run_that_was_replaced_is_not_read_again(run: Path) -> None:
    household_id = ids_of(run)[20]
    before = low_of(pieces.folder_for(run, household_id), household_id)
    index = pl.read_parquet(run / "index.parquet").with_columns(pl.col("low") + 1)
    index.write_parquet(run / "index.parquet.partial")
    (run / "index.parquet.partial").replace(run / "index.parquet")
    assert low_of(pieces.folder_for(run, household_id), household_id) == before + 1


def test_the_pieces_that_were_read_last_are_kept(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "KEPT", 3)
    ids = ids_of(run)
    first = pieces.folder_for(run, ids[0])
    for number, piece in enumerate(pieces.home().iterdir()):
        os.utime(piece, (1000 + number, 1000 + number))
    assert pieces.folder_for(run, ids[0]) == first  # read again: now the youngest
    pieces.folder_for(run, ids[40])
    kept = set(pieces.home().iterdir())
    assert len(kept) == 3
    assert first in kept


def test_a_piece_cleared_away_meanwhile_is_no_loss(city: City, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    household_id = ids_of(identify.run_folder(city.run))[0]
    expected = identify.explain(city.cast["office"], city.run, household_id)
    monkeypatch.setattr(pieces, "folder_for", lambda run, one: tmp_path / "gone")
    assert identify.explain(city.cast["office"], city.run, household_id) == expected


def test_where_no_piece_can_be_written_the_run_itself_is_read(
    run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(pieces, "home", lambda: tmp_path / "file" / "pieces")
    assert pieces.folder_for(run, ids_of(run)[0]) == run


def test_what_a_killed_process_left_half_written_is_not_taken_for_a_piece(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    household_id = ids_of(run)[0]

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pl.DataFrame, "write_parquet", killed)
        with pytest.raises(KeyboardInterrupt):
            pieces.folder_for(run, household_id)
    assert ids_of(pieces.folder_for(run, household_id)) == ids_of(run)[:16]
