"""A list as a file: the rows of the page's filter and scope, masked as on the page; a deed says who took it."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter
from django.conf import settings
from django.db import transaction
from django.http import FileResponse, HttpRequest, QueryDict, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from fupin.accounts import api as accounts
from fupin.accounts.api import Deed, User
from fupin.kernel.errors import UserError
from fupin.kernel.identity import names_a_person
from fupin.kernel.spreadsheets import BOM, safe_cell
from fupin.ui import chrome
from fupin.ui.export_marks import Watermark
from fupin.ui.lists import FORM, Column, Kind, Listing, Sort, Value, chosen, file_columns

BATCH = 2000
XLSX_ROWS = 100_000  # a workbook is sent when it is whole: more would keep its reader waiting too long
CELL_LENGTH = 32_000  # Excel takes 32,767 characters
FORMATS = ("xlsx", "csv")
Answer = FileResponse | StreamingHttpResponse


def export(request: HttpRequest, user: User, listing: Listing, form: str) -> Answer:
    """The whole list in the address's order and columns. Raises UserError for a workbook of too many rows."""
    keys = list(listing.ordered(Sort.of(listing, request.GET.get("sort", ""))))
    if form == "xlsx" and len(keys) > XLSX_ROWS:
        raise _too_long(len(keys))
    with transaction.atomic():
        deed = _record(user, listing, request.GET, form, len(keys))
    mark = Watermark(user, deed.pk, deed.at)
    sheet = Sheet(listing, file_columns(chosen(listing, request.GET)), keys, chrome.is_demo(), mark)
    answer: Answer
    if form == "xlsx":
        answer = FileResponse(workbook(sheet, _about(user, listing, request.GET, len(keys))))
    else:
        answer = StreamingHttpResponse(csv_pieces(sheet, get_language() or settings.LANGUAGE_CODE, user))
    kind = "text/csv; charset=utf-8" if form == "csv" else XLSX_TYPE
    name = f"fupin-{listing.name}-{timezone.localtime():%Y%m%d-%H%M%S}.{form}"
    answer["Content-Type"], answer["Cache-Control"] = kind, "no-store"
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return answer


XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _too_long(count: int) -> UserError:
    return UserError(
        f"名单有 {count:,} 行，超过 XLSX 一次可导出的 {XLSX_ROWS:,} 行",
        f"the list has {count:,} rows, more than the {XLSX_ROWS:,} that go into one XLSX",
        "请用上面的条件缩小范围，或导出 CSV：CSV 不限行数",
        "narrow the list with its filters, or take the CSV, which has no limit",
    )


class Sheet:
    """Header and rows of a file. Every row says who took it and that it is generated: one cut out still does."""

    def __init__(
        self, listing: Listing, columns: Sequence[Column], keys: Sequence[Any], generated: bool, mark: Watermark
    ) -> None:
        self.listing = listing
        words = [_("演示数据：模拟生成，非真实人员")] * generated + [mark.words]
        self.columns = [*columns, Column("notice", _("数据说明"), lambda _row: "；".join(words), width=50)]
        self.keys = keys
        self.mark = mark

    @property
    def header(self) -> list[str]:
        return [str(column.title) for column in self.columns]

    def batches(self) -> Iterator[list[list[Value]]]:
        for start in range(0, len(self.keys), BATCH):
            rows = self.listing.fetch(self.keys[start : start + BATCH])
            yield [
                self.mark.put([column.value(row) if column.value else None for column in self.columns]) for row in rows
            ]


def csv_pieces(sheet: Sheet, language: str, user: User) -> Iterator[bytes]:
    """Sent as it is made. Language and scope are set anew for each piece: they are made after the request's own end."""
    yield BOM + _lines([sheet.header])
    batches = sheet.batches()
    while True:
        with override(language), accounts.acting_as(user, origin="export"), transaction.atomic():
            rows = next(batches, None)
            piece = b"" if rows is None else _lines([[plain(value) for value in row] for row in rows])
        if rows is None:
            return
        yield piece


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def plain(value: Value) -> str:
    """A value as a CSV cell; text that a spreadsheet would run or round is made safe."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, int | float) else safe_cell(str(value))


def workbook(sheet: Sheet, about: Sequence[tuple[str, str]]) -> Any:
    """A whole workbook in an unnamed file of our own closed folder: the list, and a sheet that says what it is."""
    file = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115 – the answer closes it
    options = {"constant_memory": True, "tmpdir": str(settings.FILE_UPLOAD_TEMP_DIR)}
    book = xlsxwriter.Workbook(file, options)
    page = book.add_worksheet(_("名单"))
    sheet.mark.put_on_book(book, page)
    _fill(book, page, sheet)
    notes = book.add_worksheet(_("说明"))
    notes.set_column(0, 1, 40)
    for number, (name, value) in enumerate(about):
        notes.write_string(number, 0, name)
        notes.write_string(number, 1, value)
    book.close()
    file.seek(0)
    return file


def _fill(book: Any, page: Any, sheet: Sheet) -> None:
    bold = book.add_format({"bold": True})
    kinds = {Kind.DATE: "yyyy-mm-dd", Kind.TIME: "yyyy-mm-dd hh:mm", Kind.NUMBER: "#,##0.##", Kind.SHARE: "0.00%"}
    formats = {kind: book.add_format({"num_format": form}) for kind, form in kinds.items()}
    for number, column in enumerate(sheet.columns):
        page.set_column(number, number, column.width)
        page.write_string(0, number, str(column.title), bold)
    line = 0
    for rows in sheet.batches():
        for row in rows:
            line += 1
            for number, (column, value) in enumerate(zip(sheet.columns, row, strict=True)):
                _write(page, line, number, value, formats.get(column.kind))
    page.freeze_panes(1, 1)
    page.autofilter(0, 0, max(1, line), len(sheet.columns) - 1)


def _write(page: Any, line: int, number: int, value: Value, form: Any) -> None:
    """Text is written as text, so that nothing in it is a formula or a link."""
    if value is None or value == "":
        return
    if isinstance(value, datetime):
        page.write_datetime(line, number, timezone.localtime(value).replace(tzinfo=None), form)
    elif isinstance(value, date):
        page.write_datetime(line, number, datetime(value.year, value.month, value.day), form)  # noqa: DTZ001
    elif isinstance(value, int | float):
        page.write_number(line, number, value, form)
    else:
        page.write_string(line, number, str(value)[:CELL_LENGTH])


def _record(user: User, listing: Listing, asked: QueryDict, form: str, count: int) -> Deed:
    return accounts.record(
        by=user,
        verb="export",
        object_kind=f"list:{listing.name}",
        object_id=listing.object_id,
        region=listing.region,
        detail={"format": form, "rows": count, "asked": _asked(asked)},
    )


def _asked(asked: QueryDict) -> dict[str, str]:
    """The filters as they stand in the trail: never an ID number."""
    pairs = {name: ",".join(values) for name, values in asked.lists() if name not in FORM and any(values)}
    return {name: "***" if names_a_person(value) else value[:80] for name, value in pairs.items()}


def _about(user: User, listing: Listing, asked: QueryDict, count: int) -> list[tuple[str, str]]:
    rows = [
        (_("名单"), str(listing.title)),
        (_("行数"), f"{count:,}"),
        (_("导出人"), f"{user} ({user.username})"),
        (_("导出时间"), f"{timezone.localtime():%Y-%m-%d %H:%M}"),
        (_("地区"), listing.region or "–"),
        (_("运行或批次"), listing.object_id or "–"),
        (_("筛选条件"), "；".join(f"{name}={value}" for name, value in _asked(asked).items()) or "–"),
    ]
    return [*rows, (_("数据说明"), _("演示数据：模拟生成，非真实人员"))] if chrome.is_demo() else rows
