"""Good rows → one immutable Parquet file without any ID number: each is replaced by its keyed hash.

Shape: docs/catalogue-format.md, "What the engine reads and writes".
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from fupin.catalogue.schema import Dataset
from fupin.exchange.ahead import in_order
from fupin.exchange.hashing import DIGITS, HASH_BYTES, Hashing, hashing, hashing_aside
from fupin.exchange.reading.columns import ByteRows, dtype_of, fixed_bytes
from fupin.exchange.reading.duplicates import Marks
from fupin.exchange.reading.table import ROW
from fupin.kernel.keys import Key

Distinct = np.ndarray[tuple[int], np.dtype[np.int64]]
MOST_REMEMBERED = 1 << 22  # people; 24 bytes each
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ / golden ratio: neighbouring numbers land far apart
_REMEMBERED = np.dtype([("n", "<i8"), ("key", "V16")])
HELD_BYTES = 64 << 20


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

    Remembered in memory only, by the first 17 digits (the 18th follows from them): each has one place in a table of
    ``MOST_REMEMBERED``, and whoever comes later takes it over.
    """

    def __init__(self, key: Key) -> None:
        self.key = key
        self._here = hashing(key.secret)
        self._table = np.zeros(MOST_REMEMBERED, dtype=_REMEMBERED)
        self._lock = Lock()

    @contextmanager
    def hashing_for(self, size: int) -> Iterator[Hashing]:
        """For a file of so many bytes: a large one is worth a process beside this one."""
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
        distinct, inverse = np.unique(given.str.head(17).cast(pl.Int64).to_numpy(), return_inverse=True)
        some = np.empty(len(distinct), dtype=np.int64)
        some[inverse] = np.arange(len(given))  # where each distinct number stands
        keys = self._keys(distinct, fixed_bytes(given.gather(some), DIGITS), hashed)
        found = _binary(keys[inverse])
        if len(given) == len(numbers):
            return found.alias(numbers.name)
        places = pl.select(pl.when(numbers.is_not_null()).then(numbers.is_not_null().cum_sum() - 1)).to_series()
        return found.gather(places).alias(numbers.name)

    def _keys(self, distinct: Distinct, texts: ByteRows, hashed: Hashing) -> ByteRows:
        """(n, 16) bytes for the distinct numbers; ``texts``: their 18 characters."""
        slots = ((distinct.astype(np.uint64) * _SPREAD >> np.uint64(32)) % np.uint64(len(self._table))).astype(np.int64)
        with self._lock:
            remembered = self._table[slots]
        missing = np.flatnonzero(remembered["n"] != distinct)
        fresh = np.frombuffer(hashed(texts[missing].tobytes()), dtype="V16")
        remembered["n"][missing], remembered["key"][missing] = distinct[missing], fresh
        with self._lock:  # number and key together: two deliveries may be read at the same time
            self._table[slots[missing]] = remembered[missing]
        return np.ascontiguousarray(remembered["key"]).view(np.uint8).reshape(-1, HASH_BYTES)


@cache
def lake_keys(key: Key) -> LakeKeys:
    """One memory per process and key."""
    return LakeKeys(key)


def _binary(rows: ByteRows) -> pl.Series:
    array = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(rows.shape[1]), len(rows), [None, pa.py_buffer(rows.tobytes())]
    )
    return pl.Series(values=array).cast(pl.Binary)


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


def write_lake_file(pieces: Iterator[pl.DataFrame], dropped: Marks, target: Path, dataset: Dataset) -> None:
    """A row group per piece, without the rows marked in ``dropped`` (by row number).

    Hashes are noise: neither a dictionary nor zstd shortens them.
    """
    schema = _arrow(pl.DataFrame(schema=lake_schema(dataset))).schema
    keys = {f"{name}_key" for name in dataset.id_columns}
    plain = [name for name in schema.names if name not in keys]
    writer = pq.ParquetWriter(
        target,
        schema,
        compression={name: "none" if name in keys else "zstd" for name in schema.names},
        compression_level=dict.fromkeys(plain, 1),
        use_dictionary=[name for name in plain if name != ROW],  # type: ignore[arg-type]  # names, says the manual
        column_encoding={ROW: "DELTA_BINARY_PACKED"},
        write_statistics=plain,
    )

    def kept(piece: pl.DataFrame) -> pa.Table:
        marks = dropped[piece[ROW].to_numpy()]
        return _arrow(piece.filter(pl.Series(~marks)) if marks.any() else piece).cast(schema)

    with writer, in_order(pieces, kept) as tables:
        for table in tables:
            if table.num_rows:
                writer.write_table(table, row_group_size=table.num_rows)


def _arrow(rows: pl.DataFrame) -> pa.Table:
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest())


def sync_and_digest(path: Path) -> str:
    """Force the file to disk; its SHA-256."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
        return hashlib.file_digest(stream, "sha256").hexdigest()
