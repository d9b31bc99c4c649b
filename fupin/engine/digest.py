"""Digest of a result that any engine can repeat: SHA-256 over a canonical form of its rows.

Rows are sorted by primary key, columns stand in declared order. A column is a run of bytes:
its name (length-prefixed UTF-8), a tag, the number of rows (8 bytes, big-endian), the presence of each row (one byte,
1 or 0), then the values of the rows that are present: ``i`` integers, flags, dates (days since 1970), decimals (whole
thousandths) as 8 bytes little-endian two's complement; ``s`` texts as the lengths in UTF-8 bytes (8 bytes little-endian
each) followed by all bytes; ``b`` binary likewise; ``l`` lists of structs as their lengths (like integers), then each
member of all the structs, one after another, as a column of its own.
No floats enter. The digest is SHA-256 over the columns' bytes, one after another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from fupin.catalogue.schema import CatalogueError


def _integers(series: pl.Series) -> bytes:
    if series.dtype.is_float():
        scaled = series.cast(pl.Float64) * 1000
        series = ((scaled.abs() + 0.5).floor() * scaled.sign()).cast(pl.Int64)
    if series.dtype == pl.Date:
        series = series.cast(pl.Int32)
    return np.ascontiguousarray(series.cast(pl.Int64).to_numpy(), dtype="<i8").tobytes()


def _texts(series: pl.Series) -> bytes:
    if series.dtype in (pl.Categorical, pl.Enum):
        series = series.cast(pl.String)
    sizes = series.bin.size() if series.dtype == pl.Binary else series.str.len_bytes()
    lengths = np.ascontiguousarray(sizes.cast(pl.Int64).to_numpy(), dtype="<i8").tobytes()
    if series.dtype == pl.Binary:
        return lengths + b"".join(series.to_list())
    return lengths + (series.str.join("").item() or "").encode()


def _lists(series: pl.Series) -> bytes:
    members = series.filter(series.list.len() > 0).explode().struct.unnest()
    return _integers(series.list.len()) + b"".join(b"".join(_framed(member)) for member in members.iter_columns())


def _column(series: pl.Series) -> tuple[bytes, bytes]:
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


def _framed(series: pl.Series) -> tuple[bytes, ...]:
    """A column as the module says: name, tag, rows; presence; values."""
    tag, values = _column(series)
    name = series.name.encode()
    head = len(name).to_bytes(8, "big") + name + tag + len(series).to_bytes(8, "big")
    return head, np.ascontiguousarray(series.is_not_null().to_numpy(), dtype="u1").tobytes(), values


def digest_frame(frame: pl.DataFrame, key: Sequence[str]) -> str:
    """SHA-256 (hex) of the rows, independent of their order. ``key`` names the primary key."""
    ordered = frame.sort(key)
    digest = hashlib.sha256()
    for series in ordered.iter_columns():
        for part in _framed(series):
            digest.update(part)
    return digest.hexdigest()


def digest_file(path: Path, key: Sequence[str]) -> str:
    """The digest of a Parquet file, column by column, so that a wide table need not fit into memory."""
    lazy = pl.scan_parquet(path)
    names = lazy.collect_schema().names()
    order = lazy.select(key).collect().with_row_index("|at").sort(key).get_column("|at")
    digest = hashlib.sha256()
    for name in names:
        for part in _framed(lazy.select(name).collect().get_column(name).gather(order)):
            digest.update(part)
    return digest.hexdigest()
