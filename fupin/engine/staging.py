"""Snapshot and deliveries as lazy Polars frames with the staged columns of the catalogue format."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from functools import cached_property

import polars as pl

from fupin.catalogue.schema import datasets
from fupin.engine.inputs import DeliveryFile, RunInputs
from fupin.engine.vocabulary import REGISTRY, table_vocabulary

EPOCH = date(1970, 1, 1)
#: what a linked row carries besides its own columns
LINKED = ("household_id", "person_id", "dataset", "delivery", "row", "method")


def days_before(column: str, as_of: date) -> pl.Expr:
    """Whole days from the date column to the cut-off (positive = in the past)."""
    return pl.lit((as_of - EPOCH) // timedelta(days=1)) - pl.col(column).cast(pl.Int32).cast(pl.Int64)


def age_at(column: str, as_of: date) -> pl.Expr:
    """Full years at the cut-off."""
    day = pl.col(column).dt.month().cast(pl.Int32) * 100 + pl.col(column).dt.day()
    turned = (day <= as_of.month * 100 + as_of.day).cast(pl.Int64)
    return pl.lit(as_of.year, pl.Int64) - pl.col(column).dt.year().cast(pl.Int64) - 1 + turned


def delivery_key(dataset: str) -> list[pl.Expr]:
    """What makes a delivered row unique; a row without a valid ID number is told apart by name and birth date."""
    shape = datasets()[dataset]
    names = [f"{name}_key" if shape.columns[name].type == "idcard" else name for name in shape.key]
    key = [pl.col(name) for name in names]
    hashed = [name for name in names if name.endswith("_key")]
    weak = [name for name in ("name", "birth_date", "village_code") if name in shape.columns and name not in names]
    if not hashed or not weak:
        return key
    lacking = pl.any_horizontal(pl.col(name).is_null() for name in hashed)
    identity = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in weak], separator="\x1f")
    return [*key, pl.when(lacking).then(identity).alias("weak")]


def surviving_rows(dataset: str, files: Iterable[DeliveryFile], extra: Collection[str] = ()) -> pl.LazyFrame:
    """``delivery``, ``row`` and the extra columns of the rows that hold: of equal keys the newest cut-off wins."""
    chosen = list(files)
    frames = [
        pl.scan_parquet(file.path).select(
            pl.lit(file.delivery).alias("delivery"),
            pl.lit(order, pl.Int32).alias("order"),
            "row",
            *extra,
            *[part.alias(f"__key{i}") for i, part in enumerate(delivery_key(dataset))],
        )
        for order, file in enumerate(chosen)
    ]
    rows = pl.concat(frames)
    if len(chosen) > 1:
        keys = [name for name in rows.collect_schema().names() if name.startswith("__key")]
        rows = rows.sort("order", "row").unique(subset=keys, keep="last", maintain_order=True)
    return rows.select("delivery", "row", *extra)


class Stage:
    """The tables of one run. ``links``: as written by ``engine.link``; without it no data set can be read.

    Links are best scanned from their file: they are sorted by delivery, so that one delivery reads a small part.
    """

    def __init__(self, inputs: RunInputs, links: pl.DataFrame | pl.LazyFrame | None = None) -> None:
        self.inputs = inputs
        self.links = None if links is None else links.lazy()

    def _scan(self, table: str) -> pl.LazyFrame:
        return pl.scan_parquet(self.inputs.snapshot / f"{table}.parquet")

    @cached_property
    def households(self) -> pl.DataFrame:
        """household_id, village_code, state of the region, sorted by household."""
        rows = self._scan("households").filter(pl.col("village_code").str.starts_with(self.inputs.region))
        return rows.select("household_id", "village_code", "state").sort("household_id").collect()

    @cached_property
    def members(self) -> pl.DataFrame:
        """person_id, household_id, key of the persons of the region."""
        rows = self._scan("persons").select("person_id", "household_id", "key")
        return rows.join(self.households.lazy().select("household_id"), on="household_id", how="semi").collect()

    def delivered(self, table: str) -> bool:
        return table in REGISTRY or bool(self.inputs.of_dataset(table))

    def table(self, table: str, columns: Collection[str], evidence: bool = False) -> pl.LazyFrame:
        """``household_id`` and the named columns (staged ones too) of the region's rows.

        ``evidence`` adds person_id, dataset, delivery, row and method. A data set must have been delivered.
        """
        if table in REGISTRY:
            return self._registry(table, columns, evidence)
        files = self.inputs.of_dataset(table)
        if datasets()[table].subject == "village":
            return self._villages(table, files, columns, evidence)
        frames = [self._linked(table, file, columns) for file in files]
        keep = LINKED if evidence else ("household_id",)
        return pl.concat(frames).select(*keep, *[name for name in sorted(columns) if name not in keep])

    def _registry(self, table: str, columns: Collection[str], evidence: bool) -> pl.LazyFrame:
        rows = self._scan(table).join(self.households.lazy().select("household_id"), on="household_id", how="semi")
        if table == "survey":
            rows = rows.filter(pl.col("year") <= self.inputs.as_of.year)
            rows = rows.filter(pl.col("year") == pl.col("year").max().over("household_id"))
        rows = self._staged(rows, table, columns)
        if table == "persons" and "key_count" in columns:
            rows = self._with_key_count(rows)
        if table == "persons" and (has := sorted(name for name in columns if name.startswith("has_"))):
            rows = self._with_presence(rows, has)
        extra = []
        if evidence:
            extra = [
                pl.col("person_id") if table == "persons" else pl.lit(None, pl.String).alias("person_id"),
                pl.lit(table).alias("dataset"),
                pl.lit(None, pl.String).alias("delivery"),
                pl.lit(None, pl.Int64).alias("row"),
                pl.lit("registry").alias("method"),
            ]
        taken = {"household_id", *(expression.meta.output_name() for expression in extra)}
        return rows.select("household_id", *extra, *[name for name in sorted(columns) if name not in taken])

    def _staged(self, rows: pl.LazyFrame, table: str, columns: Collection[str]) -> pl.LazyFrame:
        known = table_vocabulary(table)
        as_of = self.inputs.as_of
        made = [
            days_before(name.removesuffix("_days"), as_of).alias(name)
            for name in sorted(columns)
            if name.endswith("_days") and known.get(name.removesuffix("_days")) == "date"
        ]
        if table == "persons" and "age" in columns:
            made.append(age_at("birth_date", as_of).alias("age"))
        return rows.with_columns(made) if made else rows

    def _with_key_count(self, persons: pl.LazyFrame) -> pl.LazyFrame:
        """``key_count``: how many current members of the whole registry bear this ID number; null without one."""
        keys = self._scan("persons").filter(pl.col("key").is_not_null())
        counts = keys.group_by("key").agg(pl.len().cast(pl.Int64).alias("key_count"))
        return persons.join(counts, on="key", how="left")

    def _with_presence(self, persons: pl.LazyFrame, names: list[str]) -> pl.LazyFrame:
        """``has_<data set>``: the person has a row in it; null when it was not delivered."""
        known = [] if self.links is None else [n for n in names if self.delivered(n.removeprefix("has_"))]
        lacking = [pl.lit(None, pl.Boolean).alias(name) for name in names if name not in known]
        if self.links is None or not known:
            return persons.with_columns(lacking)
        # one bit per data set: one grouping and one join serve them all
        links = self.links
        parts = [
            links.filter(pl.col("dataset") == name.removeprefix("has_")).select(
                "person_id", pl.lit(1 << i).alias("has")
            )
            for i, name in enumerate(known)
        ]
        bits = pl.concat(parts).group_by("person_id").agg(pl.col("has").cast(pl.Int64).bitwise_or())
        marked = persons.join(bits, on="person_id", how="left").with_columns(pl.col("has").fill_null(0))
        flags = [((pl.col("has") & (1 << i)) != 0).alias(name) for i, name in enumerate(known)]
        return marked.with_columns(*flags, *lacking)

    def _delivered_rows(self, file: DeliveryFile) -> pl.LazyFrame:
        return pl.scan_parquet(file.path)

    def _links_of(self, delivery: str) -> pl.LazyFrame:
        if self.links is None:
            return pl.LazyFrame(schema={name: pl.Int64 if name == "row" else pl.String for name in LINKED})
        return self.links.filter(pl.col("delivery") == delivery).select(LINKED)

    def _linked(self, dataset: str, file: DeliveryFile, columns: Collection[str]) -> pl.LazyFrame:
        shape = datasets()[dataset]
        links = self._links_of(file.delivery)
        wanted = {name.removesuffix("_days") if name not in shape.columns else name for name in columns}
        others = [name for name in shape.id_columns[1:] if name in wanted]
        plain = [name for name in sorted(wanted) if name in shape.columns and shape.columns[name].type != "idcard"]
        rows = self._delivered_rows(file).select("row", *plain, *[f"{name}_key" for name in others])
        rows = rows.join(links, on="row", how="inner")
        for name in others:
            rows = self._with_person(rows, name)
        if shape.id_columns:
            rows = rows.with_columns(pl.col("person_id").alias(shape.id_columns[0]))
        return self._staged(rows, dataset, columns)

    def _with_person(self, rows: pl.LazyFrame, name: str) -> pl.LazyFrame:
        """A second ID number of the row becomes the linked person's number (null when not in the registry)."""
        people = self.members.lazy().filter(pl.col("key").is_not_null()).sort("person_id")
        people = people.unique(subset="key", keep="first", maintain_order=True)
        people = people.select(pl.col("key").alias(f"{name}_key"), pl.col("person_id").alias(name))
        return rows.join(people, on=f"{name}_key", how="left")

    def _villages(
        self, dataset: str, files: tuple[DeliveryFile, ...], columns: Collection[str], evidence: bool
    ) -> pl.LazyFrame:
        shape = datasets()[dataset]
        wanted = {name.removesuffix("_days") if name not in shape.columns else name for name in columns}
        plain = sorted(wanted - {"village_code"})
        rows = surviving_rows(dataset, files, ("village_code", *plain))
        homes = self.households.lazy().select("household_id", "village_code")
        joined = self._staged(homes.join(rows, on="village_code", how="inner"), dataset, columns)
        extra = [
            pl.lit(None, pl.String).alias("person_id"),
            pl.lit(dataset).alias("dataset"),
            pl.col("delivery", "row"),
        ]
        keep = [*extra, pl.lit("village").alias("method")] if evidence else []
        return joined.select("household_id", *keep, *sorted(columns))
