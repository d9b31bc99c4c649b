"""Good rows → one immutable Parquet file without any ID number: each is replaced by its keyed hash.

Shape: docs/catalogue-format.md, "What the engine reads and writes".
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from fupin.catalogue.schema import Dataset
from fupin.exchange.ahead import in_order
from fupin.exchange.hashing import DIGITS, Hashing, hashing, hashing_aside
from fupin.exchange.reading.columns import ByteRows, dtype_of, fixed_bytes
from fupin.exchange.reading.duplicates import Marks
from fupin.exchange.reading.table import ROW
from fupin.exchange.remembered import TOLD, Numbers, Remembered, Told
from fupin.kernel.keys import Key

MOST_REMEMBERED = 1 << 23  # places of 24 bytes, for about so many people
HELD_BYTES = 64 << 20
MOST_IN_DICTIONARY = 0.25  # distinct cells among all
_ROW_BYTES = 100  # of a delivered file, or more


def lake_schema(dataset: Dataset) -> dict[str, pl.DataType]:
    """Column → type, in the order of the file."""
    shape: dict[str, pl.DataType] = {ROW: pl.Int64()}
    for column in dataset.columns.values():
        if column.type == "idcard":
            shape[f"{column.name}_key"] = pl.Binary()
        else:
            shape[column.name] = dtype_of(column)
    return shape


class LakeKeys:
    """ID number → keyed hash. The same people come back in file after file: most are hashed once.

    Remembered in memory only, by the first 17 digits: the 18th follows from them.
    """

    def __init__(self, key: Key) -> None:
        self.key = key
        self._here = hashing(key.secret)
        self._known = Remembered(MOST_REMEMBERED)

    @contextmanager
    def hashing_for(self, size: int) -> Iterator[Hashing]:
        """For a file of so many bytes: a large one is worth a process beside this one."""
        self._known.expect(size // _ROW_BYTES)
        if size <= HELD_BYTES:
            yield self._here
            return
        with hashing_aside(self.key.secret) as aside:
            yield aside

    def keys_of(self, numbers: pl.Series, hashed: Hashing) -> pl.Series:
        """The hash (Binary) of each canonical number, null for null."""
        given = numbers.drop_nulls()
        if given.is_empty():
            return pl.Series(numbers.name, [None], dtype=pl.Binary).new_from_index(0, len(numbers))
        digits = given.str.head(17).cast(pl.Int64).to_numpy()
        known, missing = self._known.find(digits)
        if missing.size:
            known[missing] = self._fresh(digits[missing], fixed_bytes(given, DIGITS)[missing], hashed)
        found = _binary(known)
        if len(given) == len(numbers):
            return found.alias(numbers.name)
        places = pl.select(pl.when(numbers.is_not_null()).then(numbers.is_not_null().cum_sum() - 1)).to_series()
        return found.gather(places).alias(numbers.name)

    def _fresh(self, digits: Numbers, texts: ByteRows, hashed: Hashing) -> Told:
        """Numbers met for the first time, each of them hashed once; ``texts``: their 18 characters."""
        distinct, inverse = np.unique(digits, return_inverse=True)
        some = np.empty(len(distinct), dtype=np.int64)
        some[inverse] = np.arange(len(digits))  # where each distinct number stands
        told = np.frombuffer(hashed(texts[some].tobytes()), dtype=TOLD)
        self._known.keep(distinct, told)
        return told[inverse]


@cache
def lake_keys(key: Key) -> LakeKeys:
    """One memory per process and key."""
    return LakeKeys(key)


def _binary(rows: Told) -> pl.Series:
    """A value of 16 bytes each, without a copy."""
    places = np.arange(len(rows) + 1, dtype=np.int64) * rows.itemsize
    buffers = [None, pa.py_buffer(places.data), pa.py_buffer(rows.view(np.uint8).data)]
    return pl.Series(values=pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(rows), buffers))


def pseudonymised(good: pl.DataFrame, dataset: Dataset, keys: LakeKeys, hashed: Hashing) -> pl.DataFrame:
    """The lake's columns: each ID number replaced by its keyed hash."""
    added = [keys.keys_of(good[name], hashed).alias(f"{name}_key") for name in dataset.id_columns]
    return good.with_columns(added).select(list(lake_schema(dataset)))


class Spool:
    """Rows in between, because which of them to drop is known at the end only: in memory, beyond HELD_BYTES on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: list[pl.DataFrame | Path] = []
        self._bytes = 0

    def add(self, rows: pl.DataFrame) -> None:
        self._bytes += int(rows.estimated_size())
        if self._bytes <= HELD_BYTES:
            self._held.append(rows)
            return
        path = self._folder / f"rows-{len(self._held)}.arrow"
        rows.write_ipc(path, compression="lz4")
        self._held.append(path)

    def drain(self) -> Iterator[pl.DataFrame]:
        """Each piece once, in order; what lay on disk is removed."""
        self._held.reverse()
        while self._held:
            piece = self._held.pop()
            if isinstance(piece, Path):
                yield pl.read_ipc(piece)
                piece.unlink()
            else:
                yield piece


def write_lake_file(pieces: Iterator[pl.DataFrame], dropped: Marks | None, target: Path, dataset: Dataset) -> None:
    """A row group per piece, without the rows marked in ``dropped`` (by row number; None: all of them)."""
    first = next(pieces, pl.DataFrame(schema=lake_schema(dataset)))
    schema = _arrow(first.clear()).schema
    writer = pq.ParquetWriter(target, schema, **_encoded(first, {f"{name}_key" for name in dataset.id_columns}))

    def kept(piece: pl.DataFrame) -> pa.Table:
        marks = None if dropped is None else dropped[piece[ROW].to_numpy()]
        return _arrow(piece if marks is None or not marks.any() else piece.filter(pl.Series(~marks))).cast(schema)

    with writer, in_order(chain([first], pieces), kept) as tables:
        for table in tables:
            if table.num_rows:
                writer.write_table(table, row_group_size=table.num_rows)


def _encoded(first: pl.DataFrame, keys: Collection[str]) -> dict[str, Any]:
    """How to write each column. Hashes are noise: neither a dictionary nor zstd shortens them. A column whose cells
    are nearly all different in the first piece gets no dictionary: it would be built for nothing and given up."""
    plain = [name for name in first.columns if name not in keys]
    distinct = first.select(pl.col(plain).approx_n_unique()).row(0, named=True)
    many = [name for name in plain if name == ROW or distinct[name] > MOST_IN_DICTIONARY * first.height]
    return {
        "compression": {name: "none" if name in keys else "zstd" for name in first.columns},
        "compression_level": dict.fromkeys(plain, 1),
        "use_dictionary": [name for name in plain if name not in many],
        "column_encoding": {name: "DELTA_BINARY_PACKED" for name in many if first[name].dtype == pl.Int64},
        "write_statistics": plain,
    }


def _arrow(rows: pl.DataFrame) -> pa.Table:
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest())


def sync_and_digest(path: Path) -> str:
    """Force the file to disk; its SHA-256."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
        return hashlib.file_digest(stream, "sha256").hexdigest()
