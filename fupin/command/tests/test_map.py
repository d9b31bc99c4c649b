"""The command map in a browser."""

from fupin.ui.tests.visitor import Visitor


def ready(visitor: Visitor) -> None:
    visitor.page.wait_for_selector("#map[data-drawn]", timeout=60_000)


def test_it_draws_the_city_with_legend_unit_and_source(visitor: Visitor) -> None:
    assert visitor.sign_in("decision").open("/map/") == 200
    ready(visitor)
    assert "未脱贫人口 / 乡村人口" in visitor.page.inner_text("#legend")
    assert visitor.page.locator("tr[data-code]").count() > 5


def test_it_drills_down_from_the_city_to_a_village_list(visitor: Visitor) -> None:
    village = visitor.city.run.index.values_list("village_code", flat=True)[0]
    visitor.sign_in("decision").open("/map/")
    for code in (village[:6], village[:9]):
        visitor.page.click(f"tr[data-code='{code}'] td:first-child a")
        ready(visitor)
    visitor.page.click(f"tr[data-code='{village}'] td:first-child a")
    assert f"/households/?region={village}" in visitor.page.url
    assert visitor.total() >= 1


def test_another_layer_changes_legend_and_address(visitor: Visitor) -> None:
    visitor.sign_in("decision").open("/map/")
    ready(visitor)
    visitor.page.click("[data-layer=index]")
    assert "脱贫指数均值" in visitor.page.inner_text("#legend")
    assert "layer=index" in visitor.page.url


def test_every_figure_opens_a_list_of_that_length(visitor: Visitor) -> None:
    visitor.sign_in("decision").open("/map/")
    figures = visitor.figures()
    assert len(figures) >= 4
    for href, count in figures:
        assert visitor.total_of(href) == count, href


def test_a_region_outside_the_scope_is_like_one_that_does_not_exist(visitor: Visitor) -> None:
    visitor.sign_in("county_office")
    assert visitor.open("/map/?region=450102") == visitor.open("/map/?region=999999") == 404
