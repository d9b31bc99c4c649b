"""What an ID number says of itself, coded, so that no number has to be opened to find a wrong one.

Length, check digit, sex and province stand for themselves. The birth date in the number is not kept: with the masked
form it would be the whole number. Kept is whether it agreed, and with which birth date of the registry; when that one
is corrected later, what agreed does no longer, and what did not is unknown.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from fupin.kernel.identity import PROVINCES, number_facts
from fupin.registry.numbers import well_formed

COLUMNS = ("id_length", "id_check_ok", "id_birth_agrees", "id_birth_judged", "id_sex", "id_region_ok")
_READ = {
    "written": pl.String(), "length": pl.Int16(), "check_ok": pl.Boolean(), "born": pl.Date(), "sex": pl.String(),
    "province_ok": pl.Boolean(),
}  # fmt: skip


def facts_of(written: str | None, birth_date: date | None) -> dict[str, Any]:
    """Column of ``Person`` → value."""
    frame = facts_columns(pl.Series([written], dtype=pl.String), pl.Series([birth_date], dtype=pl.Date))
    return frame.row(0, named=True)


def facts_columns(written: pl.Series, birth_dates: pl.Series) -> pl.DataFrame:
    """The same for a whole registry, row by row."""
    distinct = pl.DataFrame({"written": written.drop_nulls().unique()})
    exact = distinct.filter(well_formed(pl.col("written")))
    others = distinct.join(exact, on="written", how="anti").get_column("written")
    read = [(text, *_parts(text)) for text in others]
    known = pl.concat([_of_exact(exact), pl.DataFrame(read, schema=_READ, orient="row")])
    frame = pl.DataFrame({"written": written, "birth": birth_dates}).join(
        known, on="written", how="left", maintain_order="left"
    )
    agrees = pl.col("born") == pl.col("birth")
    return frame.select(
        pl.col("length").alias("id_length"),
        pl.col("check_ok").alias("id_check_ok"),
        agrees.alias("id_birth_agrees"),
        pl.when(agrees.is_not_null()).then("birth").alias("id_birth_judged"),
        pl.col("sex").alias("id_sex"),
        pl.col("province_ok").alias("id_region_ok"),
    )


def _parts(text: str) -> tuple[Any, ...]:
    found = number_facts(text)
    return found.length, found.check_ok, found.born, found.sex, found.province_ok


def _of_exact(exact: pl.DataFrame) -> pl.DataFrame:
    """Of numbers that are right beyond doubt: millions at once."""
    text = pl.col("written")
    odd = text.str.slice(16, 1).cast(pl.Int8) % 2 == 1
    return exact.select(
        text,
        pl.lit(18, pl.Int16).alias("length"),
        pl.lit(True).alias("check_ok"),
        text.str.slice(6, 8).str.to_date("%Y%m%d").alias("born"),
        pl.when(odd).then(pl.lit("1")).otherwise(pl.lit("2")).alias("sex"),
        text.str.slice(0, 2).is_in(sorted(PROVINCES)).alias("province_ok"),
    )
