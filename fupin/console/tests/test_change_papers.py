"""Papers of a change, and numbers given and corrected, in the browser."""

from __future__ import annotations

from datetime import date
from typing import Any

from playwright.sync_api import expect

from fupin.accounts.trail.entries import owners_connection
from fupin.console.tests.recording import members, open_form, send
from fupin.kernel.identity import check_digit
from fupin.registry import api as registry
from fupin.registry.api import Filing, Household, RegistryChange
from fupin.registry.tests.changing import seen
from fupin.ui.tests.visitor import Visitor

PHOTO = b"\x89PNG\r\n\x1a\n" + b"picture"


def test_a_photograph_proves_a_change_and_is_opened_from_it(visitor: Visitor, home: Household) -> None:
    who = members(home)[0]
    visitor.sign_in("county_office")
    open_form(visitor, home, "death")
    visitor.page.select_option("#f-person", who)
    visitor.page.fill("#effective", "2026-10-01")
    visitor.page.fill("#reason", "入户核实")
    visitor.page.click("#change-form button.btn-primary")
    refused = visitor.page.inner_text("main [role=alert]")
    assert "缺少证明材料：死亡证明" in refused
    file: Any = {"name": "死亡证明.png", "mimeType": "image/png", "buffer": PHOTO}
    visitor.page.set_input_files("[data-paper=death_certificate] input[type=file]", file)
    visitor.page.click("#change-form button.btn-primary")
    visitor.page.wait_for_selector("text=已登记“死亡”")
    link = visitor.page.get_attribute("[data-papers] a", "href")
    answer = visitor.page.request.get(f"{visitor.base}{link}")
    assert (answer.headers["content-type"], answer.body()) == ("image/png", PHOTO)
    assert "sandbox" in answer.headers["content-security-policy"]
    for other in ("decision", "department"):
        assert visitor.sign_in(other).page.request.get(f"{visitor.base}{link}").status in (403, 404)


def test_a_paper_that_was_only_ticked_is_handed_in_later(visitor: Visitor, home: Household) -> None:
    office = visitor.city.cast["county_office"]
    filing = Filing("death", date(2026, 9, 1), "医院证明", seen("death"))
    made = registry.end_membership(by=office, household_id=home.pk, person_id=members(home)[0], filing=filing)
    with owners_connection() as owner:  # as changes were before papers had rows
        owner.execute("DELETE FROM registry_changepaper WHERE change_id = %s", [made.pk])
    visitor.sign_in("county_office").open(f"/households/{home.pk}/changes/")
    row = visitor.page.locator(f"#change-{made.pk}")
    assert "缺材料" in row.inner_text()
    row.locator("summary:has-text('补交材料')").click()
    row.locator("input[name=kept_death_certificate]").fill("派出所")
    row.locator("button:has-text('补交')").click()
    visitor.page.wait_for_selector("text=已补交材料")
    assert "核对过原件，存 派出所" in row.inner_text()


def test_a_newborn_is_given_a_number_and_a_wrong_one_is_corrected_and_taken_back(
    visitor: Visitor, home: Household
) -> None:
    office = visitor.city.cast["county_office"]
    born = Filing("birth", date(2026, 7, 7), "村医接生", seen("birth"))
    facts = {"name": "农小八", "birth_date": "2026-07-07", "sex": "1"}
    child = registry.add_member(by=office, household_id=home.pk, filing=born, relation="03", facts=facts).person_id
    first, right = (f"45012420260707{n}" + check_digit(f"45012420260707{n}") for n in ("913", "931"))
    visitor.sign_in("county_office")
    open_form(visitor, home, "give_number")
    expect(visitor.page.locator(".list-group-item")).to_have_count(1)  # the only member without one
    visitor.page.click(".list-group-item")
    visitor.page.fill("#f-number", first[:-1] + ("1" if first[-1] != "1" else "2"))
    send(visitor)
    assert "校验码错误" in visitor.page.inner_text("main [role=alert]")
    visitor.page.fill("#f-number", first)
    send(visitor)
    visitor.page.wait_for_selector("text=已登记“补登证件号”")
    open_form(visitor, home, "correct_number", f"?person={child}")
    visitor.page.fill("#f-number", right)
    send(visitor)
    visitor.page.wait_for_selector("text=已登记“更正证件号”")
    said = visitor.page.inner_text("#changes")
    assert "证件号" in said
    assert right[-4:] not in said
    for kind in ("correct_number", "give_number"):
        change = RegistryChange.objects.get(household=home, kind=kind, reversed_by=None)
        visitor.page.click(f"#change-{change.pk} summary")
        visitor.page.fill(f"#why-{change.pk}", "登记有误")
        visitor.page.click(f"#change-{change.pk} button")
        visitor.page.wait_for_selector(f"text=已撤销变更 {change.pk}")
    assert not registry.search_households(office, right).exists()
