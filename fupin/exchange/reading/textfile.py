"""Text tables: CSV, TSV and other separators, in pieces of bounded memory.

A piece without quotes and blank lines is parsed by Polars, any other by the csv module; both give the same cells.
Rows are numbered as a spreadsheet numbers them: blank lines count, a line break inside quotes does not.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import polars as pl

from fupin.exchange.reading import refusals
from fupin.exchange.reading.encodings import Encoding, clear_blocks, find_encoding
from fupin.exchange.reading.source import Source
from fupin.exchange.reading.table import MAX_COLUMNS, OVERFLOW, ROW, Piece, cell_names

DELIMITERS = (",", "\t", ";", "|", "，", "\x01")
MAX_ROW_BYTES = 16 << 20
HEAD_BYTES = 1 << 20
csv.field_size_limit(MAX_ROW_BYTES * 2)


@dataclass(frozen=True)
class TextFile:
    source: Source
    encoding: Encoding

    @classmethod
    def open(cls, source: Source) -> TextFile:
        return cls(source, find_encoding(source))

    @cached_property
    def beginning(self) -> str:
        """The first megabyte, in which the header must stand."""
        return next(clear_blocks(self.source, self.encoding, HEAD_BYTES), b"").decode("utf-8", "ignore")

    def head(self, delimiter: str, rows: int) -> list[list[str]]:
        """The first rows as cells."""
        return list(islice(csv.reader(io.StringIO(self.beginning, newline=""), delimiter=delimiter), rows))

    def pieces(self, delimiter: str, width: int, first_row: int) -> Iterator[Piece]:
        """Rows from ``first_row`` on, ``width`` cells each (as text) and OVERFLOW for what stands beyond."""
        row = 1
        for text in whole_rows(clear_blocks(self.source, self.encoding)):
            frame = parse(text, delimiter, width, row)
            row += frame.height
            body = frame.filter(pl.col(ROW) >= first_row) if row - frame.height < first_row else frame
            if body.height:
                yield Piece(body, len(text))


def whole_rows(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, cut only after the end of a row. Raises Refusal when a row does not end."""
    rest, rows = b"", 0
    for block in blocks:
        buffer = rest + block
        cut = _last_row_end(buffer)
        if cut:
            yield buffer[:cut]
            rows += buffer.count(b"\n", 0, cut)
        rest = buffer[cut:]
        if len(rest) > MAX_ROW_BYTES:
            raise refusals.row_too_long(rows + 1, MAX_ROW_BYTES >> 20)
    if rest:
        yield rest


def _last_row_end(buffer: bytes) -> int:
    if b'"' not in buffer:
        return buffer.rfind(b"\n") + 1
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
    if is_regular(text, delimiter):
        frame = _parse_regular(text, delimiter, width, '"' if b'"' in text else None)
        if frame.height == text.count(b"\n") + (not text.endswith(b"\n")):
            return frame.with_columns(pl.int_range(first_row, first_row + frame.height, dtype=pl.Int64).alias(ROW))
    return _parse_any(text, delimiter, width, first_row)


def is_regular(text: bytes, delimiter: str) -> bool:
    """No blank lines, no lone CR, quotes only around whole cells: a line is a row, unless a quoted cell is broken."""
    mark = delimiter.encode()
    if text[:1] in (b"\n", b"\r") or b"\n\n" in text or b"\n\r" in text or len(mark) > 1:
        return False
    if b'"' in text:
        opening = (mark + b'"', b'\n"')
        closing = (b'"' + mark, b'"\n', b'"\r')
        around = sum(map(text.count, opening)) + sum(map(text.count, closing))
        around += text.startswith(b'"') + text.endswith(b'"')
        if around != text.count(b'"'):
            return False
    return b"\r" not in text or text.count(b"\r") == text.count(b"\r\n")


def _parse_regular(text: bytes, delimiter: str, width: int, quote: str | None) -> pl.DataFrame:
    # the first line fixes the number of cells for Polars: one of our own, one cell wider than the header
    guide = delimiter.encode() * width + b"\n"
    frame = pl.read_csv(
        guide + text,
        separator=delimiter,
        has_header=False,
        schema=dict.fromkeys([*cell_names(width), OVERFLOW], pl.String),
        quote_char=quote,
        truncate_ragged_lines=True,
    ).slice(1)
    return frame if quote is None else frame.with_columns(pl.all().replace({"": None}))


def _parse_any(text: bytes, delimiter: str, width: int, first_row: int) -> pl.DataFrame:
    stream = io.StringIO(text.decode(), newline="")
    empty = [""] * (width + 1)
    rows: list[list[str]] = []
    try:
        rows.extend((cells + empty)[: width + 1] for cells in csv.reader(stream, delimiter=delimiter))
    except csv.Error as error:
        raise refusals.row_too_long(first_row + len(rows), MAX_ROW_BYTES >> 20) from error
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
