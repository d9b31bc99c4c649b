"""From household results to the figures of regions and of the whole run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from fupin.catalogue.indicators import DIMENSIONS
from fupin.kernel.regions import level_of

DIMENSION_LISTS = ("dim_low", "dim_high", "dim_weight", "dim_low_sum", "dim_high_sum", "dim_weight_sum")
BANDS = ("poor", "possibly", "stable", "undecided")
REGISTERED = ("0", "2", "3")  # on the list and not exited
LISTED = ("0", "1", "2", "3")
CODE_LENGTHS = (2, 4, 6, 9, 12)


def households_of_run(folder: Path, snapshot: Path) -> pl.DataFrame:
    """One row for each household of the run: index, lists over the seven dimensions, persons, findings, main cause
    ("" = none) and net income per head (分, null = unknown)."""
    index = pl.read_parquet(folder / "index.parquet")
    cause = pl.scan_parquet(snapshot / "households.parquet").select("household_id", cause="cause_main").collect()
    income = pl.scan_parquet(folder / "fields.parquet").select("household_id", income_head="net_income_head").collect()
    persons = pl.scan_parquet(snapshot / "persons.parquet").group_by("household_id").len("persons").collect()
    found = pl.scan_parquet(folder / "findings.parquet").group_by("household_id")
    counted = found.agg(findings=pl.len(), severe=(pl.col("severity") <= 2).sum()).collect()
    names = list(DIMENSIONS)
    lists = {f"dim_{part}": pl.concat_list(f"{name}_{part}" for name in names) for part in ("low", "high", "weight")}
    for part in (persons, counted, cause, income):
        index = index.join(part, on="household_id", how="left")
    return index.with_columns(
        pl.col("persons", "findings", "severe").fill_null(0), pl.col("cause").fill_null(""), **lists
    )


def code_lengths(region: str) -> list[int]:
    """Digits of the codes from a run's region down to the village."""
    return [length for length in CODE_LENGTHS if length >= len(region)]


def region_rows(index: pl.DataFrame, region: str) -> pl.DataFrame:
    """Figures of every region from the run's own down to the village, columns as in ``RegionResult``."""
    return pl.concat([_one_level(index, length) for length in code_lengths(region)])


def _one_level(index: pl.DataFrame, length: int) -> pl.DataFrame:
    listed, unexited = pl.col("state").is_in(LISTED), pl.col("state").is_in(REGISTERED)
    count = len(DIMENSIONS)
    sums = [
        pl.concat_list(pl.col(f"dim_{part}").list.get(i).cast(pl.Int64).sum() for i in range(count)).alias(
            f"dim_{part}_sum"
        )
        for part in ("low", "high", "weight")
    ]
    return (
        index.group_by(region=pl.col("village_code").str.slice(0, length))
        .agg(
            pl.lit(level_of("0" * length)).first().alias("level"),
            pl.len().alias("households"),
            pl.col("persons").sum(),
            listed.sum().alias("registered_households"),
            pl.col("persons").filter(listed).sum().alias("registered_persons"),
            unexited.sum().alias("unexited_households"),
            pl.col("persons").filter(unexited).sum().alias("unexited_persons"),
            *((pl.col("band") == band).sum().alias(band) for band in BANDS),
            pl.col("findings").cast(pl.Int64).sum(),
            pl.col("severe").cast(pl.Int64).sum().alias("severe_findings"),
            pl.col("low").cast(pl.Int64).sum().alias("low_sum"),
            pl.col("high").cast(pl.Int64).sum().alias("high_sum"),
            *sums,
        )
        .sort("region")
    )


def run_counts(index: pl.DataFrame, findings: pl.DataFrame) -> dict[str, Any]:
    """Households, persons, bands (all and on the list), findings per severity, direction and rule."""
    listed = index.filter(pl.col("state").is_in(LISTED))
    return {
        "households": index.height,
        "persons": int(index["persons"].sum()),
        "listed": listed.height,
        "bands": _counts(index, "band"),
        "listed_bands": _counts(listed, "band"),
        "findings": findings.height,
        "households_with_findings": findings["household_id"].n_unique(),
        "severity": _counts(findings, "severity"),
        "direction": _counts(findings, "direction"),
        "rules": _counts(findings, "rule"),
    }


def _counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return {str(value): n for value, n in frame.group_by(column).len().sort(column).iter_rows()}
