"""The portrait's second form: helper, years, sources, few questions, and the printed handbook."""

from __future__ import annotations

from pathlib import Path

from django.test import Client
from playwright.sync_api import expect

from fupin.accounts.models import Deed
from fupin.console.dossiers.handbook import handbook_paper
from fupin.console.dossiers.household import income_years
from fupin.registry import api as registry
from fupin.registry.api import LedgerEntry
from fupin.ui.export_marks import exports_named_in
from fupin.ui.tests.city import City
from fupin.ui.tests.visitor import Visitor

# Of the whole page with its frame (session, account, scope), however many live there. Of these, two are asked only when
# the household has cases and one only when its region has been screened: tests before this one may have seen to either.
QUESTIONS = 26


def registered(city: City) -> str:
    return str(registry.households_for(city.cast["office"]).exclude(state="9").order_by("pk")[0].pk)


def client_of(city: City, who: str = "office") -> Client:
    client = Client()
    client.force_login(city.cast[who])
    return client


def test_the_page_asks_few_questions(city: City, django_assert_max_num_queries: object) -> None:
    client, path = client_of(city), f"/households/{registered(city)}/"
    client.get(path)
    with django_assert_max_num_queries(QUESTIONS):  # type: ignore[operator]
        answer = client.get(path)
    for words in ("帮扶责任人", "国家扶贫标准", "识别、原因与属性变化", "医保／大病／养老", "最近变动"):
        assert words in answer.content.decode()


def test_from_the_portrait_to_paper_to_the_helper_and_back(visitor: Visitor) -> None:
    page, household = visitor.sign_in("office").page, registered(visitor.city)
    visitor.open(f"/households/{household}/")
    page.click("text=扶贫手册")
    with page.expect_download() as download:
        page.click("text=生成 PDF")
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    visitor.open(f"/households/{household}/")
    page.click("#helpers li a")
    page.wait_for_url("**/helpers/*/")
    assert "（模拟）" in visitor.text()
    page.click(f"a[href='/households/{household}/']")
    page.wait_for_url(f"**/households/{household}/")


def test_each_group_of_figures_names_its_source(visitor: Visitor) -> None:
    page = visitor.sign_in("office").page
    visitor.open(f"/households/{registered(visitor.city)}/")
    page.click("#members details.source summary")
    page.wait_for_selector("#members .source-told table")
    told = page.inner_text("#members .source-told")
    assert "载入登记库" in told
    assert "韦清和" in told


def test_sources_and_helpers_of_a_household_out_of_scope_are_absent(city: City) -> None:
    household = registered(city)
    assert not household.startswith("450124100201")
    cadre = client_of(city, "cadre")
    for path in ("sources/survey/", "recent/", "handbook/", "helping/"):
        assert cadre.get(f"/households/{household}/{path}").status_code == 404, path
    helper = registry.helpers_of(city.cast["office"], household)[0].helper_id
    assert cadre.get(f"/helpers/{helper}/").status_code == 404
    assert client_of(city).get(f"/households/{household}/sources/nothing/").status_code == 404


def test_the_handbook_is_masked_recorded_and_names_who_took_it(city: City, tmp_path: Path) -> None:
    household = registered(city)
    answer = client_of(city).post(f"/households/{household}/handbook/", {"numbers": "masked"})
    deed = Deed.objects.filter(verb="export", object_kind="paper:handbook").latest("pk")
    assert (deed.by, deed.object_id, deed.region) == (city.cast["office"], household, household[:12])
    (tmp_path / "taken.pdf").write_bytes(answer.content)
    assert exports_named_in(tmp_path / "taken.pdf") == {deed.pk}
    told = handbook_paper(city.cast["office"], registry.household_for(city.cast["office"], household), {}, "")
    assert all("*" in row[4] or row[4] == "" for row in told["members"])
    assert "*" in dict(told["basics"])["联系电话"]


def test_full_numbers_are_printed_with_a_reason_only_and_each_is_a_deed(visitor: Visitor) -> None:
    page, household = visitor.sign_in("office", factor=True).page, registered(visitor.city)
    known = [one for one in registry.members_of(visitor.city.cast["office"], household) if one.id_masked]
    before = Deed.objects.filter(verb="reveal_id").count()
    visitor.open(f"/households/{household}/handbook/")
    page.check("input[value=full]")
    page.click("text=生成 PDF")
    assert "请选择或写明" in page.inner_text("[role=alert]")
    assert Deed.objects.filter(verb="reveal_id").count() == before
    page.fill("input[name=words]", "入户更换手册")
    with page.expect_download():
        page.click("text=生成 PDF")
    deeds = Deed.objects.filter(verb="reveal_id").order_by("-pk")[: len(known) + 1]
    assert {one.reason for one in deeds} == {"入户更换手册"}
    assert {one.object_id for one in deeds} == {one.person_id for one in known} | {household}


def test_pairing_on_the_page_is_refused_without_a_reason_and_ended_with_one(visitor: Visitor) -> None:
    page, household = visitor.sign_in("office").page, registered(visitor.city)
    visitor.open(f"/households/{household}/helping/")
    page.fill("#name", "黄新民")
    page.fill("#unit", "县教育局（模拟）")
    page.click("button:has-text('结对')")
    assert "黄新民" in page.inner_text(".list-group")
    pairing = page.locator("li[data-pairing]", has_text="黄新民")
    pairing.locator("summary").click()
    pairing.locator("input[name=why]").fill("走")
    pairing.locator("button").click()
    assert "请写明为什么终止结对" in page.inner_text("[role=alert]")
    pairing = page.locator("li[data-pairing]", has_text="黄新民")  # stands open with what was typed
    expect(pairing.locator("input[name=why]")).to_have_value("走")
    pairing.locator("input[name=why]").fill("调离本单位")
    pairing.locator("button").click()
    expect(page.locator("li[data-pairing]", has_text="黄新民")).to_have_count(0)
    assert "调离本单位" in visitor.text()


def test_a_year_is_held_against_its_line_only_when_it_is_whole() -> None:
    def entry(month: int, months: int, wages: int) -> LedgerEntry:
        return LedgerEntry(household_id="H", month=month, period_months=months, wage_work=wages)

    entries = [entry(202512, 12, 700_000), entry(202609, 9, 100), entry(202412, 12, 900_000)]
    newest, poor, enough = income_years(entries, 2, "450124100201")
    assert (newest.year, newest.months, newest.whole, newest.below) == (2026, 9, False, False)
    assert (poor.per_head, poor.line, poor.below) == (350_000, 400_000, True)
    assert (enough.per_head, enough.below) == (450_000, False)
