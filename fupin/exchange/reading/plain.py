"""Any table, without a data set behind it: CSV in the usual encodings and separators, XLSX/XLS, Parquet.

For analysts' own files (microdata): nothing is stored, nothing is taken into the lake. Needs no Django; commands that
only read a file import it from here, so that they start without a database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from fupin.exchange.reading import refusals
from fupin.exchange.reading.filetypes import kind_of
from fupin.exchange.reading.source import PlainFile
from fupin.exchange.reading.table import HEADER_ROWS, ROW, Pieces, cell_names
from fupin.exchange.reading.textfile import DELIMITERS, TextFile
from fupin.exchange.reading.workbook import open_workbook
from fupin.kernel.errors import UserError

BATCH = 500_000


@dataclass(frozen=True)
class PlainTable:
    """``columns`` as the header names them; ``pieces(names)``: ROW and these columns, in pieces of bounded memory.

    Cells are text (Parquet: of the file's own type), null when empty. ROW: as a spreadsheet numbers it, the header
    being row 1; in Parquet, which has no header row, the first row is 1.
    """

    columns: list[str]
    pieces: Callable[[Sequence[str]], Iterator[pl.DataFrame]]


@contextmanager
def open_plain(path: Path) -> Iterator[PlainTable]:
    """Raises UserError for what is not there or is no table."""
    if not path.is_file():
        raise UserError(f"找不到文件：{path}", f"no such file: {path}", "检查路径", "check the path")
    source = PlainFile(path)
    if source.size > 4 and _magic(path) == b"PAR1":
        yield _parquet(path)
    elif (kind := kind_of(source)) == "text":
        yield _text(TextFile.open(source))
    else:
        with open_workbook(source, kind) as sheets:
            if not sheets:
                raise refusals.empty_file()
            head = sheets[0].head(1)
            yield _table(head[0] if head else [], lambda width: partial(sheets[0].pieces, width, 2))


def _magic(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(4)


def _parquet(path: Path) -> PlainTable:
    try:
        file = pq.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise refusals.cannot_open("Parquet") from error

    def pieces(names: Sequence[str]) -> Iterator[pl.DataFrame]:
        row = 1
        for batch in file.iter_batches(BATCH, columns=list(names)):
            frame: Any = pl.from_arrow(batch)
            yield frame.with_columns(pl.int_range(row, row + len(frame), dtype=pl.Int64).alias(ROW))
            row += len(frame)

    return PlainTable(list(file.schema_arrow.names), pieces)


def _text(text: TextFile) -> PlainTable:
    """The separator that parts the header into most cells."""
    heads = {mark: text.head(mark, HEADER_ROWS) for mark in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda mark: len(heads[mark][0]) if heads[mark] else 0)
    header = heads[delimiter][0] if heads[delimiter] else []
    return _table(header, lambda width: partial(text.pieces, delimiter, width, 2))


def _table(header: list[str], reader: Callable[[int], Pieces]) -> PlainTable:
    names = [cell.strip() for cell in header]
    width = max((place + 1 for place, name in enumerate(names) if name), default=0)
    names = names[:width]
    if not width:
        raise UserError(
            "第 1 行没有列名", "no column names in row 1",
            "第 1 行写列名，数据从第 2 行起", "put the column names into row 1, the data from row 2 on",
        )  # fmt: skip
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise UserError(
            f"有重名的列：{'、'.join(twice)}", f"columns stand twice: {', '.join(twice)}",
            "给每列不同的名字", "give every column a name of its own",
        )  # fmt: skip
    cells = dict(zip(names, cell_names(width), strict=True))

    def pieces(wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
        for piece in reader(width)():
            filled = piece.frame.filter(~pl.all_horizontal(pl.exclude(ROW).is_null()))  # blank lines are no rows
            yield filled.select(ROW, *(pl.col(cells[name]).alias(name) for name in wanted))

    return PlainTable([name for name in names if name], pieces)
