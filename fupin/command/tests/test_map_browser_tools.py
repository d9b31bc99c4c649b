"""Beside drilling: brush, comparison, tree, printable picture, the nation, and what is said when something fails."""

from __future__ import annotations

import json
import math
import struct
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from fupin.command.tests.asking import a_village
from fupin.command.tests.test_map import opened, ready, row
from fupin.ui.tests.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Position

PNG = b"\x89PNG\r\n\x1a\n"
COUNTIES = ("450124", "450123")


def wide(visitor: Visitor) -> Visitor:
    """On a screen on which every card stands for itself."""
    visitor.page.set_viewport_size({"width": 1920, "height": 1080})
    return visitor


def drag(visitor: Visitor, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Over the field of index and income, in shares of its width and height."""
    box = visitor.page.locator("#panel-scatter .chart").bounding_box()
    assert box is not None
    at = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in (start, end)]
    visitor.page.mouse.move(*at[0])
    visitor.page.mouse.down()
    visitor.page.mouse.move(*at[1], steps=4)
    visitor.page.mouse.up()


@pytest.mark.parametrize(
    ("start", "end"), [((0.15, 0.15), (0.6, 0.8)), ((0.05, 0.05), (0.3, 0.6)), ((0.3, 0.2), (0.99, 0.5))]
)
def test_the_brush_opens_the_list_that_it_counted(
    visitor: Visitor, start: tuple[float, float], end: tuple[float, float]
) -> None:
    opened(wide(visitor))
    drag(visitor, start, end)
    link = visitor.page.locator(".brush-answer a[data-brush=yes]")
    counted, href = int(link.get_attribute("data-count") or -1), link.get_attribute("href") or ""
    assert 0 < counted < visitor.city.run.counts["households"]
    assert visitor.total_of(href) == counted


def test_the_rectangle_can_be_set_from_the_keyboard(visitor: Visitor) -> None:
    opened(wide(visitor))
    visitor.page.select_option("[data-limit=y1]", "12")  # below 60 points
    link = visitor.page.locator(".brush-answer a[data-brush=yes]")
    assert "index_to=60" in (link.get_attribute("href") or "")
    assert visitor.total_of(link.get_attribute("href") or "") == int(link.get_attribute("data-count") or -1)


def test_two_regions_stand_side_by_side(visitor: Visitor) -> None:
    opened(visitor, f"?region={COUNTIES[0]}&with={COUNTIES[1]}")
    heads = visitor.page.locator("#compare thead th").all_inner_texts()
    assert len(heads) == 4
    assert len(set(heads)) == 4
    expect(visitor.page.locator("#compare canvas")).to_have_count(2)
    visitor.page.click("[data-close=compare]")
    visitor.page.wait_for_selector("#compare", state="hidden")
    assert "with=" not in visitor.page.url


def test_the_other_region_is_chosen_from_the_tree(visitor: Visitor) -> None:
    opened(visitor, f"?region={COUNTIES[0]}").page.click("#compare-open")
    visitor.page.click(f"#tree [data-code='{COUNTIES[1]}'] .tree-name")
    visitor.page.wait_for_selector("#compare table")
    assert f"with={COUNTIES[1]}" in visitor.page.url


def test_the_tree_is_walked_with_the_keyboard(visitor: Visitor) -> None:
    opened(visitor).page.click("#tree-open")
    visitor.page.wait_for_selector("#tree [aria-selected=true] [role=treeitem]")
    visitor.page.keyboard.press("ArrowDown")
    chosen = visitor.page.evaluate("document.activeElement.dataset.code")
    visitor.page.keyboard.press("Enter")
    ready(visitor, f"{chosen}:")
    assert visitor.page.is_hidden("#tree-panel")


def test_the_picture_is_a_png_of_paper_size(visitor: Visitor) -> None:
    opened(visitor).page.click(".command-tools summary:has(+ .sheet #save-picture)")
    with visitor.page.expect_download() as download:
        visitor.page.click("#save-picture")
    content = download.value.path().read_bytes()
    assert content.startswith(PNG)
    assert struct.unpack(">II", content[16:24]) == (1754, 1240)
    assert download.value.suggested_filename.endswith(".png")
    assert len(content) > 30_000  # an empty sheet is smaller


def test_printing_waits_for_the_map_on_light_paper(visitor: Visitor) -> None:
    page = opened(visitor).page
    page.evaluate("void (window.print = () => (window.printedOn = document.documentElement.dataset.bsTheme))")
    page.click(".command-tools summary:has(+ .sheet #print)")
    page.click("#print")
    page.wait_for_function("() => window.printedOn")
    assert page.evaluate("window.printedOn") == "light"


def test_the_whole_screen_can_be_taken_and_given_back(visitor: Visitor) -> None:
    page = opened(visitor).page
    page.click("[data-full-screen]")
    page.wait_for_function("() => document.fullscreenElement !== null")
    page.click("[data-full-screen]")
    page.wait_for_function("() => document.fullscreenElement === null")


def test_a_click_on_a_household_opens_its_portrait(visitor: Visitor) -> None:
    village = a_village(visitor.city)
    page = opened(visitor, f"?region={village}").page
    homes = json.loads(page.evaluate(f"fetch('/map/homes?region={village}').then((answer) => answer.text())"))
    lon, lat, household, *_rest = homes["points"][0]
    page.locator("#map").click(position=on_screen(visitor, lon, lat))
    page.wait_for_url("**/households/*/**")
    near = [one[2] for one in homes["points"] if math.dist(one[:2], (lon, lat)) < 1e-3]
    assert household in near
    assert page.url.split("/households/")[1].split("/")[0] in near


def test_without_webgl_figures_charts_and_lists_go_on(visitor: Visitor) -> None:
    visitor.page.add_init_script(
        "const given = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        "  return kind.startsWith('webgl') ? null : given.call(this, kind, ...more); };"
    )
    county = a_village(visitor.city)[:6]
    page = opened(visitor).page
    assert "没有 WebGL" in page.inner_text("#map")
    page.click(row(county))
    ready(visitor, f"{county}:")
    expect(page.locator("#panel-causes canvas")).to_have_count(1)
    assert visitor.figures()


def on_screen(visitor: Visitor, lon: float, lat: float) -> Position:
    """Where on the map a place is drawn: Web Mercator, tiles of 512 px."""
    east, north, zoom = (float(part) for part in (visitor.page.get_attribute("#map", "data-camera") or "").split(","))
    box = visitor.page.locator("#map").bounding_box()
    assert box is not None
    world = 512 * 2**zoom

    def down(degrees: float) -> float:
        return (1 - math.log(math.tan(math.pi / 4 + math.radians(degrees) / 2)) / math.pi) / 2 * world

    return {"x": box["width"] / 2 + (lon - east) / 360 * world, "y": box["height"] / 2 + down(lat) - down(north)}


def test_the_way_in_is_the_nation(visitor: Visitor) -> None:
    opened(visitor, "?region=cn")
    assert "1978–2016" in visitor.page.inner_text("#panel-series")
    assert visitor.page.inner_text("#series-note")
    visitor.page.click(row("45"))
    ready(visitor, "45:")
    assert "广西" in visitor.page.inner_text("#crumbs b")


def test_a_failed_answer_says_what_to_do_and_can_be_asked_again(visitor: Visitor) -> None:
    county = a_village(visitor.city)[:6]
    opened(visitor).page.route("**/map/picture*", lambda route: route.abort())
    visitor.page.click(row(county))
    visitor.page.wait_for_selector("#notice:visible")
    assert "请检查网络" in visitor.page.inner_text("#notice")
    visitor.page.unroute("**/map/picture*")
    visitor.page.click("#notice button >> nth=0")
    ready(visitor, f"{county}:")
    assert visitor.page.is_hidden("#notice")


def test_an_ended_session_is_told_from_a_broken_network(visitor: Visitor) -> None:
    opened(visitor).page.context.clear_cookies()
    visitor.page.click(row(a_village(visitor.city)[:6]))
    visitor.page.wait_for_selector("#notice:visible")
    assert "请重新登录" in visitor.page.inner_text("#notice")


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (1024, 768), (390, 844)])
def test_it_fits_every_screen(visitor: Visitor, size: tuple[int, int]) -> None:
    visitor.page.set_viewport_size({"width": size[0], "height": size[1]})
    opened(visitor)
    assert visitor.fits(size[0])
    zoom, legend = (visitor.page.locator(one).bounding_box() for one in (".maplibregl-ctrl-zoom-in", "#legend"))
    assert zoom is not None
    assert legend is not None
    assert legend["x"] + legend["width"] <= zoom["x"] or legend["y"] >= zoom["y"] + zoom["height"]
