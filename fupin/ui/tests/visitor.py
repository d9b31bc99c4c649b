"""Somebody at a browser: signs in as one of the cast, opens pages, counts."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, Response

from fupin.accounts.sessions import FACTOR
from fupin.ui.tests.city import City


@dataclass
class Visitor:
    page: Page
    base: str
    city: City

    def sign_in(self, who: str, *, factor: bool = False) -> Visitor:
        """``who``: key of the cast; ``factor``: the second one is shown, too. Signed in without the form, which has
        tests of its own; stands on no page yet."""
        client = Client()
        account = self.city.cast[who]
        account.refresh_from_db()  # a test before may have ended its sessions
        client.force_login(account)
        if factor:
            known = client.session
            known[FACTOR] = int(time.time())
            known.save()
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.base}])
        return self

    def open(self, path: str) -> int:
        """Opens a page of ours; its status."""
        answer: Response | None = self.page.goto(self.base + path)
        assert answer is not None
        return answer.status

    def whole(self) -> None:
        """A click returns when the next page begins; what is read at once waits until all of it has come."""
        self.page.wait_for_load_state("domcontentloaded")

    def text(self) -> str:
        self.whole()
        return self.page.inner_text("main")

    def total(self) -> int:
        """How many entries the list on the page has."""
        shown = self.page.get_attribute("[data-total]", "data-total")
        assert shown is not None
        return int(shown)

    def total_of(self, path: str) -> int:
        """How many entries another list has, asked with the visitor's session but without drawing it."""
        answer = self.page.request.get(self.base + path)
        assert answer.ok, path
        found = re.search(r'data-total="(\d+)"', answer.text())
        assert found is not None, path
        return int(found[1])

    def figures(self) -> list[tuple[str, int]]:
        """(address, count) of every figure on the page that says how long its list is."""
        self.whole()
        script = "els => els.map(e => [e.getAttribute('href'), Number(e.dataset.count)])"
        found: Any = self.page.eval_on_selector_all("a[data-count]", script)
        return [(str(href), int(count)) for href, count in found]

    def fits(self, width: int) -> bool:
        """Nothing sticks out sideways."""
        return bool(self.page.evaluate(f"document.documentElement.scrollWidth <= {width}"))
