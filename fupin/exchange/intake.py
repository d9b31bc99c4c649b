"""From a delivered file to a Parquet file and counted rows. No database: what happens here can be thrown away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from fupin.catalogue.schema import Dataset
from fupin.exchange.ahead import in_order
from fupin.exchange.parquet import LakeKeys, Spool, pseudonymised, sync_and_digest, write_lake_file
from fupin.exchange.reading import refusals
from fupin.exchange.reading.duplicates import Dropped, RowHashes
from fupin.exchange.reading.reasons import reason
from fupin.exchange.reading.recognise import Table, open_table
from fupin.exchange.reading.rowcheck import BadRow, Checked, RowCheck
from fupin.exchange.reading.source import Source
from fupin.exchange.reading.table import ROW, Piece, cell_names

#: so many quarantined rows are kept with their cells; the count goes on beyond
KEPT_BAD_ROWS = 100_000
Progress = Callable[[str, float], None]


@dataclass
class Intake:
    """rows = good + bad + duplicates; ``bad`` holds at most KEPT_BAD_ROWS of the ``bad_rows``, in the order found."""

    recognised: dict[str, Any] = field(default_factory=dict)
    rows: int = 0
    good_rows: int = 0
    bad_rows: int = 0
    duplicate_rows: int = 0
    without_id_rows: int = 0
    bad: list[BadRow] = field(default_factory=list)
    parquet_sha256: str = ""
    seconds: float = 0.0


def take_in(
    source: Source, dataset: Dataset, cut_off: date, keys: LakeKeys, folder: Path, target: Path, progress: Progress
) -> Intake:
    """Read all of ``source`` and write its good rows to ``target``; ``folder`` is for files in between.

    Raises Refusal; then nothing in ``folder`` means anything.
    """
    began = time.monotonic()
    taken = Intake()
    spool = Spool(folder)
    with open_table(source, dataset) as table, keys.hashing_for(source.size) as hashed:
        check = RowCheck(dataset, table, cut_off)
        hashes = RowHashes(dataset, folder / "hashes")
        for good in _good_rows(taken, table, check, progress):
            hashes.add(good)
            spool.add(pseudonymised(good, dataset, keys, hashed))
        dropped = hashes.dropped()
        if taken.rows == 0:
            raise refusals.header_only(table.header.row)
        _drop(taken, table, dropped)
        taken.recognised = table.recognised(dataset)
    progress("写入数据湖", 0.9)
    write_lake_file(spool.drain(), dropped.marks, target, dataset)
    taken.parquet_sha256 = sync_and_digest(target)
    taken.seconds = time.monotonic() - began
    return taken


def _good_rows(taken: Intake, table: Table, check: RowCheck, progress: Progress) -> Iterator[pl.DataFrame]:
    """The good rows of each piece in order; the next pieces are read and checked meanwhile."""
    done = 0

    def checked(piece: Piece) -> tuple[int, Checked]:
        return piece.size, check.check(piece.frame, KEPT_BAD_ROWS - len(taken.bad))

    with in_order(table.pieces(), checked) as pieces:
        for size, result in pieces:
            _count(taken, result)
            yield result.good
            done += size
            progress("读取并核对", 0.85 * min(1.0, done / max(1, table.size)))


def _count(taken: Intake, result: Checked) -> None:
    taken.rows += result.good.height + result.bad_count
    taken.good_rows += result.good.height
    taken.bad_rows += result.bad_count
    taken.without_id_rows += result.without_id
    room = KEPT_BAD_ROWS - len(taken.bad)
    taken.bad += result.bad[:room]


def _drop(taken: Intake, table: Table, dropped: Dropped) -> None:
    """Take duplicates and superseded rows out of the counts; the latter are read again for their cells."""
    taken.duplicate_rows = dropped.duplicates
    taken.bad_rows += dropped.superseded_count
    taken.good_rows -= dropped.count
    taken.without_id_rows -= dropped.without_id
    room = KEPT_BAD_ROWS - len(taken.bad)
    if dropped.superseded.height and room > 0:
        taken.bad += _superseded_rows(table, dropped.superseded.head(room))


def _superseded_rows(table: Table, superseded: pl.DataFrame) -> Iterator[BadRow]:
    kept = dict(superseded.select("row", "kept").iter_rows())
    names = cell_names(table.width)
    for piece in table.pieces(superseded["row"].to_numpy()):
        for row, *cells in piece.frame.select(ROW, *names).iter_rows():
            zh, en = reason("superseded", None, limit=str(kept[row]))
            yield BadRow(row, "", "superseded", zh, en, [cell or "" for cell in cells])
