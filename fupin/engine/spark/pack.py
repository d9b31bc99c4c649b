"""Snapshot and linked rows → packets of one bucket each: the one shuffle that brings together what a household needs.

A task reads some rows of one file and hands them on as Arrow: Spark moves few large values instead of many small ones.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from fupin.catalogue.schema import datasets
from fupin.engine.inputs import DeliveryFile, RunInputs
from fupin.engine.link import linkable
from fupin.engine.spark.dialect import to_arrow
from fupin.engine.spark.homes import PACKED, PARTNERS
from fupin.engine.vocabulary import REGISTRY

#: rows that one task reads
ROWS = 500_000


@dataclass(frozen=True)
class Slice:
    """Some rows of a file. ``file``: its delivery, None for a table of the registry."""

    table: str
    path: Path
    start: int
    count: int
    file: DeliveryFile | None = None

    def rows(self) -> pl.DataFrame:
        return pl.scan_parquet(self.path).slice(self.start, self.count).collect()


@dataclass(frozen=True)
class Packing:
    """``bounds``: the first household of every bucket but the first; ``done``: buckets that need no rows any more;
    ``folder``: holds ``links``, ``partners`` (second ID numbers) and ``shared`` (ID numbers of several persons)."""

    slices: tuple[Slice, ...]
    bounds: tuple[str, ...]
    done: frozenset[int]
    links: Path
    folder: Path


def slices_of(inputs: RunInputs, rows: int = ROWS) -> tuple[Slice, ...]:
    """Everything that a bucket may need. Villages' data sets are small: each bucket reads them itself."""
    found: list[Slice] = []
    for table in REGISTRY:
        found += _cut(table, inputs.snapshot / f"{table}.parquet", rows)
    for dataset in linkable(inputs):
        for file in inputs.of_dataset(dataset):
            found += _cut(file.delivery, file.path, rows, file)
    return tuple(found)


def _cut(table: str, path: Path, rows: int, file: DeliveryFile | None = None) -> list[Slice]:
    total = pq.ParquetFile(path).metadata.num_rows
    return [Slice(table, path, start, min(rows, total - start), file) for start in range(0, total, rows)]


def pack(packing: Packing, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Inside an executor: numbers of slices → packets."""
    for batch in batches:
        numbers: list[int] = batch.to_pydict()["id"]
        for number in numbers:
            for name, rows in _tables(packing, packing.slices[number]):
                yield from to_arrow(_packets(packing, name, rows), PACKED).to_batches()


def _tables(packing: Packing, part: Slice) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows of a slice, and what goes with them, each with its bucket."""
    if part.file is not None:
        yield from _delivered(packing, part, part.file)
        return
    rows = part.rows()
    if part.table == "persons":
        shared = pl.scan_parquet(packing.folder / "shared.parquet")
        counts = rows.lazy().join(shared, on="key", how="left")
        counted = pl.when(pl.col("key").is_not_null()).then(pl.col("key_count").fill_null(1))
        rows = counts.with_columns(counted.alias("key_count")).drop("key").collect()
    yield part.table, _placed(packing, rows)


def _placed(packing: Packing, rows: pl.DataFrame) -> pl.DataFrame:
    bounds = pl.Series(packing.bounds, dtype=pl.String)
    bucket = bounds.search_sorted(rows.get_column("household_id"), side="right").cast(pl.Int32)
    return rows.with_columns(bucket.alias("bucket"))


def _delivered(packing: Packing, part: Slice, file: DeliveryFile) -> Iterator[tuple[str, pl.DataFrame]]:
    rows = part.rows()
    numbers = rows.get_column("row")
    links = pl.scan_parquet(packing.links).filter(
        (pl.col("delivery") == file.delivery) & pl.col("row").is_between(numbers.min(), numbers.max())
    )
    # rows of one delivery stand in several files' worth of slices: only the links of these rows
    linked = _placed(packing, links.collect().join(rows.select("row"), on="row", how="semi"))
    yield "links", linked
    first, *others = datasets()[file.dataset].id_columns
    rows = rows.drop(f"{first}_key").join(linked.select("row", "bucket").unique(), on="row")
    yield part.table, rows
    for name in others:
        keys = rows.select("bucket", pl.col(f"{name}_key").alias("key")).unique()
        partners = pl.scan_parquet(packing.folder / "partners.parquet")
        yield "partners", keys.lazy().join(partners, on="key").select("bucket", *PARTNERS).collect()


def _packets(packing: Packing, name: str, rows: pl.DataFrame) -> pl.DataFrame:
    parts: Mapping[tuple[object, ...], pl.DataFrame] = rows.partition_by("bucket", as_dict=True, include_key=False)
    packets = [(bucket, name, _bytes(part)) for (bucket,), part in parts.items() if bucket not in packing.done]
    return pl.DataFrame(packets, schema=dict(PACKED), orient="row")


def _bytes(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer, compression="zstd")
    return buffer.getvalue()
