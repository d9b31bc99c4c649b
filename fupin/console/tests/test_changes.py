"""Changes in the browser: a death, a wrong exit taken back, two officers at one record, how it stood on a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from playwright.sync_api import expect

from fupin.accounts.api import User, acting_as
from fupin.accounts.trail.entries import owners_connection
from fupin.catalogue.changes import change_kinds
from fupin.console.changes.fields import OF_MEMBER
from fupin.console.tests.recording import COUNTY, members, open_form, send
from fupin.identify import api as identify
from fupin.identify.api import Finding
from fupin.kernel.identity import check_digit
from fupin.registry import api as registry
from fupin.registry import waiting
from fupin.registry.api import Filing, Household, Membership, RegistryChange
from fupin.registry.changes import steps
from fupin.registry.tests.changing import seen
from fupin.ui.tests.city import PASSWORD, City
from fupin.ui.tests.visitor import Visitor


def test_a_death_is_recorded_and_the_page_tells_it(visitor: Visitor, home: Household) -> None:
    who = members(home)[0]
    visitor.sign_in("county_office").open(f"/households/{home.pk}/")
    visitor.page.click("#changes a.btn")
    visitor.page.click("#record a:has-text('死亡')")
    visitor.page.select_option("#f-person", who)
    send(visitor)
    visitor.page.wait_for_selector("text=已登记“死亡”")
    said = visitor.page.inner_text("#changes")
    assert "入户核实" in said
    assert "死亡证明" in said
    assert who not in members(home)
    assert visitor.fits(1280)


def test_a_death_before_birth_is_refused_and_what_was_typed_stays(visitor: Visitor, home: Household) -> None:
    who = members(home)[0]
    visitor.sign_in("county_office")
    open_form(visitor, home, "death")
    visitor.page.select_option("#f-person", who)
    send(visitor, on="1901-01-01", reason="查到的日期")
    assert "不能早于出生日期" in visitor.page.inner_text("main [role=alert]")
    assert visitor.page.input_value("#f-person") == who
    assert visitor.page.input_value("#reason") == "查到的日期"
    assert visitor.page.input_value("[data-paper] input[type=text]") == "村委会档案柜"
    assert not RegistryChange.objects.filter(household=home, kind="death", reversed_by=None).exists()


def test_who_waits_in_vain_is_told_and_what_was_typed_stays(
    visitor: Visitor, home: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else, or a ledger, is writing the household at this moment."""
    monkeypatch.setattr(waiting, "PATIENCE", "300ms")
    who = members(home)[0]
    visitor.sign_in("county_office")
    open_form(visitor, home, "death")
    visitor.page.select_option("#f-person", who)
    with owners_connection() as owner, owner.transaction():
        owner.execute("SELECT FROM registry_household WHERE household_id = %s FOR UPDATE", [home.pk])
        send(visitor, reason="查到的日期")
        expect(visitor.page.locator("main [role=alert]")).to_contain_text(f"户 {home.pk}正由别人办理或正在导入台账")
    assert visitor.page.input_value("#f-person") == who
    assert visitor.page.input_value("#reason") == "查到的日期"
    assert who in members(home)


def test_who_met_another_is_told_and_nothing_is_half_done(
    visitor: Visitor, home: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    def met(*_args: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE 'deadlock detected' USING ERRCODE = 'deadlock_detected'; END $$")

    who, before = members(home)[0], RegistryChange.objects.count()
    visitor.sign_in("county_office")
    open_form(visitor, home, "death")
    visitor.page.select_option("#f-person", who)
    monkeypatch.setattr(steps, "keep_papers", met)  # after the row of the log
    send(visitor)
    expect(visitor.page.locator("main")).to_contain_text("有关的户正由别人办理或正在导入台账")
    assert (who in members(home), RegistryChange.objects.count()) == (True, before)


def test_a_change_that_others_build_on_says_which(visitor: Visitor, home: Household) -> None:
    office, who = visitor.city.cast["county_office"], members(home)[0]
    common: Any = {"by": office, "household_id": home.pk}
    day = date(2026, 9, 1)
    head = Filing("new_head", day, "老户主年迈", seen("new_head"))
    first = registry.change_head(**common, filing=head, head=who)
    left = Filing("move_out", date(2026, 9, 10), "迁往外省", seen("move_out"))
    later = registry.end_membership(**common, person_id=members(home)[-1], filing=left)
    again = Filing("death", date(2026, 9, 12), "医院证明", seen("death"))
    last = registry.end_membership(**common, person_id=who, filing=again, new_head=_others(home, who))
    visitor.sign_in("county_office").open(f"/households/{home.pk}/changes/")
    visitor.page.click(f"#change-{first.pk} summary")
    visitor.page.fill(f"#why-{first.pk}", "登记有误")
    visitor.page.click(f"#change-{first.pk} button")
    assert f"请先撤销变更 {last.pk}" in visitor.page.inner_text("main [role=alert]")
    for change in (last, later, first):
        registry.reverse(by=office, change_id=change.pk, reason="测试收尾")


def _others(home: Household, who: str) -> str:
    rows = Membership.objects.filter(household=home, valid_to=None).exclude(person_id=who).order_by("person_id")
    return rows[0].person_id


def wrongly_exited(office: User, home: Household) -> RegistryChange:
    """As a passed case would have it; that there was one is another test's matter."""
    switch = "ALTER TABLE registry_change {} TRIGGER change_has_its_case"
    with owners_connection() as owner:
        owner.execute(switch.format("DISABLE"))
    try:
        return registry.change_state(
            by=office, household_id=home.pk, state="1", effective=date(2026, 10, 1), kind="exit",
            reason="县级审定", case_id=987654,
        )  # fmt: skip
    finally:
        with owners_connection() as owner:
            owner.execute(switch.format("ENABLE"))


def test_a_wrong_exit_is_taken_back(visitor: Visitor, home: Household) -> None:
    change = wrongly_exited(visitor.city.cast["county_office"], home)
    visitor.sign_in("county_office").open(f"/households/{home.pk}/changes/")
    assert "脱贫退出" in visitor.page.inner_text(f"#change-{change.pk}")
    visitor.page.click(f"#change-{change.pk} summary")
    visitor.page.fill(f"#why-{change.pk}", "未达标，县级复核更正")
    visitor.page.click(f"#change-{change.pk} button")
    visitor.page.wait_for_selector(f"text=已撤销变更 {change.pk}")
    home.refresh_from_db()
    assert (home.state, home.exited_on) == ("0", None)
    visitor.page.fill("#true_on", "2026-11-22")
    visitor.page.click("#machine button")
    assert "未脱贫" in visitor.page.inner_text("[data-then]")


def test_two_officers_at_one_record_lose_nothing(visitor: Visitor, home: Household) -> None:
    who = members(home)[0]
    office = visitor.city.cast["office"]
    visitor.sign_in("county_office")
    open_form(visitor, home, "correct_person", f"?person={who}")
    health, months = visitor.page.input_value("#f-health"), visitor.page.input_value("#f-work_months")
    mine, theirs = [code for code in ("01", "02", "03", "04") if code != health][:2]
    visitor.page.select_option("#f-health", mine)
    visitor.page.fill("#f-work_months", "5" if months != "5" else "6")
    with acting_as(office):  # meanwhile
        filing = Filing("correct_person", date(2026, 9, 1), "医院复核", seen("correct_person"))
        facts = {"health": theirs}
        registry.correct_person(by=office, household_id=home.pk, person_id=who, filing=filing, facts=facts)
    send(visitor)
    said = visitor.page.inner_text("#conflict")
    assert "两人都改了" in visitor.page.inner_text("[data-meeting=health]")
    assert str(office) in said
    assert visitor.page.is_checked("[data-meeting=work_months] input >> nth=0")
    assert visitor.page.input_value("#reason") == "入户核实"
    visitor.page.check("[data-meeting=health] input >> nth=1")
    visitor.page.click("#change-form button.btn-primary")
    visitor.page.wait_for_selector("text=已登记“更正成员信息”")
    with acting_as(office):
        person = registry.person_for(office, who)
    assert (person.health, person.work_months) == (theirs, 5 if months != "5" else 6)


def test_two_officers_at_one_name_choose_between_them(visitor: Visitor, home: Household) -> None:
    """No form shows the name that is there: that somebody else put it right is told, and nothing is overwritten."""
    who, office = members(home)[0], visitor.city.cast["office"]
    with acting_as(office):
        born = registry.person_for(office, who).birth_date
    visitor.sign_in("county_office")
    open_form(visitor, home, "correct_person", f"?person={who}")
    visitor.page.fill("#f-name", "韦晓明")
    visitor.page.fill("#f-birth_date", "2001-03-03")
    with acting_as(office):  # meanwhile
        filing = Filing("correct_person", date(2026, 9, 1), "户口簿更正", seen("correct_person"))
        registry.correct_person(by=office, household_id=home.pk, person_id=who, filing=filing, facts={"name": "韦小明"})
    send(visitor)
    row = visitor.page.locator("[data-meeting=name]")
    assert "两人都改了" in row.inner_text()
    assert "已更正" in row.inner_text()
    assert "韦小明" not in visitor.text()
    expect(row.locator("input:checked")).to_have_count(0)
    assert visitor.page.is_checked("[data-meeting=birth_date] input >> nth=0")  # this one he alone changed
    row.locator("input >> nth=1").check()
    visitor.page.click("#change-form button.btn-primary")
    visitor.page.wait_for_selector("text=已登记“更正成员信息”")
    with acting_as(office):
        person = registry.person_for(office, who)
    assert (person.name, person.birth_date) == ("韦小明", date(2001, 3, 3))
    assert born != person.birth_date


def test_a_session_that_ended_hides_no_conflict_and_keeps_no_number(visitor: Visitor, home: Household) -> None:
    office, who = visitor.city.cast["office"], members(home)[0]
    visitor.sign_in("county_office")
    open_form(visitor, home, "correct_person", f"?person={who}")
    health = visitor.page.input_value("#f-health")
    mine, theirs = [code for code in ("01", "02", "03", "04") if code != health][:2]
    visitor.page.select_option("#f-health", mine)
    with acting_as(office):
        filing = Filing("correct_person", date(2026, 9, 1), "医院复核", seen("correct_person"))
        facts = {"health": theirs}
        registry.correct_person(by=office, household_id=home.pk, person_id=who, filing=filing, facts=facts)
    Session.objects.all().delete()
    send(visitor)
    visitor.page.fill("#username", "xianban")
    visitor.page.fill("#password", PASSWORD)
    visitor.page.click("main button.btn-primary")
    visitor.page.wait_for_selector("[data-put-back]")
    visitor.page.click("#change-form button.btn-primary")
    assert "两人都改了" in visitor.page.inner_text("[data-meeting=health]")
    open_form(visitor, home, "marriage_in")
    visitor.page.fill("#f-number", "450124196507080021")
    visitor.page.fill("#f-name", "农秀英")
    visitor.page.select_option("#f-relation", "10")
    send(visitor)
    kept = str(visitor.page.evaluate("JSON.stringify({...sessionStorage})"))
    assert "450124196507080021" not in kept


def test_a_day_in_the_past_is_shown_as_it_was_known(visitor: Visitor, home: Household) -> None:
    before = len(members(home)) + 1
    filing = Filing("move_out", date(2026, 8, 1), "迁往外省", seen("move_out"))
    registry.end_membership(
        by=visitor.city.cast["county_office"], household_id=home.pk, person_id=members(home)[0], filing=filing
    )
    visitor.sign_in("county_office")
    for day, there in (("2026-07-31", before), ("2026-08-01", before - 1)):
        visitor.open(f"/households/{home.pk}/changes/?true_on={day}")
        expect(visitor.page.locator("#machine tbody tr")).to_have_count(there)
    born = Filing("birth", date(2026, 7, 7), "村医接生", seen("birth"))
    facts = {"name": "农小七", "birth_date": "2026-07-07"}
    office = visitor.city.cast["county_office"]
    registry.add_member(by=office, household_id=home.pk, filing=born, relation="03", facts=facts)
    visitor.open(f"/households/{home.pk}/changes/")
    assert "2026-07-07" not in visitor.page.inner_text("#machine")  # with a masked number it would be the whole one
    visitor.open(f"/households/{home.pk}/changes/?known_on=2020-01-01")
    assert "登记库还不知道这户" in visitor.page.inner_text("#machine")


@pytest.fixture
def dead(city: City, home: Household) -> Iterator[Finding]:
    """A member of the household is said to be dead. Gone afterwards: the run has counted its findings without it."""
    county = city.cast["county_office"]
    first = next(one for one in registry.members_of(county, home) if one.person_id == members(home)[0])
    finding = Finding.objects.create(
        run=city.run, finding_id="try-dead", rule="listed_dead", rule_version=1, topic="dead",
        village_code=home.village_code, household_id=home.pk, severity=1, direction="misplaced", n=1, exempted=0,
        params={"name": first.name, "changed_on": "2026-06-01"},
    )  # fmt: skip
    yield finding
    Finding.objects.filter(pk=finding.pk).delete()


def test_a_confirmed_finding_leads_to_the_form_filled_in(visitor: Visitor, home: Household, dead: Finding) -> None:
    visitor.sign_in("county_office").open(f"/findings/{dead.run_id}/try-dead/")
    visitor.page.check("#verdict input[value=confirmed]")
    visitor.page.fill("#verdict input[name=reason]", "入户看过，已安葬")
    visitor.page.click("#verdict form button")
    visitor.page.click("#verdict a:has-text('去登记')")
    assert visitor.page.input_value("#effective") == "2026-06-01"
    assert "疑点" in visitor.page.inner_text("main .alert-info")
    visitor.page.select_option("#f-person", members(home)[0])
    send(visitor, on="2026-06-01")
    visitor.page.wait_for_selector("text=已登记“死亡”")
    visitor.open(f"/findings/{dead.run_id}/try-dead/")
    assert "已按此疑点登记变更" in visitor.page.inner_text("#verdict")
    assert identify.change_of(visitor.city.cast["county_office"], dead) is not None


def test_the_list_counts_by_kind_and_keeps_to_the_own_region(visitor: Visitor, home: Household) -> None:
    office = visitor.city.cast["county_office"]
    filing = Filing("correct_household", date(2026, 8, 1), "重新核实", seen("correct_household"))
    facts = {"cause_main": "02" if home.cause_main != "02" else "03"}
    registry.correct_household(by=office, household_id=home.pk, filing=filing, facts=facts)
    visitor.sign_in("county_office").open(f"/changes/?region={home.village_code}")
    for href, count in visitor.figures():
        assert visitor.total_of("/changes/" + href) == count, href
    assert visitor.total() >= 1
    visitor.sign_in("decision").open("/changes/")
    assert "更正户信息" in visitor.text()
    far = registry.Household.objects.exclude(village_code__startswith=COUNTY)
    with acting_as(visitor.city.cast["office"]):
        other = far.order_by("pk")[0]
    assert visitor.sign_in("county_office").open(f"/households/{other.pk}/changes/") == 404


def test_a_split_that_came_second_is_shown_what_came_first(visitor: Visitor, home: Household) -> None:
    office, who = visitor.city.cast["office"], members(home)[0]
    visitor.sign_in("county_office")
    open_form(visitor, home, "split")
    visitor.page.check(f"input[name=members][value='{who}']")
    visitor.page.select_option("#f-head", who)
    with acting_as(office):  # meanwhile
        filing = Filing("correct_household", date(2026, 8, 1), "重新核实", seen("correct_household"))
        facts = {"cause_main": "02" if home.cause_main != "02" else "03"}
        registry.correct_household(by=office, household_id=home.pk, filing=filing, facts=facts)
    send(visitor)
    assert "更正户信息" in visitor.page.inner_text("#conflict")
    assert visitor.page.is_checked(f"input[name=members][value='{who}']")
    visitor.page.click("#change-form button.btn-primary")
    visitor.page.wait_for_selector("text=已登记“分户”")
    assert who not in members(home)


def test_a_rollup_of_a_day_is_counted_when_asked(visitor: Visitor, home: Household) -> None:
    visitor.sign_in("county_office").open(f"/changes/?region={home.village_code}")
    expect(visitor.page.locator("#rollup table")).to_have_count(0)
    visitor.page.fill("#true_on", "2026-07-01")
    visitor.page.click("#rollup button")
    poor = visitor.page.inner_text("#rollup [data-state='0']").split()
    there = registry.Household.objects.filter(village_code=home.village_code, state="0", ended_on=None)
    assert int(poor[-2]) == there.count()


@pytest.mark.parametrize("kind", [id_ for id_, one in change_kinds().items() if not one.by_case])
def test_every_form_opens_and_fits_a_phone(visitor: Visitor, home: Household, kind: str) -> None:
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.sign_in("county_office")
    query = f"?person={members(home)[0]}" if change_kinds()[kind].act in OF_MEMBER else ""
    open_form(visitor, home, kind, query)
    assert visitor.page.is_visible("#change-form")
    assert visitor.fits(390)


def test_a_cadre_records_what_the_village_may(visitor: Visitor) -> None:
    cadre, office = visitor.city.cast["cadre"], visitor.city.cast["county_office"]
    with acting_as(office):
        filing = Filing("new_household", date(2026, 5, 1), "新迁入本村", seen("new_household"))
        facts = {"name": "农秀英", "sex": "2"}
        number = "45012419650708002" + check_digit("45012419650708002")
        made = registry.new_household(by=office, village=cadre.region, filing=filing, facts=facts, number=number)
    visitor.sign_in("cadre").open(f"/households/{made.household_id}/changes/")
    offered = visitor.page.inner_text("#record")
    assert "新生儿" in offered
    assert "分户" not in offered
    assert "清退" not in offered
    expect(visitor.page.locator("#changes summary")).to_have_count(0)  # the town recorded it, the town takes it back
    with acting_as(office):
        registry.reverse(by=office, change_id=made.pk, reason="测试收尾")
