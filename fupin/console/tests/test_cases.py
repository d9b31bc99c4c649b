"""A household's way through the offices, in the browser: from the application to the announcement, and an exit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from fupin.accounts.api import Role, acting_as
from fupin.accounts.cast import CastAccount, create_cast
from fupin.identify import api as identify
from fupin.identify.api import Application
from fupin.identify.cases.models import Case
from fupin.identify.cases.tests.play import apply_for, colleague, to_step, turned_calendar
from fupin.registry import api as registry
from fupin.registry.models import Household
from fupin.registry.tests.changing import seen
from fupin.registry.tests.fixtures import HEAD_ID
from fupin.ui.tests.city import PASSWORD
from fupin.ui.tests.visitor import Visitor

COUNTY = "450124"
Wait = Callable[[int], None]


@pytest.fixture
def wait(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wait]:
    yield from turned_calendar(monkeypatch)


@pytest.fixture
def offices(visitor: Visitor) -> Callable[[str, str], Household]:
    """A compared household of the county in a state, without a case of a procedure; its village and town have accounts
    ``case_cadre`` and ``case_town``."""

    def found(state: str, procedure: str) -> Household:
        inside = {"village_code__startswith": COUNTY, "state": state}
        known = visitor.city.run.index.filter(**inside).values_list("household_id", flat=True)
        taken = Case.objects.filter(procedure=procedure).values_list("household_id", flat=True)
        home = Household.objects.filter(pk__in=list(known), **inside).exclude(pk__in=taken).order_by("-pk")[0]
        village = home.village_code
        made = [
            CastAccount("case_cadre", f"cun{village}", Role.CADRE, village, "", "黄土生", "驻村干部"),
            CastAccount("case_town", f"zhen{village[:9]}", Role.OFFICE, village[:9], "", "覃镇安", "乡镇扶贫站"),
        ]
        visitor.city.cast.update(create_cast(password=PASSWORD, accounts=made))
        return home

    return found


def hand_in(visitor: Visitor, outcome: str = "pass", note: str = "", **fields: str) -> None:
    """Fill in what the present step wants, and take it."""
    page = visitor.page
    for box in page.locator("input[name^=kept_]").all():
        box.fill("村档案柜 3")
    for box in page.locator("input[name^=sign_]").all():
        box.fill("黄土生")
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)
    page.check(f"[name=outcome][value='{outcome}']")
    page.fill("[name=note]", note)
    page.click("button:has-text('办理')")


def step_now(visitor: Visitor) -> str:
    return visitor.page.inner_text(".way [aria-current] span")


def hang(visitor: Visitor) -> str:
    """Put up what waits; the notice's code."""
    visitor.open("/cases/notices/")
    visitor.page.click("[data-waiting] button")
    visitor.page.wait_for_selector(".sheet-a4")
    expect(visitor.page.locator(".sheet-a4 .qr svg")).to_have_count(1)
    return visitor.page.inner_text("main h1").strip()


def test_from_the_application_to_the_announcement_with_an_objection_on_the_way(
    visitor: Visitor, wait: Wait, offices: Callable[[str, str], Household]
) -> None:
    home = offices("9", "identification")
    visitor.sign_in("case_cadre").open(f"/households/{home.pk}/")
    visitor.page.click("a:has-text('立案')")
    visitor.page.check("[value=identification]")
    visitor.page.click("main button:has-text('立案')")
    visitor.page.wait_for_selector("text=已立案，从“农户申请”开始")
    place = visitor.page.url.removeprefix(visitor.base)
    assert "缺少材料：贫困户申请书" in visitor.page.inner_text("[data-blocks]")

    visitor.page.click("button:has-text('办理')")  # nothing filled in: refused, and every reason is told
    assert "缺少签字：户主或家人" in visitor.page.inner_text("main [role=alert]")
    hand_in(visitor)
    visitor.page.wait_for_selector("text=现在到“入户调查”")
    hand_in(visitor)
    visitor.page.wait_for_selector("text=现在到“信息比对”")
    assert "这一步由县级账号办理" in visitor.text()

    visitor.sign_in("county_office").open(place)
    hand_in(visitor)
    visitor.page.wait_for_selector("text=现在到“民主评议”")

    visitor.sign_in("case_cadre").open(place)
    hand_in(visitor, eligible="30", present="24", yes="25", no="2")
    assert "多于到会 24 人" in visitor.page.inner_text("main [role=alert]")
    assert visitor.page.input_value("[name=yes]") == "25"  # what was typed is kept
    hand_in(visitor, eligible="30", present="24", yes="20", no="2")
    visitor.page.wait_for_selector("text=现在到“第一次公示”")
    code = hang(visitor)

    receipt = object_in_public(visitor, code)
    wait(8)
    visitor.sign_in("case_cadre").open(place)
    assert "还有 1 条异议没有答复" in visitor.page.inner_text("[data-blocks]")
    visitor.sign_in("case_town").open(place)
    visitor.page.check("[name=upheld][value=no]")
    visitor.page.fill("[name=answer]", "入户核实：县城住房属其弟所有。")
    visitor.page.click("button:has-text('答复')")
    visitor.page.wait_for_selector("text=异议不成立")
    visitor.open(f"/notices/objections/?receipt={receipt}")
    assert "县城住房属其弟所有" in visitor.text()

    for who, step in (("case_cadre", "乡镇审核"), ("case_town", "第二次公示")):
        visitor.sign_in(who).open(place)
        hand_in(visitor)
        visitor.page.wait_for_selector(f"text=现在到“{step}”")
    for step in ("县级审定", "公告"):
        visitor.sign_in("case_cadre")
        if step == "公告":
            visitor.sign_in("county_office").open(place)
        else:
            hang(visitor)
            wait(8)
            visitor.open(place)
        hand_in(visitor)
        visitor.page.wait_for_selector(f"text=现在到“{step}”")
    visitor.sign_in("case_cadre")
    hang(visitor)
    wait(8)
    visitor.open(place)
    hand_in(visitor)
    visitor.page.wait_for_selector("text=办件已结束")
    assert Household.objects.get(pk=home.pk).state == "0"
    take_back(visitor, home)


def object_in_public(visitor: Visitor, code: str) -> str:
    """As somebody who has no account, found by the code; the receipt."""
    visitor.page.context.clear_cookies()
    visitor.open("/notices/")
    visitor.page.fill("#code", code.lower())
    visitor.page.click("button:has-text('查看')")
    visitor.page.wait_for_selector("text=公示名单")
    assert "身份证" not in visitor.text()
    visitor.page.fill("#body", "假")
    visitor.page.click("button:has-text('提交异议')")
    assert "4 到 4,000 个字" in visitor.page.inner_text("main [role=alert]")
    visitor.page.fill("#body", "这家在县城有两套房，请核实")
    visitor.page.click("button:has-text('提交异议')")
    return visitor.page.inner_text("[data-receipt]").strip()


def take_back(visitor: Visitor, home: Household) -> None:
    """Other tests read this city: the state is put back, as a wrong entry would be."""
    office = visitor.city.cast["county_office"]
    with acting_as(office):
        registry.change_state(
            by=office, household_id=home.pk, state="9", effective=timezone.localdate() - timedelta(1),
            kind="correct_entry", reason="测试结束，恢复原状", papers=seen("correct_entry"),
        )  # fmt: skip


def test_an_exit_with_one_unmet_standard_is_refused_and_the_standard_named(
    visitor: Visitor, wait: Wait, offices: Callable[[str, str], Household]
) -> None:
    home = offices("0", "exit")
    cadre = visitor.city.cast["case_cadre"]
    case = apply_for(cadre, home, "exit")
    cast: Any = SimpleNamespace(
        cadre=cadre, town=visitor.city.cast["case_town"], county_office=visitor.city.cast["county_office"]
    )
    case = to_step(cast, case, "standards", wait)
    visitor.sign_in("case_cadre").open(f"/cases/{case.pk}/")
    for row in visitor.page.locator("tr[data-item]").all():
        row.locator("[value=yes]").check()
        row.locator("[name^=why_]").fill("入户看过")
    visitor.page.check("[name=met_water][value=no]")
    hand_in(visitor)
    said = visitor.page.inner_text("main [role=alert]")
    assert "未达标：有饮用水" in said
    assert "有电用" not in said
    visitor.page.check("[name=met_water][value=yes]")
    hand_in(visitor)
    visitor.page.wait_for_selector("text=现在到“村内公示”")


def test_a_case_of_another_village_is_not_found(visitor: Visitor, offices: Callable[[str, str], Household]) -> None:
    case = Case.objects.exclude(village_code__startswith="450124100").first() or Case.objects.first()
    if case is None:
        home = offices("9", "monitoring")
        case = apply_for(visitor.city.cast["case_cadre"], home, "monitoring", "marginal")
    assert visitor.sign_in("cadre").open(f"/cases/{case.pk}/") == 404
    assert visitor.open("/cases/99999999/") == 404
    assert visitor.open("/cases/abc/") == 404


def test_the_numbers_open_lists_of_that_length(visitor: Visitor, offices: Callable[[str, str], Household]) -> None:
    if not Case.objects.filter(ended="", village_code__startswith=COUNTY).exists():
        apply_for(visitor.city.cast["county_office"], offices("9", "monitoring"), "monitoring", "marginal")
    visitor.sign_in("county_office").open("/cases/numbers/")
    figures = visitor.figures()
    assert figures
    for href, count in figures:
        assert visitor.total_of(href) == count, href


def test_a_resident_applies_without_an_account_and_follows_his_case(
    visitor: Visitor, offices: Callable[[str, str], Household]
) -> None:
    home, page = offices("9", "identification"), visitor.page
    visitor.open("/sign-in/")
    page.click("text=我要申请")
    for code in (COUNTY, home.village_code[:9], home.village_code):
        page.click(f"main a[href*='{code}']:not([href*='{code}0']):not(nav a)")
    typed = {"name": "农秀英", "number": HEAD_ID[:-1], "phone": "13877100001", "members": "3", "body": "丈夫常年患病"}
    for name, value in typed.items():
        page.fill(f"#{name}", value)
    page.check("[name=consent]")
    page.click("button:has-text('提交申请')")
    assert "证件号不对" in page.inner_text("main [role=alert]")
    assert page.input_value("#body") == "丈夫常年患病"  # what was typed is kept
    page.fill("#number", HEAD_ID)
    page.click("button:has-text('提交申请')")
    page.wait_for_selector("[data-receipt]")
    receipt = page.inner_text("[data-receipt]")

    visitor.sign_in("case_cadre").open("/cases/")
    page.click("a:has-text('网上申请')")
    page.click(f"a:has-text('{receipt}')")
    page.wait_for_selector("[data-take-up]")
    assert HEAD_ID not in visitor.text()
    page.fill("#household", home.pk)
    page.click("[data-take-up] button")
    page.wait_for_selector("text=已立案，申请作为第一份材料归入办件")
    assert f"网上申请 {receipt}" in visitor.text()

    page.context.clear_cookies()
    visitor.open(f"/apply/receipt/?receipt={receipt}")
    assert "农户申请" in page.inner_text("[aria-current=step]")


def test_what_is_overdue_is_told_on_every_page_and_listed_at_home(
    visitor: Visitor, wait: Wait, offices: Callable[[str, str], Household]
) -> None:
    from fupin.identify.api import raise_overdue

    home = offices("9", "monitoring")
    with acting_as(visitor.city.cast["case_cadre"]):
        case = apply_for(visitor.city.cast["case_cadre"], home, "monitoring", "marginal")
    visitor.sign_in("case_cadre").open("/households/")
    expect(visitor.page.locator("[data-raised]")).to_have_count(0)
    wait(16)
    raise_overdue()
    visitor.open("/households/")
    assert visitor.page.get_attribute("[data-raised]", "data-raised") == "1"
    visitor.page.click("[data-raised]")
    visitor.page.wait_for_selector("[data-total='1']")
    visitor.open("/")
    assert "请尽快办理" in visitor.page.inner_text("[data-raised-list]")
    visitor.page.click("[data-raised-list] tbody a")
    visitor.page.wait_for_url(f"**/cases/{case.pk}/")
    visitor.sign_in("case_town").open("/")
    expect(visitor.page.locator("[data-raised-list]")).to_have_count(0)


def test_a_list_passes_after_somebody_else_looked_into_its_sample(
    visitor: Visitor, wait: Wait, offices: Callable[[str, str], Household]
) -> None:
    home, page = offices("0", "exit"), visitor.page
    cast: Any = SimpleNamespace(
        cadre=visitor.city.cast["case_cadre"], town=visitor.city.cast["case_town"],
        county_office=visitor.city.cast["county_office"],
    )  # fmt: skip
    case = to_step(cast, apply_for(cast.cadre, home, "exit"), "town_audit", wait)
    visitor.city.cast["case_town2"] = colleague(cast.town)
    visitor.sign_in("case_town").open(f"/cases/?procedure=exit&step=town_audit&q={home.pk}")
    page.click("button:has-text('批量审核')")
    expect(page.locator("[data-four-eyes]")).to_contain_text("样本由您以外的人核查")
    expect(page.locator("[data-sample] [name=sound]")).to_have_count(0)
    place = page.url.removeprefix(visitor.base)

    visitor.sign_in("case_town2").open("/cases/")
    page.click("[data-lists] a")
    expect(page.locator("button:has-text('通过全部')")).to_have_count(0)
    page.fill("[data-sample] [name=note]", "看了调查表和公示照片")
    page.click("[data-sample] button:has-text('属实')")
    expect(page.locator("[data-sample]")).to_contain_text("黄二妹")

    visitor.sign_in("case_town").open(place)
    for box in page.locator("input[name^=sign_]").all():
        box.fill("覃镇安")
    page.fill("[name=kept_at]", "镇扶贫站 2026-3")
    page.click("button:has-text('通过全部 1 件')")
    page.wait_for_selector("text=已批量通过 1 件")
    assert Case.objects.get(pk=case.pk).step == "county_decision"


@pytest.fixture
def applied(visitor: Visitor, wait: Wait) -> Iterator[list[str]]:
    """Two applications of a village, of which the first is overdue; declined behind the test."""
    county, village = visitor.city.cast["county_office"], f"{COUNTY}100201"
    said = identify.Content("农秀英", HEAD_ID, "13877100001", "丈夫常年患病")
    receipts = [identify.apply(village=village, content=said, members=2)]
    first = Application.objects.get(receipt=receipts[0])
    wait((first.due_on - timezone.localdate()).days + 1)
    receipts.append(identify.apply(village=village, content=said, members=3))
    yield receipts
    for one in Application.objects.filter(receipt__in=receipts):
        with acting_as(county):
            identify.decline(by=county, application=one, reason="测试收尾，不予受理")


def test_applications_that_wait_stand_at_home_the_overdue_ones_first(visitor: Visitor, applied: list[str]) -> None:
    page = visitor.page
    visitor.sign_in("cadre").open("/")
    links = page.locator("[data-applied] tbody a")
    shown = links.all_inner_texts()
    assert shown.index(applied[0]) < shown.index(applied[1])
    row = page.locator("[data-applied] tbody tr", has_text=applied[0])
    expect(row.locator(".sev-1")).to_be_visible()
    expect(page.locator("[data-applied] tbody tr", has_text=applied[1]).locator(".sev-1")).to_have_count(0)
    figures = [(href, n) for href, n in visitor.figures() if "/applications/" in href]
    assert [href.partition("standing=")[2].partition("&")[0] for href, _n in figures] == ["overdue", "waiting"]
    for href, count in figures:
        assert visitor.total_of(href) == count, href
    assert visitor.fits(1600)
    page.click(f"[data-applied] a:has-text('{applied[0]}')")
    page.wait_for_selector("[data-take-up]")
    for who in ("office", "decision"):  # a city takes none up
        visitor.sign_in(who).open("/")
        expect(page.locator("[data-applied]")).to_have_count(0)
