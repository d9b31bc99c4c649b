"""axe-core over a page: what would stop somebody who uses a keyboard, a screen reader or a dim projector."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: what depends on the colours alone; most of the time goes into them
COLOURS = ["color-contrast", "link-in-text-block"]
#: a row that is built and dressed as one before it has the same colours: it is not measured again
MARK_ROWS_LIKE_OTHERS = """() => {
  const seen = new Set();
  const sized = style => /color|background/.test(style) ? style : (style ?? "").replace(/[\\d.]+/g, "0");
  const dress = e => [e.tagName, e.className.baseVal ?? e.className, sized(e.getAttribute("style"))].join();
  for (const row of document.querySelectorAll("tbody > tr, li")) {
    const inside = [...new Set([row, ...row.querySelectorAll("*")].map(dress))].sort().join(";");
    const place = [...row.parentNode.children].indexOf(row) % 2;
    const own = [dress(row.parentNode.closest("[class]") ?? row.parentNode), place, inside].join("|");
    if (seen.has(own)) row.dataset.likeAnother = "";
    seen.add(own);
  }
}"""


def violations(page: Page) -> list[str]:
    """Rule, place and what axe says of it; empty = clean."""
    other = {rule: {"enabled": False} for rule in COLOURS}
    return [*_found(page, {"runOnly": {"type": "tag", "values": RULES}, "rules": other}), *_colours(page)]


def violations_in_dark(page: Page) -> list[str]:
    """The same page in the colours of the night: nothing else of it changes, so only the colours are looked at."""
    page.emulate_media(color_scheme="dark")
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")  # as theme.js does when a page loads
    return _colours(page)


def _colours(page: Page) -> list[str]:
    page.evaluate(MARK_ROWS_LIKE_OTHERS)
    return _found(page, {"runOnly": {"type": "rule", "values": COLOURS}}, {"exclude": [["[data-like-another]"]]})


def _found(page: Page, wanted: dict[str, Any], where: dict[str, Any] | None = None) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(_script())
    context = json.dumps(where) if where else "document"
    options = json.dumps({"resultTypes": ["violations"], "preload": False, **wanted})
    found = page.evaluate(f"axe.run({context}, {options}).then(results => results.violations)")
    return [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}" for rule in found for node in rule["nodes"]
    ]


@cache
def _script() -> str:
    return str(Axe().axe_script)
