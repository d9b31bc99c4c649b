"""Writing the files, the same bytes for the same rows: text, spreadsheets, Parquet."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter  # type: ignore[import-untyped]

from fupin.simulate.styles import Style

#: the date inside every spreadsheet; the clock must not show in the bytes
FIXED = datetime(2026, 11, 1, 8, 0, 0)  # noqa: DTZ001 – a spreadsheet knows no time zone


def write_text(path: Path, frame: pl.DataFrame, style: Style, title: list[str]) -> None:
    """CSV in the style's encoding, title lines above the header."""
    end = "\r\n" if style.crlf else "\n"
    buffer = io.BytesIO()
    frame.write_csv(buffer, separator=style.separator, line_terminator=end)
    lines = "".join(line + end for line in title)
    with path.open("wb") as file:
        if style.encoding == "utf-8":
            file.write((b"\xef\xbb\xbf" if style.bom else b"") + lines.encode() + buffer.getbuffer())
        else:
            file.write((lines + buffer.getvalue().decode()).encode(style.encoding))


def write_sheet(path: Path, frame: pl.DataFrame, title: list[str]) -> None:
    """One worksheet, rows in constant memory, real date cells, fixed dates of creation."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_numbers": False})
    book.set_properties({"title": "模拟数据 generated data", "created": FIXED})
    sheet = book.add_worksheet("数据")
    dated = book.add_format({"num_format": "yyyy-mm-dd"})
    for at, line in enumerate(title):
        sheet.write_string(at, 0, line)
    top = len(title)
    for column, name in enumerate(frame.columns):
        sheet.write_string(top, column, name)
    is_date = [dtype == pl.Date for dtype in frame.dtypes]
    for at, row in enumerate(frame.iter_rows(), start=top + 1):
        for column, value in enumerate(row):
            if value is None:
                continue
            if is_date[column]:
                sheet.write_datetime(at, column, value, dated)
            else:
                sheet.write_string(at, column, value)
    book.close()


class TableFile:
    """A Parquet file written in pieces, one row group each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer: pq.ParquetWriter | None = None

    def add(self, frame: pl.DataFrame) -> None:
        table: pa.Table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self.writer is None:
            self.writer = pq.ParquetWriter(
                self.path, table.schema, compression="zstd", compression_level=1, write_statistics=False
            )
        self.writer.write_table(table)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
