"""What is overdue is raised once, to those who have to act, later to the level above; the day is the database's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from fupin.accounts.api import User, acting_as
from fupin.accounts.tests.fixtures import Cast
from fupin.catalogue.parameters import parameters
from fupin.identify.cases.deadlines import due_on
from fupin.identify.cases.models import Case, CaseAct, Reminder
from fupin.identify.cases.queries import case_for
from fupin.identify.cases.reminders import raise_overdue, raised, reminders_for
from fupin.identify.cases.tests.play import apply_for, compared, take, to_step
from fupin.identify.tasks import raise_overdue_task
from fupin.registry.models import Household
from fupin.registry.tests.fixtures import Homes

Wait = Callable[[int], None]


def told(user: User) -> list[tuple[int, str]]:
    with acting_as(user):
        return [(one.case_id, one.receiver) for one in reminders_for(user)]


@pytest.fixture
def surveyed(cast: Cast, applicant: Household) -> Case:
    """An application that waits for the village's survey: ten working days."""
    return take(cast.cadre, apply_for(cast.cadre, applicant))


def test_nothing_is_raised_while_there_is_time(surveyed: Case, wait: Wait) -> None:
    assert surveyed.due_on is not None
    wait((surveyed.due_on - timezone.localdate()).days)
    assert raise_overdue() == 0


def test_the_day_after_it_reaches_those_whose_turn_it_is_and_nobody_else(
    cast: Cast, surveyed: Case, wait: Wait
) -> None:
    assert surveyed.due_on is not None
    wait((surveyed.due_on - timezone.localdate()).days + 1)
    assert raise_overdue() == 1
    assert told(cast.cadre) == [(surveyed.pk, "turn")]
    for other in (cast.town, cast.county_office, cast.office, cast.stranger):
        assert told(other) == []


def test_after_as_many_days_again_it_reaches_the_level_above(cast: Cast, surveyed: Case, wait: Wait) -> None:
    assert surveyed.due_on is not None
    wait((due_on(surveyed.due_on, 10, "working") - timezone.localdate()).days)
    assert raise_overdue() == 1
    wait(1)
    assert raise_overdue() == 1
    assert told(cast.town) == [(surveyed.pk, "above")]
    assert told(cast.county_office) == []


def test_it_is_written_once_however_often_one_looks(cast: Cast, surveyed: Case, wait: Wait) -> None:
    wait(60)
    assert raise_overdue() == 2
    raise_overdue_task(0)
    assert raise_overdue() == 0
    assert Reminder.objects.count() == 2


def test_it_stands_until_the_case_moves_and_a_new_delay_is_raised_anew(
    cast: Cast, homes: Homes, surveyed: Case, wait: Wait
) -> None:
    wait(60)
    raise_overdue()
    case = take(cast.cadre, surveyed)
    assert told(cast.cadre) == told(cast.town) == []
    wait(60)
    assert raise_overdue() == 2
    assert told(cast.county_office) == [(case.pk, "turn")]
    assert told(cast.office) == [(case.pk, "above")]


def test_where_the_village_has_no_account_its_town_is_told_and_then_the_county(
    cast: Cast, surveyed: Case, wait: Wait
) -> None:
    User.objects.filter(pk=cast.cadre.pk).update(is_active=False)
    wait(60)
    raise_overdue()
    assert told(cast.town) == [(surveyed.pk, "turn")]
    assert told(cast.county_office) == [(surveyed.pk, "above")]


def test_a_case_that_has_ended_is_not_raised(cast: Cast, applicant: Household, wait: Wait) -> None:
    case = apply_for(cast.cadre, applicant, "monitoring", "marginal")
    take(cast.cadre, case, outcome="withdraw")
    wait(60)
    assert raise_overdue() == 0


def test_the_whole_of_monitoring_is_raised_when_its_fifteen_days_are_over(
    cast: Cast, applicant: Household, wait: Wait
) -> None:
    case = apply_for(cast.cadre, applicant, "monitoring", "marginal")
    assert case.due_on == case.opened_on + timedelta(15)
    wait(9)
    case = take(cast.cadre, case)
    assert case.due_on == case.opened_on + timedelta(15)
    wait(6)
    assert raise_overdue() == 0
    wait(1)
    assert raise_overdue() == 1
    wait(15)
    assert raise_overdue() == 1
    with acting_as(cast.town):
        assert list(raised(cast.town, Case.objects.all())) == [case]


def test_the_last_day_is_the_databases_own_whatever_is_sent(cast: Cast, applicant: Household) -> None:
    far = timezone.localdate() + timedelta(9999)
    with acting_as(cast.cadre):
        made = Case.objects.create(
            procedure="monitoring", kind="marginal", household_id=applicant.pk, village_code="x", opened_by=cast.cadre,
            opened_on=far, entered_on=far, entered_at=timezone.now(), due_on=far, step="warning",
        )  # fmt: skip
        case = case_for(cast.cadre, made.pk)
        assert case.due_on == timezone.localdate() + timedelta(15)
    take(cast.cadre, case)
    with acting_as(cast.cadre):
        act = CaseAct.objects.get(case=case)
        assert act.next_due == timezone.localdate() + timedelta(15)


def test_the_database_counts_working_days_as_we_do(cast: Cast, homes: Homes) -> None:
    days = [timezone.localdate() + timedelta(n) for n in range(-400, 400, 7)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT fupin_due(d, 10, 'working') FROM unnest(%s::date[]) d", [days])
        assert [row[0] for row in cursor.fetchall()] == [due_on(day, 10, "working") for day in days]


def test_an_objection_has_its_own_last_day(cast: Cast, homes: Homes, applicant: Household, wait: Wait) -> None:
    from fupin.identify.cases.models import Objection
    from fupin.identify.cases.tests.play import hang, object_as_anybody

    compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant), "first_notice", wait)
    object_as_anybody(case, hang(cast.cadre, case))
    days = int(parameters()["answer_objection_days"].at(timezone.localdate(), case.village_code))
    assert Objection.objects.get().due_on == due_on(timezone.localdate(), days, "working")
