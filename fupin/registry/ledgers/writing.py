"""How a value of ours is written into a cell of a ledger. Reading it back must give the same value (a test)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import polars as pl

from fupin.catalogue.ledgers import Field, foreign_lists
from fupin.catalogue.schema import code_lists


@cache
def code_texts(codes: str, foreign: str, writes: str) -> Mapping[str, str]:
    """Our code → the cell: in the numbers of a foreign list where one is named, else as code or label."""
    if foreign:
        back: dict[str, str] = {}
        for theirs, ours in foreign_lists()[foreign].values.items():
            back.setdefault(ours, theirs)
        return back
    values = code_lists()[codes].values
    return {code: code if writes == "code" else pair[0] for code, pair in values.items()}


def written(
    values: pl.Series,
    field: Field,
    writes: str = "code",
    flags: tuple[str, str] = ("1", "0"),
    foreign: str = "",
    own: Mapping[str, str] | None = None,
) -> pl.Series:
    """Cells of a column; null stays null. ``own``: a translation made by hand, their writing → our code."""
    column = field.column
    if column.codes:
        texts = {ours: theirs for theirs, ours in own.items()} if own else code_texts(column.codes, foreign, writes)
        return values.replace_strict(texts, default=None, return_dtype=pl.String)
    if column.type == "flag":
        chosen = pl.when(values).then(pl.lit(flags[0])).when(~values).then(pl.lit(flags[1]))
        return pl.select(chosen.alias(values.name)).to_series()
    if column.type == "money":
        return _shortest(values.cast(pl.Int64), 100, 2)
    if column.type == "decimal":
        return _shortest((values.cast(pl.Float64) * 1000).round().cast(pl.Int64), 1000, 3)
    if column.type == "date":
        return values.cast(pl.Date).dt.strftime("%Y-%m-%d")
    return values.cast(pl.String)


def _shortest(units: pl.Series, scale: int, places: int) -> pl.Series:
    """Thousandths or 分 as a decimal without needless zeros: 3500, 0.5, 12.25."""
    name = units.name
    sign = pl.when(pl.col(name) < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole, rest = pl.col(name).abs() // scale, pl.col(name).abs() % scale
    behind = "." + rest.cast(pl.String).str.zfill(places)
    text = sign + whole.cast(pl.String) + behind
    short = text.str.strip_chars_end("0").str.strip_chars_end(".")
    return units.to_frame().select(short.alias(name)).to_series()
