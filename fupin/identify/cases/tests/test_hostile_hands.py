"""A hostile mind with the app's login: the clock, back-dated acts, samples, objections, a second life for a case.

What the rest of the door refuses is in ``test_no_way_around.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from fupin.accounts.api import User, acting_as
from fupin.accounts.tests.fixtures import Cast
from fupin.identify.cases.bulk import begin_bulk, check_sample, decide_bulk
from fupin.identify.cases.models import Case, Monitored, Objection, ObjectionAnswer
from fupin.identify.cases.notices import answer_objection
from fupin.identify.cases.queries import case_for
from fupin.identify.cases.services import Blocked, take_step
from fupin.identify.cases.tests.play import (
    apply_for,
    at_the_town,
    compared,
    hang,
    object_as_anybody,
    papers,
    ready_form,
    take,
    to_step,
)
from fupin.identify.cases.tests.test_no_way_around import INSERT, refused
from fupin.identify.models import HouseholdIndex, Run
from fupin.kernel.errors import Forbidden, UserError
from fupin.registry.models import Household
from fupin.registry.tests.fixtures import Homes

Wait = Callable[[int], None]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE identify_case SET due_on = NULL",
        "UPDATE identify_case SET ended = '', step = 'application'",
        "UPDATE identify_case SET edition = 2",
        "UPDATE identify_caseact SET yes = 30, no = 0",
        "UPDATE identify_caseact SET held_on = '2020-01-01'",
        "DELETE FROM identify_notice",
        "DELETE FROM identify_case",
        "UPDATE identify_monitored SET since = '2020-01-01'",
        "DELETE FROM identify_samplecheck",
        "UPDATE identify_objection SET body = 'x'",
        "DELETE FROM identify_reminder",
        "INSERT INTO identify_reminder SELECT * FROM identify_reminder",
        "DELETE FROM identify_overduerule",
        "UPDATE identify_calendarday SET working = true",
        "UPDATE identify_steprule SET lasts = '', since = NULL",
        "UPDATE identify_standarditem SET regions = '{}'",
    ],
)
def test_what_was_written_stays_written(cast: Cast, applicant: Household, statement: str) -> None:
    apply_for(cast.cadre, applicant)
    with acting_as(cast.county_office):
        assert "permission denied" in refused(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE OR REPLACE FUNCTION public.fupin_today() RETURNS date LANGUAGE sql AS 'SELECT date ''2030-01-01'''",
        "ALTER TABLE identify_caseact DISABLE TRIGGER act_taken",
        "DROP TRIGGER act_honest ON identify_caseact",
        "SET session_replication_role = replica",
    ],
)
def test_the_guards_are_not_the_apps_to_lift(cast: Cast, statement: str) -> None:
    with acting_as(cast.county_office):
        said = refused(statement)
    assert "must be owner" in said or "permission denied" in said


def test_another_time_zone_makes_no_notice_shorter(cast: Cast, homes: Homes, applicant: Household, wait: Wait) -> None:
    compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant), "first_notice", wait)
    hang(cast.cadre, case)
    papers(cast.cadre, case)
    wait(7)
    with acting_as(cast.cadre), connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'Pacific/Kiritimati'")
        assert "still hangs" in refused(INSERT, case.pk, "first_notice", "pass", cast.cadre.pk, "")


def test_a_meeting_is_not_held_before_what_came_earlier(
    cast: Cast, homes: Homes, applicant: Household, wait: Wait
) -> None:
    compared(applicant.pk)
    today = timezone.localdate()
    case = take(cast.cadre, apply_for(cast.cadre, applicant), held_on=today - timedelta(3))
    case = take(cast.cadre, case, held_on=today - timedelta(1))
    case = take(cast.county_office, case)
    with pytest.raises(UserError, match="早于前面的步骤"):
        take(cast.cadre, case, held_on=today - timedelta(2))
    with acting_as(cast.cadre):
        said = refused(
            INSERT.replace("note,", "note, held_on,").replace("%s, '{}'", "%s, %s, '{}'"),
            case.pk, "appraisal", "refuse", cast.cadre.pk, "x", today - timedelta(2),
        )  # fmt: skip
    assert "held before" in said
    assert take(cast.cadre, case, held_on=today - timedelta(1)).step == "first_notice"


def test_a_case_that_has_ended_takes_neither_act_nor_paper(cast: Cast, applicant: Household) -> None:
    case = apply_for(cast.cadre, applicant)
    take(cast.cadre, case, outcome="withdraw")
    with acting_as(cast.cadre):
        for step in ("", "application"):
            assert "does not stand there" in refused(INSERT, case.pk, step, "pass", cast.cadre.pk, "")
        said = refused(
            "INSERT INTO identify_casepaper (case_id, village_code, step, paper, kept_at, by_id) "
            "VALUES (%s, '', '', 'application', 'x', %s)", case.pk, cast.cadre.pk,
        )  # fmt: skip
    assert "wants no such paper" in said


def open_by_sql(by: User, household: Household, procedure: str, **more: Any) -> Case:
    now = timezone.now()
    return Case.objects.create(
        procedure=procedure, household_id=household.pk, village_code="x", opened_by=by, opened_on=now.date(),
        entered_on=now.date(), entered_at=now, step="x", **more,
    )  # fmt: skip


def test_a_kind_of_another_state_is_refused_by_the_database_too(cast: Cast, applicant: Household) -> None:
    with acting_as(cast.cadre), pytest.raises(Exception, match="not this kind"):
        open_by_sql(cast.cadre, applicant, "monitoring", kind="unstable")


def test_an_exit_is_not_held_to_another_regions_list(cast: Cast, homes: Homes) -> None:
    with acting_as(cast.cadre), pytest.raises(Exception, match="not the list of standards"):
        open_by_sql(cast.cadre, homes.own, "exit", standards="household_national")


def test_the_same_household_has_no_second_open_case_by_sql_either(cast: Cast, applicant: Household) -> None:
    apply_for(cast.cadre, applicant)
    with acting_as(cast.cadre), pytest.raises(Exception, match="one_open_case"):
        open_by_sql(cast.cadre, applicant, "identification")


def test_of_two_procedures_under_way_only_one_changes_the_household(
    cast: Cast, homes: Homes, applicant: Household, wait: Wait
) -> None:
    compared(applicant.pk)
    watched = to_step(cast, apply_for(cast.cadre, applicant, "monitoring", "marginal"), "county_decision", wait)
    to_step(cast, apply_for(cast.cadre, applicant), "", wait)
    with pytest.raises(UserError, match="state of the household has changed"):
        take(cast.county_office, case_for(cast.county_office, watched.pk))
    assert not Monitored.objects.exists()


def test_an_old_comparison_is_not_taken_for_the_new_one(
    cast: Cast, homes: Homes, applicant: Household, wait: Wait
) -> None:
    old = compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant), "comparison", wait)
    new = Run.objects.create(
        id="R-new", region="4501", as_of=date(2026, 11, 15), state="finished", manifest={"made": "for a test"},
        finished_at=timezone.now(),
    )  # fmt: skip
    index = HouseholdIndex.objects.get(run=old)
    index.run = new
    index.save(force_insert=True)
    by_hand = INSERT.replace("'{}', '{}', ''", "'{}', '{}', %s")
    with acting_as(cast.county_office):
        said = refused(by_hand, case.pk, "comparison", "pass", cast.county_office.pk, "", old.pk)
    assert "newer comparison" in said
    assert take(cast.county_office, case).step == "appraisal"


def test_an_objection_is_not_got_rid_of_by_sending_the_case_back(
    cast: Cast, homes: Homes, applicant: Household, wait: Wait
) -> None:
    compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant), "first_notice", wait)
    object_as_anybody(case, hang(cast.cadre, case))
    case = take(cast.cadre, case_for(cast.cadre, case.pk), outcome="return", to="survey", note="再查一遍")
    case = to_step(cast, case, "appraisal", wait)
    case = take(cast.cadre, case)
    hang(cast.cadre, case)
    wait(8)
    case = case_for(cast.cadre, case.pk)
    with pytest.raises(Blocked, match="1 条异议没有答复"):
        take(cast.cadre, case)
    with acting_as(cast.cadre):
        assert "not answered" in refused(INSERT, case.pk, "first_notice", "pass", cast.cadre.pk, "")
    with acting_as(cast.town):
        answer_objection(by=cast.town, objection=Objection.objects.get(), upheld=True, answer="属实，已重新调查")
    assert take(cast.cadre, case).step == "town_audit"  # upheld in an earlier round, which it was sent back from


def test_whoever_entered_the_villages_steps_does_not_answer_what_is_said_of_them(
    cast: Cast, homes: Homes, applicant: Household, wait: Wait
) -> None:
    compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant), "first_notice", wait)
    object_as_anybody(case, hang(cast.town, case))
    objection = Objection.objects.get()
    with acting_as(cast.town):
        with pytest.raises(Forbidden, match="由别人答复"):
            answer_objection(by=cast.town, objection=objection, upheld=False, answer="没有这回事")
        with pytest.raises(Exception, match="not by whoever took the steps"):
            ObjectionAnswer.objects.create(
                objection=objection, village_code="x", upheld=False, answer="没有", by=cast.county_office
            )


@pytest.fixture
def many(cast: Cast, homes: Homes, wait: Wait) -> list[Case]:
    return at_the_town(cast, wait, 6)


def test_a_seed_of_the_session_does_not_choose_the_sample(cast: Cast, many: list[Case]) -> None:
    seeds = set()
    for turn in range(3):
        with acting_as(cast.town):
            with connection.cursor() as cursor:
                cursor.execute("SELECT setseed(0.5)")
            seeds.add(begin_bulk(by=cast.town, cases=many[2 * turn : 2 * turn + 2]).seed)
    assert len(seeds) == 3


def test_the_end_of_a_case_decided_in_bulk_is_recorded_like_any_other(
    cast: Cast, homes: Homes, applicant: Household, wait: Wait
) -> None:
    from fupin.accounts.models import Deed

    compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant, "monitoring", "marginal"), "county_decision", wait)
    with acting_as(cast.county_office):
        bulk = begin_bulk(by=cast.county_office, cases=[case])
    with acting_as(cast.office):
        check_sample(by=cast.office, bulk_case=bulk.cases.get(), sound=True, note="看了核查表")
    with acting_as(cast.county_office):
        signed = {"auditor": "梁润生", "leader": "韦志远"}
        decide_bulk(by=cast.county_office, bulk=bulk, signatures=signed, kept_at="县办 3", note="同意")
    assert case_for(cast.county_office, case.pk).ended == "passed"
    assert Deed.objects.filter(verb="case_ended", object_id=applicant.pk).exists()


def test_an_act_of_another_village_leaves_no_trace(cast: Cast, applicant: Household) -> None:
    case = apply_for(cast.cadre, applicant)
    with acting_as(cast.stranger):
        with pytest.raises(Forbidden):
            take_step(by=cast.stranger, case=case, form=ready_form(case))
        assert "no such case" in refused(INSERT, case.pk, "application", "withdraw", cast.stranger.pk, "")
    assert not case.acts.exists()
