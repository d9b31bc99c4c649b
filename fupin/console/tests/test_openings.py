"""Accounts from a file in the browser: a good row and a bad one, the passwords once."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
import python_calamine as calamine

from fupin.accounts import api as accounts
from fupin.accounts.models import BulkOpening, User
from fupin.accounts.tests.test_openings import BAD, GOOD, book
from fupin.ui.tests.visitor import Visitor

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def county(visitor: Visitor) -> Iterator[Visitor]:
    yield visitor.sign_in("county_office")
    User.objects.filter(username="cun501").update(username=f"gone-{User.objects.count()}", is_active=False)


def upload(visitor: Visitor, content: bytes) -> None:
    visitor.open("/openings/")
    file: Any = {"name": "干部.xlsx", "mimeType": XLSX, "buffer": content}
    visitor.page.set_input_files("input[type=file]", file)
    visitor.page.click("main form .btn-primary")


def test_a_file_is_worked_off_and_its_passwords_are_taken_once(county: Visitor) -> None:
    page = county.page
    upload(county, book(GOOD, BAD))
    page.wait_for_selector("[data-busy]")
    accounts.run_opening(BulkOpening.objects.latest("pk").pk)
    page.wait_for_selector("[data-errors]")  # the page asks by itself
    assert "没有角色 国王" in page.inner_text("[data-errors]")
    with page.expect_download() as taken:
        page.click("button:has-text('取走结果文件')")
    content = taken.value.path().read_bytes()
    rows: Any = calamine.CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()
    assert [row[1] for row in rows[1:]] == ["cun501", "cun502"]
    page.reload()
    assert "已取走" in county.text()
    assert rows[1][2] not in page.content()


def test_a_file_that_is_no_workbook_is_refused_with_a_way_out(county: Visitor) -> None:
    upload(county, b"not a workbook")
    assert "读不了 干部.xlsx" in county.page.inner_text("main [role=alert]")
    assert "XLSX" in county.page.inner_text("main [role=alert]")


def test_a_file_of_another_is_not_found(county: Visitor) -> None:
    upload(county, book(BAD))
    number = BulkOpening.objects.latest("pk").pk
    assert county.sign_in("office").open(f"/openings/{number}/") == county.open("/openings/999999/") == 404


@pytest.mark.parametrize("width", [390, 1600])
def test_the_pages_fit(county: Visitor, width: int) -> None:
    county.page.set_viewport_size({"width": width, "height": 844})
    upload(county, book(BAD))
    accounts.run_opening(BulkOpening.objects.latest("pk").pk)
    county.page.wait_for_selector("[data-errors]")
    assert county.fits(width)
    county.open("/openings/")
    assert county.fits(width)
