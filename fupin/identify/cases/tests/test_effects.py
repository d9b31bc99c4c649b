"""What a passed case does to the household, and that nothing else does it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import Cast
from fupin.identify.cases.tests.play import apply_for, compared, take, to_step
from fupin.registry import api as registry
from fupin.registry.models import Household, HouseholdState
from fupin.registry.tests.fixtures import Homes

Wait = Callable[[int], None]


def check_constraints() -> None:
    """As at the commit, which the test does not reach."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_an_application_ends_as_a_registered_poor_household(
    cast: Cast, homes: Homes, applicant: Household, wait: Wait
) -> None:
    compared(applicant.pk)
    case = to_step(cast, apply_for(cast.cadre, applicant), "", wait)
    check_constraints()
    assert case.ended == "passed"
    now = Household.objects.get(pk=applicant.pk)
    assert (now.state, now.registered_on) == ("0", case.ended_on)
    period = HouseholdState.objects.get(household=now, valid_to__isnull=True)
    assert (period.state, period.valid_from) == ("0", case.ended_on)


def test_an_exit_ends_as_exited(cast: Cast, homes: Homes, wait: Wait) -> None:
    case = to_step(cast, apply_for(cast.cadre, homes.own, "exit"), "", wait)
    check_constraints()
    now = Household.objects.get(pk=homes.own.pk)
    assert (case.ended, now.state, now.exited_on) == ("passed", "1", timezone.localdate())


def test_without_a_case_no_service_recognises_a_household(cast: Cast, applicant: Household) -> None:
    with acting_as(cast.county_office), pytest.raises(Exception, match="without the passed case"):
        registry.change_state(
            by=cast.county_office, household_id=applicant.pk, state="0", effective=timezone.localdate(), kind="entry",
            reason="一时兴起", case_id=999,
        )  # fmt: skip


def test_a_case_on_its_way_recognises_nobody(cast: Cast, applicant: Household) -> None:
    case = take(cast.cadre, apply_for(cast.cadre, applicant))
    with acting_as(cast.county_office), pytest.raises(Exception, match="without the passed case"):
        registry.change_state(
            by=cast.county_office, household_id=applicant.pk, state="0", effective=timezone.localdate(), kind="entry",
            reason="走个捷径", case_id=case.pk,
        )  # fmt: skip
