"""Every list sorts, filters, hides columns and gives the file of what the page shows."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook

from fupin.accounts.models import Deed
from fupin.console.lists.runs import doubts
from fupin.exchange import api as exchange
from fupin.exchange.reading.values import tidy
from fupin.identify.api import Doubt
from fupin.kernel.marks import SIGNS, without_marks
from fupin.ui import exports
from fupin.ui.export_marks import exports_named_in
from fupin.ui.lists import Sort
from fupin.ui.tests.visitor import Visitor

LISTS = [
    ("office", "/households/?band=poor"),
    ("office", "/findings/"),
    ("office", "/deliveries/"),
    ("office", "/runs/"),
    ("office", "/agreements/"),
    ("office", "/exchanges/"),
    ("administrator", "/users/"),
    ("audit", "/deeds/?verb=receive"),
]


def download(visitor: Visitor, form: str) -> bytes:
    with visitor.page.expect_download() as taken:
        visitor.page.click(f".list-tools button[value={form}]")
    return taken.value.path().read_bytes()


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.mark.parametrize(("who", "path"), LISTS)
def test_the_file_holds_as_many_rows_as_the_page_counts(visitor: Visitor, who: str, path: str) -> None:
    visitor.sign_in(who).open(path)
    total = visitor.total()
    assert total > 0
    header, *rows = rows_of(download(visitor, "csv"))
    assert len(rows) == total
    assert header[-1] == "数据说明"
    deed = Deed.objects.filter(verb="export").latest("pk")
    (told,) = {without_marks(row[-1]) for row in rows}
    assert told.startswith("演示数据：模拟生成，非真实人员；")
    assert visitor.city.cast[who].username in told
    assert (deed.by, deed.detail["rows"]) == (visitor.city.cast[who], total)


def test_the_workbook_holds_the_same_and_says_what_it_is(visitor: Visitor) -> None:
    visitor.sign_in("county_office").open("/households/?sort=-low&state=listed")
    names = visitor.page.locator("tbody tr td:first-child a").all_inner_texts()
    content = download(visitor, "xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    rows = book.get_sheet_by_name("名单").to_python()
    assert [without_marks(str(row[0])) for row in rows[1 : len(names) + 1]] == names  # masked, in the page's order
    assert len(rows) - 1 == visitor.total()
    assert {str(row[3])[:6] for row in rows[1:]} == {"450124"}
    about = {row[0]: row[1] for row in book.get_sheet_by_name("说明").to_python()}
    assert about["筛选条件"] == "state=listed"


def test_doubts_are_sorted_and_filtered_like_any_list(visitor: Visitor) -> None:
    city, office = visitor.city, visitor.city.cast["office"]
    homes = city.run.index.order_by("household_id").values_list("household_id", "village_code")[:3]
    found = [
        Doubt("ps_vehicles", "d", number, f"p{number}", home, village, 0.9 - number / 10, "probable")
        for number, (home, village) in enumerate(homes)
    ]
    listing = doubts(office, city.run, found, "")
    assert [one.row for one in listing.ordered(Sort.of(listing, ""))] == [2, 1, 0]
    assert [one.row for one in listing.ordered(Sort.of(listing, "-row"))] == [0, 1, 2]
    assert all(row.href for row in listing.fetch(found))


def test_quarantined_rows_are_filtered_and_exported_masked(visitor: Visitor) -> None:
    one = exchange.deliveries_for(visitor.city.cast["office"]).order_by("-bad_rows")[0]
    visitor.sign_in("office").open(f"/deliveries/{one.pk}/")
    assert visitor.total() == one.bad_rows
    visitor.page.select_option("#code", index=1)
    visitor.page.wait_for_url("**code=*")
    total = visitor.total()
    rows = rows_of(download(visitor, "csv"))[1:]
    assert len(rows) == total
    assert not any(len(cell.strip()) >= 15 and cell.strip().isdigit() for row in rows for cell in row)


def test_a_heading_sorts_and_a_second_click_turns_round(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/households/?band=poor")
    visitor.page.click("th >> text=未知")
    assert visitor.page.get_attribute("th:has-text('未知')", "aria-sort") == "descending"
    visitor.whole()
    numbers = [int(text) for text in visitor.page.locator("td[data-label='未知']").all_inner_texts()]
    assert numbers == sorted(numbers, reverse=True)
    visitor.page.click("th >> text=未知")
    assert "sort=-unknown" in visitor.page.url
    assert "band=poor" in visitor.page.url
    assert visitor.page.get_attribute("th:has-text('未知')", "aria-sort") == "ascending"


def test_an_order_that_does_not_exist_is_the_lists_own(visitor: Visitor) -> None:
    assert visitor.sign_in("office").open("/households/?sort=nothing&cols=nothing&page=99999") == 200
    assert visitor.page.get_attribute("th[aria-sort]", "aria-sort") == "ascending"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_one_row_that_went_astray_names_its_export(visitor: Visitor, form: str, tmp_path: Path) -> None:
    visitor.sign_in("county_office").open("/households/")
    content = download(visitor, form)
    deed = Deed.objects.filter(verb="export").latest("pk")
    (tmp_path / "whole").write_bytes(content)
    if form == "csv":
        rows: list[list[Any]] = [list(row) for row in rows_of(content)[1:]]
    else:
        rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("名单").to_python()[1:]
    (tmp_path / "pasted").write_text("\t".join(map(str, ["转发：", *rows[len(rows) // 2]])), encoding="utf-8")
    (tmp_path / "other").write_text("韦*山，上林县", encoding="utf-8")
    named = {path.name: exports_named_in(path) for path in tmp_path.iterdir()}
    assert named == {"whole": {deed.pk}, "pasted": {deed.pk}, "other": set()}
    assert [str(tidy(str(cell))) for cell in rows[0] if "45012" in str(cell)]  # the importers' reading
    assert not set("".join(str(tidy(str(cell))) for cell in rows[0])) & set(SIGNS)


def test_chosen_columns_stay_in_the_address_and_cut_the_file(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/households/?band=poor&cols=low&cols=unknown")
    expect(visitor.page.locator("thead th")).to_have_count(3)  # the first column cannot be hidden
    header = rows_of(download(visitor, "csv"))[0]
    assert header[:-1] == ["户主", "户编号", "指数下限（分）", "指数上限（分）", "未知"]
    visitor.page.select_option("#band", "stable")
    visitor.page.wait_for_url("**band=stable**")
    assert "cols=unknown" in visitor.page.url


def test_a_filter_is_kept_under_a_name_and_forgotten(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/households/?band=poor&sort=unknown")
    visitor.page.click(".list-tools summary:has-text('常用条件')")
    visitor.page.fill(".list-tools input[name=name]", "贫困、未知多")
    visitor.page.press(".list-tools input[name=name]", "Enter")
    visitor.open("/households/")
    visitor.page.click(".list-tools summary:has-text('常用条件')")
    visitor.page.click("a:has-text('贫困、未知多')")
    assert visitor.page.url.endswith("/households/?band=poor&sort=unknown")
    visitor.page.click(".list-tools summary:has-text('常用条件')")
    visitor.page.click("button[aria-label='删除 贫困、未知多']")
    expect(visitor.page.locator("a:has-text('贫困、未知多')")).to_have_count(0)


def test_a_workbook_that_would_be_too_long_is_refused_with_a_way_out(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "XLSX_ROWS", 5)
    visitor.sign_in("office").open("/households/")
    visitor.page.click(".list-tools button[value=xlsx]")
    assert "导出 CSV" in visitor.page.inner_text("[role=alert]")


def test_a_file_is_not_given_by_following_a_link(visitor: Visitor) -> None:
    visitor.sign_in("office")
    before = Deed.objects.filter(verb="export").count()
    answer = visitor.page.request.get(f"{visitor.base}/households/?as=csv")
    assert answer.headers["content-type"].startswith("text/html")
    forged = visitor.page.request.post(f"{visitor.base}/households/", form={"as": "csv"})
    assert forged.status == 403
    assert Deed.objects.filter(verb="export").count() == before


def test_keys_search_go_and_walk_through_rows(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/households/")
    visitor.page.keyboard.press("ArrowDown")
    visitor.page.keyboard.press("ArrowDown")
    assert visitor.page.evaluate("document.activeElement.rowIndex") == 2
    visitor.page.keyboard.press("/")
    assert visitor.page.evaluate("document.activeElement.id") == "q"
    visitor.page.keyboard.press("Escape")
    visitor.page.evaluate("document.activeElement.blur()")
    visitor.page.keyboard.press("g")
    visitor.page.keyboard.press("1")
    visitor.page.wait_for_url(f"{visitor.base}/")
