"""Finding households and reading a portrait."""

from playwright.sync_api import expect

from fupin.accounts import api as accounts
from fupin.registry import api as registry
from fupin.ui.tests.visitor import Visitor


def a_household(visitor: Visitor) -> str:
    return str(visitor.city.run.index.order_by("-findings").values_list("household_id", flat=True)[0])


def test_filters_stand_in_the_address_and_cut_the_list(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/households/")
    every = visitor.total()
    visitor.page.select_option("#state", "listed")
    visitor.page.wait_for_url("**/households/?*state=listed*")
    assert 0 < visitor.total() < every


def test_an_id_number_is_found_but_stands_in_no_address(visitor: Visitor) -> None:
    household = a_household(visitor)
    person = registry.members_of(visitor.city.cast["office"], household)[0].person_id
    number = registry.reveal_id(by=visitor.city.cast["office"], person_id=person, reason="自动测试")
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.sign_in("office").open("/households/")
    visitor.page.fill("#q", number)
    visitor.page.press("#q", "Enter")
    visitor.page.wait_for_url(f"**/households/{household}/")
    assert not any(number in url for url in asked)


def test_nothing_found_says_what_to_do_next(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/households/?q=zzzzzz")
    assert visitor.total() == 0
    assert "清除条件" in visitor.text()


def test_the_portrait_shows_index_lost_points_and_their_source(visitor: Visitor) -> None:
    visitor.sign_in("office").open(f"/households/{a_household(visitor)}/")
    visitor.page.wait_for_selector("[data-chart=radar][data-drawn]")
    text = visitor.text()
    assert all(words in text for words in ("脱贫指数", "失分最多的指标", "入户调查", "家庭成员"))
    expect(visitor.page.locator(".index-bar .interval")).to_have_count(1)


FORM = "#members details.reveal >> nth=1"  # the first one is the household's phone


def open_form(visitor: Visitor) -> None:
    visitor.open(f"/households/{a_household(visitor)}/")
    visitor.page.click(f"{FORM} >> summary")


def test_a_full_id_number_is_refused_without_a_reason(visitor: Visitor) -> None:
    before = accounts.Deed.objects.filter(verb="reveal_id").count()
    visitor.sign_in("office", factor=True)
    open_form(visitor)
    visitor.page.click(f"{FORM} >> button")
    assert "请选择或写明" in visitor.page.inner_text("[role=alert]")
    visitor.page.fill("details.reveal[open] input[name=words]", "看看")
    visitor.page.click("details.reveal[open] button")
    visitor.page.wait_for_selector("[role=alert]:has-text('四个字')")
    expect(visitor.page.locator("[data-number]")).to_have_count(0)
    assert accounts.Deed.objects.filter(verb="reveal_id").count() == before


def test_a_full_id_number_needs_a_second_factor(visitor: Visitor) -> None:
    visitor.sign_in("office")
    open_form(visitor)
    visitor.page.select_option("details.reveal[open] select", "入户核对证件")
    visitor.page.click("details.reveal[open] button")
    visitor.page.wait_for_url("**/account/factors/**")
    assert "第二重验证" in visitor.page.inner_text("[role=alert]")


def test_a_full_id_number_is_shown_for_a_minute_and_stands_in_the_audit_administrators_list(visitor: Visitor) -> None:
    visitor.page.clock.install()
    visitor.sign_in("office", factor=True)
    open_form(visitor)
    visitor.page.select_option("details.reveal[open] select", "入户核对证件")
    visitor.page.fill("details.reveal[open] input[name=words]", "易地搬迁签约")
    visitor.page.click("details.reveal[open] button")
    assert len(visitor.page.inner_text("[data-number]")) == 18
    assert "60 秒" in visitor.page.inner_text("[role=status]:has-text('留痕')")
    visitor.page.clock.fast_forward(61_000)
    visitor.page.wait_for_selector("[data-number]", state="detached")
    expect(visitor.page.locator(FORM)).to_have_count(1)
    visitor.sign_in("audit").open("/deeds/")
    assert "入户核对证件：易地搬迁签约" in visitor.text()


def test_a_phone_is_masked_until_it_is_asked_for(visitor: Visitor) -> None:
    office = visitor.city.cast["office"]
    known = registry.households_for(office).filter(phone_hint__isnull=False)[0].pk
    visitor.sign_in("office", factor=True).open(f"/households/{known}/")
    assert "****" in visitor.page.inner_text("#members .card-header .num")
    visitor.page.click("#members .card-header .reveal summary")
    visitor.page.select_option("details.reveal[open] select", "联系农户")
    visitor.page.click("details.reveal[open] button")
    assert len(visitor.page.inner_text("[data-number]")) == 11


def test_a_role_without_the_right_sees_no_button(visitor: Visitor) -> None:
    visitor.sign_in("decision").open(f"/households/{a_household(visitor)}/")
    assert "********" in visitor.page.inner_text("#members table")
    expect(visitor.page.locator("details.reveal")).to_have_count(0)


def test_a_household_elsewhere_is_like_one_that_does_not_exist(visitor: Visitor) -> None:
    elsewhere = visitor.city.run.index.exclude(village_code__startswith="450124")[0].household_id
    visitor.sign_in("county_office")
    assert visitor.open(f"/households/{elsewhere}/") == visitor.open("/households/nobody/") == 404
