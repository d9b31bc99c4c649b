"""Finding households and reading a portrait."""

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
    assert visitor.page.locator(".index-bar .interval").count() == 1


def test_a_full_id_number_needs_a_reason_and_leaves_a_trace(visitor: Visitor) -> None:
    office = visitor.city.cast["office"]
    before = accounts.deeds_for(office).filter(verb="reveal_id").count()
    visitor.sign_in("office").open(f"/households/{a_household(visitor)}/")
    visitor.page.click("details.reveal >> nth=0 >> summary")
    visitor.page.click("details.reveal >> nth=0 >> button")
    assert "请写明" in visitor.page.inner_text("[role=alert]")
    visitor.page.fill("details.reveal[open] input", "入户核对证件")
    visitor.page.click("details.reveal[open] button")
    assert len(visitor.page.inner_text("[data-number]")) == 18
    assert accounts.deeds_for(office).filter(verb="reveal_id").count() == before + 1


def test_a_household_elsewhere_is_like_one_that_does_not_exist(visitor: Visitor) -> None:
    elsewhere = visitor.city.run.index.exclude(village_code__startswith="450124")[0].household_id
    visitor.sign_in("county_office")
    assert visitor.open(f"/households/{elsewhere}/") == visitor.open("/households/nobody/") == 404
