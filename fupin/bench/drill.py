"""The command map in a browser without a graphics card: from the click on a region to the last of its data painted.

Twenty drills of the default city (county, town, village, and back up unmeasured), each clicked the moment the pointer
arrives, so that nothing was fetched beforehand by hovering; and the first opening of the map in a fresh profile.
``ours_s`` is the median, ``reference_s`` the limit that the issue sets. Painted means: MapLibre has drawn every tile of
the new cells and points, and the next frame has been shown.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from fupin.bench.frame import Result, say, watched
from fupin.bench.pages import FULL, QUICK, Size, city, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, StorageState, ViewportSize

DRILLS, OPENINGS = 20, 5
DRILL_LIMIT, PAINT_LIMIT = 0.5, 1.5  # seconds
PROGRAM = os.environ.get("FUPIN_CHROMIUM", "/usr/bin/chromium")
SCREEN: ViewportSize = {"width": 1600, "height": 900}
CITY = "4501"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
#: notes when a click came and when the map said that its region is drawn, both on the page's own clock
WATCH = """(() => {
  window.clicked = null; window.painted = null; window.opened = null;
  let before = "";
  const map = () => document.getElementById("map");
  addEventListener("click", () => {
    window.clicked = performance.now(); window.painted = null; before = map()?.dataset.drawn ?? "";
  }, true);
  const look = () => {
    const drawn = map().dataset.drawn;
    if (!drawn || drawn === before) return;
    requestAnimationFrame(() => setTimeout(() => {
      window.painted ??= performance.now(); window.opened ??= performance.now();
    }));
  };
  addEventListener("DOMContentLoaded", () => {
    if (!map()) return;
    look();
    new MutationObserver(look).observe(map(), { attributeFilter: ["data-drawn"] });
  });
})()"""
FIRST_CONTENT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def missing() -> str:
    """Why this machine cannot measure it, or nothing."""
    if find_spec("playwright") is None:
        return "playwright is not installed (extra test)"
    return "" if os.access(PROGRAM, os.X_OK) else f"no Chromium at {PROGRAM} (FUPIN_CHROMIUM names another)"


def run(data: Path, quick: bool) -> Iterable[Result]:
    if reason := missing():
        say(f"  skipped: {reason}")
        return []
    size = QUICK if quick else FULL
    folder = city(data, size)
    password = (folder / "demo" / "password.txt").read_text(encoding="utf-8").strip()
    with served(folder) as (pid, port), watched(pid) as web:
        found = measured(f"http://127.0.0.1:{port}", password)
    return results(found, size, web.mb)


def results(found: dict[str, list[float]], size: Size, peak: float) -> list[Result]:
    """Milliseconds by name → lines; ``rows`` are the households of the city."""
    rows = size.households + size.others
    limits = {"drill": DRILL_LIMIT, "open": PAINT_LIMIT, "first content": PAINT_LIMIT}
    return [_result(f"map {name}", rows, found[name], limit, peak) for name, limit in limits.items()]


def _result(name: str, rows: int, times: list[float], limit: float, peak: float) -> Result:
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    median = statistics.median(ordered)
    more = {"median_ms": median, "p95_ms": p95, "times": len(ordered)}
    return Result(name, rows, median / 1000, limit, peak, "the limit of the issue", 1.0, more)


def measured(base: str, password: str, user: str = "juece") -> dict[str, list[float]]:
    """Milliseconds of every drill and opening at a running server."""
    with chromium() as browser, closing(browser.new_context(locale="zh-CN", viewport=SCREEN)) as context:
        page = context.new_page()
        page.add_init_script(WATCH)
        _sign_in(page, base, user, password)
        drills = list(_drills(page, base))
        state = context.storage_state()
        opened = [_opening(browser, base, state) for _ in range(OPENINGS)]
    return {"drill": drills, "open": [one[0] for one in opened], "first content": [one[1] for one in opened]}


@contextmanager
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=list(ARGUMENTS))
        yield browser
        browser.close()


def _sign_in(page: Page, base: str, user: str, password: str) -> None:
    page.goto(f"{base}/map/?region={CITY}")
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_selector("#map[data-drawn]")


def _drills(page: Page, base: str) -> Iterator[float]:
    """Down to a village in one county after another, until there are enough."""
    page.goto(f"{base}/map/?region={CITY}")
    page.wait_for_selector("#map[data-drawn]")
    done = 0
    for row in range(DRILLS):
        for depth in range(3):
            yield _drill(page, row if depth == 0 else row % 3)
            done += 1
            if done == DRILLS:
                return
        _up(page)


def _drill(page: Page, row: int) -> float:
    links = page.locator("#list tr[data-code] td:first-child a")
    link = links.nth(row % links.count())
    code = link.locator("xpath=ancestor::tr").get_attribute("data-code")
    link.scroll_into_view_if_needed()
    page.mouse.move(5, 5)
    link.click()
    page.wait_for_selector(f'#map[data-drawn^="{code}:"]')
    page.wait_for_function("() => window.painted !== null")
    took = float(page.evaluate("window.painted - window.clicked"))
    say(f"  {code}: {took:.0f} ms")
    return took


def _up(page: Page) -> None:
    """Back to the city, through the breadcrumb."""
    page.click(f'#crumbs [data-crumb="{CITY}"]')
    page.wait_for_selector(f'#map[data-drawn^="{CITY}:"]')


def _opening(browser: Browser, base: str, state: StorageState) -> tuple[float, float]:
    """A fresh profile opens the map: ms until the map is painted, ms until the first content is."""
    with closing(browser.new_context(locale="zh-CN", viewport=SCREEN, storage_state=state)) as context:
        page = context.new_page()
        page.add_init_script(WATCH)
        page.goto(f"{base}/map/?region={CITY}")
        page.wait_for_function("() => window.opened !== null")
        opened, first = float(page.evaluate("window.opened")), float(page.evaluate(FIRST_CONTENT))
    say(f"  opened in {opened:.0f} ms, first content {first:.0f} ms")
    return opened, first


if __name__ == "__main__":  # python -m fupin.bench.drill http://127.0.0.1:8000 PASSWORD: at a server that runs already
    for line in results(measured(sys.argv[1], sys.argv[2]), FULL, 0):
        sys.stdout.write(f"{line.as_line()}\n")
