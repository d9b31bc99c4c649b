"""The folder a registry is loaded from: Parquet tables checked against the catalogue before anything is written.

Files: ``households survey persons ledger``, each as ``NAME.parquet`` or as parts ``NAME-*.parquet`` or
``NAME/*.parquet``; columns as in the catalogue's ``tables/registry.toml``, but persons with a clear ``id_number`` in
place of the key, and optionally ``phone`` with the households. No message quotes an ID or phone number.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from fupin.catalogue.schema import Column, code_lists, tables
from fupin.kernel.errors import UserError

NAMES = ("households", "survey", "persons", "ledger")
TYPES: dict[str, type[pl.DataType]] = {
    "text": pl.String, "code": pl.String, "int": pl.Int64, "month": pl.Int64, "money": pl.Int64, "decimal": pl.Float64,
    "flag": pl.Boolean, "date": pl.Date,
}  # fmt: skip
REQUIRED = {
    "households": ("household_id", "village_code", "state"),
    "survey": ("household_id", "year"),
    "persons": ("person_id", "household_id", "name"),
    "ledger": ("household_id", "month", "period_months"),
}
#: written by the registry itself, or only staged for the engine
NOT_READ = {"persons": ("key", "age", "pinyin", "village_code")}
ALSO_READ = {"households": ("phone",), "persons": ("id_number",)}


@dataclass(frozen=True)
class Incoming:
    """The tables, typed and checked; the ledger stays on disk (it is the largest)."""

    households: pl.DataFrame
    survey: pl.DataFrame
    persons: pl.DataFrame
    ledger: pl.LazyFrame
    ledger_files: Sequence[Path]


def read_folder(folder: Path, known_villages: Collection[str]) -> Incoming:
    """Raises UserError for whatever is missing or wrong: which table, row, column, and how to mend it."""
    households, survey, persons = (_collect(scan(folder, name)) for name in ("households", "survey", "persons"))
    ledger = scan(folder, "ledger")
    for name, frame in zip(NAMES, (households.lazy(), survey.lazy(), persons.lazy(), ledger), strict=True):
        check_values(name, frame)
        check_unique(name, frame)
    ids = households.get_column("household_id")
    for name, column in (("persons", persons.lazy()), ("survey", survey.lazy()), ("ledger", ledger)):
        check_known(name, column, "household_id", ids, "households")
    check_known(
        "households", households.lazy(), "village_code", pl.Series(list(known_villages), dtype=pl.String), "regions"
    )
    return Incoming(households, survey, persons, ledger, _files(folder, "ledger"))


def columns_of(name: str) -> list[Column]:
    """The catalogue's columns that a file of this table must have."""
    return [c for c in tables()[name].columns.values() if not c.staged and c.name not in NOT_READ.get(name, ())]


def scan(folder: Path, name: str) -> pl.LazyFrame:
    """The table with the catalogue's columns and types. Raises UserError when files, columns or types do not fit."""
    files = _files(folder, name)
    try:
        found = pl.scan_parquet(files)
        schema = found.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(
            f"{name}：不是完好的 Parquet 文件（{type(error).__name__}）",
            f"{name}: no sound Parquet file ({type(error).__name__})",
            "重新生成这个文件，分片的列须一致",
            "write the file again; all parts need the same columns",
        ) from None
    types = {column.name: TYPES[column.type] for column in columns_of(name)}
    if missing := [column for column in types if column not in schema]:
        raise UserError(
            f"{name} 缺少列：{'、'.join(missing)}",
            f"{name}: columns missing: {', '.join(missing)}",
            "列名见 docs/catalogue/registry.md",
            "the columns stand in docs/catalogue/registry.md",
        )
    types |= {column: pl.String for column in ALSO_READ.get(name, ()) if column in schema or column != "phone"}
    empty = [pl.lit(None, pl.String).alias(column) for column in types if column not in schema]
    return found.with_columns(empty).select(pl.col(column).cast(type_) for column, type_ in types.items())


def _files(folder: Path, name: str) -> list[Path]:
    files = sorted(
        {*folder.glob(f"{name}.parquet"), *folder.glob(f"{name}-*.parquet"), *folder.glob(f"{name}/*.parquet")}
    )
    if not files:
        raise UserError(
            f"{folder} 里没有 {name}.parquet",
            f"no {name}.parquet in {folder}",
            "请给出含 households、survey、persons、ledger 四张表的文件夹",
            "give the folder that holds the tables households, survey, persons and ledger",
        )
    return files


def _collect(frame: pl.LazyFrame) -> pl.DataFrame:
    try:
        return frame.collect()
    except pl.exceptions.PolarsError as error:
        raise UserError(
            f"表的列类型不对（{type(error).__name__}）",
            f"a column has the wrong type ({type(error).__name__})",
            "列类型见 docs/catalogue-format.md",
            "the types stand in docs/catalogue-format.md",
        ) from None


def check_values(name: str, frame: pl.LazyFrame) -> None:
    """No empty key, no unknown code, no number outside its limits."""
    faults = {column.name: _fault(column, name) for column in columns_of(name)}
    counts = _collect(frame.select(fault.any().alias(column) for column, fault in faults.items())).row(0, named=True)
    for column, found in counts.items():
        if found:
            _refuse_value(name, frame, column, faults[column])


def _fault(column: Column, name: str) -> pl.Expr:
    value = pl.col(column.name)
    fault = pl.lit(False)
    if column.name in REQUIRED[name] or (column.type == "money" and name == "ledger"):
        fault = fault | value.is_null()
    if column.codes:
        fault = fault | ~value.is_in(list(code_lists()[column.codes].values))
    if column.min is not None:
        fault = fault | (value < column.min)
    if column.max is not None:
        fault = fault | (value > column.max)
    if column.type == "month":
        fault = fault | ~(value % 100).is_between(1, 12) | ~value.is_between(200001, 210012)
    return fault.fill_null(False)


def _refuse_value(name: str, frame: pl.LazyFrame, column: str, fault: pl.Expr) -> None:
    bad = _collect(frame.select(pl.col(column)).with_row_index("row", 1).filter(fault))
    first, value = bad.row(0)
    label = tables()[name].columns[column].zh
    raise UserError(
        f"{name} 第 {first} 行「{column}（{label}）」的值 {value!r} 不允许（共 {bad.height} 行）",
        f"{name}, row {first}, column {column}: value {value!r} is not allowed ({bad.height} rows)",
        "允许的代码和范围见 docs/catalogue/registry.md",
        "codes and limits stand in docs/catalogue/registry.md",
    )


def check_unique(name: str, frame: pl.LazyFrame) -> None:
    key = list(tables()[name].key)
    twice = _collect(frame.select(key).group_by(key).len().filter(pl.col("len") > 1).sort(key))
    if twice.height:
        first = ", ".join(str(value) for value in twice.row(0)[:-1])
        raise UserError(
            f"{name}：编号重复，例如 {first}（共 {twice.height} 个）",
            f"{name}: key stands twice, for example {first} ({twice.height} keys)",
            f"每个 {'+'.join(key)} 只能有一行",
            f"keep one row for each {' + '.join(key)}",
        )


def check_known(name: str, frame: pl.LazyFrame, column: str, known: pl.Series, where: str) -> None:
    """Every value of ``column`` must stand in ``known``."""
    unknown = _collect(frame.select(pl.col(column).unique().sort())).get_column(column)
    unknown = unknown.filter(~unknown.is_in(known.implode()))
    if len(unknown):
        raise UserError(
            f"{name} 的 {column} 有 {len(unknown)} 个不在 {where} 中，例如 {unknown[0]}",
            f"{name}: {len(unknown)} values of {column} are not in {where}, for example {unknown[0]}",
            "先载入区划（fupin regions load）" if where == "regions" else f"补全 {where} 或删去这些行",
            "load the regions first (fupin regions load)"
            if where == "regions"
            else f"complete {where} or drop the rows",
        )
