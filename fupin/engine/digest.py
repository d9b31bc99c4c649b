"""Digest of a result that any engine can repeat: SHA-256 over a canonical form of its rows.

Rows are sorted by primary key, columns stand in declared order. The digest is the SHA-256 of the columns' digests
(32 bytes each), one after another; the digest of a column is the SHA-256 of these bytes:

1. its name (UTF-8; the length before it, 8 bytes big-endian), a tag (one letter), the number of rows (8 bytes
   big-endian);
2. presence: the byte 1 when every row has a value; else the byte 0 and one bit per row, 1 = present, the first row in
   the highest bit, the last byte filled up with 0;
3. the values of the rows that are present, by tag:
   ``i`` integers, flags (0 and 1), dates (days since 1970), decimals (whole thousandths): 8 bytes each, little-endian
   two's complement;
   ``s`` texts, ``b`` binary: the lengths in bytes (texts in UTF-8), 8 bytes little-endian each, then all bytes;
   ``l`` lists of structs: their lengths (like integers), then each member of all the structs, one after another, as
   bytes 1 to 3 of a column of its own.

No floats enter. Columns are hashed on their own so that two threads can share them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from fupin.catalogue.schema import CatalogueError

Parts = Iterator[Any]  # anything with a buffer
#: values read at once: a wide table need not fit into memory
VALUES = 16_000_000


def _integers(series: pl.Series) -> Parts:
    if series.dtype.is_float():
        scaled = series.cast(pl.Float64) * 1000
        series = ((scaled.abs() + 0.5).floor() * scaled.sign()).cast(pl.Int64)
    if series.dtype == pl.Date:
        series = series.cast(pl.Int32)
    yield np.ascontiguousarray(series.cast(pl.Int64).to_numpy(), dtype="<i8")


def _texts(series: pl.Series) -> Parts:
    """Lengths, then the bytes as they stand in Arrow's buffer: texts end to end, without a copy of each."""
    if series.dtype in (pl.Categorical, pl.Enum):
        series = series.cast(pl.String)
    array = series.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    array = array.cast(pa.large_binary())
    _, offsets, data = array.buffers()
    if offsets is None or not len(array):
        return
    ends = np.frombuffer(memoryview(offsets), dtype="<i8", count=len(array) + 1, offset=8 * array.offset)
    yield np.diff(ends)
    if data is not None and ends[-1] > ends[0]:
        yield memoryview(data)[ends[0] : ends[-1]]


def _lists(series: pl.Series) -> Parts:
    yield from _integers(series.list.len())
    members = series.filter(series.list.len() > 0).explode().struct.unnest()
    for member in members.iter_columns():
        yield from _framed(member)


def _tagged(series: pl.Series) -> tuple[bytes, Parts]:
    present = series.drop_nulls()
    if series.dtype.is_numeric() or series.dtype in (pl.Boolean, pl.Date):
        return b"i", _integers(present)
    if series.dtype == pl.Binary:
        return b"b", _texts(present)
    if isinstance(series.dtype, pl.List):
        return b"l", _lists(present)
    if series.dtype in (pl.String, pl.Categorical) or isinstance(series.dtype, pl.Enum):
        return b"s", _texts(present)
    raise CatalogueError(
        f"column {series.name!r}: type {series.dtype} has no canonical form; use text, integer or date"
    )


def _framed(series: pl.Series) -> Parts:
    """A column as the module says: name, tag, rows; presence; values."""
    tag, values = _tagged(series)
    name = series.name.encode()
    yield len(name).to_bytes(8, "big") + name + tag + len(series).to_bytes(8, "big")
    if series.null_count():
        yield b"\0"
        yield np.packbits(series.is_not_null().to_numpy())
    else:
        yield b"\1"
    yield from values


def _digest_column(series: pl.Series) -> bytes:
    digest = hashlib.sha256()
    for part in _framed(series):
        digest.update(part)
    return digest.digest()


def _is_sorted(frame: pl.DataFrame, key: Sequence[str]) -> bool:
    """Whether no row comes before the row above it; much quicker than to sort again."""
    behind, equal = pl.lit(False), pl.lit(True)
    for name in key:
        value, above = pl.col(name), pl.col(name).shift()
        behind, equal = behind | (equal & (value < above)), equal & (value == above)
    return not frame.select(behind.any()).item()


def digest_frame(frame: pl.DataFrame, key: Sequence[str]) -> str:
    """SHA-256 (hex) of the rows, independent of their order. ``key`` names the primary key."""
    ordered = frame if _is_sorted(frame, key) else frame.sort(key)
    return hashlib.sha256(b"".join(_digests_by_name(ordered).values())).hexdigest()


def digest_file(path: Path, key: Sequence[str]) -> str:
    """The digest of a Parquet file, some columns at a time, so that a wide table need not fit into memory."""
    keys = pl.read_parquet(path, columns=list(key))
    order = None
    if not _is_sorted(keys, key):
        order = keys.with_row_index("|at").sort(key).get_column("|at")
    names = pl.read_parquet_schema(path)
    digests: dict[str, bytes] = {}
    for some in _batches([name for name in names if name not in keys.columns], max(1, VALUES // max(1, len(keys)))):
        digests |= _digests_by_name(pl.read_parquet(path, columns=some), order)
    digests |= _digests_by_name(keys, order)
    return hashlib.sha256(b"".join(digests[name] for name in names)).hexdigest()


def _batches(names: list[str], size: int) -> Iterator[list[str]]:
    return (names[start : start + size] for start in range(0, len(names), size))


def _digests_by_name(frame: pl.DataFrame, order: pl.Series | None = None) -> dict[str, bytes]:
    ordered = frame if order is None else frame.select(pl.all().gather(order))
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(ordered.columns, pool.map(_digest_column, ordered.iter_columns()), strict=True))


def source_hash(folder: Path = Path(__file__).parent) -> str:
    """SHA-256 over the engine's own sources and models: another hash means another computation."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*"), key=lambda p: p.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix()
        if path.suffix in (".py", ".toml") and "tests" not in path.parts:
            for part in (name.encode(), path.read_bytes()):
                digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
