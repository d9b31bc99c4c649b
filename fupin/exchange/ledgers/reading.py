"""One table by its mapping: typed rows, what is kept as written, and rows that cannot be taken.

Every cell is read as deliveries are read (``reading.rowcheck``); codes by their own list. Nothing of an ID number,
phone number or account is kept but in the typed column itself, which goes no further than the memory of the work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import polars as pl

from fupin.catalogue.ledgers import layouts, ledger_fields
from fupin.catalogue.schema import Column, Dataset
from fupin.exchange.ledgers.codes import lists_for, translated
from fupin.exchange.ledgers.headings import column_of
from fupin.exchange.ledgers.mapping import ColumnMap, TableMap, closed, name_of
from fupin.exchange.reading.recognise import Table
from fupin.exchange.reading.rowcheck import BadRow, RowCheck
from fupin.exchange.reading.table import ROW
from fupin.registry.api import written

MOST_ROWS = 1_000_000
ROOM = 5_000  # refused rows that are described
LONG = r"\d{11,}"  # digits in a row that could be a number of a person: never kept as written
MARKS = r"[\x{200b}-\x{200f}\x{2060}-\x{2064}\x{feff}]"
#: a cell kept as written, and what we would write in its place
RAW = {ROW: pl.Int64, "key": pl.String, "field": pl.String, "cell": pl.String, "ours": pl.String}
FLAGS = {"code": ("1", "0"), "label": ("是", "否")}


@dataclass(frozen=True)
class Refused:
    """A row, or with ``cell`` only its cell, that is not taken: where, why, how to mend it. No number in it."""

    table: int
    row: int
    column: str
    zh: str
    en: str
    hint_zh: str = ""
    hint_en: str = ""
    cell: bool = False


@dataclass
class ReadTable:
    """``rows``: ROW, table and one column for each field (its id). ``raw``: RAW, the cells kept as they were written.
    ``untranslated``: (field, cell) → how often no list knew it."""

    number: int
    found: TableMap
    rows: pl.DataFrame
    raw: pl.DataFrame
    refused: list[Refused] = field(default_factory=list)
    refused_count: int = 0
    codes: dict[str, list[pl.DataFrame]] = field(default_factory=dict)  # field → ROW and cell, where the list matters
    untranslated: Counter[tuple[str, str]] = field(default_factory=Counter)


def read_table(
    number: int, table: Table, found: TableMap, cut_off: date, progress: Callable[[float], None]
) -> ReadTable:
    """Raises Refusal for a table of no rows."""
    dataset = _dataset(found)
    check = RowCheck(dataset, table, cut_off)
    read = ReadTable(number, found, pl.DataFrame(), pl.DataFrame())
    rows, raws, done, keys = [], [], 0, keys_by_heading(found)
    for piece in table.pieces():
        checked = check.check(piece.frame, ROOM - len(read.refused))
        read.refused_count += checked.bad_count
        read.refused += [_refused(number, one, found) for one in checked.bad]
        cells = piece.frame.join(checked.good.select(ROW), on=ROW, how="semi", maintain_order="left")
        good, raw = _understood(checked.good, cells, keys, table, read)
        rows.append(good)
        raws.append(raw)
        done += piece.size
        progress(min(1.0, done / max(1, table.size)))
    if rows:
        read.rows = pl.concat(rows).with_columns(table=pl.lit(number))
        read.raw = pl.concat(raws).with_columns(table=pl.lit(number))
    return read


def _dataset(found: TableMap) -> Dataset:
    """The mapping as a data set of the reader of deliveries; codes are read here as text, and translated after."""
    columns: dict[str, Column] = {}
    for one in found.columns:
        if one.field:
            known = ledger_fields()[one.field].column
            type_ = "text" if known.codes else known.type
            columns[one.field] = replace(known, name=one.field, type=type_, codes="", future=True)
        elif one.keep:
            name = name_of(one)
            columns[name] = Column(name, one.heading, "text", pii="sensitive")
    return Dataset("ledger", "台账", "ledger", "", "", "", "yearly", found.row, "residents", (), columns)


def _understood(
    good: pl.DataFrame, cells: pl.DataFrame, keys: Mapping[str, str], table: Table, read: ReadTable
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The piece with codes translated, and the cells that our own writing would not give back."""
    values: list[pl.Series] = [good[ROW]]
    kept: list[pl.DataFrame] = []
    for one in read.found.columns:
        name = name_of(one)
        if name not in table.header.columns:
            continue
        as_written, key = cells[f"c{table.header.columns[name]}"], keys.get(one.heading, one.heading)
        if one.keep:
            kept.append(_kept(good[ROW], as_written, one, key, None))
            continue
        value = good[one.field]
        if ledger_fields()[one.field].column.codes:
            value = _translated(good, one, read)
        values.append(value.alias(one.field))
        if one.field.startswith("valid."):  # no figure of ours: what we write is what valid rows have
            value = pl.Series(["1"], dtype=pl.String).new_from_index(0, good.height)
        if one.field.startswith("group."):  # told of no record of ours: written out as it was
            kept.append(_kept(good[ROW], as_written, one, key, None))
        elif not closed(one.field):
            kept.append(_kept(good[ROW], as_written, one, key, value))
    return pl.DataFrame(values), pl.concat(kept) if kept else pl.DataFrame(schema=RAW)


def _translated(good: pl.DataFrame, one: ColumnMap, read: ReadTable) -> pl.Series:
    cells = good[one.field]
    value = translated(cells, one)
    for text, count in cells.filter(value.is_null() & cells.is_not_null()).value_counts().iter_rows():
        read.untranslated[one.field, str(text)[:40]] += count
    if len(lists_for(ledger_fields()[one.field])) > 1:
        read.codes.setdefault(one.field, []).append(good.select(ROW, cell=one.field))
    return value


def _kept(rows: pl.Series, as_written: pl.Series, one: ColumnMap, key: str, read: pl.Series | None) -> pl.DataFrame:
    """RAW: the cells that are not what we would write for the value; the unseen marks of our own exports are none."""
    cell = pl.col("cell").str.replace_all(MARKS, "")
    frame = pl.DataFrame({ROW: rows, "cell": as_written}).with_columns(cell)
    if read is None:
        ours = pl.lit(None, pl.String)
    else:
        own = dict(one.own) or None
        frame = frame.with_columns(
            ours=written(read, ledger_fields()[one.field], one.writes, FLAGS[one.writes], one.codes, own)
        )
        ours = pl.col("ours")
    personal = pl.col("cell").str.contains(LONG) & ~pl.lit(one.field.endswith(("_id", "village_code")))
    kept = frame.filter(pl.col("cell").is_not_null(), ~personal, pl.lit(read is None) | pl.col("cell").ne_missing(ours))
    return kept.select(ROW, key=pl.lit(key), field=pl.lit(one.field), cell="cell", ours=ours)


def _refused(number: int, bad: BadRow, found: TableMap) -> Refused:
    one = next((one for one in found.columns if name_of(one) == bad.column), None)
    return Refused(
        number, bad.row, one.heading if one else "", bad.zh, bad.en,
        "改正这一格后重新上传；其余行不受影响", "mend the cell and upload again; other rows are not affected",
    )  # fmt: skip


def layout_name(found: TableMap) -> str:
    """Under which name cells are kept as written: the layout's id, or the number of the saved mapping."""
    return found.layout or (f"m{found.saved}" if found.saved else "")


def keys_by_heading(found: TableMap) -> dict[str, str]:
    """Heading in the file → key of the column in its layout."""
    if not found.layout:
        return {one.heading: one.heading for one in found.columns}
    layout = layouts()[found.layout]
    return {one.heading: column.key for one in found.columns if (column := column_of(layout, one.heading))}
