"""A file opened as sheets: their first rows for finding the header, and the table below once it is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from fupin.exchange.ledgers.headings import known_headings
from fupin.exchange.reading import refusals
from fupin.exchange.reading.filetypes import Kind, kind_of
from fupin.exchange.reading.header import Header
from fupin.exchange.reading.recognise import DELIMITER_NAMES, Table, table_of_sheet, trimmed
from fupin.exchange.reading.source import Source
from fupin.exchange.reading.table import HEADER_ROWS, MAX_COLUMNS
from fupin.exchange.reading.textfile import DELIMITERS, TextFile
from fupin.exchange.reading.workbook import Sheet, open_workbook

MOST_BYTES = 100 << 20


@dataclass(frozen=True)
class OpenSheet:
    """``name``: of the sheet, "" in a text file. ``table`` gives the rows below a header. ``rows``: about so many."""

    name: str
    about: str
    head: Sequence[Sequence[str]]
    table: Callable[[Header], Table]


@contextmanager
def open_sheets(source: Source) -> Iterator[list[OpenSheet]]:
    """Every sheet that holds anything. Raises Refusal for what is no table, is too large or too wide."""
    if source.size > MOST_BYTES:
        raise too_large(source.size)
    kind = kind_of(source)
    if kind == "text":
        yield [_text(source)]
        return
    with open_workbook(source, kind) as sheets:
        if not sheets:
            raise refusals.empty_file()
        yield [_sheet(source, kind, sheet) for sheet in sheets]


def _text(source: Source) -> OpenSheet:
    text = TextFile.open(source)
    heads = {delimiter: text.head(delimiter, HEADER_ROWS) for delimiter in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda one: _plausible(heads[one]))

    def table(found: Header) -> Table:
        found.cells = trimmed(found.cells)
        about = {"kind": "text", "encoding": text.encoding.label, "delimiter": DELIMITER_NAMES[delimiter]}
        pieces = partial(text.pieces, delimiter, len(found.cells), found.row + 1)
        return Table(found, source.size, pieces, about)

    return OpenSheet("", text.encoding.label, _not_too_wide(heads[delimiter]), table)


def _plausible(rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    known = max((known_headings(cells) for cells in rows), default=0)
    widths = sorted(len(cells) for cells in rows)
    return known, widths[len(widths) // 2] if widths else 0


def _sheet(source: Source, kind: Kind, sheet: Sheet) -> OpenSheet:
    def table(found: Header) -> Table:
        return table_of_sheet(source, kind, sheet, found, unread=[])

    return OpenSheet(sheet.name, kind.upper(), _not_too_wide(sheet.head(HEADER_ROWS)), table)


def _not_too_wide(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    widest = max((len(trimmed(list(cells))) for cells in rows), default=0)
    if widest > MAX_COLUMNS:
        raise refusals.too_many_columns(widest, MAX_COLUMNS)
    return rows


def too_large(size: int) -> refusals.Refusal:
    return refusals.Refusal(
        "too_large",
        f"文件有 {size >> 20} MB，超过上限 {MOST_BYTES >> 20} MB",
        f"the file has {size >> 20} MB; at most {MOST_BYTES >> 20} MB are taken",
        "请按县或乡镇分成几个文件，或只导出台账需要的列",
        "split it by county or township, or export only the columns of the ledger",
    )
