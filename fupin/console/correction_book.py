"""The correction list as a workbook: locked but for two columns, every row with its signed key."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import xlsxwriter
from django.db import transaction
from django.utils.translation import gettext as _

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.console.lists.screenings import Row
from fupin.identify import api as identify
from fupin.identify.api import Screening
from fupin.kernel.errors import UserError
from fupin.ui import words
from fupin.ui.export_marks import Watermark

WORDS = ["已改正", "情况属实"]
WIDTHS = (26, 12, 20, 22, 24, 56, 10, 14, 40)


def heads() -> list[str]:
    """In Chinese whatever the reader speaks: the list comes back and is read by its heads."""
    told = ["户主", "行政村", "户编号", "人编号", "问题", "级别"]
    return [identify.KEY_HEAD, *told, identify.ANSWER_HEAD, identify.NOTE_HEAD]


def demand_size(count: int) -> None:
    """Raises UserError for a list that nobody could fill in, or that has nothing."""
    if not count:
        raise UserError(
            "没有待更正的问题", "there is nothing to mend", "换一个地区或规则", "choose another region or rule"
        )
    if count > identify.MOST_ROWS:
        raise UserError(
            f"共 {count:,} 条，一份更正名单最多 {identify.MOST_ROWS:,} 条",
            f"{count:,} hits; one list takes {identify.MOST_ROWS:,}",
            "请按下级地区或规则分开下载", "take it by smaller regions or by rule",
        )  # fmt: skip


def correction_book(user: User, one: Screening, rows: Sequence[Row], region: str) -> bytes:
    """An XLSX file; the deed of the export is written first."""
    with transaction.atomic():
        deed = accounts.record(
            by=user, verb="export", object_kind="list:corrections", object_id=one.pk, region=region or user.region,
            detail={"format": "xlsx", "rows": len(rows)},
        )  # fmt: skip
    mark = Watermark(user, deed.pk, deed.at)
    stream = BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet(_("更正名单"))
        mark.put_on_book(book, sheet)
        _head(book, sheet)
        _fill(book, sheet, rows, mark)
    return stream.getvalue()


def _head(book: Any, sheet: Any) -> None:
    bold = book.add_format({"bold": True, "bottom": 1})
    for place, (title, width) in enumerate(zip(heads(), WIDTHS, strict=True)):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, title, bold)
    sheet.freeze_panes(1, 2)


def _fill(book: Any, sheet: Any, rows: Sequence[Row], mark: Watermark) -> None:
    free = book.add_format({"locked": False, "bg_color": "#FFF9DB", "border": 1, "border_color": "#DDDDDD"})
    small = book.add_format({"font_color": "#999999", "font_size": 8})
    for line, row in enumerate(rows, 1):
        hit = row.hit
        told = [
            row.head,
            row.village,
            hit.household_id,
            hit.person_id,
            row.message,
            str(words.SEVERITIES[hit.severity]),
        ]
        sheet.write_string(line, 0, identify.list_key(hit), small)
        for place, text in enumerate(mark.put(told), 1):
            sheet.write_string(line, place, str(text))
        sheet.write_blank(line, 7, None, free)
        sheet.write_blank(line, 8, None, free)
    sheet.data_validation(1, 7, len(rows), 7, {"validate": "list", "source": WORDS})
    # no password: it guards against a slip of the hand; a changed key is refused when the list comes back
    sheet.protect("", {"sort": True, "autofilter": True, "format_columns": True})
    sheet.autofilter(0, 0, len(rows), len(WIDTHS) - 1)
