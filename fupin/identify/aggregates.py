"""How the households of each region spread: the rows of ``RegionAggregate``, once for each run, by pure functions.

Everything is first counted by village and then added up, level by level, to the region of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import polars as pl

from fupin.identify.summary import LISTED, code_lengths

UNIT = 10_000  # the index is kept in ten-thousandths of a point
HISTOGRAM_STEP = 2  # points
SCATTER_STEP = 5  # points
INCOME_STEP = 100_000  # 分: 1,000 元 per head and year
INCOME_BINS = 40  # the last one has no upper limit, the first none below
MONTHS = 24
#: the four national kinds of income, as prefixes of the ledger's columns
KINDS = ("wage", "business", "transfer", "property")


def monthly_incomes(snapshot: Path, as_of: date) -> pl.LazyFrame:
    """``household_id``, ``month`` and the four kinds in 分, of the 24 months up to the cut-off; no yearly recalls."""
    ledger = pl.scan_parquet(snapshot / "ledger.parquet")
    columns = ledger.collect_schema().names()
    kinds = {kind: pl.sum_horizontal(name for name in columns if name.startswith(f"{kind}_")) for kind in KINDS}
    first = as_of.year * 12 + as_of.month - MONTHS  # months since year 0, January being 0
    window = pl.col("month").is_between(first // 12 * 100 + first % 12 + 1, as_of.year * 100 + as_of.month)
    return ledger.filter(window, pl.col("period_months") == 1).select("household_id", "month", **kinds)


def aggregate_rows(
    households: pl.DataFrame, findings: pl.DataFrame, incomes: pl.LazyFrame, region: str
) -> pl.DataFrame:
    """One row for each region from the run's own down to the village, columns as in ``RegionAggregate``."""
    monthly = incomes.join(households.lazy().select("household_id", "village_code", "persons"), on="household_id")
    lists = [
        _listed("histogram", _histogram(households), region),
        _listed("causes", _causes(households), region),
        _listed("scatter", _scatter(households), region),
        _listed("rules", _rules(findings), region),
        _listed("income", _months(monthly), region, numbers=(*KINDS, "persons", "n")),
    ]
    rows = _unknown_and_recorded(households, incomes, region)
    for part in lists:
        rows = rows.join(part, on="region", how="left")
    return rows.with_columns(pl.col(pl.String).fill_null("[]")).sort("region")


def _middle_bin(step: int) -> pl.Expr:
    """Bin of the middle of the interval; 100 points belong to the last one."""
    return ((pl.col("low") + pl.col("high")) // (2 * UNIT * step)).clip(upper_bound=100 // step - 1)


def _histogram(households: pl.DataFrame) -> pl.DataFrame:
    return households.group_by("village_code", bin=_middle_bin(HISTOGRAM_STEP)).agg(n=pl.len())


def _causes(households: pl.DataFrame) -> pl.DataFrame:
    listed = households.filter(pl.col("state").is_in(LISTED), pl.col("cause") != "")
    return listed.group_by("village_code", "cause").agg(n=pl.len())


def _scatter(households: pl.DataFrame) -> pl.DataFrame:
    income = (pl.col("income_head") // INCOME_STEP).clip(0, INCOME_BINS - 1)
    known = households.filter(pl.col("income_head").is_not_null())
    return known.group_by("village_code", income=income, index=_middle_bin(SCATTER_STEP)).agg(n=pl.len())


def _rules(findings: pl.DataFrame) -> pl.DataFrame:
    return findings.group_by("village_code", "rule", "severity", "direction", "topic").agg(n=pl.len())


def _months(monthly: pl.LazyFrame) -> pl.DataFrame:
    sums = [pl.col(kind).sum() for kind in KINDS]
    return monthly.group_by("village_code", "month").agg(*sums, pl.col("persons").sum(), n=pl.len()).collect()


def _unknown_and_recorded(households: pl.DataFrame, incomes: pl.LazyFrame, region: str) -> pl.DataFrame:
    recorded = incomes.select("household_id").unique().collect().get_column("household_id")
    flagged = households.select(
        "village_code",
        unknown=pl.col("income_head").is_null(),
        recorded=pl.col("household_id").is_in(recorded.implode()),
    )
    counts = {"income_unknown": pl.col("unknown").sum(), "income_households": pl.col("recorded").sum()}
    villages = flagged.group_by("village_code").agg(**counts)
    return pl.concat(
        villages.group_by(region=pl.col("village_code").str.slice(0, length)).agg(pl.col(*counts).sum())
        for length in code_lengths(region)
    )


def _listed(name: str, villages: pl.DataFrame, region: str, numbers: Sequence[str] = ("n",)) -> pl.DataFrame:
    """``region`` and the counts of its villages as JSON rows: the keys in order, then the numbers added up."""
    keys = [column for column in villages.columns if column not in ("village_code", *numbers)]
    row = pl.concat_str(pl.lit("["), pl.concat_str(map(_json, keys + list(numbers)), separator=","), pl.lit("]"))
    parts = []
    for length in code_lengths(region):
        place = pl.col("village_code").str.slice(0, length)
        summed = villages.group_by(*keys, region=place).agg(pl.col(numbers).cast(pl.Int64).sum()).sort("region", *keys)
        text = summed.with_columns(row=row).group_by("region", maintain_order=True).agg(pl.col("row").str.join(","))
        parts.append(text.select("region", pl.concat_str(pl.lit("["), "row", pl.lit("]")).alias(name)))
    return pl.concat(parts)


def _json(column: str) -> pl.Expr:
    """Texts are ids and codes of the catalogue: nothing in them needs escaping."""
    quoted = column in ("cause", "rule", "direction", "topic")
    return pl.concat_str(pl.lit('"'), column, pl.lit('"')) if quoted else pl.col(column).cast(pl.String)
