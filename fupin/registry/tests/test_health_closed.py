"""Coded health facts are closed by column: raw SQL as the app's login, and what the roles are shown."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from fupin.accounts.api import Role, User, acting_as, acting_for, nobody_acting
from fupin.accounts.tests.fixtures import CITY, VILLAGE, Cast
from fupin.registry import api as registry
from fupin.registry.coded import HEALTH
from fupin.registry.dossiers.counting import village_counts
from fupin.registry.models import Household, LedgerCells, Membership, Person
from fupin.registry.personal import PERSONAL
from fupin.registry.tests.changing import filing
from fupin.registry.tests.fixtures import Homes

VIEWS = ("registry_snapshot_persons", "registry_ledger_persons")


@pytest.fixture
def ill(homes: Homes) -> Homes:
    """Of the own household the head is disabled; both facts were written by the app's login."""
    Person.objects.filter(pk="P-own").update(health="04", self_care="2", pregnant=False)
    return homes


def rows(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def refused(sql: str, *params: Any) -> str:
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        rows(sql, *params)
    return str(caught.value)


def test_the_columns_marked_as_health_and_no_others_are_closed(db: None) -> None:
    """A column that a migration adds must be opened again, one of health must be closed."""
    closed = rows(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = 'registry_person'::regclass AND attnum > 0 "
        "AND NOT attisdropped AND NOT has_column_privilege('registry_person', attname, 'SELECT') ORDER BY 1"
    )
    marked = {column for column, class_ in PERSONAL["Person"].items() if class_ == "health"}
    assert {name for (name,) in closed} == marked == set(HEALTH)


@pytest.mark.parametrize(
    "sql",
    [
        *(f"SELECT {name} FROM registry_person" for name in HEALTH),
        "SELECT * FROM registry_person",
        "SELECT p FROM registry_person p",
        "SELECT to_jsonb(p) FROM registry_person p",
        "SELECT person_id FROM registry_person WHERE health = '04'",
        "SELECT person_id FROM registry_person ORDER BY health",
        "UPDATE registry_person SET pinyin = health",
        "UPDATE registry_person SET health = '01' RETURNING self_care",
        "COPY (SELECT health FROM registry_person) TO STDOUT",
        "CREATE TEMPORARY TABLE mine (LIKE registry_person)",
    ],
)
def test_no_statement_reads_them_from_the_table(ill: Homes, cast: Cast, sql: str) -> None:
    for user in (cast.office, cast.cadre, cast.decision):
        with acting_as(user):
            assert "permission denied for table registry_person" in refused(sql)


def test_who_may_see_health_reads_it_and_others_get_nothing(ill: Homes, cast: Cast) -> None:
    for user, told in ((cast.office, "04"), (cast.cadre, "04"), (cast.decision, None)):
        with acting_as(user):
            person = Person.objects.get(pk="P-own")
            assert (person.name, person.health, person.self_care) == ("韦大山", told, told and "2")
            assert person.pregnant is (None if told is None else False)
            member = Membership.objects.select_related("person").get(person_id="P-own")
            assert member.person.health == told
            for view in VIEWS:
                assert rows(f"SELECT health FROM {view} WHERE person_id = 'P-own'") == [(told,)]


def test_health_ends_where_the_scope_ends(ill: Homes, cast: Cast) -> None:
    Person.objects.filter(pk="P-far").update(health="04")
    mine = "SELECT person_id FROM registry_person_health WHERE health = '04'"
    with acting_as(cast.cadre):
        assert rows(mine) == [("P-own",)]
    with acting_as(cast.stranger):
        assert rows(mine) == [("P-far",)]
    with nobody_acting():
        assert rows(mine) == []


def test_another_role_in_the_table_of_accounts_opens_nothing(ill: Homes, cast: Cast) -> None:
    """The ticket says it, not a row that SQL can change."""
    with acting_as(cast.decision):
        User.objects.filter(pk=cast.decision.pk).update(role=Role.OFFICE)
        assert rows("SELECT health FROM registry_person_health") == []


def test_the_sign_of_the_right_is_sealed(ill: Homes, cast: Cast) -> None:
    with acting_as(cast.decision):
        own = rows("SELECT current_setting('fupin.scope')")[0][0]
        rows("SELECT set_config('fupin.scope', %s, true)", own[:64] + "+" + own[65:])
        assert rows("SELECT fupin_sees_health(), fupin_scope()") == [(False, None)]


def test_a_job_reckons_with_health_unless_it_only_hands_rows_out(ill: Homes, cast: Cast) -> None:
    count = "SELECT count(health) FROM registry_snapshot_persons"
    with acting_for(cast.decision, CITY):
        assert rows(count) != [(0,)]
    with acting_for(cast.department, CITY, health=False):
        assert rows(count) == [(0,)]


def test_a_condition_on_them_is_refused_not_answered_wrongly(ill: Homes, cast: Cast) -> None:
    with acting_as(cast.office), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        list(Person.objects.filter(health="04"))


def test_a_member_row_says_that_it_is_not_shown(ill: Homes, cast: Cast) -> None:
    with acting_as(cast.decision):
        head = registry.members_of(cast.decision, "H-own")[0]
        assert (head.health, head.self_care, registry.members_of(cast.decision, "H-own", lang="en")[0].health) == (
            "不显示", "不显示", "not shown",
        )  # fmt: skip
    with acting_as(cast.cadre):
        assert registry.members_of(cast.cadre, "H-own")[0].health not in ("", "不显示")


def test_the_past_and_the_trail_leave_it_out(ill: Homes, cast: Cast) -> None:
    past = "SELECT line ->> 'health' FROM fupin_known_of_household('H-own', now()) WHERE line ->> 'person_id' = 'P-own'"
    past += " AND source = 'person'"
    trail = "SELECT count(*) FROM fupin_trail_of_household('H-own', 99) WHERE after ? 'health'"
    with acting_as(cast.cadre):
        assert rows(past) == [("04",)]
        assert rows(trail)[0][0] > 0
    with acting_as(cast.decision):
        assert rows(past) == [(None,)]
        assert rows(trail) == [(0,)]


def test_a_village_counts_its_disabled_for_everybody(ill: Homes, cast: Cast) -> None:
    with acting_as(cast.decision):
        assert village_counts(cast.decision, VILLAGE)["disabled_persons"] == 1
    with acting_as(cast.stranger):
        assert rows("SELECT fupin_disabled_in(%s)", VILLAGE) == [(0,)]


def test_cells_of_ledgers_are_for_who_may_see_health(ill: Homes, cast: Cast) -> None:
    LedgerCells.objects.create(
        layout="persons", record="P-own", year=0, household_id="H-own", cells={"AAB017": ["残疾", "04"]}, batch=1
    )
    with acting_as(cast.office):
        assert LedgerCells.objects.count() == 1
    with acting_as(cast.decision):
        assert LedgerCells.objects.count() == 0


def test_the_log_of_changes_tells_everything_else(ill: Homes, cast: Cast) -> None:
    home = Household.objects.get(pk="H-own")
    with acting_as(cast.cadre):
        registry.correct_person(
            by=cast.cadre, household_id="H-own", person_id="P-own", facts={"health": "01", "work_months": "7"},
            filing=filing("correct_person"),
        )  # fmt: skip
        change = registry.changes_of(cast.cadre, home)[0]
        assert change.before["rows"]["person/P-own"]["health"] == "04"
    with acting_as(cast.decision):
        change = registry.changes_of(cast.decision, home)[0]
        assert list(change.after["rows"]["person/P-own"]) == ["work_months"]
        assert "permission denied" in refused("SELECT before FROM registry_change")
    with acting_as(cast.stranger):
        assert rows("SELECT * FROM registry_change_images") == []
    assert "permission denied" in refused("DELETE FROM registry_change_images")
