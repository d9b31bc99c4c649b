"""The life of a household in the browser, and the state of the seals for the audit administrator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fupin.accounts.api import acting_as
from fupin.accounts.trail.api import Places, Verdict, public_keys, seal_now, verify
from fupin.accounts.trail.entries import owners_connection
from fupin.registry.api import Household, Survey
from fupin.ui.tests.visitor import Visitor

REASON = "入户核对证件"


@pytest.fixture
def home(visitor: Visitor) -> Household:
    """Of the county office's scope; its survey is changed by the county office."""
    office = visitor.city.cast["county_office"]
    with acting_as(office, origin="10.0.0.9"):
        survey = Survey.objects.filter(household__village_code__startswith="450124").order_by("household_id").first()
        assert survey is not None
        survey.house_rooms = (survey.house_rooms or 0) + 1
        survey.save()
    return survey.household


def test_a_households_life_can_be_read(visitor: Visitor, home: Household) -> None:
    visitor.sign_in("county_office").open(f"/households/{home.pk}/")
    visitor.page.click("text=留痕")
    said = visitor.page.inner_text("#timeline")
    assert "房间数" in said
    assert "蓝秋实" in said
    assert "从 10.0.0.9" in said
    assert "载入登记库（与另外" in said
    assert home.head_name not in visitor.text()
    answers = visitor.page.inner_text("#answers")
    assert "收支台账" in answers
    assert "蓝秋实" in answers


def test_a_number_seen_in_clear_stands_in_it_with_its_reason(visitor: Visitor, home: Household) -> None:
    visitor.sign_in("county_office", factor=True).open(f"/households/{home.pk}/")
    visitor.page.click("#members details.reveal >> nth=1 >> summary")  # the first one is the household's phone
    visitor.page.select_option("details.reveal[open] select", REASON)
    visitor.page.click("details.reveal[open] button")
    visitor.page.wait_for_selector("[data-number]")
    visitor.open(f"/households/{home.pk}/trail/")
    said = visitor.page.inner_text("#timeline")
    assert "查看完整证件号" in said
    assert REASON in said


def test_the_trail_of_another_county_is_not_found(visitor: Visitor) -> None:
    far = Household.objects.exclude(village_code__startswith="450124").order_by("household_id").first()
    assert far is not None
    assert visitor.sign_in("county_office").open(f"/households/{far.pk}/trail/") == 404


def test_the_page_fits_a_phone(visitor: Visitor, home: Household) -> None:
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.sign_in("county_office").open(f"/households/{home.pk}/trail/")
    assert visitor.fits(390)


@pytest.fixture
def places(visitor: Visitor, tmp_path: Path) -> Iterator[Places]:
    """A key and heads of this test only; the city is shared, so the seals go with it."""
    yield Places(tmp_path / "trail-key.json", tmp_path / "heads")
    with owners_connection() as connection:
        connection.execute("TRUNCATE accounts_seal, accounts_trailcheck")


def test_the_audit_administrator_sees_how_far_it_is_sealed_and_proven(visitor: Visitor, places: Places) -> None:
    visitor.sign_in("audit")
    made = seal_now(places, lambda: False)
    assert made
    visitor.open("/deeds/")
    assert f"第 {made[-1].number} 号" in visitor.page.inner_text("#trail-state")
    assert prove(places).broken is None
    visitor.open("/deeds/")
    assert "完整" in visitor.page.inner_text("#trail-state")


def test_a_broken_trail_is_said_in_red_with_its_entry(visitor: Visitor, places: Places) -> None:
    visitor.sign_in("audit")
    seal_now(places, lambda: False)
    with owners_connection() as connection:
        connection.execute("UPDATE accounts_trail SET why = 'x' WHERE id = 3")
        prove(places)
        connection.execute("UPDATE accounts_trail SET why = '' WHERE id = 3")
    visitor.open("/deeds/")
    assert "第 3 条留痕被改动" in visitor.page.inner_text("#trail-state [role=alert]")
    assert prove(places).broken is None


def prove(places: Places) -> Verdict:
    return verify(public_keys(places.key_file), [places.heads / "heads.jsonl"], lambda *_: None)
