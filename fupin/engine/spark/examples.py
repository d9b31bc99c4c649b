"""The expressions of the catalogue computed by Spark itself, through the same Narwhals definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw
import polars as pl

from fupin.engine.check import Answers
from fupin.engine.spark.dialect import to_arrow

#: hundreds of expressions over few rows: to compile them to Java would take far longer than to interpret them
INTERPRETED = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}


def spark_answers(spark: Any) -> Answers:
    """What Spark says to named expressions for every row of a frame, in its order."""
    for name, value in INTERPRETED.items():
        spark.conf.set(name, value)

    def answers(frame: pl.DataFrame, made: Mapping[str, nw.Expr]) -> pl.DataFrame:
        rows = frame.with_row_index("|row").with_columns(pl.col("|row").cast(pl.Int64))
        given = spark.createDataFrame(to_arrow(rows, rows.schema))
        asked = (part.alias(name) for name, part in made.items())
        values: Any = nw.from_native(given).select("|row", *asked).to_native()
        return pl.DataFrame(values.toArrow()).sort("|row").drop("|row")

    return answers
