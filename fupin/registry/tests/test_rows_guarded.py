"""The database keeps rows outside the scope from the app's login, whatever SQL is sent.

All of this is raw SQL as the app's login: no view, no query of ours stands between.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from fupin.accounts.acting import Actor, claim_of, proof_of
from fupin.accounts.api import acting_as, acting_for, nobody_acting
from fupin.accounts.tests.fixtures import COUNTY, FAR_VILLAGE, OTHER_COUNTY, VILLAGE, Cast
from fupin.kernel.errors import UserError
from fupin.kernel.scope import Scope
from fupin.registry.models import Household, LedgerEntry, Membership, Person
from fupin.registry.tests.fixtures import Homes, add_facts

GUARDED = (
    "registry_household", "registry_householdstate", "registry_person", "registry_membership", "registry_survey",
    "registry_ledgerentry", "registry_change", "identify_householdindex", "identify_finding",
    "identify_screenhit", "identify_screenanswer", "identify_screenexemption", "registry_helping",
    "registry_villageyear", "registry_teammember", "registry_villageproject",
)  # fmt: skip
COUNT = "SELECT count(*) FROM {}"


def rows(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def counts() -> dict[str, int]:
    return {table: rows(COUNT.format(table))[0][0] for table in GUARDED}


def refused(sql: str, *params: Any) -> str:
    """What the database says; the transaction goes on."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
    return str(caught.value)


@pytest.fixture
def far_facts(homes: Homes) -> Homes:
    add_facts(homes.far)
    return homes


def test_the_app_owns_nothing(db: None) -> None:
    login = rows("SELECT current_user")[0][0]
    owned = rows("SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) = %s AND relpersistence = 'p'", login)
    assert owned == []
    flags = rows("SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = %s", login)
    assert flags == [(False, False, False)]


def test_every_table_that_names_a_household_is_guarded(db: None) -> None:
    """A new table with a household, a person or a village must not be forgotten."""
    naming = rows(
        "SELECT DISTINCT c.relname::text, c.relrowsecurity FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND c.relnamespace = 'public'::regnamespace "
        "AND NOT a.attisdropped AND a.attname IN ('household_id', 'person_id', 'village_code')"
    )
    assert {name for name, guarded in naming if not guarded} == set()
    assert set(GUARDED) <= {name for name, _ in naming}


def test_a_forgotten_scope_reads_nothing(far_facts: Homes) -> None:
    with nobody_acting():
        assert counts() == dict.fromkeys(GUARDED, 0)
    assert counts()["registry_household"] == 3


def test_raw_sql_sees_the_own_county_only(far_facts: Homes, cast: Cast) -> None:
    with acting_as(cast.county_office):
        assert rows("SELECT household_id FROM registry_household ORDER BY 1") == [("H-next",), ("H-own",)]
        assert rows("SELECT person_id FROM registry_person ORDER BY 1") == [("P-child",), ("P-next",), ("P-own",)]
        assert rows("SELECT DISTINCT household_id FROM registry_ledgerentry") == [("H-own",)]
        assert rows("SELECT * FROM registry_household WHERE household_id = %s", "H-far") == []
    with acting_as(cast.stranger):
        assert rows("SELECT household_id FROM registry_survey GROUP BY 1") == [("H-far",)]


@pytest.mark.parametrize("who", ["department", "administrator", "security", "audit"])
def test_who_sees_no_household_reads_none(homes: Homes, cast: Cast, who: str) -> None:
    with acting_as(getattr(cast, who)):
        assert counts() == dict.fromkeys(GUARDED, 0)


def test_raw_sql_changes_and_removes_nothing_elsewhere(far_facts: Homes, cast: Cast) -> None:
    with acting_as(cast.county_office), connection.cursor() as cursor:
        for table in ("registry_ledgerentry", "registry_survey"):
            cursor.execute(f"DELETE FROM {table} WHERE household_id = 'H-far'")
            assert cursor.rowcount == 0
        cursor.execute("UPDATE registry_household SET state = '1' WHERE household_id = 'H-far'")
        assert cursor.rowcount == 0
        cursor.execute("UPDATE registry_person SET name = 'x' WHERE person_id = 'P-far'")
        assert cursor.rowcount == 0
    assert LedgerEntry.objects.filter(household=far_facts.far).count() == 2


def test_raw_sql_writes_nothing_into_another_county(homes: Homes, cast: Cast) -> None:
    with acting_as(cast.county_office):
        new = "INSERT INTO registry_household (household_id, village_code, head_name, head_pinyin, members, state) "
        assert "row-level security" in refused(new + "VALUES ('H-new', %s, '', '', 0, '0')", FAR_VILLAGE)
        assert "row-level security" in refused("UPDATE registry_household SET village_code = %s", FAR_VILLAGE)
        survey = "INSERT INTO registry_survey (household_id, year) VALUES ('H-far', 2024)"
        assert "row-level security" in refused(survey)


def test_nobody_draws_a_person_of_another_county_into_the_own_scope(homes: Homes, cast: Cast) -> None:
    Membership.objects.filter(person_id="P-far").update(valid_to="2020-01-01")  # moved away, in nobody's household now
    draw = (
        "INSERT INTO registry_membership (household_id, person_id, valid_from, valid_to) VALUES ('H-own', %s, %s, %s)"
    )
    with acting_as(cast.county_office):
        assert "outside the scope" in refused(draw, "P-far", "2021-01-01", None)
        assert "outside the scope" in refused(draw, "P-far", "2021-01-01", "2022-01-01")
        change = "UPDATE registry_membership SET person_id = 'P-far' WHERE person_id = 'P-child'"
        assert "outside the scope" in refused(change)
        assert not Person.objects.filter(pk="P-far").exists()
    with acting_as(cast.office):  # whoever answers for both counties may
        Membership.objects.create(household=homes.own, person_id="P-far", relation="99", valid_from="2021-01-01")


def test_a_setting_somebody_writes_himself_is_not_believed(homes: Homes, cast: Cast) -> None:
    with acting_as(cast.cadre):
        own = rows("SELECT current_setting('fupin.scope')")[0][0]
        assert own[64] == "+"  # the sign of who may see health
        assert own[65:].split("|")[:2] == [str(cast.cadre.pk), VILLAGE]
        for forged in (own.replace(VILLAGE, ""), own.replace(VILLAGE, "45"), f"|{cast.office.pk}|", "x" * 80):
            rows("SELECT set_config('fupin.scope', %s, true)", forged)
            assert counts() == dict.fromkeys(GUARDED, 0)
        rows("SELECT set_config('fupin.scope', %s, true)", own)
        assert rows("SELECT household_id FROM registry_household") == [("H-own",)]


def test_a_ticket_cannot_be_made_with_sql_alone(homes: Homes, cast: Cast) -> None:
    here = f"{connection.connection.info.backend_pid}|1|{cast.office.pk}|4501|"
    with acting_as(cast.cadre):
        assert "not ours" in refused("SELECT fupin_open(%s, %s)", here, b"x" * 32)
        assert "not ours" in refused("SELECT fupin_open(%s, NULL)", here)
        assert "permission denied" in refused("SELECT fupin_mac('key', 'ticket')")


def test_a_ticket_of_another_connection_or_of_yesterday_is_refused(homes: Homes, cast: Cast) -> None:
    actor = Actor(cast.office.pk, Scope.of("4501"))
    for claim in (
        claim_of(actor, connection.connection.info.backend_pid + 1),
        claim_of(actor, connection.connection.info.backend_pid).replace("|17", "|16", 1),
    ):
        assert "another connection or too old" in refused("SELECT fupin_open(%s, %s)", claim, proof_of(claim))


def test_the_keys_of_tickets_are_closed_to_the_app(db: None) -> None:
    for sql in (
        "SELECT secret FROM accounts_ticketkey",
        "UPDATE accounts_ticketkey SET secret = sha256('mine')",
        "DELETE FROM accounts_ticketkey",
        "COPY accounts_ticketkey TO STDOUT",
        "TRUNCATE accounts_ticketkey",
    ):
        assert "permission denied" in refused(sql)


def test_the_app_cannot_become_somebody_else(db: None) -> None:
    owner = connections["owner"].settings_dict["USER"]
    assert "permission denied" in refused(f"SET ROLE {owner}")
    assert "permission denied" in refused(f"SET SESSION AUTHORIZATION {owner}")
    assert "must be owner" in refused("ALTER TABLE registry_household DISABLE ROW LEVEL SECURITY")
    assert "must be owner" in refused("DROP POLICY registry_household_scope ON registry_household")
    assert "must be owner" in refused("ALTER TABLE registry_membership DISABLE TRIGGER ALL")
    assert "query would be affected" in refused("SET row_security = off; SELECT * FROM registry_household")
    assert "permission denied" in refused("CREATE FUNCTION public.fupin_scope() RETURNS text RETURN ''")


VIEWS = {
    "registry_ledger_persons": "name = 'x'",
    "registry_person_health": "health = '04'",
    "registry_snapshot_persons": "name = 'x'",
    "registry_snapshot_screen": "x_id_length = 1",
}


def test_every_view_is_known(db: None) -> None:
    """A new one passes by the policies too and needs its own test."""
    views = [name for (name,) in rows("SELECT viewname::text FROM pg_views WHERE schemaname = 'public' ORDER BY 1")]
    assert views == sorted([*VIEWS, "registry_change_images"])  # by the change, see test_health_closed


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_for_bulk_reading_holds_the_scope_and_is_never_written(homes: Homes, cast: Cast, view: str) -> None:
    with acting_as(cast.county_office):
        seen = rows(f"SELECT person_id FROM {view} ORDER BY 1")
    assert seen == [("P-child",), ("P-next",), ("P-own",)]
    with nobody_acting():
        assert rows(COUNT.format(view)) == [(0,)]
    assert "cannot delete from view" in refused(f"DELETE FROM {view}")
    assert "cannot update view" in refused(f"UPDATE {view} SET {VIEWS[view]}")
    assert rows(f"SELECT has_table_privilege('{view}', 'INSERT, UPDATE, DELETE, TRUNCATE')") == [(False,)]


def test_functions_of_the_same_name_in_a_temporary_schema_are_not_asked(homes: Homes, cast: Cast) -> None:
    with acting_as(cast.cadre), connection.cursor() as cursor:
        cursor.execute("CREATE FUNCTION pg_temp.fupin_opened() RETURNS text LANGUAGE sql RETURN '1||'")
        cursor.execute("CREATE TEMPORARY TABLE accounts_ticketkey (id int, secret bytea)")
        cursor.execute("INSERT INTO pg_temp.accounts_ticketkey VALUES (1, sha256('mine'))")
        cursor.execute("SET LOCAL search_path = pg_temp, public")
        assert rows("SELECT household_id FROM registry_household") == [("H-own",)]
        cursor.execute("DROP TABLE pg_temp.accounts_ticketkey")
        cursor.execute("DROP FUNCTION pg_temp.fupin_opened()")


def test_blocks_inside_each_other_give_the_scope_back(homes: Homes, cast: Cast) -> None:
    with acting_as(cast.office):
        with acting_as(cast.stranger):
            assert Household.objects.count() == 1
        assert Household.objects.count() == 3
        with pytest.raises(Household.DoesNotExist), acting_for(cast.office, OTHER_COUNTY):
            Household.objects.get(pk="H-own")
        assert Household.objects.count() == 3
        with pytest.raises(DatabaseError), transaction.atomic(), acting_as(cast.stranger):
            rows("SELECT 1/0")
        assert Household.objects.count() == 3


@pytest.fixture
def committed(transactional_db: None, request: pytest.FixtureRequest) -> tuple[Homes, Cast]:
    return request.getfixturevalue("homes"), request.getfixturevalue("cast")


def test_a_connection_never_carries_a_scope_into_the_next_transaction(committed: tuple[Homes, Cast]) -> None:
    _, cast = committed
    with acting_as(cast.office), transaction.atomic():
        kept = rows("SELECT current_setting('fupin.scope')")[0][0]
        assert rows(COUNT.format("registry_household")) == [(3,)]
    with nobody_acting():
        assert rows("SELECT coalesce(current_setting('fupin.scope', true), '')") == [("",)]
        assert rows(COUNT.format("registry_household")) == [(0,)]
        with transaction.atomic():
            rows("SELECT set_config('fupin.scope', %s, true)", kept)
            assert rows(COUNT.format("registry_household")) == [(0,)]
        rows("SELECT set_config('fupin.scope', %s, false)", kept)  # for the whole session
        assert rows(COUNT.format("registry_household")) == [(0,)]
        rows("SELECT set_config('fupin.scope', '', false)")


def test_a_statement_outside_of_a_transaction_has_its_scope(committed: tuple[Homes, Cast]) -> None:
    _, cast = committed
    with acting_as(cast.county_office):
        assert Household.objects.count() == 2
        assert [one.pk for one in Household.objects.order_by("pk").iterator(chunk_size=1)] == ["H-next", "H-own"]
        Household.objects.filter(pk="H-own").update(members=2)
    assert Household.objects.get(pk="H-own").members == 2


def test_another_key_than_the_database_knows_is_told_with_a_way_out(
    committed: tuple[Homes, Cast], settings: Any
) -> None:
    _, cast = committed
    settings.SECRET_KEY = "another secret key of thirty-two signs or more"
    with acting_as(cast.office), pytest.raises(UserError) as caught:
        Household.objects.count()
    assert "FUPIN_SECRET_KEY" in caught.value.hint_zh
    assert connection.get_autocommit()


def test_a_user_of_a_county_is_guarded_in_every_join(far_facts: Homes, cast: Cast) -> None:
    with acting_as(cast.county_office):
        leaking = (
            "SELECT p.name FROM registry_person p LEFT JOIN registry_membership m USING (person_id) "
            "UNION SELECT head_name FROM registry_household UNION SELECT household_id FROM registry_ledgerentry"
        )
        assert {"韦大山", "韦小月", "韦大海", "H-own"} == {name for (name,) in rows(leaking)}
        assert COUNTY in rows("SELECT village_code FROM registry_household LIMIT 1")[0][0]
