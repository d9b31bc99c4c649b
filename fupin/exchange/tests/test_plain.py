"""Any table, as its rows are numbered in a spreadsheet."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from fupin.exchange.reading.plain import open_plain
from fupin.kernel.errors import UserError


def read(path: Path, *names: str) -> list[tuple[object, ...]]:
    with open_plain(path) as table:
        return [row for piece in table.pieces(names) for row in piece.select("row", *names).iter_rows()]


def text_file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "t.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_blank_lines_count_as_lines_but_are_no_rows(tmp_path: Path) -> None:
    path = text_file(tmp_path, "a,b\n1,2\n\n3,\n\n")
    assert read(path, "a", "b") == [(2, "1", "2"), (4, "3", None)]


def test_quoted_cells_keep_their_commas_and_headings_lose_their_blanks(tmp_path: Path) -> None:
    path = text_file(tmp_path, ' a ,"b, c"\n"1,5",x\n')
    assert read(path, "b, c", "a") == [(2, "x", "1,5")]


@pytest.mark.parametrize(("mark", "encoding"), [("\t", "utf-8-sig"), (";", "gb18030"), ("|", "utf-16")])
def test_encodings_and_separators_are_found_out(tmp_path: Path, mark: str, encoding: str) -> None:
    path = text_file(tmp_path, f"收入{mark}权数\n10{mark}2\n", encoding)
    assert read(path, "收入", "权数") == [(2, "10", "2")]


def test_the_first_visible_sheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("notes").hide()
        sheet = book.add_worksheet("data")
        sheet.activate()
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write_row(1, 0, [1.5, "x"])
    assert read(path, "a", "b") == [(2, "1.5", "x")]


def test_parquet_keeps_its_types_and_counts_from_one(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": [1.5, None], "b": [True, False]}).write_parquet(path)
    assert read(path, "a", "b") == [(1, 1.5, True), (2, None, False)]


@pytest.mark.parametrize(("text", "said"), [(",,\n1,2,3\n", "no column names in row 1"), ("a,a\n", "stand twice: a")])
def test_a_header_that_names_nothing_or_twice_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read(text_file(tmp_path, text), "a")
