"""The command map in a browser: drilling without loading the page anew, and the state in the address."""

from __future__ import annotations

from playwright.sync_api import expect

from fupin.command.tests.asking import a_village
from fupin.ui.tests.visitor import Visitor

WAIT = 60_000


def ready(visitor: Visitor, code: str = "") -> None:
    """The map of this region (or of any) is painted, its homes included."""
    visitor.page.wait_for_selector(f'#map[data-drawn^="{code}"]' if code else "#map[data-drawn]", timeout=WAIT)


def opened(visitor: Visitor, asked: str = "", who: str = "decision") -> Visitor:
    assert visitor.sign_in(who).open(f"/map/{asked}") == 200
    ready(visitor)
    return visitor


def row(code: str) -> str:
    return f"#list tr[data-code='{code}'] td:first-child a"


def test_it_draws_the_city_with_legend_unit_and_source(visitor: Visitor) -> None:
    opened(visitor)
    assert "未脱贫人口 / 乡村人口" in visitor.page.inner_text("#legend")
    assert "天地图" in visitor.page.inner_text("#source")
    assert visitor.page.is_visible("#generated")
    assert visitor.page.locator("tr[data-code]").count() > 5


def test_it_drills_from_the_city_to_a_household_without_loading_the_page_anew(visitor: Visitor) -> None:
    village = a_village(visitor.city)
    opened(visitor).page.evaluate("window.stillHere = true")
    for code in (village[:6], village[:9], village):
        visitor.page.click(row(code))
        ready(visitor, f"{code}:")
        assert f"region={code}" in visitor.page.url
    assert visitor.page.evaluate("window.stillHere")
    assert visitor.page.inner_text("#crumbs b")
    visitor.page.locator("#list tr[data-home] a").first.click()
    visitor.page.wait_for_url("**/households/*/**")
    assert visitor.page.url.split("/households/")[1].startswith(village)


def test_back_and_forward_go_the_same_way(visitor: Visitor) -> None:
    county = a_village(visitor.city)[:6]
    opened(visitor).page.click(row(county))
    ready(visitor, f"{county}:")
    visitor.page.go_back()
    ready(visitor, "4501:")
    expect(visitor.page.locator(row(county))).to_have_count(1)
    visitor.page.go_forward()
    ready(visitor, f"{county}:")


def test_the_whole_state_comes_back_from_the_address(visitor: Visitor) -> None:
    county = a_village(visitor.city)[:6]
    opened(visitor, f"?region={county}&layer=findings&detail=5&heat=1&light=1")
    assert "5" in (visitor.page.get_attribute("#map", "data-drawn") or "").split(":")
    pressed = visitor.page.eval_on_selector_all(
        "[aria-pressed=true]", "els => els.map(e => e.id || Object.values(e.dataset)[0])"
    )
    assert {"findings", "5", "heat", "light"} <= set(pressed)
    assert visitor.page.get_attribute("html", "data-bs-theme") == "light"


def test_another_layer_changes_legend_list_and_address(visitor: Visitor) -> None:
    opened(visitor).page.click("[data-layer=index]")
    assert "脱贫指数均值" in visitor.page.inner_text("#legend")
    assert "脱贫指数均值" in visitor.page.inner_text("#list thead")
    assert "layer=index" in visitor.page.url
    assert visitor.page.get_attribute("[data-layer=index]", "aria-pressed") == "true"


def test_every_figure_opens_a_list_of_that_length(visitor: Visitor) -> None:
    opened(visitor)
    figures = [(href, n) for href, n in visitor.figures() if href.startswith("/")]
    assert len(figures) >= 10
    for href, count in figures:
        assert visitor.total_of(href) == count, href


def test_the_table_behind_a_chart_has_the_same_links(visitor: Visitor) -> None:
    opened(visitor).page.set_viewport_size({"width": 1920, "height": 1080})
    visitor.page.click("#panel-causes [data-as-table]")
    links = visitor.page.locator("#panel-causes .chart-table a")
    assert links.count() > 1
    assert visitor.total_of(links.first.get_attribute("href") or "") == int(
        links.first.get_attribute("data-count") or -1
    )


def test_a_region_outside_the_scope_is_like_one_that_does_not_exist(visitor: Visitor) -> None:
    visitor.sign_in("county_office")
    assert visitor.open("/map/?region=450102") == visitor.open("/map/?region=999999") == 404
