"""Hits of a screening against the one before: new, still there, mended by whom; counts by region. Pure: frames only."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import polars as pl

from fupin.identify.summary import code_lengths

KEY = ("rule", "object_id")
HIT_COLUMNS = (
    "rule", "object_id", "level", "severity", "household_id", "person_id", "village_code",
    "params", "standing", "exempted", "since", "mended_by_id",
)  # fmt: skip
COUNT_COLUMNS = ("region", "rule", "severity", "open", "fresh", "mended", "exempted")
#: what the screening before left open, as a frame
BEFORE = {
    **dict.fromkeys(("rule", "object_id", "level"), pl.String()),
    "severity": pl.Int32(),
    **dict.fromkeys(("household_id", "person_id", "village_code", "params"), pl.String()),
    "since": pl.Date(),
}
ANSWERED = {"rule": pl.String(), "object_id": pl.String(), "mended_by_id": pl.Int64()}
EXEMPT = {"rule": pl.String(), "object_id": pl.String()}


def standing_rows(
    hits: pl.DataFrame,
    before: pl.DataFrame,
    answered: pl.DataFrame,
    exempt: pl.DataFrame,
    applicable: Collection[str],
    as_of: date,
) -> pl.DataFrame:
    """Rows of ``ScreenHit``. A hit of before that is gone counts as mended only where its rule could be applied now.

    ``answered``: who said last that a hit is mended; ``exempt``: rule and object of exemptions in force.
    """
    now = hits.join(before.select(*KEY, "since"), on=KEY, how="left").with_columns(
        pl.when(pl.col("since").is_null()).then(pl.lit("new")).otherwise(pl.lit("still")).alias("standing"),
        pl.col("since").fill_null(pl.lit(as_of)),
        pl.lit(None, pl.Int64).alias("mended_by_id"),
    )
    gone = before.join(hits, on=KEY, how="anti").filter(pl.col("rule").is_in(list(applicable)))
    gone = gone.join(answered, on=KEY, how="left").with_columns(pl.lit("mended").alias("standing"))
    marked = exempt.select(*KEY, pl.lit(True).alias("exempted"))
    rows = pl.concat([now.select(_without_mark()), gone.select(_without_mark())], how="vertical_relaxed")
    rows = rows.join(marked, on=KEY, how="left").with_columns(pl.col("exempted").fill_null(False))
    return rows.with_columns(pl.col("household_id", "person_id").fill_null("")).select(HIT_COLUMNS).sort(KEY)


def _without_mark() -> list[str]:
    return [name for name in HIT_COLUMNS if name != "exempted"]


def count_rows(rows: pl.DataFrame, region: str) -> pl.DataFrame:
    """Rows of ``ScreenCount`` for every region from the screening's own down to the village."""
    mended, exempted = pl.col("standing") == "mended", pl.col("exempted")
    parts = [
        rows.group_by(pl.col("village_code").str.slice(0, length).alias("region"), "rule").agg(
            pl.col("severity").first(),
            (~mended & ~exempted).sum().alias("open"),
            ((pl.col("standing") == "new") & ~exempted).sum().alias("fresh"),
            mended.sum().alias("mended"),
            (~mended & exempted).sum().alias("exempted"),
        )
        for length in code_lengths(region)
    ]
    return pl.concat(parts).select(COUNT_COLUMNS).sort("region", "rule")


def total_counts(rows: pl.DataFrame, told: pl.DataFrame) -> dict[str, int]:
    """Figures of the whole screening."""
    mended, exempted = rows.get_column("standing") == "mended", rows.get_column("exempted")
    open_ = ~mended & ~exempted
    return {
        "rules": len(told),
        "applicable": int(told.get_column("applicable").sum()),
        "open": int(open_.sum()),
        "fresh": int((open_ & (rows.get_column("standing") == "new")).sum()),
        "mended": int(mended.sum()),
        "exempted": int((~mended & exempted).sum()),
        "severe": int((open_ & (rows.get_column("severity") <= 2)).sum()),
    }
