"""A hamlet for tests: snapshot and deliveries from a few rows, everything else unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from fupin.catalogue.schema import Column, datasets, tables
from fupin.engine.inputs import DeliveryFile, RunInputs

AS_OF = date(2020, 12, 31)
VILLAGE = "450123101201"
Rows = Sequence[Mapping[str, Any]]
_TYPES = {
    "int": pl.Int64(), "money": pl.Int64(), "month": pl.Int32(), "decimal": pl.Float64(), "flag": pl.Boolean(),
    "date": pl.Date(), "key": pl.Binary(),
}  # fmt: skip


def key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def _frame(columns: Mapping[str, pl.DataType], rows: Rows) -> pl.DataFrame:
    return pl.DataFrame([{name: row.get(name) for name in columns} for row in rows], schema=dict(columns))


def _type(column: Column) -> pl.DataType:
    return _TYPES.get(column.type, pl.String())


def write_snapshot(folder: Path, **given: Rows) -> Path:
    """households, survey, persons, ledger; a household without a row in the survey gets an empty one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables().items():
        columns = {c.name: _type(c) for c in table.columns.values() if not c.staged}
        _frame(columns, given.get(name, ())).write_parquet(folder / f"{name}.parquet")
    return folder


def deliver(folder: Path, dataset: str, rows: Rows, delivery: str = "", cut_off: date = AS_OF) -> DeliveryFile:
    folder.mkdir(parents=True, exist_ok=True)
    delivery = delivery or f"D-{dataset}"
    columns: dict[str, pl.DataType] = {"row": pl.Int64()}
    for column in datasets()[dataset].columns.values():
        columns[f"{column.name}_key" if column.type == "idcard" else column.name] = (
            pl.Binary() if column.type == "idcard" else _type(column)
        )
    path = folder / f"{delivery}.parquet"
    _frame(columns, [{"row": number, **row} for number, row in enumerate(rows, 2)]).write_parquet(path)
    return DeliveryFile(dataset, delivery, path, "00", cut_off, "test", len(rows), "k1")


def home(id_: str, **values: Any) -> dict[str, Any]:
    return {"household_id": id_, "village_code": VILLAGE, "state": "0", **values}


def member(id_: str, household: str, **values: Any) -> dict[str, Any]:
    base = {
        "person_id": id_,
        "household_id": household,
        "village_code": VILLAGE,
        "name": "张小三",
        "pinyin": "zhangxiaosan",
    }
    return {**base, "birth_date": date(1980, 6, 1), "sex": "1", "relation": "01", **values}


def inputs(snapshot: Path, *deliveries: DeliveryFile, region: str = "45") -> RunInputs:
    return RunInputs(region, AS_OF, snapshot, deliveries)
