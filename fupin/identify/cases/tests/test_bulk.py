"""Many cases at once: only behind a sample that somebody looked into and found sound."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from fupin.accounts.api import User, acting_as
from fupin.accounts.tests.fixtures import Cast
from fupin.identify.cases import bulk as bulk_module
from fupin.identify.cases.bulk import begin_bulk, bulks_open, check_sample, decide_bulk
from fupin.identify.cases.models import Bulk, Case, SampleCheck
from fupin.identify.cases.services import take_step
from fupin.identify.cases.tests.play import (
    at_the_town,
    colleague,
    papers,
    ready_form,
    take,
    to_step,
)
from fupin.identify.cases.tests.test_no_way_around import refused
from fupin.kernel.errors import Forbidden, UserError
from fupin.registry.tests.fixtures import Homes

Wait = Callable[[int], None]
SIGNED = {"auditor": "梁润生", "leader": "韦志远"}


@pytest.fixture
def waiting(cast: Cast, homes: Homes, wait: Wait) -> list[Case]:
    return at_the_town(cast, wait, 5)


def begin(cast: Cast, cases: list[Case]) -> Bulk:
    with acting_as(cast.town):
        return begin_bulk(by=cast.town, cases=cases)


def check_all(cast: Cast, bulk: Bulk, sound: bool = True) -> None:
    second = colleague(cast.town)
    with acting_as(second):
        for row in bulk.cases.filter(sampled=True):
            check_sample(by=second, bulk_case=row, sound=sound, note="看了调查表和公示照片")


def decide(cast: Cast, bulk: Bulk, kept_at: str = "镇扶贫站 2026-3") -> int:
    with acting_as(cast.town):
        return decide_bulk(by=cast.town, bulk=bulk, signatures=SIGNED, kept_at=kept_at, note="同意")


def test_behind_a_sound_sample_all_pass(cast: Cast, waiting: list[Case]) -> None:
    bulk = begin(cast, waiting)
    assert bulk.cases.filter(sampled=True).count() == 3
    check_all(cast, bulk)
    assert decide(cast, bulk) == 5
    assert set(Case.objects.values_list("step", flat=True)) == {"second_notice"}


def test_without_the_sample_none_passes(cast: Cast, waiting: list[Case]) -> None:
    bulk = begin(cast, waiting)
    with pytest.raises(UserError, match="3 件没有核查"):
        decide(cast, bulk)
    assert set(Case.objects.values_list("step", flat=True)) == {"town_audit"}


def test_one_unsound_case_of_the_sample_stops_all(cast: Cast, waiting: list[Case]) -> None:
    bulk = begin(cast, waiting)
    check_all(cast, bulk, sound=False)
    with pytest.raises(UserError, match="这份名单不能通过"):
        decide(cast, bulk)


def test_a_case_that_moved_meanwhile_stops_all(cast: Cast, waiting: list[Case]) -> None:
    bulk = begin(cast, waiting)
    check_all(cast, bulk)
    take(cast.town, waiting[4], outcome="return", to="survey", note="再核人口")
    with pytest.raises(UserError):
        decide(cast, bulk)
    assert set(Case.objects.values_list("step", flat=True)) == {"town_audit", "survey"}


def test_the_database_asks_for_the_sample_as_well(cast: Cast, waiting: list[Case]) -> None:
    bulk = begin(cast, waiting)
    papers(cast.town, waiting[0])
    with acting_as(cast.town), pytest.raises(UserError, match="sample of the bulk decision is not checked"):
        take_step(by=cast.town, case=waiting[0], form=ready_form(waiting[0]), bulk=bulk)


def test_only_decisions_of_the_own_level_are_taken_at_once(cast: Cast, waiting: list[Case]) -> None:
    with acting_as(cast.county_office), pytest.raises(Forbidden, match="乡镇级办理"):
        begin_bulk(by=cast.county_office, cases=waiting)
    with acting_as(cast.town), pytest.raises(UserError, match="同一程序"):
        begin_bulk(by=cast.town, cases=[])


def test_somebody_elses_list_is_not_decided(cast: Cast, waiting: list[Case]) -> None:
    bulk = begin(cast, waiting)
    check_all(cast, bulk)
    with acting_as(cast.county_office), pytest.raises(UserError, match="别人发起"):
        decide_bulk(by=cast.county_office, bulk=bulk, signatures=SIGNED, kept_at="x", note="")


def test_a_sample_is_not_drawn_again_until_it_suits(cast: Cast, waiting: list[Case]) -> None:
    begin(cast, waiting)
    with pytest.raises(UserError, match="抽好样的名单"):
        begin(cast, waiting[:2])


def test_what_was_found_unsound_is_decided_by_itself(cast: Cast, waiting: list[Case]) -> None:
    bulk = begin(cast, waiting)
    unsound = bulk.cases.filter(sampled=True).first()
    assert unsound is not None
    with acting_as(cast.county_office):
        check_sample(by=cast.county_office, bulk_case=unsound, sound=False, note="人口不实")
    with pytest.raises(UserError, match="抽查不属实"):
        begin(cast, waiting)
    others = [case for case in waiting if case.pk != unsound.case_id]
    again = begin(cast, others)
    check_all(cast, again)
    assert decide(cast, again) == len(others)
    assert Case.objects.get(pk=unsound.case_id).step == "town_audit"


def test_the_database_keeps_an_unsound_case_off_every_list(
    cast: Cast, waiting: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk = begin(cast, waiting)
    check_all(cast, bulk, sound=False)
    monkeypatch.setattr(bulk_module, "_demand_free", lambda _cases: None)
    with pytest.raises(UserError, match="found unsound"):
        begin(cast, waiting)


def test_a_case_that_comes_again_does_not_pass_on_its_former_sample(
    cast: Cast, waiting: list[Case], wait: Wait
) -> None:
    bulk = begin(cast, waiting[:1])
    check_all(cast, bulk)
    case = take(cast.town, waiting[0], outcome="return", to="survey", note="再核人口")
    to_step(cast, case, "town_audit", wait)
    with pytest.raises(UserError, match="former round"):
        decide(cast, bulk)


def test_who_decides_does_not_look_into_the_sample(cast: Cast, waiting: list[Case]) -> None:
    row = begin(cast, waiting).cases.filter(sampled=True)[0]
    with acting_as(cast.town), pytest.raises(UserError, match="发起名单的人以外的人") as said:
        check_sample(by=cast.town, bulk_case=row, sound=True, note="看了调查表")
    assert "an office of one asks the level above" in str(said.value)
    assert not SampleCheck.objects.exists()


def test_an_office_below_does_not_look_into_the_sample(cast: Cast, waiting: list[Case]) -> None:
    row = begin(cast, waiting).cases.filter(sampled=True)[0]
    with acting_as(cast.cadre), pytest.raises(Forbidden, match="办理这一步的单位或其上级"):
        check_sample(by=cast.cadre, bulk_case=row, sound=True, note="看了调查表")


def test_an_office_of_one_asks_the_level_above(cast: Cast, waiting: list[Case]) -> None:
    bulk = begin(cast, waiting)
    with acting_as(cast.county_office):
        for row in bulk.cases.filter(sampled=True):
            check_sample(by=cast.county_office, bulk_case=row, sound=True, note="看了调查表")
    assert decide(cast, bulk) == 5


CHECK = (
    "INSERT INTO identify_samplecheck (bulk_case_id, village_code, sound, note, by_id) VALUES (%s, '', true, 'x', %s)"
)


def test_the_database_asks_for_other_eyes_as_well(cast: Cast, waiting: list[Case]) -> None:
    """Neither in one's own name, nor in another's, nor by the village whose cases they are."""
    bulk, second = begin(cast, waiting), colleague(cast.town)
    row = bulk.cases.filter(sampled=True)[0]
    with acting_as(cast.town):
        for name in (cast.town, second):
            assert "by another than who decides" in refused(CHECK, row.pk, name.pk)
    with acting_as(cast.cadre):
        assert "by the office that decides" in refused(CHECK, row.pk, cast.cadre.pk)
    with acting_as(second), connection.cursor() as cursor:
        cursor.execute(CHECK, [row.pk, cast.town.pk])
    assert SampleCheck.objects.get().by == second


def test_open_lists_are_found_by_who_goes_on_with_them(cast: Cast, waiting: list[Case]) -> None:
    bulk, second = begin(cast, waiting), colleague(cast.town)

    def seen(by: User) -> list[int]:
        with acting_as(by):
            return [one.pk for one in bulks_open(by)]

    assert [seen(one) for one in (cast.town, second, cast.county_office, cast.cadre)] == [[bulk.pk]] * 3 + [[]]
    check_all(cast, bulk)
    assert [seen(one) for one in (cast.town, second)] == [[bulk.pk], []]
    decide(cast, bulk)
    assert seen(cast.town) == []
