"""Delivered rows → persons, with Spark: joins and sorts are its own, what judges a pair is ``engine.link``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from fupin.catalogue.schema import datasets
from fupin.engine.inputs import RunInputs
from fupin.engine.link import (
    DOUBTFUL,
    LINKS,
    PERSONS_MODEL,
    SURE,
    accepting,
    in_order,
    linkable,
    name_mismatches,
    probable,
    split,
    thresholds,
)  # fmt: skip
from fupin.engine.linkage import read_model
from fupin.engine.spark.dialect import ddl, delivered_schema, read_parquet, to_arrow, union, unique_key
from fupin.engine.steps import ROW_GROUP, Work

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: persons that one task compares with the rows without a number
PERSONS = 300_000
IDENTITY: Mapping[str, pl.DataType] = {
    "name": pl.String(), "birth_date": pl.Date(), "sex": pl.String(), "village_code": pl.String(),
}  # fmt: skip
#: ``rank``: place of the delivery in the order of the links; ``registered``: the registry's name where it is another
MATCHED: Mapping[str, pl.DataType] = {
    "rank": pl.Int32(), "dataset": pl.String(), "delivery": pl.String(), "row": pl.Int64(),
    "person_id": pl.String(), "household_id": pl.String(), "registered": pl.String(), **IDENTITY,
}  # fmt: skip
FOUND: Mapping[str, pl.DataType] = {
    "dataset": pl.String(), "delivery": pl.String(), "row": pl.Int64(), "person_id": pl.String(),
    "household_id": pl.String(), "p": pl.Float64(),
}  # fmt: skip
STRANGE = {name: type_ for name, type_ in DOUBTFUL.items() if name not in ("method", "probability", "reason")}


@dataclass(frozen=True)
class Matching:
    """One linkage. ``folder``: for what is kept between the jobs, seen by every executor."""

    spark: Any
    inputs: RunInputs
    folder: Path

    @property
    def matched(self) -> DataFrame:
        return read_parquet(self.spark, self.folder / "matched", ddl(MATCHED))

    def ranks(self) -> dict[str, int]:
        files = sorted((file.dataset, file.delivery) for file in self.inputs.deliveries)
        return {delivery: rank for rank, (_, delivery) in enumerate(files)}


def people(spark: Any, inputs: RunInputs) -> DataFrame:
    """The persons of the region: person_id, household_id, key, name, pinyin, birth_date, sex, village_code."""
    from pyspark.sql import functions as f

    schema = f"person_id string, household_id string, key binary, pinyin string, {ddl(IDENTITY)}"
    persons = read_parquet(spark, inputs.snapshot / "persons.parquet", schema)
    homes = read_parquet(spark, inputs.snapshot / "households.parquet", "household_id string, village_code string")
    homes = homes.where(f.startswith("village_code", f.lit(inputs.region))).select("household_id")
    return persons.join(homes, "household_id", "left_semi")


def _delivered(matching: Matching, dataset: str) -> list[DataFrame]:
    """The deliveries of a data set, oldest first, with what tells a person (null where not delivered)."""
    from pyspark.sql import functions as f

    shape = datasets()[dataset]
    files, ranks = matching.inputs.of_dataset(dataset), matching.ranks()
    unique = unique_key(shape) if len(files) > 1 else f.lit(None).cast("string")
    identity = [
        f.col(name) if name in shape.columns else f.lit(None).cast("date" if name == "birth_date" else "string")
        for name in IDENTITY
    ]
    return [
        read_parquet(matching.spark, file.path, delivered_schema(shape)).select(
            f.lit(ranks[file.delivery]).alias("rank"),
            f.lit(dataset).alias("dataset"),
            f.lit(file.delivery).alias("delivery"),
            f.lit(order).alias("order"),
            "row",
            f.col(f"{shape.id_columns[0]}_key").alias("key"),
            unique.alias("unique"),
            *(part.alias(name) for part, name in zip(identity, IDENTITY, strict=True)),
        )
        for order, file in enumerate(files)
    ]


def surviving(matching: Matching, delivered: list[str]) -> DataFrame:
    """Rows of all data sets that hold: of equal keys the newest cut-off wins, inside it the last row."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    single: list[DataFrame] = []
    several: list[DataFrame] = []
    for dataset in delivered:
        files = _delivered(matching, dataset)
        (several if len(files) > 1 else single).extend(files)
    if not several:
        return union(single)
    newest = Window.partitionBy("dataset", "unique").orderBy(f.desc("order"), f.desc("row"))
    chosen = union(several).withColumn("place", f.row_number().over(newest)).where("place = 1").drop("place")
    return union([chosen, *single]).drop("order", "unique")


def match(matching: Matching) -> None:
    """Write ``matched``: rows whose key a person bears, and rows without a key that may still be linked."""
    from pyspark.sql import functions as f

    delivered = linkable(matching.inputs)
    persons = people(matching.spark, matching.inputs).where("key is not null")
    persons = persons.select("key", "person_id", "household_id", f.col("name").alias("registered"))
    rows = surviving(matching, delivered).join(persons, "key", "left")
    weak = f.col("key").isNull() & f.col("dataset").isin(accepting(delivered))
    unlike = f.col("name") != f.col("registered")
    kept = rows.where(f.col("person_id").isNotNull() | weak).select(
        *(name for name in MATCHED if name not in ("registered", *IDENTITY)),
        f.when(unlike, f.col("registered")).alias("registered"),
        f.when(unlike | weak, f.col("name")).alias("name"),
        *(f.when(weak, f.col(name)).alias(name) for name in IDENTITY if name != "name"),
    )
    kept.write.mode("overwrite").parquet(f"file://{matching.folder / 'matched'}")


def _whole(batches: Iterable[pa.RecordBatch]) -> pl.DataFrame | None:
    """The rows of one task."""
    given = list(batches)
    return pl.DataFrame(pa.Table.from_batches(given)) if given else None


def _strange(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Inside an executor: links whose names differ totally."""
    rows = _whole(batches)
    if rows is not None:
        yield from to_arrow(name_mismatches(rows), STRANGE).to_batches()


def strangers(matching: Matching) -> pl.DataFrame:
    """Doubtful links: the number fits, the name is another's."""
    exact = matching.matched.where("registered is not null").select(*STRANGE, "name", "registered")
    found = pl.DataFrame(exact.mapInArrow(_strange, ddl(STRANGE)).toArrow())
    marks = [
        pl.lit("exact").alias("method"),
        pl.lit(SURE, pl.Int32).alias("probability"),
        pl.lit("name_mismatch").alias("reason"),
    ]
    return found.with_columns(marks).select(list(DOUBTFUL))


def _probable(weak: Path, least: float, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Inside an executor: rows without a number against some of the persons."""
    persons = _whole(batches)
    if persons is not None:
        found = probable(pl.read_parquet(weak), persons, read_model(PERSONS_MODEL), least)
        yield from to_arrow(found, FOUND).to_batches()


def probable_links(matching: Matching, work: Work) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(links, doubtful) of the rows without a number. A pair's probability does not depend on other pairs."""
    lazy = pl.scan_parquet(matching.folder / "matched" / "*.parquet", schema=dict(MATCHED))
    weak = lazy.filter(pl.col("person_id").is_null()).select("dataset", "delivery", "row", *IDENTITY).collect()
    if not len(weak):
        return pl.DataFrame(schema=dict(LINKS)), pl.DataFrame(schema=dict(DOUBTFUL))
    path = matching.folder / "weak.parquet"
    weak.write_parquet(path)
    automatic, least = thresholds(work.catalogue, work.inputs)
    count = pl.scan_parquet(matching.inputs.snapshot / "persons.parquet").select(pl.len()).collect().item()
    persons = people(matching.spark, matching.inputs).repartition(-(-count // PERSONS))
    found = persons.mapInArrow(partial(_probable, path, least), ddl(FOUND)).toArrow()
    return split(pl.DataFrame(found), automatic)


def sort_links(matching: Matching, sure: pl.DataFrame) -> list[Path]:
    """All links in the order of their primary key, as files one after another."""
    from pyspark.sql import functions as f

    path = matching.folder / "sure.parquet"
    ranks = pl.col("delivery").replace_strict(matching.ranks(), default=None, return_dtype=pl.Int32).alias("rank")
    sure.with_columns(ranks).select("rank", *LINKS).write_parquet(path)
    exact = matching.matched.where("person_id is not null").withColumns(
        {"method": f.lit("exact"), "probability": f.lit(SURE)}
    )
    probables = read_parquet(matching.spark, path, f"rank int, {ddl(LINKS)}")
    both = union([exact.select("rank", *LINKS), probables])
    ordered = both.repartitionByRange("rank", "row").sortWithinPartitions("rank", "row", "person_id")
    ordered.select(*LINKS).write.mode("overwrite").parquet(f"file://{matching.folder / 'links'}")
    return sorted((matching.folder / "links").glob("part-*.parquet"))


def link_with_spark(matching: Matching, work: Work) -> None:
    """Write links and doubtful as :func:`fupin.engine.steps.link_step` does."""
    if not linkable(work.inputs):
        work.write("links", pl.DataFrame(schema=dict(LINKS)))
        work.write("doubtful", pl.DataFrame(schema=dict(DOUBTFUL)))
        return
    match(matching)
    work.progress("link", 0.4)
    strange = strangers(matching)
    work.progress("link", 0.5)
    sure, unsure = probable_links(matching, work)
    work.progress("link", 0.7)
    merge(sort_links(matching, sure), work.partial("links"), LINKS)
    work.write("doubtful", in_order(work.inputs, pl.concat([strange, unsure])))


def merge(parts: list[Path], target: Path, schema: Mapping[str, pl.DataType] | None = None) -> None:
    """Sorted files one after another into one, streaming."""
    rows = pl.scan_parquet(parts)
    if schema is not None:
        rows = rows.select(pl.col(name).cast(type_) for name, type_ in schema.items())
    rows.sink_parquet(target, compression="zstd", compression_level=1, row_group_size=ROW_GROUP)
