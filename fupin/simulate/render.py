"""Typed rows → the text of a department's file."""

from __future__ import annotations

import polars as pl

from fupin.catalogue.schema import Column, Dataset, code_lists
from fupin.simulate.arrays import Rng, generator
from fupin.simulate.dirt import dirty_ids, dirty_names, spoil, with_repeats
from fupin.simulate.rates import Rates
from fupin.simulate.styles import Style

SPREADSHEET_EPOCH = 25_569  # days from 1899-12-30 to 1970-01-01


def render(rng: Rng, dataset: Dataset, rows: pl.DataFrame, style: Style, rates: Rates) -> pl.DataFrame:
    """All columns as text (dates stay dates in style "cell"), dirt added, headers as the department writes them."""
    rows = with_repeats(rng, rows, rates.duplicate_row)
    columns = []
    for column in dataset.columns.values():
        series = _cells(rng, rows[column.name], column, style, rates, dataset)
        columns.append(series.alias(column.name))
    frame = spoil(rng, pl.DataFrame(columns), _targets(dataset, style), rates.bad_row)
    frame = frame.select(_order(dataset, style))
    if style.total:
        frame = pl.concat([frame, _total(rows, frame, dataset, style)])
    if style.numbered:
        number = pl.int_range(1, len(frame) + 1, eager=True).cast(pl.String).alias("序号")
        frame = frame.select(number, pl.all())
    return frame.rename({c.name: header(c, style) for c in dataset.columns.values()})


def header(column: Column, style: Style) -> str:
    """The Chinese header or one of the known other ways to write it."""
    return column.aliases[(style.alias - 1) % len(column.aliases)] if style.alias and column.aliases else column.zh


def _order(dataset: Dataset, style: Style) -> list[str]:
    names = list(dataset.columns)
    if style.swapped:
        generator(7, sum(map(ord, dataset.id))).shuffle(names)
    return names


def _cells(rng: Rng, series: pl.Series, column: Column, style: Style, rates: Rates, dataset: Dataset) -> pl.Series:
    match column.type:
        case "idcard":
            weak = dataset.weak_id == "accept" and column.required
            return dirty_ids(rng, series, rates, weak=weak, small_x=style.small_x)
        case "name":
            # the police keep the register of names: theirs are right
            return series if dataset.department == "public_security" else dirty_names(rng, series, rates.name_variant)
        case "date":
            return _dates(series, style)
        case "month":
            return _months(series, style)
        case "code":
            return _codes(series, column, style)
        case "flag":
            return series.replace_strict([True, False], list(style.flag), return_dtype=pl.String)
        case "money":
            return _money(series, column, style)
    return series.cast(pl.String)


def _dates(series: pl.Series, style: Style) -> pl.Series:
    if style.date == "cell":
        return series
    if style.date == "serial":
        return (series.cast(pl.Int32) + SPREADSHEET_EPOCH).cast(pl.String)
    return _formatted(series, style.date)


def _formatted(series: pl.Series, pattern: str) -> pl.Series:
    """Each day is formatted once: there are fewer days than rows."""
    day = series.cast(pl.Int32)
    low, high = day.min(), day.max()
    if not isinstance(low, int) or not isinstance(high, int):
        return series.cast(pl.String)
    words = pl.int_range(low, high + 1, dtype=pl.Int32, eager=True).cast(pl.Date).dt.strftime(pattern)
    return words.gather((day - low).cast(pl.UInt32))


def _months(series: pl.Series, style: Style) -> pl.Series:
    month = series.cast(pl.Int64)
    return _formatted((month * 100 + 1).cast(pl.String).str.to_date("%Y%m%d"), style.month)


def _codes(series: pl.Series, column: Column, style: Style) -> pl.Series:
    if style.code == "code":
        return series
    labels = {code: label for code, (label, _) in code_lists()[column.codes].values.items()}
    if style.code == "spaced":
        labels = {code: f" {label} " for code, label in labels.items()}
    return series.replace_strict(labels, default=None, return_dtype=pl.String)


def _money(series: pl.Series, column: Column, style: Style) -> pl.Series:
    """分 → 元 or 万元 as the data set's unit says."""
    if column.unit == "万元":
        return (series / 1_000_000).round(4).cast(pl.String)
    name = series.name
    fen = pl.col(name).cast(pl.Int64)
    yuan, cents = fen // 100, (fen % 100).cast(pl.String).str.zfill(2)
    text = yuan.cast(pl.String) + "." + cents
    if style.money == "short":
        text = pl.when(fen % 100 == 0).then(yuan.cast(pl.String)).otherwise(text)
    if style.money == "thousands":
        low = (yuan % 1000).cast(pl.String).str.zfill(3)
        middle = (yuan // 1000 % 1000).cast(pl.String).str.zfill(3)
        text = (
            pl.when(yuan < 1000)
            .then(text)
            .when(yuan < 1_000_000)
            .then((yuan // 1000).cast(pl.String) + "," + low + "." + cents)
            .otherwise((yuan // 1_000_000).cast(pl.String) + "," + middle + "," + low + "." + cents)
        )
    return series.to_frame().select(text).to_series()


def _targets(dataset: Dataset, style: Style) -> dict[str, str]:
    """Which cells go wrong and how: a day that does not exist, money below zero, a code nobody knows."""
    wrong = {"money": "-100.00", "code": "其它未知", "date": "2019/2/30"}
    targets: dict[str, str] = {}
    for column in dataset.columns.values():
        if column.type in wrong and not (column.type == "date" and style.date == "cell"):
            targets.setdefault(column.type, column.name)
    return {name: wrong[kind] for kind, name in targets.items()}


def _total(rows: pl.DataFrame, frame: pl.DataFrame, dataset: Dataset, style: Style) -> pl.DataFrame:
    """The row 合计 that spreadsheets end with."""
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    labelled = next(n for n in texts if dataset.columns[n].type in ("text", "name", "idcard"))
    cells: dict[str, str | None] = {labelled: "合计"}
    for column in dataset.columns.values():
        if column.type == "money":
            cells[column.name] = _money(pl.Series("sum", [rows[column.name].sum()]), column, style)[0]
    return pl.DataFrame({n: pl.Series(n, [cells.get(n)], dtype=frame.schema[n]) for n in frame.columns})
