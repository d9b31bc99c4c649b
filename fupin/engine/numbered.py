"""The registry for a screening: each table read once, each household by its number instead of its name.

Two million households are named ten thousand times over by joins and groupings; by number that costs a fifth.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from threading import Lock

import polars as pl

from fupin.engine.staging import Stage


class NumberedStage(Stage):
    """A stage whose ``household_id`` is the row of the household in ``names``. Tables of the registry only.

    ``wanted``: table → every column that anybody will ask of it, staged ones too.
    """

    def __init__(self, stage: Stage, wanted: Mapping[str, Collection[str]]) -> None:
        super().__init__(stage.inputs)
        self.names = stage.households
        self.wanted = {table: set(columns) for table, columns in wanted.items()}
        self._held: dict[str, pl.DataFrame] = {}
        self._locks = {table: Lock() for table in self.wanted}

    @cached_property
    def households(self) -> pl.DataFrame:
        numbered = self.names.with_row_index("number")
        return numbered.select(pl.col("number").alias("household_id"), "village_code", "state")

    def table(self, table: str, columns: Collection[str], evidence: bool = False) -> pl.LazyFrame:  # noqa: ARG002
        rows = self.held(table).lazy()
        return rows.select("household_id", *sorted(set(columns) - {"household_id"}))

    def held(self, table: str) -> pl.DataFrame:
        """The table with all its wanted columns, in memory."""
        with self._locks[table]:
            if table not in self._held:
                self._held[table] = self._read(table)
            return self._held[table]

    def _read(self, table: str) -> pl.DataFrame:
        columns = self.wanted[table] | ({"year"} if table == "survey" else set())
        stored = self._scan(table).collect_schema().names()
        days = {name.removesuffix("_days") for name in columns if name not in stored}
        plain = ({*columns, *days} | ({"birth_date"} if "age" in columns else set())) & set(stored)
        plain |= {"key"} if "key_count" in columns else set()
        rows = self._in_region(self._scan(table).select("household_id", *sorted(plain - {"household_id"})).collect())
        if table == "survey":
            rows = _latest(rows.filter(pl.col("year") <= self.inputs.as_of.year))
        rows = self._staged(rows.lazy(), table, columns).collect()
        if "key_count" in columns:
            rows = rows.with_columns(_key_counts(rows.get_column("key"), self._all_keys())).drop("key")
        return rows

    def _in_region(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of the region's households, whose name becomes a number."""
        numbers = self.names.select("household_id").with_row_index("number")
        # the name alone is joined: carrying the other columns through the join costs as much again
        found = rows.select("household_id").join(numbers, on="household_id", how="left", maintain_order="left")
        numbered = rows.with_columns(found.get_column("number").alias("household_id"))
        return numbered.filter(pl.col("household_id").is_not_null()) if found["number"].null_count() else numbered

    def _all_keys(self) -> pl.Series:
        """Of the whole registry: a number may be borne by somebody outside the region."""
        return self._scan("persons").select("key").collect().get_column("key")


def _latest(survey: pl.DataFrame) -> pl.DataFrame:
    """The newest year of each household."""
    if survey.get_column("household_id").is_unique().all():
        return survey
    return survey.filter(pl.col("year") == pl.col("year").max().over("household_id"))


def _key_counts(own: pl.Series, every: pl.Series) -> pl.Series:
    """How often each of the ``own`` keys stands among all. Only keys whose hash stands twice are counted for good."""
    hashes = every.hash()
    ordered = hashes.sort()
    twice = ordered.filter(ordered == ordered.shift(1)).unique().implode()
    suspects = every.filter(hashes.is_in(twice)).drop_nulls().to_frame("key")
    counts = suspects.group_by("key").agg(pl.len().cast(pl.Int64).alias("n"))
    places = own.hash().is_in(twice).arg_true()
    many = own.gather(places).to_frame("key").join(counts, on="key", how="left", maintain_order="left").get_column("n")
    once = pl.select(pl.when(own.is_not_null()).then(pl.lit(1, pl.Int64))).to_series()
    return once.scatter(places, many).alias("key_count")
