"""A lake file under another version of the lake key: the same rows, only the hashes of the ID numbers are others.

The numbers come from the sealed copy of the delivery; every hash of the old file must be among them. Nothing is checked
anew: what was good when it came in stays, whatever the catalogue says today.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from fupin.catalogue.schema import Dataset
from fupin.exchange.parquet import LakeKeys, sync_and_digest, write_lake_file
from fupin.exchange.reading.columns import ColumnReader
from fupin.exchange.reading.recognise import Table, open_table
from fupin.exchange.reading.source import Source
from fupin.kernel.errors import UserError

MOST_PIECES = 20  # of numbers: then those that came twice are taken out


@dataclass(frozen=True)
class Versions:
    """The hashes of before and of now."""

    old: LakeKeys
    new: LakeKeys


def rehash(source: Source, dataset: Dataset, old: Path, target: Path, versions: Versions) -> str:
    """Write ``target``; its SHA-256. Raises UserError when the sealed copy does not hold a number of the old file."""
    known = _hashes(source, dataset, versions)
    file = pq.ParquetFile(old)
    columns = [name for name in (f"{one}_key" for one in dataset.id_columns) if name in file.schema_arrow.names]
    write_lake_file(_pieces(file, columns, known), None, target, dataset)
    return sync_and_digest(target)


def _hashes(source: Source, dataset: Dataset, versions: Versions) -> pl.DataFrame:
    """old, new of every valid number that stands in the delivered file."""
    found = [pl.DataFrame(schema={"old": pl.Binary, "new": pl.Binary})]
    with (
        open_table(source, dataset) as table,
        versions.old.hashing_for(source.size) as before,
        versions.new.hashing_for(source.size) as after,
    ):
        for numbers in _numbers(table, dataset):
            old, new = versions.old.keys_of(numbers, before), versions.new.keys_of(numbers, after)
            found.append(pl.DataFrame({"old": old, "new": new}))
            if len(found) > MOST_PIECES:
                found = [pl.concat(found).unique("old")]
    return pl.concat(found).unique("old")


def _numbers(table: Table, dataset: Dataset) -> Iterator[pl.Series]:
    places = table.header.columns
    readers = {f"c{places[one]}": ColumnReader(dataset.columns[one]) for one in dataset.id_columns if one in places}
    for piece in table.pieces():
        for cell, reader in readers.items():
            yield reader.read(piece.frame[cell])[0].drop_nulls().unique()


def _pieces(file: pq.ParquetFile, columns: Sequence[str], known: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The old file's rows group by group, each hash exchanged."""
    for group in range(file.num_row_groups):
        rows = pl.DataFrame(file.read_row_group(group))
        for name in columns:
            held = rows.select(old=pl.col(name)).join(known, on="old", how="left", maintain_order="left")
            if missing := held["new"].null_count() - held["old"].null_count():
                raise _unknown(missing)
            rows = rows.with_columns(held["new"].alias(name))
        yield rows


def _unknown(count: int) -> UserError:
    return UserError(
        f"入湖文件里有 {count} 行的证件号散列在加密原件中找不到对应的号码",
        f"{count} rows of the lake file have hashes whose numbers the sealed copy does not hold",
        "请从备份恢复原件和入湖文件，或请部门更正后重新交付",
        "restore the sealed copy and the lake file from a backup, or have the department deliver again",
    )
