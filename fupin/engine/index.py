"""The index: 7 dimensions, 199 indicators, an interval [low, high] in ten-thousandths of a point, a band.

Integers only, so that every engine gives the same. Arithmetic and worked examples: ``docs/index.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import narwhals as nw
import polars as pl

from fupin.catalogue.indicators import Dimension
from fupin.catalogue.load import Catalogue
from fupin.engine.scoring import INAPPLICABLE, UNKNOWN, Score, score_catalogue
from fupin.kernel.errors import UserError

UNIT = 10_000
FULL = 100
#: rows of a row group: what is read to show one household
GROUP = 20_000
#: the same for points, which are narrow: larger groups are written in less time
POINTS_GROUP = 50_000
BANDS = ("poor", "possibly", "stable", "undecided")

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


@dataclass(frozen=True)
class Limits:
    """Limits of the bands in ten-thousandths of a point: below ``poor`` poor, above ``stable`` stable."""

    poor: int = 60 * UNIT
    stable: int = 80 * UNIT


def _half_up(numerator: nw.Expr, denominator: nw.Expr) -> nw.Expr:
    """Integer division of numbers that are not negative, rounded half up. A divisor 0 is replaced by 1."""
    divisor = nw.when(denominator > 0).then(denominator).otherwise(nw.lit(1))
    return (numerator * 2 + divisor) // (divisor * 2)


def _dimension_sums(dimension: Dimension) -> list[nw.Expr]:
    """Hundredths earned (unknown = 0), open (full points of the unknown) and applicable."""
    earned, open_, lost = [], [], []
    for indicator in dimension.indicators:
        points = nw.col(indicator.id)
        full = nw.lit(indicator.points, nw.Int16)
        zero = nw.lit(0, nw.Int16)
        earned.append(nw.when(points > 0).then(points).otherwise(zero))
        open_.append(nw.when(points == UNKNOWN).then(full).otherwise(zero))
        lost.append(nw.when(points == INAPPLICABLE).then(full).otherwise(zero))
    total = sum(indicator.points for indicator in dimension.indicators)
    id_ = dimension.id
    return [
        nw.sum_horizontal(*earned).cast(nw.Int64).alias(f"{id_}|earned"),
        nw.sum_horizontal(*open_).cast(nw.Int64).alias(f"{id_}|open"),
        (nw.lit(total, nw.Int64) - nw.sum_horizontal(*lost).cast(nw.Int64)).alias(f"{id_}|applicable"),
    ]


def _dimension_scores(dimension: Dimension) -> list[nw.Expr]:
    id_ = dimension.id
    earned, open_, applicable = (nw.col(f"{id_}|{part}") for part in ("earned", "open", "applicable"))
    points = dimension.weight * UNIT
    weight = nw.when(applicable > 0).then(nw.lit(dimension.weight)).otherwise(nw.lit(0))
    return [
        _half_up(earned * points, applicable).cast(nw.Int32).alias(f"{id_}_low"),
        _half_up((earned + open_) * points, applicable).cast(nw.Int32).alias(f"{id_}_high"),
        weight.cast(nw.Int16).alias(f"{id_}_weight"),
    ]


def _sum(dimensions: tuple[Dimension, ...], part: str) -> nw.Expr:
    return nw.sum_horizontal(*[nw.col(f"{dimension.id}_{part}").cast(nw.Int64) for dimension in dimensions])


def _band(limits: Limits) -> nw.Expr:
    low, high = nw.col("low"), nw.col("high")
    possibly = (
        nw.when((low >= limits.poor) & (high <= limits.stable)).then(nw.lit("possibly")).otherwise(nw.lit("undecided"))
    )
    stable = nw.when(low > limits.stable).then(nw.lit("stable")).otherwise(possibly)
    return nw.when(high < limits.poor).then(nw.lit("poor")).otherwise(stable)


def index_columns(dimensions: tuple[Dimension, ...]) -> list[str]:
    parts = [f"{dimension.id}_{part}" for dimension in dimensions for part in ("low", "high", "weight")]
    return ["household_id", "village_code", "state", "low", "high", "band", "unknown", *parts]


def score_fields(frame: Frame, scores: dict[str, Score]) -> Frame:
    """Fields of households → ``household_id`` and one Int16 column per indicator."""
    made = [score.points.alias(id_) for id_, score in scores.items()]
    result: Frame = nw.from_native(frame).select("household_id", *made).to_native()
    return result


def index_of(points: pl.DataFrame, dimensions: tuple[Dimension, ...], limits: Limits) -> pl.DataFrame:
    """Indicators of households (other columns stay) → the columns of :func:`index_columns` that can be computed.

    Raises UserError naming a household in which no dimension applies.
    """
    index = judged(points, dimensions, limits)
    refuse_empty(index, dimensions)
    return index


def judged(points: Frame, dimensions: tuple[Dimension, ...], limits: Limits) -> Frame:
    """As :func:`index_of`, but a household in which no dimension applies is left to :func:`refuse_empty`."""
    frame: Any = nw.from_native(points)
    indicators = [indicator.id for dimension in dimensions for indicator in dimension.indicators]
    unknown = nw.sum_horizontal(*[(nw.col(id_) == UNKNOWN).cast(nw.Int16) for id_ in indicators])
    frame = frame.with_columns(
        unknown.cast(nw.Int16).alias("unknown"), *(part for d in dimensions for part in _dimension_sums(d))
    )
    frame = frame.with_columns(part for d in dimensions for part in _dimension_scores(d))
    weight = _sum(dimensions, "weight")
    frame = frame.with_columns(
        _half_up(_sum(dimensions, "low") * FULL, weight).cast(nw.Int32).alias("low"),
        _half_up(_sum(dimensions, "high") * FULL, weight).cast(nw.Int32).alias("high"),
    ).with_columns(_band(limits).alias("band"))
    known = set(frame.collect_schema().names())
    result: Frame = frame.select(name for name in index_columns(dimensions) if name in known).to_native()
    return result


def refuse_empty(index: Frame, dimensions: tuple[Dimension, ...]) -> None:
    """Raise UserError naming the first household in which no dimension applies."""
    weight = pl.sum_horizontal(f"{dimension.id}_weight" for dimension in dimensions)
    empty = index.lazy().filter(weight == 0).select("household_id").collect()
    if len(empty):
        id_ = empty.item(0, "household_id")
        raise UserError(
            f"户 {id_}：七个维度都不适用，无法计算指数（共 {len(empty)} 户）",
            f"household {id_}: none of the dimensions applies, no index can be computed ({len(empty)} households)",
            "核对该户的成员与调查记录，或修改指标的 applies 条件",
            "check its members and survey, or the `applies` conditions of the indicators",
        )


def limits_of(catalogue: Catalogue, on: date, region: str) -> Limits:
    """The limits of the bands on a day in a region. Raises CatalogueError."""
    poor, stable = (catalogue.parameters[id_].at(on, region) for id_ in ("band_poor_below", "band_stable_above"))
    return Limits(round(poor * UNIT), round(stable * UNIT))


def write_index(
    fields: Path,
    homes: pl.DataFrame,
    catalogue: Catalogue,
    limits: Limits,
    targets: tuple[Path, Path],
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Score ``fields.parquet`` into (indicators, index) files, read and written as one stream.

    ``homes``: household_id, village_code, state; sorted as the fields are. Raises UserError.
    """
    points = score_fields(pl.scan_parquet(fields), score_catalogue(catalogue))
    known = pl.concat([points, homes.lazy().select("village_code", "state")], how="horizontal")
    index = judged(known, catalogue.dimensions, limits)
    # both files from one pass: the points are scored once
    sinks = [_sunk(frame, target) for frame, target in zip((points, index), targets, strict=True)]
    pl.collect_all(sinks, engine="streaming")
    refuse_empty(pl.scan_parquet(targets[1]), catalogue.dimensions)
    progress(1.0)


def _sunk(frame: pl.LazyFrame, target: Path) -> pl.LazyFrame:
    return frame.sink_parquet(target, compression="zstd", compression_level=1, row_group_size=POINTS_GROUP, lazy=True)
