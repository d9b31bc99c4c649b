"""A load is proved by one question for all rows of a statement: it brings in what is new and touches nothing else."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from fupin.accounts.api import acting_as
from fupin.accounts.tests.fixtures import COUNTY, VILLAGE, Cast
from fupin.registry.models import Household, HouseholdState
from fupin.registry.tests.fixtures import Homes

pytestmark = pytest.mark.django_db(transaction=True)
LOAD = "INSERT INTO registry_change (kind, village_code, effective, by_id) VALUES ('load', %s, now(), %s)"
HOMES = (
    "INSERT INTO registry_household (household_id, village_code, head_name, head_pinyin, members, state, phone_hint) "
    "SELECT 'H-new' || n, %s, '', '', 0, '0', NULL FROM generate_series(1, 3) n"
)
PERIODS = (
    "INSERT INTO registry_householdstate (household_id, state, valid_from) "
    "SELECT household_id, '0', '2020-01-01' FROM registry_household WHERE household_id LIKE 'H-new_'"
)
#: and one closed period of a household that was there before
AND_ANOTHER = (
    "INSERT INTO registry_householdstate (household_id, state, valid_from, valid_to) "
    "SELECT household_id, '0', '2001-01-01'::date, '2002-01-01'::date FROM registry_household "
    "WHERE household_id LIKE 'H-new_' OR household_id = 'H-own'"
)
GROWN = "UPDATE registry_household SET members = 5 WHERE household_id = 'H-new2'"


def load(cast: Cast, *statements: str, first: bool = True) -> None:
    """As the app's login does it for the command line."""
    with acting_as(cast.county_office, origin="command"), transaction.atomic(), connection.cursor() as cursor:
        if first:
            cursor.execute(LOAD, [COUNTY, cast.county_office.pk])
        for statement in statements:
            cursor.execute(statement, [VILLAGE] if "%s" in statement else None)


def test_a_load_brings_in_households_with_their_periods(cast: Cast, homes: Homes) -> None:
    load(cast, HOMES, PERIODS)
    assert Household.objects.filter(pk__startswith="H-new").count() == 3
    assert HouseholdState.objects.filter(household__pk__startswith="H-new", state="0").count() == 3


@pytest.mark.parametrize("statements", [(HOMES, AND_ANOTHER), (HOMES, GROWN, PERIODS)])
def test_a_load_writes_no_period_of_a_household_that_it_did_not_bring_in(
    cast: Cast, homes: Homes, statements: tuple[str, ...]
) -> None:
    """Nor among many of its own, nor of one that it changed since."""
    before = HouseholdState.objects.count()
    with pytest.raises(DatabaseError, match="without a change in the log"):
        load(cast, *statements)
    assert (Household.objects.filter(pk__startswith="H-new").count(), HouseholdState.objects.count()) == (0, before)


@pytest.mark.parametrize("statements", [(HOMES,), (PERIODS,)])
def test_what_an_earlier_load_brought_in_is_nothing_new(cast: Cast, homes: Homes, statements: tuple[str, ...]) -> None:
    """A transaction without a load of its own adds neither households nor periods."""
    if statements == (PERIODS,):
        load(cast, HOMES)
    with pytest.raises(DatabaseError, match="without a change in the log"):
        load(cast, *statements, first=False)


def test_a_second_load_writes_no_period_of_the_first(cast: Cast, homes: Homes) -> None:
    load(cast, HOMES)
    with pytest.raises(DatabaseError, match="without a change in the log"):
        load(cast, PERIODS)
