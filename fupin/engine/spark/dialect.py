"""Every difference between Polars and Spark that the platform knows of, in one place.

Taken care of here: how types, files and keys are named; no patterns in paths; Arrow without views; what the settings
below say. Found by computing every expression of the catalogue on both engines, over rows of any value (``tests``):

* ``x / constant``: Polars multiplies by the reciprocal, Spark divides, so that the last bit of a float may differ.
  Fields are whole numbers or thousandths (``engine.fields.typed``), where it is gone; no digest contains a float.
* ``a // b`` of integers: Narwhals has Spark round down a quotient of floats, which is exact up to 2**53; the index
  stays below 2**33.
* An expression that needs no column has one value in Polars, one a row in Spark (``engine.fields`` widens it).

No difference was found in what is unknown (AND, OR, IN, CASE, COALESCE, LEAST, GREATEST of nulls), in comparing texts
(bytes of UTF-8), in rounding (halves away from zero, written out) and in nulls as keys of groups and joins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from fupin.catalogue.schema import Dataset

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

#: settings that make Spark mean what Polars means
SESSION: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",  # dates have no time zone; never the machine's
    "spark.sql.ansi.enabled": "false",  # x / 0 is unknown instead of the end of the run (divisors are guarded anyway)
    "spark.sql.caseSensitive": "true",  # names of columns
}
#: catalogue type → Spark type; every other is text
TYPES: Mapping[str, str] = {
    "flag": "boolean", "int": "bigint", "money": "bigint", "month": "int", "decimal": "double", "date": "date",
    "key": "binary",
}  # fmt: skip
_NAMED: Mapping[Any, str] = {
    pl.String: "string", pl.Int64: "bigint", pl.Int32: "int", pl.Int16: "smallint", pl.Float64: "double",
    pl.Boolean: "boolean", pl.Date: "date", pl.Binary: "binary",
}  # fmt: skip
_ARROW: Mapping[Any, pa.DataType] = {
    pl.String: pa.string(), pl.Int64: pa.int64(), pl.Int32: pa.int32(), pl.Int16: pa.int16(), pl.Float64: pa.float64(),
    pl.Boolean: pa.bool_(), pl.Date: pa.date32(), pl.Binary: pa.binary(),
}  # fmt: skip
Schema = Mapping[str, pl.DataType]


def ddl(schema: Schema) -> str:
    """A schema in Spark's words."""
    return ", ".join(f"`{name}` {_NAMED[type(type_)]}" for name, type_ in schema.items())


def to_arrow(frame: pl.DataFrame, schema: Schema) -> pa.Table:
    """As Spark's Java side reads it: plain strings and binaries, no views."""
    table: pa.Table = frame.select(list(schema)).to_arrow(compat_level=pl.CompatLevel.oldest())
    return table.cast(pa.schema([(name, _ARROW[type(type_)]) for name, type_ in schema.items()]))


def read_parquet(spark: Any, path: Path, columns: str) -> DataFrame:
    """A Parquet file or folder. The path is taken as it stands: no patterns, and this machine's or a mounted disk."""
    reader = spark.read.schema(columns).option("__globPaths__", "false")
    frame: DataFrame = reader.parquet(f"file://{path}")
    return frame


def delivered_schema(shape: Dataset) -> str:
    """The columns of a delivery: the row number, keyed hashes instead of ID numbers, the others by their type."""
    columns = [
        f"`{name}_key` binary" if column.type == "idcard" else f"`{name}` {TYPES.get(column.type, 'string')}"
        for name, column in shape.columns.items()
    ]
    return ", ".join(["row bigint", *columns])


def unique_key(shape: Dataset) -> Column:
    """What :func:`fupin.engine.staging.delivery_key` says, as one text: data sets of all shapes in one frame.

    Each part has its length before it, so that no two keys make one text; nulls equal each other, as in Polars.
    """
    from pyspark.sql import functions as f

    hashed = [f"{name}_key" for name in shape.key if shape.columns[name].type == "idcard"]
    plain = [name for name in shape.key if shape.columns[name].type != "idcard"]
    parts = [*(f.hex(name) for name in hashed), *(f.col(name).cast("string") for name in plain)]
    weak = [name for name in ("name", "birth_date", "village_code") if name in shape.columns and name not in shape.key]
    if hashed and weak:
        lacking = f.greatest(*(f.col(name).isNull() for name in hashed), f.lit(False))
        identity = f.concat_ws("\x1f", *(f.coalesce(f.col(name).cast("string"), f.lit("")) for name in weak))
        parts.append(f.when(lacking, identity))
    framed = (f.coalesce(f.concat(f.length(part).cast("string"), f.lit(":"), part), f.lit("-")) for part in parts)
    return f.concat(*framed)


def union(frames: Sequence[DataFrame]) -> DataFrame:
    """Rows of frames of one shape, by position."""
    whole = frames[0]
    for frame in frames[1:]:
        whole = whole.unionAll(frame)
    return whole
