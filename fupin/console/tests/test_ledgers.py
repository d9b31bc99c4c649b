"""Ledgers in the browser: uploaded, columns said and saved, differences read, applied, taken back, written out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import python_calamine as calamine
from playwright.sync_api import expect

from fupin.accounts.api import acting_as
from fupin.catalogue.ledgers import layouts
from fupin.exchange import api as exchange
from fupin.registry import api as registry
from fupin.registry.api import LedgerBatch, LedgerMapping, LedgerOrder, Person
from fupin.ui.tests.visitor import Visitor

COUNTY, YEAR = "450124", 2026


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Path) -> None:
    """Batches are numbered by the database, and two workers share a data folder."""
    settings.FUPIN_DATA_DIR = tmp_path


@pytest.fixture
def members(visitor: Visitor) -> Iterator[list[dict[str, Any]]]:
    """Persons of the county as the list of 26 columns has them, with full numbers; batches go afterwards."""
    office = visitor.city.cast["office"]
    with acting_as(office):
        village = registry.households_for(office).filter(state="0").order_by("household_id")[0].village_code
    order = LedgerOrder(layouts()["persons26"], village, YEAR, {})
    _receipt, rows = registry.export_now(by=office, order=order, full=True, reason="测试用的名单")
    yield list(rows.iter_rows(named=True))
    LedgerMapping.objects.all().update(retired_at="2026-01-01T00:00:00Z")


def as_csv(rows: Sequence[dict[str, Any]], names: dict[str, str]) -> bytes:
    """A list of a county: other headings, another order, its own code of 民族."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names.values())
    writer.writerows([["" if row[name] is None else row[name] for name in names] for row in rows])
    return text.getvalue().encode("gb18030")


NAMES = {"证件号码": "公民身份号码", "姓名": "家庭成员姓名", "人编号": "人编码", "户编号": "家庭编号",
         "健康状况": "身体状况",
         "与户主关系": "关系", "自然村": "组长意见"}  # fmt: skip


def upload(visitor: Visitor, content: bytes, name: str = "县名单.csv") -> None:
    visitor.open("/ledgers/new/")
    file: Any = {"name": name, "mimeType": "text/csv", "buffer": content}
    visitor.page.set_input_files("input[type=file]", file)
    visitor.page.click("button:has-text('上传并试算')")


def worked(visitor: Visitor) -> LedgerBatch:
    """The queue does what the newest batch waits for."""
    visitor.page.wait_for_selector("[data-state=reading], [data-state=applying], [data-state=undoing]")
    visitor.page.wait_for_load_state()
    visitor.page.goto("about:blank")  # the page asks every second and would load itself anew meanwhile
    batch = LedgerBatch.objects.order_by("pk").last()
    assert batch is not None
    for work in (exchange.run_plan, exchange.run_apply, exchange.run_undo):
        work(batch.pk)
    visitor.open(f"/ledgers/{batch.pk}/")
    batch.refresh_from_db()
    return batch


def test_a_list_of_a_county_goes_in_and_is_taken_back(visitor: Visitor, members: list[dict[str, Any]]) -> None:
    page = visitor.sign_in("office").page
    someone = members[0]
    sick = {**someone, "健康状况": "残疾" if someone["健康状况"] != "残疾" else "健康"}
    upload(visitor, as_csv([sick, *members[1:]], NAMES))
    page.click("a:has-text('指定各列')")
    expect(page.locator("[data-columns] tbody tr")).to_have_count(len(NAMES))
    assert str(someone["证件号码"]) not in page.content()
    page.fill("#save_as", "马山县名单")
    page.click("button:has-text('按此试算')")
    batch = worked(visitor)
    assert batch.state == "ready", batch.problem
    assert (batch.counts["changed"], batch.counts["new_person"], batch.counts["refused"]) == (1, 0, 0)
    assert "健康状况" in page.inner_text("[data-differences]")
    assert str(someone["证件号码"]) not in page.content()
    before = Person.objects.get(pk=someone["人编号"]).health
    page.click("[data-apply]")
    assert worked(visitor).state == "applied"
    assert Person.objects.get(pk=someone["人编号"]).health != before
    page.fill("#reason", "县里传错了")
    page.click("button:has-text('整批撤回')")
    assert worked(visitor).state == "undone"
    assert Person.objects.get(pk=someone["人编号"]).health == before


def test_a_saved_header_is_known_again(visitor: Visitor, members: list[dict[str, Any]]) -> None:
    page = visitor.sign_in("office").page
    upload(visitor, as_csv(members, NAMES))
    page.click("a:has-text('指定各列')")
    page.click("button:has-text('按此试算')")
    turned = dict(reversed(NAMES.items()))
    upload(visitor, as_csv(members, turned))
    assert "按保存的对应" in visitor.text()
    assert worked(visitor).counts["changed"] == 0
    assert visitor.open("/ledgers/") == 200
    assert visitor.total() >= 2
    assert visitor.open("/ledgers/mappings/") == 200
    page.click("button:has-text('停用')")
    assert visitor.total() == 0


def test_refused_rows_say_where_why_and_what_to_do(visitor: Visitor, members: list[dict[str, Any]]) -> None:
    page = visitor.sign_in("office").page
    wrong = {**members[0], "证件号码": "450124196203040011"}
    upload(visitor, as_csv([wrong, *members[1:]], {name: name for name in layouts_titles()}))
    assert worked(visitor).counts["refused"] == 1
    page.click("a[data-kind=refused]")
    assert "第 2 行" in visitor.text()
    assert "校验码" in visitor.text()
    with page.expect_download() as taken:
        page.click("button:has-text('下载差异')")
    rows = calamine.CalamineWorkbook.from_path(str(taken.value.path())).get_sheet_by_index(0).to_python()
    assert len(rows) == 2
    assert "450124196203040011" not in str(rows)


def layouts_titles() -> list[str]:
    return [column.zh for column in layouts()["persons26"].columns.values()]


def test_what_is_no_ledger_is_told_at_once(visitor: Visitor) -> None:
    visitor.sign_in("office")
    upload(visitor, "各位领导\n附件是今年的名单\n".encode())
    assert "找不到台账的表头" in visitor.text()


def test_a_ledger_is_written_out_marked_and_recorded(visitor: Visitor) -> None:
    page = visitor.sign_in("office", factor=True).page
    visitor.open("/ledgers/export/")
    page.select_option("#layout", "ab01")
    with page.expect_download() as taken:
        page.click("button:has-text('导出')")
    content = taken.value.path().read_bytes()
    rows: Any = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert rows[0][:3] == ["AAB001", "AAC001", "AAB002"]
    assert all("*" in row[4] for row in rows[1:] if row[4])
    visitor.open("/ledgers/export/")
    page.check("input[name=full][value='1']")
    page.click("button:has-text('导出')")
    assert "须写明理由" in visitor.text()
    page.select_option("#usual", "报送上级系统")
    page.check("input[name=full][value='1']")
    page.select_option("#layout", "ab01")
    with page.expect_download() as taken:
        page.click("button:has-text('导出')")
    rows = calamine.CalamineWorkbook.from_path(str(taken.value.path())).get_sheet_by_index(0).to_python()
    assert not any("*" in row[4] for row in rows[1:])


def test_only_offices_have_ledgers(visitor: Visitor) -> None:
    for who in ("cadre", "decision", "department"):
        visitor.sign_in(who)
        assert visitor.open("/ledgers/") == 403
