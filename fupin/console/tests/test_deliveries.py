"""Delivering a file through the page."""

from pathlib import Path

from fupin.exchange import api as exchange
from fupin.ui.tests.visitor import Visitor

HEADER = "农机牌照号,机主身份证号,机主,农机类型,功率,注册日期"


def hand_in(visitor: Visitor, file: Path) -> None:
    visitor.sign_in("office").open("/deliveries/new/")
    visitor.page.set_input_files("input[type=file]", str(file))
    visitor.page.fill("#id_cut_off", "2026-10-31")
    visitor.page.click("main form button.btn-primary")


def test_a_file_is_recognised_queued_and_shown_when_done(visitor: Visitor, tmp_path: Path) -> None:
    file = tmp_path / "农机登记.csv"
    file.write_text(f"{HEADER}\n桂A00001,不是证件号,韦光,1,20,2019-02-30\n", encoding="gb18030")
    hand_in(visitor, file)
    visitor.page.wait_for_selector("[data-busy]")
    delivery = exchange.deliveries_for(visitor.city.cast["office"]).filter(file_name="农机登记.csv").get()
    exchange.process(delivery.pk)
    visitor.page.wait_for_selector("text=识别结果")
    visitor.page.wait_for_selector("#quarantine, [role=alert]")
    assert "农机登记" in visitor.text()
    assert "不是证件号" not in visitor.text()


def test_something_that_is_no_table_is_refused_with_a_way_out(visitor: Visitor, tmp_path: Path) -> None:
    file = tmp_path / "空.csv"
    file.write_bytes(b"")
    hand_in(visitor, file)
    assert visitor.page.locator("[role=alert]").count() == 1


def test_without_a_file_the_page_asks_for_one(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/deliveries/new/")
    visitor.page.click("main form button.btn-primary")
    assert "请先选择或拖入一个文件" in visitor.page.inner_text("[role=alert]")


def test_the_catalogue_counts_deliveries_as_the_list_does(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/catalogue/")
    figures = visitor.figures()
    assert figures
    for href, count in figures:
        visitor.open(href)
        assert visitor.total() == count, href


def test_a_department_sees_its_own_deliveries_only(visitor: Visitor) -> None:
    other = exchange.deliveries_for(visitor.city.cast["office"]).exclude(department="civil_affairs")[0]
    assert visitor.sign_in("department").open(f"/deliveries/{other.pk}/") == 404
