"""Delivering a file through the page."""

from pathlib import Path

from playwright.sync_api import expect

from fupin.exchange import api as exchange
from fupin.exchange.api import Delivery
from fupin.ui.tests.visitor import Visitor

NUMBER = "450102198001010015"
HEADER = "农机牌照号,机主身份证号,机主,农机类型,功率,注册日期"


def hand_in(visitor: Visitor, file: Path) -> None:
    visitor.sign_in("office").open("/deliveries/new/")
    visitor.page.set_input_files("input[type=file]", str(file))
    visitor.page.fill("#id_cut_off", "2026-10-31")
    visitor.page.click("main form button.btn-primary")


def processed(visitor: Visitor, file_name: str) -> Delivery:
    """Does the queue's work for the newest delivery of that name, whose page has come."""
    visitor.page.wait_for_selector("h1 .chip")
    waiting = exchange.deliveries_for(visitor.city.cast["office"]).filter(file_name=file_name)
    exchange.process(waiting[0].pk)
    return waiting.get()


def test_a_file_is_recognised_queued_and_shown_when_done(visitor: Visitor, tmp_path: Path) -> None:
    file = tmp_path / "农机登记.csv"
    file.write_text(f"{HEADER}\n桂A00001,不是证件号,韦光,1,20,2019-02-30\n", encoding="gb18030")
    hand_in(visitor, file)
    visitor.page.wait_for_selector("[data-busy]")
    processed(visitor, "农机登记.csv")
    visitor.page.wait_for_selector("text=识别结果")
    visitor.page.wait_for_selector("#quarantine, [role=alert]")
    assert "农机登记" in visitor.text()
    assert "不是证件号" in visitor.page.inner_text("#quarantine")  # the cell that was refused, and no other
    assert "韦光" not in visitor.text()


def test_a_chosen_file_is_recognised_before_it_is_handed_in(visitor: Visitor, tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_text(f"{HEADER}\n", encoding="gb18030")
    visitor.sign_in("office").open("/deliveries/new/")
    visitor.page.set_input_files("input[type=file]", str(file))
    visitor.page.wait_for_selector("[data-dataset=ag_machines]")
    assert visitor.page.input_value("#id_dataset") == "ag_machines"


def test_rows_in_quarantine_are_downloaded_corrected_and_delivered_again(visitor: Visitor, tmp_path: Path) -> None:
    file = tmp_path / "第一次.csv"
    file.write_text(f"{HEADER}\n桂A00002,{NUMBER},韦光,1,20,2019-02-30\n", encoding="utf-8")
    hand_in(visitor, file)
    first = processed(visitor, "第一次.csv")
    visitor.open(f"/deliveries/{first.pk}/")
    with visitor.page.expect_download() as download:
        visitor.page.click("text=下载问题行")
    mended = tmp_path / "更正.csv"
    bad = download.value.path().read_text(encoding="utf-8-sig")
    assert "2019-02-30" in bad
    assert bad.splitlines()[0].endswith("问题说明")
    mended.write_text(bad.replace("2019-02-30", "2019-02-28"), encoding="utf-8-sig")
    visitor.page.click("text=提交更正后的文件")
    visitor.page.set_input_files("input[type=file]", str(mended))
    visitor.page.click("main form button.btn-primary")
    visitor.page.wait_for_selector("h1 .chip")
    second = processed(visitor, "更正.csv")
    assert (second.corrects_id, second.good_rows, second.bad_rows) == (first.pk, 1, 0)
    visitor.open(f"/deliveries/{second.pk}/")
    assert first.pk in visitor.text()


def test_something_that_is_no_table_is_refused_with_a_way_out(visitor: Visitor, tmp_path: Path) -> None:
    file = tmp_path / "空.csv"
    file.write_bytes(b"")
    hand_in(visitor, file)
    expect(visitor.page.locator("[role=alert]")).to_have_count(1)


def test_without_a_file_the_page_asks_for_one(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/deliveries/new/")
    visitor.page.click("main form button.btn-primary")
    assert "请先选择或拖入一个文件" in visitor.page.inner_text("[role=alert]")


def test_the_catalogue_counts_deliveries_as_the_list_does(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/catalogue/")
    figures = visitor.figures()
    assert figures
    for href, count in figures:
        assert visitor.total_of(href) == count, href


def test_a_department_sees_its_own_deliveries_only(visitor: Visitor) -> None:
    other = exchange.deliveries_for(visitor.city.cast["office"]).exclude(department="civil_affairs")[0]
    assert visitor.sign_in("department").open(f"/deliveries/{other.pk}/") == 404
