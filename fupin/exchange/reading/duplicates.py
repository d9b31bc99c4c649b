"""Rows that a delivery holds twice. Hashes are spooled to disk, so that memory stays bounded for any number of rows.

Of rows with the same key the last is kept; earlier ones with the same content are duplicates, others are superseded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from fupin.catalogue.schema import Dataset
from fupin.exchange.reading.table import ROW

_RECORD = np.dtype([("row", "<i8"), ("key_a", "<u8"), ("key_b", "<u8"), ("content", "<u8"), ("no_id", "?")])
_AT_ONCE = 4_000_000
MOST_TOLD = 100_000
Marks = np.ndarray[tuple[int], np.dtype[np.bool_]]
_SEEDS = (11, 23, 47)


@dataclass
class Dropped:
    """``marks``: a Boolean for each row number, one byte each. ``superseded``: row, kept (the later row), the first
    ``MOST_TOLD`` of ``superseded_count`` in order; the rest is counted only."""

    marks: Marks
    superseded: pl.DataFrame
    superseded_count: int = 0
    duplicates: int = 0
    without_id: int = 0

    @property
    def count(self) -> int:
        return self.duplicates + self.superseded_count

    def take(self, found: pl.DataFrame) -> None:
        """``found``: row, kept, same (identical content), no_id (it had no ID number)."""
        self.marks[found["row"].to_numpy()] = True
        other = found.filter(~pl.col("same")).select("row", "kept")
        self.superseded_count += other.height
        self.duplicates += found.height - other.height
        self.without_id += int(found["no_id"].sum())
        self.superseded = pl.concat([self.superseded, other]).bottom_k(MOST_TOLD, by="row").sort("row")


class RowHashes:
    """Append the good rows of each piece, then ask which of them to drop."""

    def __init__(self, dataset: Dataset, path: Path) -> None:
        self._key = list(dataset.key)
        self._id = next((name for name in dataset.id_columns if dataset.columns[name].required), None)
        self._path = path
        self._stream = path.open("wb")
        self._count, self._last = 0, 0

    def add(self, good: pl.DataFrame) -> None:
        """A row whose key is not complete (no ID number) equals only a row with the same content."""
        content = good.drop(ROW)
        keys = content.select(self._key)
        complete = keys.select(pl.all_horizontal(pl.all().is_not_null())).to_series().to_numpy()
        record = np.empty(good.height, dtype=_RECORD)
        record["row"] = good[ROW].to_numpy()
        record["no_id"] = good[self._id].is_null().to_numpy() if self._id else False
        record["content"] = content.hash_rows(seed=_SEEDS[2]).to_numpy()
        for field, seed in (("key_a", _SEEDS[0]), ("key_b", _SEEDS[1])):
            of_key = keys.hash_rows(seed=seed).to_numpy()
            record[field] = (
                of_key if complete.all() else np.where(complete, of_key, content.hash_rows(seed=seed).to_numpy())
            )
        record.tofile(self._stream)
        self._count += good.height
        self._last = int(record["row"][-1]) if good.height else self._last

    def dropped(self) -> Dropped:
        self._stream.close()
        told = Dropped(np.zeros(self._last + 1, dtype=bool), pl.DataFrame(schema={"row": pl.Int64, "kept": pl.Int64}))
        parts = -(-self._count // _AT_ONCE)
        for part in range(parts):
            told.take(_dropped_of(_select(self._path, part, parts)))
        return told


def _select(path: Path, part: int, parts: int) -> pl.DataFrame:
    """The records of one share of the keys, of keys that stand there more than once."""
    chosen = []
    with path.open("rb") as stream:
        while (block := np.fromfile(stream, dtype=_RECORD, count=_AT_ONCE)).size:
            chosen.append(block if parts == 1 else block[block["key_a"] % parts == part])
    records = chosen[0] if len(chosen) == 1 else np.concatenate(chosen)
    keys = np.sort(records["key_a"])
    several = keys[1:][keys[1:] == keys[:-1]]
    suspects = records[np.isin(records["key_a"], several)] if several.size else records[:0]
    return pl.DataFrame({name: suspects[name] for name in _RECORD.names or ()})


def _dropped_of(records: pl.DataFrame) -> pl.DataFrame:
    """``records``: all those of each key in question."""
    last = (
        records.sort("row")
        .group_by("key_a", "key_b")
        .agg(pl.col("row").last().alias("kept"), pl.col("content").last().alias("kept_content"))
    )
    joined = records.join(last, on=["key_a", "key_b"]).filter(pl.col("row") != pl.col("kept"))
    return joined.select("row", "kept", "no_id", same=pl.col("content") == pl.col("kept_content"))
