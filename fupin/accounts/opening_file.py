"""The workbook of accounts to be opened, and the one that answers it: one-time passwords, errors row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from io import BytesIO
from typing import Any

import python_calamine as calamine
import xlsxwriter

from fupin.accounts.bulk import HEADS, NEEDED, Outcome
from fupin.kernel.errors import UserError
from fupin.kernel.spreadsheets import safe_cell

ANSWER_HEADS = ["行 row", "用户名 username", "一次性密码 one-time password", "错误", "办法", "error", "hint"]
SAMPLE = ["cungan-001", "张三", "驻村干部", "450124100201", "", "2027-12-31"]
SAMPLE_HEADS = ["用户名", "姓名", "角色", "辖区代码", "部门", "到期日"]


def rows_of(content: bytes, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(row of the sheet, field → text) for every row with anything in it. UserError for a file of other shape."""
    try:
        sheet = calamine.CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0)
    except (OSError, IndexError, calamine.CalamineError) as error:
        raise UserError(
            f"读不了 {name}", f"cannot read {name}", "请提供 XLSX 文件", "an XLSX file is needed"
        ) from error
    rows = iter(sheet.iter_rows())
    heads = [HEADS.get(_text(cell).lower(), "") for cell in next(rows, [])]
    if missing := [name for name in NEEDED if name not in heads]:
        words = [zh for zh, field in HEADS.items() if field in missing and not zh.isascii()]
        raise UserError(
            f"{name} 第 1 行缺少列：{'、'.join(words)}",
            f"row 1 of {name} lacks the columns {', '.join(missing)}",
            f"表头：{'、'.join(SAMPLE_HEADS)}",
            "heads: username, name, role, region, department, last day",
        )
    for number, cells in enumerate(rows, 2):
        found = {field: _text(cell) for field, cell in zip(heads, cells, strict=False) if field}
        if any(found.values()):
            yield number, found


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # a region code that the spreadsheet took for a number
    return cell.isoformat() if isinstance(cell, date) else str(cell).strip()


def answer_book(outcomes: Sequence[Outcome]) -> bytes:
    """An XLSX file: it holds passwords until they are changed."""
    stream = BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True, "constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ANSWER_HEADS)
        for line, one in enumerate(outcomes, 1):
            told = [one.error.zh, one.error.hint_zh, one.error.en, one.error.hint_en] if one.error else [""] * 4
            sheet.write_number(line, 0, one.number)
            for column, text in enumerate([safe_cell(one.username), one.password, *map(safe_cell, told)], 1):
                sheet.write_string(line, column, text)
    return stream.getvalue()


def sample_book() -> bytes:
    """An XLSX file to fill in: the heads and one example, region codes as text."""
    stream = BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.set_column(0, 5, 18, book.add_format({"num_format": "@"}))
        sheet.write_row(0, 0, SAMPLE_HEADS)
        for column, text in enumerate(SAMPLE):
            sheet.write_string(1, column, text)
    return stream.getvalue()
