"""Deliveries made for the tests: rows of the data set fi_card as CSV and XLSX. All numbers are invented."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import xlsxwriter

from fupin.catalogue.schema import Dataset, datasets
from fupin.exchange.intake import Intake, take_in
from fupin.exchange.parquet import lake_keys
from fupin.exchange.reading.source import PlainFile
from fupin.kernel.identity import check_digit
from fupin.kernel.keys import Key

HEADER = ["身份证号", "姓名", "补贴项目", "发放金额", "发放日期"]
CUT_OFF = date(2019, 12, 31)
KEY = Key("l1", b"k" * 32)


def card() -> Dataset:
    return datasets()["fi_card"]


def person(number: int = 1) -> str:
    """The valid ID number of an invented person."""
    first = f"4501231980{number // 900 % 12 + 1:02d}01{number % 900 + 100:03d}"
    return first + check_digit(first)


def row(number: int = 1, amount: str = "100.50", paid_on: str = "2019-02-28", item: str = "08") -> list[str]:
    return [person(number), "韦小明", item, amount, paid_on]


def csv_bytes(rows: Sequence[Sequence[str]], encoding: str = "utf-8", delimiter: str = ",", end: str = "\r\n") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    return text.getvalue().encode(encoding)


def written(folder: Path, content: bytes, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def xlsx(path: Path, rows: Sequence[Sequence[object]], sheet: str = "Sheet1") -> Path:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd", "strings_to_numbers": False}) as book:
        page = book.add_worksheet(sheet)
        for number, cells in enumerate(rows):
            page.write_row(number, 0, cells)
    return path


def intake(path: Path, folder: Path, dataset: Dataset | None = None, cut_off: date = CUT_OFF) -> Intake:
    """Read a file without any database; the good rows lie in folder/out.parquet."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return take_in(
        PlainFile(path), dataset or card(), cut_off, lake_keys(KEY), work, folder / "out.parquet", lambda *_: None
    )
