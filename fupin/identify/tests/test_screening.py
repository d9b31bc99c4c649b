"""Screenings of a small city: hits, what the next one says of them, exemptions, correction lists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from fupin.accounts.api import Deed, User, acting_as
from fupin.identify import api as identify
from fupin.identify import screening_rows
from fupin.identify.api import ScreenHit, Screening
from fupin.identify.screening_models import ScreenAnswer, ScreenExemption
from fupin.identify.tests.small_city import AS_OF, City
from fupin.kernel.errors import Forbidden, NotFound, UserError
from fupin.kernel.seen import Stale
from fupin.registry.models import Person

COUNTY = "450124"
COUNTY_OPEN = Q(village_code__startswith=COUNTY, standing__in=("new", "still"), exempted=False)


@pytest.fixture
def office(city: City) -> Iterator[User]:
    with acting_as(city.cast["office"]):
        yield city.cast["office"]


@pytest.fixture
def screened(office: User) -> Screening:
    return _screened(office)


def _screened(by: User, region: str = "4501") -> Screening:
    return identify.execute_screening(identify.start_screening(by=by, region=region, as_of=AS_OF, in_background=False))


def _open_hit(one: Screening) -> ScreenHit:
    return ScreenHit.objects.filter(screening=one, standing__in=("new", "still"), exempted=False).order_by("rule")[0]


def _book(rows: list[tuple[str, str, str]], heads: tuple[str, ...] = ()) -> bytes:
    stream = BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, heads or (identify.KEY_HEAD, identify.ANSWER_HEAD, identify.NOTE_HEAD))
        for line, row in enumerate(rows, 1):
            sheet.write_row(line, 0, row)
    return stream.getvalue()


def _tried(by: User, one: Screening, *rows: tuple[str, str, str]) -> identify.CorrectionPlan:
    return identify.read_corrections(by=by, screening=one, name="名单.xlsx", content=_book(list(rows)))


def test_a_screening_counts_what_its_list_holds(screened: Screening, office: User) -> None:
    assert screened.state == "finished"
    assert screened.counts["rules"] > screened.counts["applicable"] > 180
    found = identify.hits_for(office, screened)
    assert screened.counts["open"] == found.filter(exempted=False).exclude(standing="mended").count() > 0
    assert sum(line.open for line in identify.rule_lines(office, screened, "4501")) == screened.counts["open"]
    assert identify.region_lines(office, screened, ["4501"])["4501"].open == screened.counts["open"]


def test_a_number_that_says_another_birth_date_is_found_without_opening_it(office: User) -> None:
    right = Person.objects.filter(id_birth_agrees=True, memberships__household__state="0").order_by("pk")[0]
    assert right.birth_date is not None
    Person.objects.filter(pk=right.pk).update(birth_date=right.birth_date + timedelta(days=1))
    try:
        found = ScreenHit.objects.filter(screening=_screened(office), rule="I06").exclude(standing="mended")
        assert right.pk in set(found.values_list("person_id", flat=True))
    finally:
        Person.objects.filter(pk=right.pk).update(birth_date=right.birth_date)


def test_a_screening_keeps_no_copy_of_the_registry(screened: Screening) -> None:
    assert not (Path(settings.FUPIN_DATA_DIR) / "screenings" / screened.pk).exists()


def test_every_hit_says_its_rule_in_words(screened: Screening) -> None:
    for hit in ScreenHit.objects.filter(screening=screened)[:200]:
        assert "{" not in identify.screen_message(hit, "zh") + identify.screen_message(hit, "en")


def test_the_next_screening_says_what_is_still_there(screened: Screening, office: User) -> None:
    again = _screened(office)
    assert again.before == screened
    assert again.counts["fresh"] == 0
    assert set(again.hits.values_list("standing", flat=True)) == {"still"}


def test_a_county_is_compared_with_the_city_before(screened: Screening, office: User) -> None:
    county = _screened(office, COUNTY)
    assert county.before == screened
    assert county.counts["fresh"] == 0


def test_a_screening_is_cut_to_the_readers_region(screened: Screening, city: City) -> None:
    with acting_as(city.cast["county_office"]):
        codes = set(screened.hits.values_list("village_code", flat=True))
        assert codes
        assert all(code.startswith(COUNTY) for code in codes)
        with pytest.raises(NotFound):
            identify.rule_lines(city.cast["county_office"], screened, "4501")


def test_a_decision_maker_may_not_start_one(city: City) -> None:
    with acting_as(city.cast["decision"]), pytest.raises(Forbidden):
        identify.start_screening(by=city.cast["decision"], region="4501", as_of=AS_OF)


def test_an_exempted_hit_is_counted_apart_and_not_dropped(screened: Screening, office: User) -> None:
    hit = _open_hit(screened)
    made = identify.exempt(
        by=office,
        screening=screened,
        key=hit.key,
        reason="已入户核实，属实",
        until=timezone.localdate() + timedelta(90),
    )
    try:
        again = _screened(office)
        assert again.counts["exempted"] == 1
        assert again.counts["open"] == screened.counts["open"] - 1
        assert again.hits.get(rule=hit.rule, object_id=hit.object_id).exempted
    finally:
        identify.end_exemption(by=office, exemption=made)
    assert _screened(office).counts["exempted"] == 0


@pytest.mark.parametrize(("reason", "days"), [("", 30), ("属实", -1), ("属实", 2000)])
def test_an_exemption_without_reason_or_end_is_refused(
    screened: Screening, office: User, reason: str, days: int
) -> None:
    until = timezone.localdate() + timedelta(days)
    with pytest.raises(UserError):
        identify.exempt(by=office, screening=screened, key=_open_hit(screened).key, reason=reason, until=until)
    assert not ScreenExemption.objects.filter(ended_at__isnull=True).exists()


def test_a_list_is_tried_before_it_is_written(screened: Screening, office: User) -> None:
    hit = _open_hit(screened)
    plan = _tried(office, screened, (identify.list_key(hit), "情况属实", "证件号已到派出所核对"))
    assert [(one.hit.key, one.answer) for one in plan.answers] == [(hit.key, "right")]
    assert not ScreenAnswer.objects.filter(rule=hit.rule, object_id=hit.object_id).exists()
    assert identify.apply_corrections(by=office, screening=screened, token=plan.token) == 1
    assert identify.answers_for(office, hit).get().note == "证件号已到派出所核对"
    assert Deed.objects.filter(verb="correct", object_id=screened.pk).exists()


def test_one_wrong_row_refuses_the_whole_list(screened: Screening, office: User) -> None:
    good, other = screened.hits.order_by("rule", "object_id")[:2]
    changed = identify.list_key(other).replace(other.rule, "I99", 1)
    plan = _tried(
        office, screened,
        (identify.list_key(good), "已改正", ""), (changed, "已改正", ""), (identify.list_key(other), "情况属实", ""),
        (identify.list_key(good), "已改正", ""), ("", "已改正", ""),
    )  # fmt: skip
    assert [(one.row, one.zh[:6]) for one in plan.problems] == [
        (3, "编号被改动，"), (4, "情况属实须写"), (5, "同一编号出现"), (6, "编号被改动，"),
    ]  # fmt: skip
    assert plan.token == ""
    assert all(one.en and one.hint_zh and one.hint_en for one in plan.problems)


def test_a_key_of_another_screening_is_refused(screened: Screening, office: User) -> None:
    key = identify.list_key(_open_hit(screened))
    again = _screened(office)
    assert len(_tried(office, again, (key, "已改正", "")).problems) == 1


def test_a_key_of_another_county_is_unknown_to_a_county(screened: Screening, city: City, office: User) -> None:
    far = screened.hits.exclude(village_code__startswith=COUNTY)[0]
    key = identify.list_key(far)
    with acting_as(city.cast["county_office"]):
        plan = _tried(city.cast["county_office"], screened, (key, "已改正", ""))
    assert plan.problems[0].en.startswith("this hit is not in your region")


def test_a_trial_of_another_account_is_not_taken(screened: Screening, city: City, office: User) -> None:
    plan = _tried(office, screened, (identify.list_key(_open_hit(screened)), "已改正", ""))
    with acting_as(city.cast["county_office"]), pytest.raises(UserError, match="no longer valid"):
        identify.apply_corrections(by=city.cast["county_office"], screening=screened, token=plan.token)


def test_a_file_without_its_heads_is_refused(screened: Screening, office: User) -> None:
    content = _book([], heads=("甲", "乙"))
    with pytest.raises(UserError, match="lacks columns"):
        identify.read_corrections(by=office, screening=screened, name="x.xlsx", content=content)
    with pytest.raises(UserError, match="cannot read"):
        identify.read_corrections(by=office, screening=screened, name="x.xlsx", content=b"not a workbook")


def _frame(*keys: tuple[str, str]) -> pl.DataFrame:
    rows = [
        {
            "rule": rule, "object_id": object_id, "level": "person", "severity": 2, "household_id": "H",
            "person_id": object_id, "village_code": "450124100201", "params": "{}", "since": date(2026, 1, 1),
        }
        for rule, object_id in keys
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=screening_rows.BEFORE)


def _standing(now: pl.DataFrame, before: pl.DataFrame, applicable: list[str]) -> dict[tuple[str, str], tuple[str, int]]:
    answered = pl.DataFrame([("I01", "P1", 7)], schema=screening_rows.ANSWERED, orient="row")
    exempt = pl.DataFrame(schema=screening_rows.EXEMPT)
    rows = screening_rows.standing_rows(now.drop("since"), before, answered, exempt, applicable, date(2026, 10, 31))
    return {(r["rule"], r["object_id"]): (r["standing"], r["mended_by_id"]) for r in rows.iter_rows(named=True)}


def test_what_is_gone_is_mended_by_who_said_so() -> None:
    found = _standing(_frame(("I01", "P2")), _frame(("I01", "P1"), ("I02", "P3")), ["I01", "I02"])
    assert found == {("I01", "P1"): ("mended", 7), ("I01", "P2"): ("new", None), ("I02", "P3"): ("mended", None)}


def test_a_rule_that_could_not_be_applied_mends_nothing() -> None:
    assert _standing(_frame(), _frame(("I03", "P1")), ["I01"]) == {}


def test_of_two_who_exempt_one_object_the_later_one_is_told(screened: Screening, office: User, city: City) -> None:
    hit, until = screened.hits.filter(COUNTY_OPEN).order_by("rule")[0], timezone.localdate() + timedelta(90)
    seen = identify.exemption_mark(hit.rule, hit.object_id)
    first = identify.exempt(by=office, screening=screened, key=hit.key, reason="已核实", until=until, seen=seen)
    later = city.cast["county_office"]
    try:
        with pytest.raises(Stale, match=hit.rule):
            identify.exempt(by=later, screening=screened, key=hit.key, reason="另有原因", until=until, seen=seen)
        first.refresh_from_db()
        assert (first.ended_at, Deed.objects.latest("pk").reason) == (None, "已核实")
        there = identify.exemption_mark(hit.rule, hit.object_id)
        second = identify.exempt(by=later, screening=screened, key=hit.key, reason="看过了", until=until, seen=there)
        with pytest.raises(Stale):  # the one in the list is no more the one that holds
            identify.end_exemption(by=office, exemption=first)
        second.refresh_from_db()
        assert second.ended_at is None
    finally:
        for one in ScreenExemption.objects.filter(object_id=hit.object_id, ended_at__isnull=True):
            identify.end_exemption(by=office, exemption=one)
    with pytest.raises(Stale):  # ended already: nothing is written a second time
        identify.end_exemption(by=office, exemption=second)
