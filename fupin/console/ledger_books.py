"""Differences and ledgers as files. Every file bears who took it; codes are written as text, as they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl
import xlsxwriter
from django.conf import settings
from django.utils.translation import gettext as _

from fupin.console.ledger_words import KINDS, Line
from fupin.kernel.errors import UserError
from fupin.kernel.spreadsheets import BOM
from fupin.ui import chrome
from fupin.ui.export_marks import Watermark
from fupin.ui.exports import XLSX_ROWS

NAMES = ("姓名", "AAB002")  # the only cells that bear the unseen mark: codes stay as they are
_RISKY = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def differences_book(lines: Iterable[Line], mark: Watermark) -> bytes:
    heads = [_("种类"), _("位置"), _("户编号"), _("人编号"), _("姓名"), _("行政村"), _("项目"), _("原来"), _("台账"),
             _("原因"),
             _("怎么办"), _("数据说明")]  # fmt: skip
    notice = _notice(mark)
    rows = (
        [str(KINDS[one.kind]), one.place, one.household_id, one.person_id, one.name, one.village, one.figure,
         one.before,
         one.after, one.why, one.hint, notice]
        for one in lines
    )  # fmt: skip
    return _book(_("台账差异"), heads, (mark.put(row) for row in rows), mark)


def ledger_book(frame: pl.DataFrame, mark: Watermark) -> bytes:
    """Headings and cells as they are, and a second sheet that says what it is. Raises UserError for too many rows."""
    if frame.height > XLSX_ROWS:
        raise UserError(
            f"有 {frame.height:,} 行，超过 XLSX 一次可导出的 {XLSX_ROWS:,} 行",
            f"{frame.height:,} rows, more than the {XLSX_ROWS:,} that go into one XLSX",
            "请缩小辖区，或选 CSV", "choose a smaller region, or CSV",
        )  # fmt: skip
    return _book("台账", frame.columns, _marked(frame, mark), mark)


def ledger_csv(frame: pl.DataFrame, mark: Watermark) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(frame.columns)
    writer.writerows([_safe(cell) for cell in row] for row in _marked(frame, mark))
    return BOM + text.getvalue().encode()


def _safe(cell: Any) -> str:
    """Text that a spreadsheet would run is kept from it; codes and long numbers stay as they are, to the byte."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_RISKY) and not text.lstrip("+-").replace(".", "", 1).isdigit() else text


def _marked(frame: pl.DataFrame, mark: Watermark) -> Iterable[Sequence[Any]]:
    places = [index for index, name in enumerate(frame.columns) if name in NAMES]
    for row in frame.iter_rows():
        if places and row[places[0]]:
            marked = list(row)
            marked[places[0]] = f"{row[places[0]]}{mark.unseen}"
            yield marked
        else:
            yield row


def _notice(mark: Watermark) -> str:
    generated = [_("演示数据：模拟生成，非真实人员")] if chrome.is_demo() else []
    return "；".join([*generated, mark.words])


def _book(title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]], mark: Watermark) -> bytes:
    stream = io.BytesIO()
    options = {"constant_memory": True, "tmpdir": str(settings.FILE_UPLOAD_TEMP_DIR)}
    with xlsxwriter.Workbook(stream, options) as book:
        page = book.add_worksheet(title)
        mark.put_on_book(book, page)
        bold = book.add_format({"bold": True})
        for place, name in enumerate(heads):
            page.set_column(place, place, 18)
            page.write_string(0, place, name, bold)
        for line, row in enumerate(rows, 1):
            for place, cell in enumerate(row):
                if cell not in (None, ""):
                    page.write_string(line, place, str(cell)[:32_000])
        page.freeze_panes(1, 0)
        notes = book.add_worksheet("说明")
        notes.set_column(0, 0, 80)
        notes.write_string(0, 0, _notice(mark))
    return stream.getvalue()
