"""The page of measures: every figure names its line, opens its list, and stays inside the reader's region."""

from __future__ import annotations

from playwright.sync_api import expect

from fupin.identify.api import RegionMeasure
from fupin.registry.api import Region
from fupin.ui.tests.axe import violations, violations_in_dark
from fupin.ui.tests.visitor import Visitor


def test_the_page_names_line_unit_run_and_trial(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/measures/")
    text = visitor.text()
    for said in ("国家农村贫困标准", "4,000", "元/人·年", "poverty_line_national", visitor.city.run.pk, "试行", "95%"):
        assert said in text, said
    assert "演示数据" in visitor.page.inner_text("body")


def test_the_charts_are_drawn(visitor: Visitor) -> None:
    visitor.sign_in("decision").open("/measures/")
    visitor.page.wait_for_selector("[data-chart=lorenz][data-drawn]")
    assert visitor.page.locator("[data-chart=lorenz] path").count() > 3


def test_the_figures_open_lists_of_that_length(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/measures/")
    figures = visitor.figures()
    assert len(figures) >= 3
    for href, count in figures:
        assert visitor.total_of(href) == count, href


def test_the_regions_below_can_be_sorted_and_opened(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/measures/?sort=gini")
    measures = RegionMeasure.objects.filter(run=visitor.city.run, level=3)
    assert visitor.total() == measures.count()
    top = measures.exclude(gini=None).order_by("-gini", "region")[0]
    first = visitor.page.locator("tbody tr[data-href] >> nth=0")
    assert f"{top.gini:.4f}" in first.inner_text()
    visitor.page.click("tbody tr[data-href] a >> nth=0")
    visitor.page.wait_for_url(f"**region={top.region}*")


def test_another_level_lists_the_villages(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/measures/?level=5")
    assert visitor.total() == RegionMeasure.objects.filter(run=visitor.city.run, level=5).count()


def test_a_village_has_nothing_below_and_says_that_it_is_small(visitor: Visitor) -> None:
    village = RegionMeasure.objects.filter(run=visitor.city.run, level=5, small=True)[0].region
    visitor.sign_in("office")
    assert visitor.open(f"/measures/?region={village}") == 200
    assert "户数不足 30" in visitor.text()
    expect(visitor.page.locator("[data-total]")).to_have_count(0)


def test_another_county_does_not_exist(visitor: Visitor) -> None:
    visitor.sign_in("county_office")
    assert visitor.open("/measures/") == 200
    assert visitor.open("/measures/?region=4501") == 404
    visitor.sign_in("department")
    assert visitor.open("/measures/") == 403


def test_a_region_without_households_says_what_to_do(visitor: Visitor) -> None:
    measured = RegionMeasure.objects.filter(run=visitor.city.run).values("region")
    bare = Region.objects.filter(level=5).exclude(code__in=measured)[0].code
    visitor.sign_in("office")
    assert visitor.open(f"/measures/?region={bare}") == 200
    assert "没有这个地区的测度" in visitor.text()


def test_it_fits_on_a_phone(visitor: Visitor) -> None:
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.sign_in("office").open("/measures/")
    assert visitor.fits(390)


def test_the_list_can_be_taken_along(visitor: Visitor) -> None:
    visitor.sign_in("office").open("/measures/")
    with visitor.page.expect_download() as waiting:
        visitor.page.click("button[value=csv]")
    text = waiting.value.path().read_text(encoding="utf-8-sig")
    assert "区划代码" in text
    assert "4501" in text


def test_it_is_clean_for_axe_in_light_and_dark(visitor: Visitor) -> None:
    visitor.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    visitor.sign_in("office").open("/measures/")
    assert violations(visitor.page) == []
    assert violations_in_dark(visitor.page) == []
