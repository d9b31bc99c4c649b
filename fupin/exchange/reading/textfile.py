"""Text tables: CSV, TSV and other separators, in pieces of bounded memory.

A piece without quotes and blank lines is parsed by Polars, any other by the csv module; both give the same cells.
Rows are numbered as a spreadsheet numbers them: blank lines count, a line break inside quotes does not.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

import numpy as np
import polars as pl

from fupin.exchange.reading import refusals
from fupin.exchange.reading.encodings import Encoding, checked, find_encoding, head_of, raw_blocks
from fupin.exchange.reading.source import Source
from fupin.exchange.reading.table import MAX_COLUMNS, OVERFLOW, ROW, Piece, Rows, cell_names

DELIMITERS = (",", "\t", ";", "|", "，", "\x01")
MAX_ROW_BYTES = 16 << 20
HEADING = 200
HELD_BYTES = 64 << 20
_END = "\x02end\x03"  # a row of our own behind the last: an open quote would swallow it
csv.field_size_limit(MAX_ROW_BYTES * 2)


@dataclass
class TextFile:
    source: Source
    encoding: Encoding
    _held: list[bytes] = field(default_factory=list, repr=False)
    _held_all: bool = False

    @classmethod
    def open(cls, source: Source) -> TextFile:
        return cls(source, find_encoding(source))

    @cached_property
    def beginning(self) -> str:
        return head_of(self.source, self.encoding)

    def head(self, delimiter: str, rows: int) -> list[list[str]]:
        """The first rows as cells; what is longer than any heading is cut off."""
        lines = csv.reader(io.StringIO(self.beginning, newline=""), delimiter=delimiter)
        return [[cell[:HEADING] for cell in cells] for cells in islice(lines, rows)]

    def pieces(self, delimiter: str, width: int, first_row: int, only: Rows | None = None) -> Iterator[Piece]:
        """Rows from ``first_row`` on, ``width`` cells each (as text) and OVERFLOW for what stands beyond."""
        row = 1
        for text in self._texts():
            if only is None:
                frame = parse(text, delimiter, width, row)
                height = frame.height
            else:
                frame, height = parse_some(text, delimiter, width, row, only)
            body = frame.filter(pl.col(ROW) >= first_row) if row < first_row else frame
            row += height
            if body.height:
                yield Piece(body, len(text))

    def _texts(self) -> Iterable[bytes]:
        """Whole rows as UTF-8. A file of ordinary size is decoded once and kept: its rows are asked for twice."""
        if self.source.size > HELD_BYTES:
            return checked(self._rows, self.encoding)
        return self._held if self._held_all else self._reading()

    def _rows(self) -> Iterator[bytes]:
        return whole_rows(raw_blocks(self.source, self.encoding))

    def _reading(self) -> Iterator[bytes]:
        self._held.clear()
        for text in checked(self._rows, self.encoding):
            self._held.append(text)
            yield text
        self._held_all = True


def whole_rows(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut only after the end of a row. Raises Refusal when a row does not end."""
    rest, rows = b"", 0
    for block in blocks:
        buffer = rest + block
        cut = _last_row_end(buffer)
        if cut:
            piece = buffer[:cut]
            yield piece
            rows += _count(piece, 10)
        rest = buffer[cut:]
        if len(rest) > MAX_ROW_BYTES:
            raise refusals.row_too_long(rows + 1, MAX_ROW_BYTES >> 20)
    if rest:
        yield rest


def _last_row_end(buffer: bytes) -> int:
    last = buffer.rfind(b"\n") + 1
    if b'"' not in buffer or (buffer.count(b'"') - buffer.count(b'"', last)) % 2 == 0:
        return last
    parts = buffer.split(b'"')
    end = len(buffer)
    for index in range(len(parts) - 1, -1, -1):
        place = parts[index].rfind(b"\n") if index % 2 == 0 else -1
        if place >= 0:
            return end - len(parts[index]) + place + 1
        end -= len(parts[index]) + 1
    return 0


def parse(text: bytes, delimiter: str, width: int, first_row: int) -> pl.DataFrame:
    """ROW, ``width`` cells and OVERFLOW for each row of the text."""
    ends = regular_ends(text, delimiter)
    if ends is not None:
        frame = _parse_regular(text, delimiter, width, '"' if b'"' in text else None)
        if frame is not None and frame.height == len(ends):
            return frame.with_columns(pl.int_range(first_row, first_row + frame.height, dtype=pl.Int64).alias(ROW))
    return _parse_any(text, delimiter, width, first_row)


def parse_some(text: bytes, delimiter: str, width: int, first_row: int, only: Rows) -> tuple[pl.DataFrame, int]:
    """The rows asked for, and the number of all rows of the text."""
    ends = regular_ends(text, delimiter)
    if ends is not None:
        rows = only[(only >= first_row) & (only < first_row + len(ends))]
        begins = np.append(0, ends + 1)
        lines = [text[begins[place] : ends[place]] for place in (rows - first_row).tolist()]
        frame = _parse_regular(b"\n".join(lines), delimiter, width, '"' if b'"' in text else None)
        if frame is not None and frame.height == len(rows):
            return frame.with_columns(pl.Series(ROW, rows, dtype=pl.Int64)), len(ends)
    frame = parse(text, delimiter, width, first_row)
    return frame.filter(pl.col(ROW).is_in(only)), frame.height


def regular_ends(text: bytes, delimiter: str) -> Rows | None:
    """Where the rows end, if there are no blank lines, no lone CR and quotes only around whole cells; else None.

    Then a line is a row, unless a quoted cell is broken.
    """
    mark = delimiter.encode()
    if len(mark) > 1 or not text:
        return None
    data = np.frombuffer(text, dtype=np.uint8)
    ends = _places(text, 10)
    before = data[ends - 1]  # of a line feed at the very beginning the last byte: a blank line either way
    if not text.endswith(b"\n"):
        ends = np.append(ends, len(text))
    first = data[np.append(0, ends[:-1] + 1)]
    if ((first == 10) | (first == 13)).any():
        return None
    if b"\r" in text and _count(text, 13) != (before == 13).sum() + text.endswith(b"\r"):
        return None
    return ends if b'"' not in text or _quotes_whole_cells(text, mark[0]) else None


def _quotes_whole_cells(text: bytes, mark: int) -> bool:
    data = np.frombuffer(text + b"\n", dtype=np.uint8)
    quotes = _places(text, 34)
    before = np.where(quotes > 0, data[quotes - 1], 10)
    opens = (before == mark) | (before == 10)
    closes = np.isin(data[quotes + 1], (mark, 10, 13))
    return bool((opens != closes).all())


def _count(text: bytes, byte: int) -> int:
    """As ``bytes.count``, several times as quick where the byte is frequent."""
    return int(np.count_nonzero(np.frombuffer(text, dtype=np.uint8) == byte))


def _places(text: bytes, byte: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == byte)


def _parse_regular(text: bytes, delimiter: str, width: int, quote: str | None) -> pl.DataFrame | None:
    """None when a quote is not closed."""
    # the first line fixes the number of cells for Polars: one of our own, one cell wider than the header
    guide = delimiter.encode() * width + b"\n"
    try:
        frame = pl.read_csv(
            guide + text,
            separator=delimiter,
            has_header=False,
            schema=dict.fromkeys([*cell_names(width), OVERFLOW], pl.String),
            quote_char=quote,
            truncate_ragged_lines=True,
        ).slice(1)
    except pl.exceptions.ComputeError:  # its message quotes cells: it must not go any further
        return None
    return frame if quote is None else frame.with_columns(pl.all().replace({"": None}))


def _parse_any(text: bytes, delimiter: str, width: int, first_row: int) -> pl.DataFrame:
    mark = "" if text.endswith(b"\n") else "\n"
    stream = io.StringIO(text.decode() + mark + _END, newline="")
    empty = [""] * (width + 1)
    rows: list[list[str]] = []
    try:
        rows.extend((cells + empty)[: width + 1] for cells in csv.reader(stream, delimiter=delimiter))
    except csv.Error as error:
        raise refusals.row_too_long(first_row + len(rows), MAX_ROW_BYTES >> 20) from error
    if rows[-1][0] != _END:
        raise refusals.open_quote(first_row + len(rows) - 1)
    rows.pop()
    names = [*cell_names(width), OVERFLOW]
    columns = list(zip(*rows, strict=True)) if rows else [()] * (width + 1)
    frame = pl.DataFrame(
        [pl.Series(name, values, dtype=pl.String) for name, values in zip(names, columns, strict=True)]
    )
    frame = frame.with_columns(pl.col(names).replace({"": None}))
    return frame.with_columns(pl.int_range(first_row, first_row + frame.height, dtype=pl.Int64).alias(ROW))


def check_width(width: int) -> None:
    if width > MAX_COLUMNS:
        raise refusals.too_many_columns(width, MAX_COLUMNS)
