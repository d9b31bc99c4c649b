"""Somebody at a browser: signs in as one of the cast, opens pages, counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, Response

from fupin.ui.tests.city import PASSWORD, City


@dataclass
class Visitor:
    page: Page
    base: str
    city: City

    def sign_in(self, who: str) -> Visitor:
        """``who``: key of the cast, or a username."""
        user = self.city.cast.get(who)
        self.page.goto(f"{self.base}/sign-in/")
        self.page.fill("#username", user.username if user else who)
        self.page.fill("#password", PASSWORD)
        self.page.click("main button.btn-primary")
        self.page.wait_for_url(f"{self.base}/")
        return self

    def open(self, path: str) -> int:
        """Opens a page of ours; its status."""
        answer: Response | None = self.page.goto(self.base + path)
        assert answer is not None
        return answer.status

    def text(self) -> str:
        return self.page.inner_text("main")

    def total(self) -> int:
        """How many entries the list on the page has."""
        shown = self.page.get_attribute("[data-total]", "data-total")
        assert shown is not None
        return int(shown)

    def figures(self) -> list[tuple[str, int]]:
        """(address, count) of every figure on the page that says how long its list is."""
        script = "els => els.map(e => [e.getAttribute('href'), Number(e.dataset.count)])"
        found: Any = self.page.eval_on_selector_all("a[data-count]", script)
        return [(str(href), int(count)) for href, count in found]

    def fits(self, width: int) -> bool:
        """Nothing sticks out sideways."""
        return bool(self.page.evaluate(f"document.documentElement.scrollWidth <= {width}"))
