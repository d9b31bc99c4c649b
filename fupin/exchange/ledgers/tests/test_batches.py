"""A batch of national tables: looked at, applied, taken back, applied again."""

from __future__ import annotations

import pytest

from fupin.accounts.tests.fixtures import Cast
from fupin.exchange.ledgers.tests.books import HOME, NEXT, applied, looked_at, two_homes
from fupin.registry.api import Household, HouseholdState, Membership, Person, RegistryChange

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_shows_what_would_be_new_and_writes_nothing(cast: Cast, regions: None) -> None:
    batch = looked_at(cast.county_office, two_homes())
    assert batch.state == "ready", batch.problem
    assert (batch.counts["new_household"], batch.counts["new_person"]) == (2, 4)
    assert batch.counts["refused"] == 0
    assert not Household.objects.exists()
    assert not Person.objects.exists()


def test_it_applies_all_of_it_with_a_log(cast: Cast, regions: None) -> None:
    batch = applied(cast.county_office, two_homes())
    assert batch.state == "applied", batch.problem
    home = Household.objects.get(pk=HOME)
    assert (home.state, home.members, home.head_name, home.cause_main) == ("0", 3, "韦二妹", "02")
    assert Membership.objects.filter(valid_to__isnull=True).count() == 4
    assert list(HouseholdState.objects.filter(household=home).values_list("state", "valid_to")) == [("0", None)]
    log = RegistryChange.objects.filter(batch=batch.pk)
    assert sorted(log.values_list("household_id", flat=True).distinct()) == sorted([HOME, NEXT])
    assert log.count() == 6
    assert log.filter(person__isnull=True, household=home).get().after["state"] == "0"
