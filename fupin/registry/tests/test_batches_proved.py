"""A row of the log that names a batch needs that batch: there, being written, by its orderer, of its region."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from fupin.accounts.api import User, acting_as
from fupin.accounts.tests.fixtures import COUNTY, FAR_VILLAGE, OTHER_COUNTY, VILLAGE, Cast
from fupin.registry.models import Household, RegistryChange
from fupin.registry.tests.fixtures import Homes

pytestmark = pytest.mark.django_db(transaction=True)
BATCH = (
    "INSERT INTO registry_ledgerbatch (region, title, as_of, year, state, by_id, step, progress, problem, files, "
    "tables, doubts, counts, digest, reason) VALUES (%s, 'x', '2026-01-01', 2026, %s, %s, '', 0, '{}', '[]', '[]', "
    "'[]', '{}', '', '') RETURNING id"
)
ROW = (
    "INSERT INTO registry_change (kind, household_id, village_code, effective, by_id, batch, before, after) "
    "VALUES ('import', %s, %s, '2026-01-01', %s, %s, %s, %s)"
)
EXITED = "UPDATE registry_household SET state = '1' WHERE household_id = %s"
ORDERED = "UPDATE registry_ledgerbatch SET state = 'applying', applied_by_id = %s, applied_at = now() WHERE id = %s"
THROUGH = "UPDATE registry_ledgerbatch SET state = 'applied' WHERE id = %s"


def told(state: str, household: str = "H-own") -> str:
    return json.dumps({"state": state, "rows": {f"household/{household}": {"state": state}}})


@contextmanager
def sql(by: User) -> Iterator[Any]:
    """In the app's login, in somebody's name, one transaction."""
    with acting_as(by), transaction.atomic(), connection.cursor() as cursor:
        yield cursor


def ordered(by: User, region: str = COUNTY) -> int:
    """A batch at the moment before it is written."""
    with sql(by) as cursor:
        cursor.execute(BATCH, [region, "reading", by.pk])
        number = int(cursor.fetchone()[0])
        cursor.execute("UPDATE registry_ledgerbatch SET state = 'ready' WHERE id = %s", [number])
        cursor.execute(ORDERED, [by.pk, number])
    return number


def write(by: User, batch: int, *, home: str = "H-own", village: str = VILLAGE, ends: bool = True) -> None:
    with sql(by) as cursor:
        cursor.execute(ROW, [home, village, by.pk, batch, told("0", home), told("1", home)])
        cursor.execute(EXITED, [home])
        if ends:
            cursor.execute(THROUGH, [batch])


def refused(verb: Any, *args: Any, **more: Any) -> str:
    with pytest.raises(DatabaseError) as caught:
        verb(*args, **more)
    assert set(Household.objects.values_list("state", flat=True)) == {"0"}
    return str(caught.value)


def test_a_batch_that_is_being_written_changes_states(cast: Cast, homes: Homes) -> None:
    write(cast.county_office, ordered(cast.county_office))
    assert Household.objects.get(pk="H-own").state == "1"


def test_an_invented_batch_changes_nothing(cast: Cast, homes: Homes) -> None:
    assert "batch that is not there" in refused(write, cast.county_office, 4711)


def test_nothing_is_added_to_a_batch_that_is_through(cast: Cast, homes: Homes) -> None:
    batch = ordered(cast.county_office)
    with sql(cast.county_office) as cursor:
        cursor.execute(THROUGH, [batch])
    assert "which is applied" in refused(write, cast.county_office, batch)


def test_what_is_written_of_a_batch_is_all_of_it(cast: Cast, homes: Homes) -> None:
    """No transaction ends with part of it, and none goes back to the beginning once it wrote."""
    batch = ordered(cast.county_office)
    assert "is not through" in refused(write, cast.county_office, batch, ends=False)

    def write_and_hide() -> None:
        with sql(cast.county_office) as cursor:
            cursor.execute(ROW, ["H-own", VILLAGE, cast.county_office.pk, batch, told("0"), told("1")])
            cursor.execute(EXITED, ["H-own"])
            cursor.execute("UPDATE registry_ledgerbatch SET written = false WHERE id = %s", [batch])
            cursor.execute("UPDATE registry_ledgerbatch SET state = 'ready', applied_by_id = NULL, applied_at = NULL")

    assert "from applying to ready" in refused(write_and_hide)


def test_a_batch_of_another_county_covers_no_household_of_this_one(cast: Cast, homes: Homes) -> None:
    batch = ordered(cast.office, OTHER_COUNTY)
    assert "of another region" in refused(write, cast.office, batch)


def test_a_batch_is_written_by_who_ordered_it(cast: Cast, homes: Homes) -> None:
    batch = ordered(cast.office)
    assert "somebody else ordered" in refused(write, cast.county_office, batch)


@pytest.mark.parametrize("state", ["applying", "applied"])
def test_a_batch_does_not_begin_at_its_end(cast: Cast, homes: Homes, state: str) -> None:
    def begin() -> None:
        with sql(cast.county_office) as cursor:
            cursor.execute(BATCH, [COUNTY, state, cast.county_office.pk])

    assert "begins anywhere but at its beginning" in refused(begin)


def test_a_batch_is_not_ordered_in_anothers_name(cast: Cast, homes: Homes) -> None:
    with sql(cast.county_office) as cursor:
        cursor.execute(BATCH, [COUNTY, "reading", cast.county_office.pk])
        number = int(cursor.fetchone()[0])
        cursor.execute("UPDATE registry_ledgerbatch SET state = 'ready' WHERE id = %s", [number])

    def order(by: User, whose: User) -> None:
        with sql(by) as cursor:
            cursor.execute(ORDERED, [whose.pk, number])

    assert "name of somebody else" in refused(order, cast.county_office, cast.office)
    batch = ordered(cast.county_office)

    def pass_on() -> None:
        with sql(cast.office) as cursor:
            cursor.execute("UPDATE registry_ledgerbatch SET applied_by_id = %s WHERE id = %s", [cast.office.pk, batch])

    assert "somebody else ordered" in refused(pass_on)


def test_a_row_of_a_batch_is_not_taken_back_beside_it(cast: Cast, homes: Homes) -> None:
    write(cast.county_office, ordered(cast.county_office))
    number = RegistryChange.objects.get(kind="import").pk

    def take_back() -> None:
        with sql(cast.county_office) as cursor:
            cursor.execute(
                "INSERT INTO registry_change (kind, household_id, village_code, effective, by_id, reverses_id, before, "
                "after) VALUES ('reverse', 'H-own', %s, '2026-01-01', %s, %s, %s, %s)",
                [VILLAGE, cast.county_office.pk, number, told("1"), told("0")],
            )
            cursor.execute("UPDATE registry_household SET state = '0' WHERE household_id = 'H-own'")

    with pytest.raises(DatabaseError, match="takes back something else"):
        take_back()


NEW_HOME = (
    "INSERT INTO registry_household (household_id, village_code, head_name, head_pinyin, members, state, phone_hint) "
    "VALUES ('H-new', %s, '', '', 0, '0', NULL)"
)


def test_a_new_household_stands_where_the_log_says(cast: Cast, homes: Homes) -> None:
    batch = ordered(cast.office)

    def bring_in() -> None:
        with sql(cast.office) as cursor:
            cursor.execute(ROW, ["H-new", VILLAGE, cast.office.pk, batch, "{}", told("0", "H-new")])
            cursor.execute(NEW_HOME, [FAR_VILLAGE])
            cursor.execute(THROUGH, [batch])

    assert "without a change in the log" in refused(bring_in)


def test_a_page_brings_no_household_in_as_a_load(cast: Cast, homes: Homes) -> None:
    def load(origin: str) -> None:
        with acting_as(cast.county_office, origin=origin), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO registry_change (kind, village_code, effective, by_id) VALUES ('load', %s, now(), %s)",
                [COUNTY, cast.county_office.pk],
            )
            cursor.execute(NEW_HOME, [VILLAGE])

    assert "for the command line" in refused(load, "10.0.0.7")
    load("command")
    assert Household.objects.filter(pk="H-new").exists()
