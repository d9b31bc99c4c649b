"""`fupin users load`: a real workbook in, one-time passwords and errors out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import python_calamine as calamine
import xlsxwriter
from typer.testing import CliRunner, Result

from fupin.accounts.models import User
from fupin.accounts.tests.fixtures import Cast
from fupin.cli import main
from fupin.kernel.errors import UserError

HEADS = ["姓名", "用户名", "角色", "辖区代码", "部门", "到期日"]


def workbook(path: Path, rows: list[list[Any]], heads: list[str] = HEADS) -> Path:
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate([heads, *rows]):
            sheet.write_row(number, 0, cells)
    return path


def load(*options: str) -> Result:
    return CliRunner().invoke(main.build(), ["users", "load", *options])


def test_a_county_opens_its_cadres_in_one_file(cast: Cast, tmp_path: Path) -> None:
    file = workbook(
        tmp_path / "干部.xlsx",
        [["陆一", "cun1", "驻村干部", 450124100201, "", ""], ["=cmd", "=2+3", "驻村干部", "450124100201", "", ""]],
    )
    out = tmp_path / "结果.xlsx"
    answer = load(str(file), "--out", str(out), "--as", "xianban")
    assert answer.exit_code == 1
    assert "已开设 1 个" in answer.output
    assert User.objects.get(username="cun1").region == "450124100201"
    rows: Any = calamine.CalamineWorkbook.from_path(str(out)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows[1:]] == [2, 3]
    assert rows[1][2]
    assert rows[2][1].startswith("'=")
    assert "不合规" in rows[2][3]
    assert out.stat().st_mode & 0o077 == 0
    assert str(rows[1][2]) not in answer.output


@pytest.mark.parametrize("heads", [["姓名", "用户名"], ["a", "b"]])
def test_a_file_without_the_needed_columns_is_refused_whole(cast: Cast, tmp_path: Path, heads: list[str]) -> None:
    answer = load(str(workbook(tmp_path / "x.xlsx", [["a", "b"]], heads)), "--out", str(tmp_path / "out.xlsx"))
    assert isinstance(answer.exception, UserError)
    assert "缺少列" in str(answer.exception)
    assert not (tmp_path / "out.xlsx").exists()


def test_no_workbook_and_an_existing_result_are_refused(cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_text("no workbook")
    assert "读不了" in str(load(str(tmp_path / "x.xlsx"), "--out", str(tmp_path / "out.xlsx")).exception)
    (tmp_path / "out.xlsx").write_text("kept")
    assert "不覆盖" in str(load(str(tmp_path / "x.xlsx"), "--out", str(tmp_path / "out.xlsx")).exception)
    assert (tmp_path / "out.xlsx").read_text() == "kept"
