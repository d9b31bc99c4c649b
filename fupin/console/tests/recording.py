"""What the browser tests of changes share: a household put back as it was, and the form that records a change."""

from __future__ import annotations

from fupin.registry.api import Household, Membership
from fupin.ui.tests.visitor import Visitor

COUNTY = "450124"


def members(home: Household) -> list[str]:
    rows = Membership.objects.filter(household=home, valid_to__isnull=True).exclude(relation="01")
    return list(rows.order_by("person_id").values_list("person_id", flat=True))


def open_form(visitor: Visitor, home: Household, kind: str, query: str = "") -> None:
    assert visitor.open(f"/households/{home.pk}/changes/{kind}/{query}") == 200


def send(visitor: Visitor, on: str = "2026-10-01", reason: str = "入户核实") -> None:
    visitor.page.fill("#effective", on)
    for box in visitor.page.locator("[data-paper] input[type=text]").all():
        box.fill("村委会档案柜")
    visitor.page.fill("#reason", reason)
    visitor.page.click("#change-form button.btn-primary")
