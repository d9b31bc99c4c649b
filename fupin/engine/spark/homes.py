"""The households of one bucket: their rows as a small registry of their own, and the engine's own steps over it."""

from __future__ import annotations

import io
import json
import resource
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pyarrow as pa

from fupin.catalogue.load import load_catalogue
from fupin.engine.inputs import DeliveryFile, RunInputs
from fupin.engine.link import LINKS
from fupin.engine.spark.dialect import to_arrow
from fupin.engine.staging import Stage
from fupin.engine.steps import STEPS, Work, compare_step, fields_step, index_step
from fupin.kernel.errors import UserError

#: a table's rows of one bucket, as the tasks hand them over
PACKED: Mapping[str, pl.DataType] = {"bucket": pl.Int32(), "name": pl.String(), "rows": pl.Binary()}
#: what a bucket reports; ``problem``: JSON of a UserError's four texts, or null
REPORT: Mapping[str, pl.DataType] = {
    "bucket": pl.Int32(), "households": pl.Int64(), "seconds": pl.Float64(), "peak_mib": pl.Int64(),
    "problem": pl.String(),
}  # fmt: skip
PARTNERS: Mapping[str, pl.DataType] = {"person_id": pl.String(), "key": pl.Binary()}


class HomesStage(Stage):
    """The tables of some households; what crosses households (partners, shared ID numbers) was found out before."""

    def __init__(self, inputs: RunInputs, tables: Mapping[str, pl.DataFrame]) -> None:
        super().__init__(inputs, tables.get("links", pl.DataFrame(schema=dict(LINKS))))
        self.tables = tables

    def _scan(self, table: str) -> pl.LazyFrame:
        found = self.tables.get(table)
        if found is None:
            found = pl.read_parquet(self.inputs.snapshot / f"{table}.parquet", n_rows=0)
            found = found.with_columns(pl.lit(None, pl.Int64).alias("key_count"))
        return found.lazy()

    def _delivered_rows(self, file: DeliveryFile) -> pl.LazyFrame:
        found = self.tables.get(file.delivery)
        return (pl.read_parquet(file.path, n_rows=0) if found is None else found).lazy()

    @cached_property
    def members(self) -> pl.DataFrame:
        """person_id and key of those whom rows of these households name by a second ID number."""
        return self.tables.get("partners", pl.DataFrame(schema=dict(PARTNERS)))

    def _with_key_count(self, persons: pl.LazyFrame) -> pl.LazyFrame:
        return persons


class HomesWork(Work):
    """A run over one bucket."""

    tables: Mapping[str, pl.DataFrame]

    @cached_property
    def staged(self) -> HomesStage:
        return HomesStage(self.inputs, self.tables)

    def stage(self) -> Stage:
        return self.staged


@dataclass(frozen=True)
class Order:
    """What an executor is told. ``folder``: where the results go, one folder a bucket."""

    inputs: RunInputs
    catalogue: Path
    folder: Path


def bucket_folder(folder: Path, bucket: int) -> Path:
    return folder / f"{bucket:05d}"


def _unpacked(table: pa.Table) -> dict[str, pl.DataFrame]:
    parts: dict[str, list[pl.DataFrame]] = {}
    for packet in table.to_pylist():
        parts.setdefault(packet["name"], []).append(pl.read_ipc(io.BytesIO(packet["rows"])))
    tables = {name: pl.concat(frames) for name, frames in parts.items()}
    if "partners" in tables:
        tables["partners"] = tables["partners"].unique()  # several slices name the same person
    return tables


def compute_bucket(order: Order, key: tuple[Any, ...], table: pa.Table) -> pa.Table:
    """Inside an executor: fields, findings and index of one bucket, written whole or not at all."""
    bucket, started = key[0].as_py(), time.perf_counter()
    tables = _unpacked(table)
    target = bucket_folder(order.folder, bucket)
    own = target.with_name(f".{target.name}-{uuid4().hex}")  # a task that runs twice disturbs nobody
    own.mkdir(parents=True)
    problem = None
    try:
        _steps(order, own, tables)
        if not target.exists():
            own.rename(target)
    except UserError as error:
        problem = json.dumps([error.zh, error.en, error.hint_zh, error.hint_en], ensure_ascii=False)
    shutil.rmtree(own, ignore_errors=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    homes = len(tables.get("households", ()))
    said = (bucket, homes, time.perf_counter() - started, peak, problem)
    return to_arrow(pl.DataFrame([said], schema=dict(REPORT), orient="row"), REPORT)


def _steps(order: Order, folder: Path, tables: Mapping[str, pl.DataFrame]) -> None:
    work = HomesWork(order.inputs, folder, load_catalogue(order.catalogue), lambda _step, _part: None)
    work.tables = tables
    for step, do in (("fields", fields_step), ("compare", compare_step), ("index", index_step)):
        do(work)
        work.finish(step)


def is_done(folder: Path, bucket: int) -> bool:
    """Whether every result of the bucket is there."""
    home = bucket_folder(folder, bucket)
    return all((home / f"{result}.parquet").is_file() for result in STEPS["households"])
