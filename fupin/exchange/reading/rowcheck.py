"""Pieces of text cells → rows that can be trusted, and rows with the reason why they cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

import polars as pl

from fupin.catalogue.schema import Column, Dataset
from fupin.exchange.reading import refusals
from fupin.exchange.reading.columns import ColumnReader, dtype_of, limits
from fupin.exchange.reading.reasons import reason
from fupin.exchange.reading.recognise import Table
from fupin.exchange.reading.table import MAX_CELL_BYTES, OVERFLOW, ROW, UNREAD_ID, cell_names

_TOTALS = r"^[\s\u3000]*(本页|本表|全县|全市|全乡)?[\s\u3000]*[合总小共累][\s\u3000]*计[\s\u3000]*[:：]?[\s\u3000]*$"


@dataclass(frozen=True)
class BadRow:
    row: int
    column: str
    code: str
    zh: str
    en: str
    cells: list[str]


@dataclass(frozen=True)
class Checked:
    """``good``: ROW and every column of the data set, ID numbers still as text; only ``bad`` up to the room given."""

    good: pl.DataFrame
    bad_count: int
    bad: list[BadRow]
    without_id: int


@dataclass
class RowCheck:
    """The checks of one delivery; holds the column readers and what they remember."""

    dataset: Dataset
    table: Table
    cut_off: date
    readers: dict[str, ColumnReader] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.table.header.columns:
            factor = self.table.header.factors.get(name, Fraction(1))
            self.readers[name] = ColumnReader(self.dataset.columns[name], factor)

    def check(self, frame: pl.DataFrame, room: int) -> Checked:
        """``room``: how many bad rows may still be described."""
        names = cell_names(self.table.width)
        self._refuse_huge_cells(frame, names)
        frame = frame.filter(pl.any_horizontal(pl.col([*names, OVERFLOW]).is_not_null()))
        values, problems = self._read(frame)
        problems = problems.with_columns(self._whole_row(frame, names))
        weak = self.dataset.weak_id == "accept"
        blocking = problems.drop(*self.dataset.id_columns, strict=False) if weak else problems
        is_bad = blocking.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
        bad = list(self._describe(frame.filter(is_bad).head(room), blocking.filter(is_bad).head(room), names))
        good = values.filter(~is_bad)
        return Checked(good, int(is_bad.sum()), bad, self._without_id(good))

    def _read(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """(values, problems): a column for each column of the data set, problems as codes."""
        values, problems = [frame[ROW]], []
        for name, column in self.dataset.columns.items():
            if name in self.readers:
                cells = frame[f"c{self.table.header.columns[name]}"]
                read, problem = self.readers[name].read(cells)
                values.append(read.alias(name))
                problems.append(self._limits(column, read, problem).alias(name))
            else:
                values.append(pl.Series(name, [None], dtype=dtype_of(column)).new_from_index(0, frame.height))
        if self.dataset.weak_id == "accept":
            values.append(self._unread_ids(frame, values))
        return pl.DataFrame(values), pl.DataFrame(problems)

    def _unread_ids(self, frame: pl.DataFrame, values: list[pl.Series]) -> pl.Series:
        """What stands in ID cells that gave no number: keeps two such rows apart when duplicates are looked for."""
        read = {series.name: series for series in values}
        cells = [
            pl.select(pl.when(read[name].is_null()).then(frame[f"c{self.table.header.columns[name]}"])).to_series()
            for name in self.dataset.id_columns
            if name in self.readers
        ]
        return (
            pl.DataFrame([cell.alias(str(i)) for i, cell in enumerate(cells)])
            .select(pl.concat_str(pl.all().fill_null(""), separator="\x1f").alias(UNREAD_ID))
            .to_series()
        )

    def _limits(self, column: Column, values: pl.Series, problem: pl.Series) -> pl.Series:
        """The problem of each cell: what the reader said, else a missing value or one outside its limits."""
        least, most = limits(column)
        value = pl.col("v")
        tests = [("missing", value.is_null())] if column.required else []
        tests += [("below_min", value < least)] if least is not None else []
        tests += [("above_max", value > most)] if most is not None else []
        tests += [("future_date", value > self.cut_off)] if column.type == "date" and not column.future else []
        told = pl.coalesce("p", *(pl.when(test).then(pl.lit(code)) for code, test in tests))
        return pl.DataFrame({"v": values, "p": problem}).select(told).to_series()

    def _whole_row(self, frame: pl.DataFrame, names: list[str]) -> list[pl.Series]:
        """Problems of the row rather than of a cell, under the name ""."""
        first = [*names[:3], *(f"c{self.table.header.columns[n]}" for n in ("name",) if n in self.readers)]
        tests = {
            "totals_row": self._totals(frame, list(dict.fromkeys(first))),
            "repeated_header": self._header_again(),
            "merged": pl.col(ROW).is_in(list(self.table.merged_rows)),
            "too_many_cells": pl.col(OVERFLOW).is_not_null(),
        }
        told = pl.coalesce(pl.when(test).then(pl.lit(code)) for code, test in tests.items())
        return [frame.select(told.alias("")).to_series()]

    def _totals(self, frame: pl.DataFrame, names: list[str]) -> pl.Expr:
        """Only where the last character of such words stands at all is the whole pattern looked for."""
        some = [name for name in names if frame[name].str.contains("计", literal=True).any()]
        return pl.any_horizontal(pl.col(name).str.contains(_TOTALS) for name in some) if some else pl.lit(False)

    def _header_again(self) -> pl.Expr:
        mapped = list(self.table.header.columns.values())[:3]
        return pl.all_horizontal(pl.col(f"c{index}") == self.table.header.cells[index] for index in mapped)

    def _refuse_huge_cells(self, frame: pl.DataFrame, names: list[str]) -> None:
        sizes = frame.select(pl.col(names).str.len_bytes().max()).row(0) if frame.height else ()
        for index, size in enumerate(sizes):
            if size and size > MAX_CELL_BYTES:
                row = frame.filter(pl.col(names[index]).str.len_bytes() == size)[ROW][0]
                heading = self.table.header.cells[index].strip()[:40] or names[index]
                raise refusals.cell_too_large(row, heading, size, MAX_CELL_BYTES)

    def _describe(self, frame: pl.DataFrame, problems: pl.DataFrame, names: list[str]) -> Iterator[BadRow]:
        order = ["", *(name for name in problems.columns if name)]
        rows = frame.select(ROW, *names).iter_rows()
        for (row, *cells), codes in zip(rows, problems.select(order).iter_rows(), strict=True):
            found = [(name, code) for name, code in zip(order, codes, strict=True) if code]
            if found[0][0] == "":
                found = found[:1]
            yield self._bad_row(row, [cell or "" for cell in cells], found)

    def _bad_row(self, row: int, cells: list[str], found: list[tuple[str, str]]) -> BadRow:
        told = []
        for name, code in found:
            column = self.dataset.columns.get(name)
            cell = cells[self.table.header.columns[name]] if column else None
            told.append(reason(code, column, cell, self._limit_text(column, code)))
        zh, en = "；".join(zh for zh, _ in told), "; ".join(en for _, en in told)
        name, code = found[0]
        return BadRow(row, name, code, zh[:300], en[:300], cells)

    def _limit_text(self, column: Column | None, code: str) -> str:
        if column is None or code not in ("below_min", "above_max"):
            return ""
        limit = column.min if code == "below_min" else column.max
        return f"{limit:g}{column.unit}"

    def _without_id(self, good: pl.DataFrame) -> int:
        required = [name for name in self.dataset.id_columns if self.dataset.columns[name].required]
        return int(good[required[0]].null_count()) if required else 0
