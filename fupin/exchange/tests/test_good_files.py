"""The many ways in which departments write the same table: all of them are read to the same rows."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from fupin.catalogue.schema import datasets
from fupin.exchange.tests.files import CUT_OFF, HEADER, KEY, card, csv_bytes, intake, person, row, written, xlsx
from fupin.kernel.keys import keyed_hash


def rows_of(folder: Path) -> list[dict[str, object]]:
    return pl.read_parquet(folder / "out.parquet").to_dicts()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_delimiters_and_line_ends_do_not_matter(
    tmp_path: Path, encoding: str, delimiter: str, end: str
) -> None:
    content = csv_bytes([HEADER, row(1), row(2)], encoding, delimiter, end)
    assert intake(written(tmp_path, content), tmp_path).good_rows == 2
    first = rows_of(tmp_path)[0]
    assert (first["row"], first["name"], first["amount"], first["paid_on"]) == (2, "韦小明", 10050, date(2019, 2, 28))


def test_the_lake_holds_keyed_hashes_and_no_number(tmp_path: Path) -> None:
    intake(written(tmp_path, csv_bytes([HEADER, row(7)])), tmp_path)
    assert rows_of(tmp_path)[0]["id_number_key"] == keyed_hash(KEY, person(7))
    assert person(7).encode() not in (tmp_path / "out.parquet").read_bytes()
    columns = ["row", "id_number_key", "name", "item", "amount", "paid_on", "account_tail"]
    assert list(rows_of(tmp_path)[0]) == columns


def test_title_lines_units_order_and_unknown_columns_do_not_matter(tmp_path: Path) -> None:
    header = ["序号", "发放金额（万元）", "姓 名", "备注", "公民身份号码", "发放日期", "补贴项目*"]
    cells = ["1", "1.00005", "韦　小明", "某", person(3), "2019年2月8日", "耕地地力保护补贴"]
    taken = intake(written(tmp_path, csv_bytes([["2019年补贴发放表"], ["单位：某局"], header, cells])), tmp_path)
    found = rows_of(tmp_path)[0]
    assert (found["amount"], found["name"], found["item"], found["row"]) == (1_000_050, "韦小明", "01", 4)
    assert taken.recognised["extra"] == ["序号", "备注"]
    assert taken.recognised["header_row"] == 3


def test_xlsx_with_real_dates_serial_dates_and_numbers(tmp_path: Path) -> None:
    rows: list[list[object]] = [["title"], [*HEADER], [person(1), "韦", 8, 100.5, date(2019, 2, 28)]]
    rows.append([person(2), "韦", "8", 0.1 + 0.2, 43524])
    rows.append([person(3), "韦", 1, 7, datetime.fromisoformat("2019-02-28T08:30")])
    assert intake(xlsx(tmp_path / "x.xlsx", rows), tmp_path).good_rows == 3
    found = rows_of(tmp_path)
    assert [one["amount"] for one in found] == [10050, 30, 700]
    assert {one["paid_on"] for one in found} == {date(2019, 2, 28)}
    assert found[0]["row"] == 3


def test_the_first_sheet_with_a_matching_header_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "sheets.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("说明").write_row(0, 0, ["请按模板填写"])
        page = book.add_worksheet("数据")
        page.write_row(3, 2, HEADER)
        page.write_row(4, 2, row(1))
    taken = intake(path, tmp_path)
    assert taken.recognised["sheet"] == "数据"
    assert rows_of(tmp_path)[0]["row"] == 5


def test_formulas_with_a_saved_result_are_taken_and_noted(tmp_path: Path) -> None:
    path = tmp_path / "formula.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADER)
        page.write_row(1, 0, row())
        page.write_formula(1, 3, "=100+1", None, 101)
    assert "1 formula" in intake(path, tmp_path).recognised["notes"][0]["en"]
    assert rows_of(tmp_path)[0]["amount"] == 10100


def test_quotes_line_breaks_and_blank_lines_keep_the_row_numbers(tmp_path: Path) -> None:
    header = [*HEADER, "备注"]
    content = csv_bytes([header, [*row(1), 'a "b"\nc'], []]) + csv_bytes([[*row(2), ""]])
    intake(written(tmp_path, content), tmp_path)
    assert [one["row"] for one in rows_of(tmp_path)] == [2, 4]


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        (0, "450123198001010000", "id_check_digit"),
        (0, "", "missing"),
        (0, "4.50123198001011E+17", "id_scientific"),
        (0, "999999198001010000", "id_placeholder"),
        (1, "", "missing"),
        (2, "99", "unknown_code"),
        (3, "abc", "bad_number"),
        (3, "-1", "below_min"),
        (3, "100000.01", "above_max"),
        (3, "1.005", "part_of_fen"),
        (3, "=A1+B1", "formula"),
        (4, "2019/2/30", "impossible_date"),
        (4, "2020-01-01", "future_date"),
        (4, "昨天", "bad_date"),
        (1, "=HYPERLINK(1)", "formula"),
        (0, "=A1", "formula"),
    ],
)
def test_a_bad_cell_quarantines_its_row_with_place_and_reason(
    tmp_path: Path, column: int, cell: str, code: str
) -> None:
    bad = row(2)
    bad[column] = cell
    taken = intake(written(tmp_path, csv_bytes([HEADER, row(1), bad, row(3)])), tmp_path)
    assert (taken.rows, taken.good_rows, taken.bad_rows) == (3, 2, 1)
    (told,) = taken.bad
    assert (told.row, told.code, told.column) == (3, code, list(card().columns)[column])
    assert told.zh
    assert told.en
    assert told.cells == bad
    assert not any(len(cell) > 14 and cell in told.zh + told.en for cell in bad)


def test_totals_rows_repeated_headers_and_empty_rows_are_left_out(tmp_path: Path) -> None:
    rows = [HEADER, row(1), ["", "", "", "", ""], HEADER, row(2), ["合　计", "", "", "201.00", ""]]
    taken = intake(written(tmp_path, csv_bytes(rows)), tmp_path)
    assert [(one.row, one.code) for one in taken.bad] == [(4, "repeated_header"), (6, "totals_row")]
    assert taken.rows == taken.good_rows + taken.bad_rows + taken.duplicate_rows == 4


def test_of_rows_with_the_same_key_the_last_is_kept(tmp_path: Path) -> None:
    rows = [HEADER, row(1), row(2, amount="5"), row(1), row(2, amount="6")]
    taken = intake(written(tmp_path, csv_bytes(rows)), tmp_path)
    assert (taken.rows, taken.good_rows, taken.duplicate_rows, taken.bad_rows) == (4, 2, 1, 1)
    assert [one["row"] for one in rows_of(tmp_path)] == [4, 5]
    (told,) = taken.bad
    assert (told.row, told.code) == (3, "superseded")
    assert "第 5 行" in told.zh
    assert told.cells == rows[2]


def test_equal_rows_written_differently_are_duplicates(tmp_path: Path) -> None:
    other = [person(1).lower(), " 韦 小明", "扶贫产业奖补", "￥100.5元", "20190228"]
    taken = intake(written(tmp_path, csv_bytes([HEADER, row(1), other])), tmp_path)
    assert (taken.good_rows, taken.duplicate_rows, taken.bad_rows) == (1, 1, 0)


def test_a_data_set_with_weak_ids_keeps_rows_without_a_number(tmp_path: Path) -> None:
    header = ["身份证号", "姓名", "务工省份", "月工资"]
    rows = [[person(1), "韦一", "广东", "4000"], ["", "韦二", "广东", "4000"], ["12345", "韦二", "广东", "4000"]]
    rows.append(["12345", "韦二", "广东", "4000"])
    taken = intake(written(tmp_path, csv_bytes([header, *rows])), tmp_path, datasets()["hr_migrants"])
    assert (taken.good_rows, taken.without_id_rows, taken.duplicate_rows, taken.bad_rows) == (3, 2, 1, 0)
    assert [one["id_number_key"] is None for one in rows_of(tmp_path)] == [False, True, True]


def test_a_row_with_too_many_cells_is_quarantined(tmp_path: Path) -> None:
    content = csv_bytes([HEADER, row(1), [*row(2), "7"], row(3)])
    assert [one.code for one in intake(written(tmp_path, content), tmp_path).bad] == ["too_many_cells"]


def test_a_row_merged_sideways_is_quarantined(tmp_path: Path) -> None:
    path = tmp_path / "merged.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.merge_range(0, 0, 0, 4, "发放表")
        for number, cells in enumerate([HEADER, row(1), row(2)], start=1):
            page.write_row(number, 0, cells)
        page.merge_range(3, 0, 3, 1, person(2))
    assert [(one.row, one.code) for one in intake(path, tmp_path).bad] == [(4, "merged")]


def test_quoted_cells_read_the_same_by_the_quick_and_the_general_parser(tmp_path: Path) -> None:
    plain = csv_bytes([HEADER, row(1), row(2)]).decode()
    quoted = "\r\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in plain.splitlines())
    assert intake(written(tmp_path, quoted.encode()), tmp_path).good_rows == 2
    first = rows_of(tmp_path)
    broken = quoted + '\r\n"a ""b""\nc",,,,'  # forces the csv module
    assert intake(written(tmp_path, broken.encode()), tmp_path).bad_rows == 1
    assert rows_of(tmp_path) == first


def test_pieces_and_their_borders_do_not_change_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = csv_bytes([HEADER, *(row(n) for n in range(1, 400)), row(7, amount="1")], "gb18030")
    path = written(tmp_path, content)
    intake(path, tmp_path)
    whole = rows_of(tmp_path)
    monkeypatch.setattr("fupin.exchange.reading.encodings.BLOCK", 1000)
    assert intake(path, tmp_path).rows == 400
    assert rows_of(tmp_path) == whole
    assert CUT_OFF.year == 2019


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    path = written(tmp_path, csv_bytes([HEADER, *(row(n) for n in range(1, 400)), row(7)]))
    assert intake(path, tmp_path).parquet_sha256 == intake(path, tmp_path).parquet_sha256


def test_a_sheet_that_was_not_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        data, other = book.add_worksheet("数据"), book.add_worksheet("说明")
        other.write_row(0, 0, ["填表说明"])
        for place, cells in enumerate([HEADER, row(1)]):
            data.write_row(place, 0, cells)
    assert "说明" in intake(path, tmp_path).recognised["notes"][0]["zh"]


def test_a_row_of_a_sheet_with_more_cells_than_the_header_is_quarantined(tmp_path: Path) -> None:
    taken = intake(xlsx(tmp_path / "x.xlsx", [HEADER, row(1), [*row(2), "另一格"]]), tmp_path)
    assert (taken.good_rows, [one.code for one in taken.bad]) == (1, ["too_many_cells"])


def test_an_id_number_among_the_headings_is_masked_in_the_ledger(tmp_path: Path) -> None:
    taken = intake(written(tmp_path, csv_bytes([[*HEADER, person(1)], [*row(2), "x"]])), tmp_path)
    assert person(1) not in str(taken.recognised)
