"""The index as engineers would write it for these scoring tables alone, each in the manner of its library.

All read ``fields.parquet`` (221 columns) and ``homes.parquet`` and give the points of all indicators, the dimensions,
interval and band. Polars writes the two files that the engine writes; DuckDB and pandas write one wide file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import sqlglot
from sqlglot import expressions as sql

from fupin.bench.frame import Work
from fupin.catalogue.indicators import Dimension, Indicator
from fupin.catalogue.load import Catalogue, load_catalogue

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN, INAPPLICABLE, UNIT = -1, -2, 10_000
POOR, STABLE = 60 * UNIT, 80 * UNIT
GROUP = 50_000
Written = tuple[Path, Path]


def _indicators(catalogue: Catalogue) -> list[Indicator]:
    return [indicator for dimension in catalogue.dimensions for indicator in dimension.indicators]


# ── Polars ──


def _short(value: int) -> pl.Expr:
    return pl.lit(value, pl.Int16)


def _polars_points(indicator: Indicator) -> pl.Expr:
    value = pl.col(indicator.field)
    if indicator.codes is not None:
        result = _short(UNKNOWN)
        for code, points in indicator.codes.items():
            hit = {"true": value, "false": ~value}.get(code, value == code)
            result = pl.when(hit).then(_short(points)).otherwise(result)
    else:
        result = _short(indicator.bands[-1].points)
        for band in reversed(indicator.bands[:-1]):
            result = pl.when(value < band.below).then(_short(band.points)).otherwise(result)
        result = pl.when(value.is_null()).then(_short(UNKNOWN)).otherwise(result)
    if indicator.applies:
        applies = pl.sql_expr(indicator.applies)
        elsewhere = pl.when(applies.is_null()).then(_short(UNKNOWN)).otherwise(_short(INAPPLICABLE))
        result = pl.when(applies).then(result).otherwise(elsewhere)
    return result.alias(indicator.id)


def _polars_sums(dimension: Dimension) -> list[pl.Expr]:
    zero = _short(0)
    earned, open_, lost = [], [], []
    for indicator in dimension.indicators:
        points, full = pl.col(indicator.id), _short(indicator.points)
        earned.append(pl.when(points > 0).then(points).otherwise(zero))
        open_.append(pl.when(points == UNKNOWN).then(full).otherwise(zero))
        lost.append(pl.when(points == INAPPLICABLE).then(full).otherwise(zero))
    total = sum(indicator.points for indicator in dimension.indicators)
    return [
        pl.sum_horizontal(earned).cast(pl.Int64).alias(f"{dimension.id}|earned"),
        pl.sum_horizontal(open_).cast(pl.Int64).alias(f"{dimension.id}|open"),
        (total - pl.sum_horizontal(lost).cast(pl.Int64)).alias(f"{dimension.id}|applicable"),
    ]


def _half_up(numerator: pl.Expr, divisor: pl.Expr) -> pl.Expr:
    return (numerator * 2 + divisor) // (divisor * 2)


def _polars_scores(dimension: Dimension) -> list[pl.Expr]:
    id_, full = dimension.id, dimension.weight * UNIT
    earned, open_, applicable = (pl.col(f"{id_}|{part}") for part in ("earned", "open", "applicable"))
    divisor = pl.when(applicable > 0).then(applicable).otherwise(1)
    weight = pl.when(applicable > 0).then(dimension.weight).otherwise(0)
    return [
        _half_up(earned * full, divisor).cast(pl.Int32).alias(f"{id_}_low"),
        _half_up((earned + open_) * full, divisor).cast(pl.Int32).alias(f"{id_}_high"),
        weight.cast(pl.Int16).alias(f"{id_}_weight"),
    ]


def _polars_index(points: pl.LazyFrame, catalogue: Catalogue) -> pl.LazyFrame:
    dimensions = catalogue.dimensions
    unknown = pl.sum_horizontal((pl.col(i.id) == UNKNOWN).cast(pl.Int16) for i in _indicators(catalogue))
    weight = pl.sum_horizontal(pl.col(f"{d.id}_weight").cast(pl.Int64) for d in dimensions)
    low = pl.sum_horizontal(pl.col(f"{d.id}_low").cast(pl.Int64) for d in dimensions)
    high = pl.sum_horizontal(pl.col(f"{d.id}_high").cast(pl.Int64) for d in dimensions)
    band = (
        pl.when(pl.col("high") < POOR).then(pl.lit("poor")).when(pl.col("low") > STABLE).then(pl.lit("stable"))
        .when((pl.col("low") >= POOR) & (pl.col("high") <= STABLE)).then(pl.lit("possibly"))
        .otherwise(pl.lit("undecided"))
    )  # fmt: skip
    parts = [f"{d.id}_{part}" for d in dimensions for part in ("low", "high", "weight")]
    return (
        points.with_columns(unknown.alias("unknown"), *(part for d in dimensions for part in _polars_sums(d)))
        .with_columns(part for d in dimensions for part in _polars_scores(d))
        .with_columns(
            _half_up(low * 100, weight).cast(pl.Int32).alias("low"),
            _half_up(high * 100, weight).cast(pl.Int32).alias("high"),
        )
        .select("household_id", "village_code", "state", "low", "high", band.alias("band"), "unknown", *parts)
    )


def by_polars(fields: Path, homes: pl.DataFrame, targets: Written, catalogue: Catalogue) -> None:
    """One streaming pass into both files."""
    made = [_polars_points(indicator) for indicator in _indicators(catalogue)]
    points = pl.scan_parquet(fields).select("household_id", *made)
    known = pl.concat([points, homes.lazy().select("village_code", "state")], how="horizontal")
    pl.collect_all(
        [
            frame.sink_parquet(target, compression="zstd", compression_level=1, row_group_size=GROUP, lazy=True)
            for frame, target in zip((points, _polars_index(known, catalogue)), targets, strict=True)
        ],
        engine="streaming",
    )


# ── DuckDB ──


def _sql_points(indicator: Indicator) -> str:
    field = indicator.field
    if indicator.codes is not None:
        hits = {code: f"{field} = '{code}'" for code in indicator.codes} | {"true": field, "false": f"NOT {field}"}
        cases = [f"WHEN {hits[code]} THEN {points}" for code, points in indicator.codes.items()]
        cases.append(f"ELSE {UNKNOWN}")
    else:
        cases = [f"WHEN {field} IS NULL THEN {UNKNOWN}"]
        cases += [f"WHEN {field} < {band.below}::DOUBLE THEN {band.points}" for band in indicator.bands[:-1]]
        cases.append(f"ELSE {indicator.bands[-1].points}")
    points = f"CASE {' '.join(cases)} END"
    if indicator.applies:
        applies = f"({indicator.applies})"
        points = f"CASE WHEN {applies} THEN {points} WHEN {applies} IS NULL THEN {UNKNOWN} ELSE {INAPPLICABLE} END"
    return f'({points})::SMALLINT AS "{indicator.id}"'


def _sql_sums(dimension: Dimension) -> str:
    def total(case: Callable[[Indicator], str]) -> str:
        return " + ".join(f"(CASE WHEN {case(indicator)} ELSE 0 END)" for indicator in dimension.indicators)

    id_ = dimension.id
    full = sum(indicator.points for indicator in dimension.indicators)
    earned = total(lambda i: f'"{i.id}" > 0 THEN "{i.id}"::INTEGER')
    open_ = total(lambda i: f'"{i.id}" = {UNKNOWN} THEN {i.points}')
    lost = total(lambda i: f'"{i.id}" = {INAPPLICABLE} THEN {i.points}')
    return f"({earned})::BIGINT AS {id_}_e, ({open_})::BIGINT AS {id_}_o, ({full} - ({lost}))::BIGINT AS {id_}_a"


def _sql_half_up(numerator: str, divisor: str) -> str:
    return f"(({numerator}) * 2 + {divisor}) // ({divisor} * 2)"


def _sql_scores(dimension: Dimension) -> str:
    id_, full = dimension.id, dimension.weight * UNIT
    return (
        f"{_sql_half_up(f'{id_}_e * {full}', f'greatest({id_}_a, 1)')}::INTEGER AS {id_}_low, "
        f"{_sql_half_up(f'({id_}_e + {id_}_o) * {full}', f'greatest({id_}_a, 1)')}::INTEGER AS {id_}_high, "
        f"(CASE WHEN {id_}_a > 0 THEN {dimension.weight} ELSE 0 END)::SMALLINT AS {id_}_weight"
    )


def sql_statement(fields: Path, homes: Path, target: Path, catalogue: Catalogue) -> str:
    """One statement: read, score, judge and write all columns."""
    dimensions, names = catalogue.dimensions, [indicator.id for indicator in _indicators(catalogue)]
    columns = ", ".join(f'"{name}"' for name in names)

    def of_all(part: str) -> str:
        return " + ".join(f"{dimension.id}_{part}::BIGINT" for dimension in dimensions)

    parts = ", ".join(f"{d.id}_{part}" for d in dimensions for part in ("low", "high", "weight"))
    return f"""
        COPY (
          WITH points AS (
            SELECT household_id, {", ".join(map(_sql_points, _indicators(catalogue)))} FROM '{fields}'
          ), sums AS (
            SELECT *, {", ".join(map(_sql_sums, dimensions))},
              ({" + ".join(f'("{name}" = {UNKNOWN})::INTEGER' for name in names)})::SMALLINT AS unknown FROM points
          ), scores AS (
            SELECT household_id, {columns}, unknown, {", ".join(map(_sql_scores, dimensions))} FROM sums
          ), intervals AS (
            SELECT *, {_sql_half_up(f"({of_all('low')}) * 100", f"({of_all('weight')})")}::INTEGER AS low,
              {_sql_half_up(f"({of_all('high')}) * 100", f"({of_all('weight')})")}::INTEGER AS high FROM scores
          )
          SELECT household_id, village_code, state, low, high,
            CASE WHEN high < {POOR} THEN 'poor' WHEN low > {STABLE} THEN 'stable'
              WHEN low >= {POOR} AND high <= {STABLE} THEN 'possibly' ELSE 'undecided' END AS band,
            unknown, {parts}, {columns}
          FROM intervals JOIN '{homes}' USING (household_id)
        ) TO '{target}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
    """  # noqa: S608 (names of our own catalogue)


def by_duckdb(fields: Path, homes: Path, target: Path) -> Work:
    import duckdb

    connection = duckdb.connect()
    # rows may be written in any order, which lets DuckDB write on all cores; three GB leave room below the limit
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET memory_limit = '3GB'")
    statement = sql_statement(fields, homes, target, load_catalogue())

    def work() -> None:
        connection.execute(statement)

    return work


# ── pandas ──

_OPERATORS: dict[type[sql.Expression], Callable[[Any, Any], Any]] = {
    sql.And: lambda a, b: a & b, sql.Or: lambda a, b: a | b, sql.Add: lambda a, b: a + b,
    sql.GT: lambda a, b: a > b, sql.EQ: lambda a, b: a == b,
}  # fmt: skip


def _pandas_value(node: Any, frame: pd.DataFrame) -> Any:
    """What a pandas user would type for the condition: Kleene logic of the nullable types."""
    if type(node) in _OPERATORS:
        return _OPERATORS[type(node)](_pandas_value(node.this, frame), _pandas_value(node.expression, frame))
    if isinstance(node, sql.Column):
        return frame[node.name]
    if isinstance(node, sql.Literal):
        return node.to_py()
    if isinstance(node, sql.Paren):
        return _pandas_value(node.this, frame)
    if isinstance(node, sql.Not):
        return ~_pandas_value(node.this, frame)
    if isinstance(node, sql.Coalesce):
        first, second = (_pandas_value(part, frame) for part in (node.this, *node.expressions))
        return first.fillna(second)
    if isinstance(node, sql.In):
        value = _pandas_value(node.this, frame)
        return value.isin([one.to_py() for one in node.expressions]).astype("boolean").mask(value.isna())
    raise ValueError(f"no pandas for {node.sql()}")


def _pandas_points(indicator: Indicator, frame: pd.DataFrame) -> Any:
    value = frame[indicator.field]
    if indicator.codes is not None:
        wanted = {{"true": True, "false": False}.get(code, code): points for code, points in indicator.codes.items()}
        points = value.astype(object).map(wanted).fillna(UNKNOWN).to_numpy(dtype=np.int16)
    else:
        numbers = value.to_numpy(dtype=np.float64, na_value=np.nan)
        limits = [float(band.below or 0) for band in indicator.bands[:-1]]
        table = np.array([band.points for band in indicator.bands], dtype=np.int16)
        points = np.where(np.isnan(numbers), np.int16(UNKNOWN), table[np.digitize(numbers, limits)])
    if indicator.applies:
        applies = _pandas_value(sqlglot.parse_one(indicator.applies), frame)
        points = np.where(applies.fillna(False), points, np.where(applies.isna(), UNKNOWN, INAPPLICABLE))
    return points.astype(np.int16)


def _pandas_dimension(dimension: Dimension, points: pd.DataFrame) -> dict[str, Any]:
    table = points[[indicator.id for indicator in dimension.indicators]].to_numpy()
    full = np.array([indicator.points for indicator in dimension.indicators], dtype=np.int64)
    earned = np.where(table > 0, table, 0).sum(axis=1, dtype=np.int64)
    open_, applicable = (table == UNKNOWN) @ full, (table != INAPPLICABLE) @ full
    divisor, weight = np.maximum(applicable, 1), dimension.weight * UNIT
    return {
        f"{dimension.id}_low": (earned * weight * 2 + divisor) // (divisor * 2),
        f"{dimension.id}_high": ((earned + open_) * weight * 2 + divisor) // (divisor * 2),
        f"{dimension.id}_weight": np.where(applicable > 0, dimension.weight, 0),
    }


def by_pandas(fields: Path, homes: Path, target: Path) -> Work:
    import pandas as pd

    catalogue = load_catalogue()

    def work() -> None:
        frame = pd.read_parquet(fields, dtype_backend="numpy_nullable")
        points = pd.DataFrame({i.id: _pandas_points(i, frame) for i in _indicators(catalogue)})
        index: dict[str, Any] = {"household_id": frame["household_id"]}
        for dimension in catalogue.dimensions:
            index |= _pandas_dimension(dimension, points)
        weight = sum(index[f"{d.id}_weight"] for d in catalogue.dimensions)
        for side in ("low", "high"):
            total = sum(index[f"{d.id}_{side}"] for d in catalogue.dimensions) * 100
            index[side] = (total * 2 + weight) // (weight * 2)
        low, high = index["low"], index["high"]
        hits = [high < POOR, low > STABLE, (low >= POOR) & (high <= STABLE)]
        index["band"] = np.select(hits, ["poor", "stable", "possibly"], "undecided")
        index["unknown"] = (points == UNKNOWN).sum(axis=1)
        whole = pd.concat([pd.DataFrame(index), points], axis=1).merge(pd.read_parquet(homes), on="household_id")
        whole.to_parquet(target, compression="zstd")

    return work
