"""Logic screening in the browser: started with one click, read by region and rule, mended by a list."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
import python_calamine as calamine
import xlsxwriter
from playwright.sync_api import expect

from fupin.accounts.api import acting_as
from fupin.catalogue.screening import read_screening
from fupin.identify import api as identify
from fupin.identify.api import ScreenHit, Screening
from fupin.identify.screening_models import ScreenAnswer
from fupin.registry import api as registry
from fupin.ui.tests.city import AS_OF
from fupin.ui.tests.visitor import Visitor

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def screened(visitor: Visitor) -> Iterator[Screening]:
    office = visitor.city.cast["office"]
    with acting_as(office):
        one = identify.start_screening(by=office, region="4501", as_of=AS_OF, in_background=False)
        yield identify.execute_screening(one)
        ScreenAnswer.objects.all().delete()


def upload(visitor: Visitor, one: Screening, content: bytes) -> None:
    visitor.open(f"/screenings/{one.pk}/corrections/upload/")
    file: Any = {"name": "更正名单.xlsx", "mimeType": XLSX, "buffer": content}
    visitor.page.set_input_files("input[type=file]", file)
    visitor.page.click("[data-upload] button")


def taken_list(visitor: Visitor, one: Screening) -> bytes:
    visitor.open(f"/screenings/{one.pk}/")
    with visitor.page.expect_download() as taken:
        visitor.page.click("button:has-text('下载更正名单')")
    return taken.value.path().read_bytes()


def filled(content: bytes, row: int, answer: str, note: str, key: str = "") -> bytes:
    """The list with one row filled in, as a spreadsheet would save it."""
    rows: Any = calamine.CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()
    rows[row][0] = key or rows[row][0]
    rows[row] = [*rows[row][:7], answer, note]
    stream = BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate(rows):
            sheet.write_row(number, 0, cells)
    return stream.getvalue()


def test_one_click_starts_a_screening_that_is_watched(visitor: Visitor) -> None:
    office = visitor.city.cast["office"]
    visitor.sign_in("office").open("/screenings/")
    visitor.page.fill("#as_of", "2026-10-31")
    visitor.page.click("button:has-text('开始筛查')")
    visitor.page.wait_for_selector("[data-busy]")
    with acting_as(office):
        identify.execute_screening(identify.screenings_for(office).latest("started_at"))
    visitor.page.wait_for_selector("[data-rules]")  # by itself
    assert "待更正" in visitor.text()


def test_a_screening_of_nobodys_land_says_why_not(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/screenings/")
    visitor.page.fill("#as_of", "2099-01-01")
    visitor.page.click("button:has-text('开始筛查')")
    assert "还没有到" in visitor.page.inner_text("main [role=alert]")


def test_every_count_opens_a_list_of_that_length(visitor: Visitor, screened: Screening) -> None:
    visitor.sign_in("office").open(f"/screenings/{screened.pk}/")
    figures = visitor.figures()
    assert len(figures) > 20
    for href, count in figures[:25]:
        assert visitor.total_of(href) == count, href


def test_a_county_office_reads_its_own_part(visitor: Visitor, screened: Screening) -> None:
    visitor.sign_in("county_office").open(f"/screenings/{screened.pk}/")
    assert visitor.page.locator("[data-regions] tbody tr").count() > 0
    assert visitor.open(f"/screenings/{screened.pk}/?region=4501") == 404
    far = screened.hits.exclude(village_code__startswith="450124")[0]
    assert visitor.open(f"/screenings/{screened.pk}/hits/{far.key}/") == 404


def test_a_list_goes_out_comes_back_and_is_written_after_a_trial(visitor: Visitor, screened: Screening) -> None:
    visitor.sign_in("office")
    book = taken_list(visitor, screened)
    with ZipFile(BytesIO(book)) as parts:
        assert b"<sheetProtection" in parts.read("xl/worksheets/sheet1.xml")  # the key cannot be changed by a slip
    upload(visitor, screened, filled(book, 1, "已改正", ""))
    visitor.page.wait_for_selector("[data-trial]")
    assert not ScreenAnswer.objects.exists()
    visitor.page.click("[data-trial] button")
    visitor.page.wait_for_selector("text=已写入 1 条处理结果")
    assert ScreenAnswer.objects.get().answer == "mended"


def test_a_list_with_a_changed_key_is_refused_row_by_row(visitor: Visitor, screened: Screening) -> None:
    visitor.sign_in("office")
    upload(visitor, screened, filled(taken_list(visitor, screened), 2, "已改正", "", key="S4501|I01:1:forged"))
    assert "编号被改动" in visitor.page.inner_text("[data-errors]")
    expect(visitor.page.locator("[data-trial] button")).to_have_count(0)
    assert not ScreenAnswer.objects.exists()


def test_a_hit_opens_the_form_filled_in_and_names_the_change(visitor: Visitor, screened: Screening) -> None:
    office = visitor.city.cast["office"]
    rule = next(one for one in read_screening().rules.values() if one.level == "person" and "education" in one.where)
    with acting_as(office):
        home = registry.households_for(office).filter(members__gte=2, ended_on=None).order_by("-pk")[0]
        who = registry.members_of(office, home)[0].person_id
        hit = ScreenHit.objects.create(
            screening=screened, rule=rule.id, object_id=who, level="person", severity=2, household_id=home.pk,
            person_id=who, village_code=home.village_code, standing="new", exempted=False, since=AS_OF,
        )  # fmt: skip
        (mend,) = identify.mends_of(office, hit)
    visitor.sign_in("office").open(f"/screenings/{screened.pk}/hits/{hit.key}/")
    link = visitor.page.get_attribute("[data-mends] a:has-text('更正成员信息')", "href")
    assert visitor.open(str(link)) == 200
    assert hit.rule in visitor.page.input_value("#reason")
    assert visitor.page.input_value("input[name=person]") == hit.person_id
    fact = visitor.page.locator("select[name=education]")
    fact.select_option("01" if fact.input_value() != "01" else "02")
    visitor.page.fill("[data-paper] input[type=text]", "村委会档案柜")
    visitor.page.click("#change-form button.btn-primary")
    visitor.page.wait_for_selector("text=已登记“更正成员信息”")
    visitor.open(f"/screenings/{screened.pk}/hits/{hit.key}/")
    assert "已按此问题登记变更" in visitor.page.inner_text("[data-change]")
    with acting_as(office):
        change = identify.mended_by(office, hit)
        assert change is not None
        assert change.finding == mend.key
        registry.reverse(by=office, change_id=change.pk, reason="测试收尾")
        assert identify.mended_by(office, hit) is None


def test_a_hit_is_answered_and_exempted_on_its_page(visitor: Visitor, screened: Screening) -> None:
    hit = ScreenHit.objects.filter(screening=screened, level="person")[0]
    visitor.sign_in("office").open(f"/screenings/{screened.pk}/hits/{hit.key}/")
    visitor.page.check("input[value=right]")
    visitor.page.click("button:has-text('记下')")
    assert "情况属实须写明说明" in visitor.page.inner_text("main [role=alert]")
    visitor.page.fill("#reason", "已核对原件")
    visitor.page.fill("#until", "2027-06-30")
    visitor.page.click("button:has-text('豁免'):not(:has-text('清单'))")
    visitor.page.wait_for_selector("text=豁免至 2027-06-30")
    visitor.open("/screenings/exemptions/")
    assert visitor.total() == 1
    visitor.page.click("button:has-text('结束')")
    visitor.page.wait_for_selector("text=没有豁免")
