"""`fupin users load FILE.xlsx`: accounts for all cadres of a county in one file, errors row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import python_calamine as calamine
import typer
import xlsxwriter

from fupin.cli.acting import acting_administrator, acting_user
from fupin.cli.django_setup import django_ready
from fupin.kernel.errors import UserError
from fupin.kernel.spreadsheets import safe_cell

if TYPE_CHECKING:
    from fupin.accounts.api import Outcome


def load_command(
    file: Annotated[Path, typer.Argument(help="XLSX：用户名、姓名、角色、辖区代码、部门、到期日 / one account a row")],
    out: Annotated[Path, typer.Option(help="结果写到这里：一次性密码或错误 / one-time passwords and errors go here")],
    as_user: Annotated[
        str | None, typer.Option("--as", help="以哪个账号的名义 / the account who does it; by default an administrator")
    ] = None,
) -> None:
    """批量开设账号；坏行写明原因，好行照常开设 / open accounts in bulk; faulty rows say why, the others are opened."""
    django_ready()
    from fupin.accounts.api import open_many

    if out.exists():
        raise UserError(
            f"{out} 已存在，不覆盖", f"{out} exists and is not overwritten", "换一个文件名", "choose another name"
        )
    by = acting_user(as_user) if as_user else acting_administrator(None)
    outcomes = open_many(by=by, rows=rows_of(file))
    write_outcomes(out, outcomes)
    opened = sum(1 for one in outcomes if one.error is None)
    typer.echo(f"已开设 {opened} 个，{len(outcomes) - opened} 行有错，见 {out}")
    typer.echo(f"opened {opened}, {len(outcomes) - opened} rows with errors, see {out}")
    if opened < len(outcomes):
        raise typer.Exit(1)


def rows_of(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """(row of the sheet, field → text) for every row with anything in it. UserError for a file of other shape."""
    from fupin.accounts.api import HEADS, NEEDED

    try:
        sheet = calamine.CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0)
    except (OSError, calamine.CalamineError) as error:
        raise UserError(
            f"读不了 {file}", f"cannot read {file}", "请提供 XLSX 文件", "an XLSX file is needed"
        ) from error
    rows = iter(sheet.iter_rows())
    heads = [HEADS.get(_text(cell).lower(), "") for cell in next(rows, [])]
    if missing := [name for name in NEEDED if name not in heads]:
        words = [zh for zh, name in HEADS.items() if name in missing and not zh.isascii()]
        raise UserError(
            f"{file} 第 1 行缺少列：{'、'.join(words)}",
            f"row 1 of {file} lacks the columns {', '.join(missing)}",
            "表头：用户名、姓名、角色、辖区代码、部门、到期日",
            "heads: username, name, role, region, department, last day",
        )
    for number, cells in enumerate(rows, 2):
        found = {name: _text(cell) for name, cell in zip(heads, cells, strict=False) if name}
        if any(found.values()):
            yield number, found


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # a region code that the spreadsheet took for a number
    return cell.isoformat() if isinstance(cell, date) else str(cell).strip()


def write_outcomes(out: Path, outcomes: Sequence[Outcome]) -> None:
    """Readable by its owner alone: it holds passwords until they are changed."""
    out.touch(mode=0o600)
    with xlsxwriter.Workbook(str(out), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(
            0, 0, ["行 row", "用户名 username", "一次性密码 one-time password", "错误", "办法", "error", "hint"]
        )
        for line, one in enumerate(outcomes, 1):
            told = [one.error.zh, one.error.hint_zh, one.error.en, one.error.hint_en] if one.error else [""] * 4
            sheet.write_number(line, 0, one.number)
            for column, text in enumerate([safe_cell(one.username), one.password, *map(safe_cell, told)], 1):
                sheet.write_string(line, column, text)
