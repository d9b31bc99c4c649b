"""Files that cannot be taken: each gets a clear message in two languages, and nothing is written."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from fupin.exchange.reading.refusals import Refusal
from fupin.exchange.tests.files import HEADER, csv_bytes, intake, person, row, written, xlsx

GOOD = csv_bytes([HEADER, row(1), row(2)])


def refusal(path: Path, folder: Path) -> Refusal:
    with pytest.raises(Refusal) as caught:
        intake(path, folder)
    told = caught.value
    assert told.zh
    assert told.en
    assert told.hint_zh
    assert told.hint_en
    assert not (folder / "out.parquet").exists()
    return told


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n%\xe2\xe3",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 99,
        b"<html><table><tr><td>1</td></tr></table></html>",
        b"PK\x03\x04 torn",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 torn",
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(written(tmp_path, content), tmp_path).code in ("not_a_table", "cannot_open")


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, random.Random(1).randbytes(200_000))
    assert refusal(path, tmp_path).code in ("nul_bytes", "unknown_encoding")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n \r\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(written(tmp_path, content), tmp_path).code == "empty"


@pytest.mark.parametrize("rows", [[HEADER], [["补贴发放表"], HEADER, ["", "", "", "", ""]]])
def test_a_header_without_rows_is_refused(tmp_path: Path, rows: list[list[str]]) -> None:
    assert refusal(written(tmp_path, csv_bytes(rows)), tmp_path).code == "header_only"


def test_a_file_of_another_data_set_is_refused_and_named(tmp_path: Path) -> None:
    header = ["号牌号码", "所有人身份证号", "所有人", "车辆类型", "品牌型号", "初次登记日期", "机动车状态"]
    told = refusal(
        written(tmp_path, csv_bytes([header, ["桂A1", person(), "韦", "K3", "某", "2018-01-01", "A"]])), tmp_path
    )
    assert told.code == "wrong_dataset"
    assert "机动车登记" in told.zh
    assert "ps_vehicles" in told.en


def test_two_data_sets_with_the_same_required_columns_are_told_apart(tmp_path: Path) -> None:
    from fupin.catalogue.schema import datasets

    header = ["身份证号", "姓名", "险种", "参保状态", "财政资助参保", "参保年度"]
    path = written(tmp_path, csv_bytes([header, [person(), "韦", "居民", "1", "是", "2019"]]))
    with pytest.raises(Refusal, match="基本医保参保"):
        intake(path, tmp_path, datasets()["hr_pension"])


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    told = refusal(written(tmp_path, csv_bytes([HEADER[:3] + HEADER[4:], row()[:3] + row()[4:]])), tmp_path)
    assert told.code == "column_missing"
    assert "发放金额" in told.zh


def test_a_column_that_stands_twice_is_named_with_its_places(tmp_path: Path) -> None:
    told = refusal(written(tmp_path, csv_bytes([[*HEADER, "姓名"], [*row(), "韦小明"]])), tmp_path)
    assert told.code == "column_twice"
    assert "B、F" in told.zh


def test_300_columns_are_refused(tmp_path: Path) -> None:
    wide = [*HEADER, *(f"列{n}" for n in range(295))]
    assert refusal(written(tmp_path, csv_bytes([wide, row() + ["x"] * 295])), tmp_path).code == "too_many_columns"


def test_no_header_at_all_is_refused_without_quoting_the_rows(tmp_path: Path) -> None:
    told = refusal(written(tmp_path, csv_bytes([row(1), row(2)])), tmp_path)
    assert told.code == "no_header"
    assert person(1) not in str(told)


def test_a_zip_bomb_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (200 << 20))
    assert refusal(path, tmp_path).code == "zip_bomb"


def test_an_archive_that_declares_less_than_it_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "liar.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/sharedStrings.xml", b"0" * 7_654_321)
    lie = path.read_bytes().replace((7_654_321).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    path.write_bytes(lie)
    assert refusal(path, tmp_path).code == "zip_bomb"


def test_formulas_without_a_saved_result_are_refused_with_their_cells(tmp_path: Path) -> None:
    path = tmp_path / "formula.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADER)
        page.write_row(1, 0, row())
        page.write_formula(1, 3, "=1+1", None, "")
    told = refusal(path, tmp_path)
    assert told.code == "formula"
    assert "D2" in told.zh


def test_cells_merged_over_rows_are_refused_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "merged.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADER)
        for number in (1, 2, 3):
            page.write_row(number, 0, row(number))
        page.merge_range(1, 2, 3, 2, "08")
    told = refusal(path, tmp_path)
    assert told.code == "merged_cells"
    assert "C2:C4" in told.zh


def test_a_cell_of_5_mb_is_refused_with_its_place(tmp_path: Path) -> None:
    huge = [*row(1)[:4], "x" * 5_000_000]
    told = refusal(written(tmp_path, csv_bytes([HEADER, row(2), huge])), tmp_path)
    assert told.code == "cell_too_large"
    assert "第 3 行" in told.zh
    assert "发放日期" in told.zh


def test_nul_bytes_are_refused_with_their_line(tmp_path: Path) -> None:
    told = refusal(written(tmp_path, GOOD.replace("明".encode(), b"\0", 1)), tmp_path)
    assert told.code == "nul_bytes"
    assert "第 2 行" in told.zh


@pytest.mark.parametrize(("first", "second"), [("utf-8", "gb18030"), ("gb18030", "utf-8")])
def test_two_encodings_in_one_file_are_refused_with_the_line(tmp_path: Path, first: str, second: str) -> None:
    rows = [HEADER] + [[*row(n)[:1], "欧阳春晓", "耕地地力保护补贴", *row(n)[3:]] for n in range(1, 40)]
    content = csv_bytes(rows[:30], first) + csv_bytes(rows[30:], second)
    told = refusal(written(tmp_path, content), tmp_path)
    assert told.code == "mixed_encodings"
    assert "第 31 行" in told.zh


@pytest.mark.parametrize(("good", "last", "code"), [
    ("utf-8", "欧阳春晓".encode("gb18030"), "mixed_encodings"),
    ("utf-8", b"\xff\xff", "unknown_encoding"),
    ("utf-8", b"\0", "nul_bytes"),
    ("utf-8-sig", b"\xff\xff", "unknown_encoding"),
    ("gb18030", "欧阳春晓".encode(), "mixed_encodings"),
    ("gb18030", b"\xff\xff", "unknown_encoding"),
    ("gb18030", b"\0", "nul_bytes"),
    ("utf-16", b"\x00\xd8\x00\xd8", "unknown_encoding"),
])  # fmt: skip
def test_a_wrong_byte_in_the_last_row_is_refused_with_its_line(
    good: str, last: bytes, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fupin.exchange.reading.encodings.BLOCK", 5_000)
    monkeypatch.setattr("fupin.exchange.reading.encodings.HEAD_BYTES", 2_000)
    content = csv_bytes([HEADER, *(row(n) for n in range(1, 400))], good)
    told = refusal(written(tmp_path, content + last), tmp_path)
    assert told.code == code
    assert "第 401 行" in told.zh


def test_a_quote_without_its_partner_is_refused_with_its_row(tmp_path: Path) -> None:
    content = csv_bytes([HEADER, row(1)]) + b'"' + csv_bytes([row(n) for n in range(2, 20)])
    told = refusal(written(tmp_path, content), tmp_path)
    assert told.code == "open_quote"
    assert "第 3 行" in told.zh


def test_a_row_without_an_end_is_refused_before_memory_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fupin.exchange.reading.textfile.MAX_ROW_BYTES", 1 << 20)
    content = csv_bytes([HEADER]) + b'"' + csv_bytes([row()]) * 30_000
    assert refusal(written(tmp_path, content), tmp_path).code == "row_too_long"


def test_bytes_of_no_encoding_are_not_called_gb18030(tmp_path: Path) -> None:
    content = csv_bytes([HEADER, row(1), row(2)]).replace("明".encode(), b"\xff\xfe\xff")
    assert refusal(written(tmp_path, content), tmp_path).code == "unknown_encoding"


def test_a_unit_that_cannot_be_converted_is_refused(tmp_path: Path) -> None:
    header = [*HEADER[:3], "发放金额（吨）", HEADER[4]]
    assert refusal(written(tmp_path, csv_bytes([header, row()])), tmp_path).code == "unknown_unit"


def test_no_refusal_quotes_an_id_number(tmp_path: Path) -> None:
    told = refusal(xlsx(tmp_path / "x.xlsx", [HEADER[:3], row()[:3]]), tmp_path)
    assert person() not in str(told)


def test_two_sheets_of_the_same_data_set_are_refused_not_half_read(tmp_path: Path) -> None:
    path = tmp_path / "发放.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for name, number in (("上半年", 1), ("下半年", 2)):
            sheet = book.add_worksheet(name)
            for place, cells in enumerate([HEADER, row(number)]):
                sheet.write_row(place, 0, cells)
    told = refusal(path, tmp_path)
    assert told.code == "several_sheets"
    assert "下半年" in told.zh


def test_a_nul_in_utf16_is_refused(tmp_path: Path) -> None:
    text = csv_bytes([HEADER, [*row(1)[:-1], "x\0y"]]).decode()
    assert refusal(written(tmp_path, b"\xff\xfe" + text.encode("utf-16-le")), tmp_path).code == "nul_bytes"


def test_an_id_number_among_the_headings_is_masked_in_the_message(tmp_path: Path) -> None:
    told = refusal(written(tmp_path, csv_bytes([[HEADER[0], HEADER[1], person(1)], row(1)])), tmp_path)
    assert told.code == "column_missing"
    assert person(1) not in f"{told.zh}{told.en}{told.hint_zh}{told.hint_en}"
