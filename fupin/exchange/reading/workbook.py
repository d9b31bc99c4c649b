"""XLSX and XLS: sheets, and their rows as text.

Numbers are written with 15 significant digits, as a spreadsheet shows them: 0.1 + 0.2 is 0.3. A number of 16 digits or
more has lost its last digits in the spreadsheet already and is left in E notation, so that no ID number is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

import polars as pl
import python_calamine as calamine

from fupin.exchange.reading import archive, refusals
from fupin.exchange.reading.source import Source
from fupin.exchange.reading.table import OVERFLOW, ROW, Piece, Rows, cell_names, column_letters

PIECE_ROWS = 50_000
Merged = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Sheet:
    """``left`` is the index of the first used column: cells are counted from there."""

    name: str
    left: int
    height: int
    width: int
    data: calamine.CalamineSheet

    def head(self, rows: int) -> list[list[str]]:
        return [[as_text(cell) or "" for cell in cells] for cells in islice(self.data.iter_rows(), rows)]

    def pieces(self, width: int, first_row: int, only: Rows | None = None) -> Iterator[Piece]:
        rows = islice(self.data.iter_rows(), first_row - 1, None)
        row = first_row
        while batch := list(islice(rows, PIECE_ROWS)):
            frame = _frame(batch, width, row)
            yield Piece(frame if only is None else frame.filter(pl.col(ROW).is_in(only)), len(batch))
            row += len(batch)

    def merged(self) -> list[Merged]:
        """((first row, column), (last row, column)), counted from 0."""
        return self.data.merged_cell_ranges or []


@contextmanager
def open_workbook(source: Source, kind: str) -> Iterator[list[Sheet]]:
    """The visible sheets with any cell, in the order of the workbook. Raises Refusal."""
    if kind == "xlsx":
        archive.guard(source)
    with source.open() as stream:
        try:
            book = calamine.CalamineWorkbook.from_filelike(stream)
            yield list(_sheets(book))
        except calamine.PasswordError as error:
            raise refusals.password_protected() from error
        except (calamine.CalamineError, OSError, ValueError) as error:
            raise refusals.cannot_open(kind.upper()) from error


def _sheets(book: calamine.CalamineWorkbook) -> Iterator[Sheet]:
    for meta in book.sheets_metadata:
        if meta.typ == calamine.SheetTypeEnum.WorkSheet and meta.visible == calamine.SheetVisibleEnum.Visible:
            data = book.get_sheet_by_name(meta.name)
            if data.start is not None:
                yield Sheet(meta.name, data.start[1], data.total_height, data.width, data)


def _frame(batch: list[list[Any]], width: int, first_row: int) -> pl.DataFrame:
    names = cell_names(width)
    columns = list(zip(*batch, strict=True))
    series = [_text_series(name, column) for name, column in zip(names, columns, strict=False)]
    series += [pl.Series(name, [None] * len(batch), dtype=pl.String) for name in names[len(columns) :]]
    rows = pl.Series(ROW, range(first_row, first_row + len(batch)), dtype=pl.Int64)
    return pl.DataFrame([*series, _overflow(columns[width:], len(batch)), rows])


def _overflow(beyond: list[tuple[Any, ...]], height: int) -> pl.Series:
    """What stands to the right of the header, null where nothing does: the row will say that it has too many cells."""
    if not beyond:
        return pl.Series(OVERFLOW, [None] * height, dtype=pl.String)
    texts = ("\n".join(filter(None, map(as_text, cells))) for cells in zip(*beyond, strict=True))
    return pl.Series(OVERFLOW, [text or None for text in texts], dtype=pl.String)


def _text_series(name: str, column: tuple[Any, ...]) -> pl.Series:
    if set(map(type, column)) == {str}:
        return pl.Series(name, column, dtype=pl.String).replace({"": None})
    return pl.Series(name, [as_text(cell) for cell in column], dtype=pl.String)


def as_text(cell: Any) -> str | None:
    """One cell as its reader sees it; None when empty."""
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.15g}"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time.min else cell.isoformat(" ")
    if isinstance(cell, (date, time, timedelta, int)):
        return str(cell)
    return None


def merged_name(merged: Merged) -> str:
    (top, left), (bottom, right) = merged
    return f"{column_letters(left)}{top + 1}:{column_letters(right)}{bottom + 1}"
