"""What the database writes down by itself, and that the app's login cannot touch it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import ProgrammingError, connection, connections, transaction

from fupin.accounts.acting import acting_as
from fupin.accounts.models import User
from fupin.accounts.services import record
from fupin.accounts.tests.fixtures import Cast

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
MANY = 5000


@pytest.fixture
def owner(transactional_db: None) -> Iterator[Any]:
    """A cursor of the owner, over an empty trail."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("TRUNCATE accounts_trail, accounts_seal RESTART IDENTITY")
        yield cursor
    connections["owner"].close()


def entries(owner: Any, source: str) -> list[dict[str, Any]]:
    owner.execute("SELECT * FROM accounts_trail WHERE source = %s ORDER BY id", [source])
    names = [column[0] for column in owner.description]
    told = [dict(zip(names, row, strict=True)) for row in owner.fetchall()]
    return [one | {name: json.loads(one[name] or "null") for name in ("before", "after")} for one in told]


def test_a_write_whose_code_forgets_to_record_leaves_a_trace(owner: Any, cast: Cast) -> None:
    owner.execute("TRUNCATE accounts_trail")
    User.objects.filter(pk=cast.cadre.pk).update(display_name="陆秋生")
    (entry,) = entries(owner, "accounts_user")
    assert (entry["op"], entry["key"]) == ("U", str(cast.cadre.pk))
    assert (entry["before"], entry["after"]) == ({"display_name": "陆春生"}, {"display_name": "陆秋生"})
    assert entry["login"] == connection.settings_dict["USER"]


def test_it_says_who_from_where_and_why(owner: Any, cast: Cast) -> None:
    with acting_as(cast.office, origin="10.0.0.7"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('fupin.why', '核对', true)")
        User.objects.filter(pk=cast.cadre.pk).update(display_name="陆秋生")
    entry = entries(owner, "accounts_user")[-1]
    assert (entry["actor"], entry["origin"], entry["why"]) == (cast.office.pk, "10.0.0.7", "核对")


def test_nobody_writes_in_anothers_name(owner: Any, cast: Cast) -> None:
    with acting_as(cast.office), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('fupin.scope', %s, true)", ["0" * 64 + f"|{cast.audit.pk}||x"])
        User.objects.filter(pk=cast.cadre.pk).update(display_name="陆秋生")
    assert entries(owner, "accounts_user")[-1]["actor"] is None


def test_a_password_never_stands_in_it(owner: Any, cast: Cast) -> None:
    cast.cadre.set_password("Another-Brocade-8")
    cast.cadre.save()
    owner.execute("SELECT string_agg(t::text, '') FROM accounts_trail t")
    assert cast.cadre.password not in owner.fetchone()[0]
    entry = entries(owner, "accounts_user")[-1]
    assert list(entry["after"]) == ["password"]
    assert entry["after"]["password"].startswith("sha256:")


def test_a_sign_in_is_a_deed_and_no_change_of_the_account(owner: Any, cast: Cast) -> None:
    owner.execute("TRUNCATE accounts_trail")
    cast.cadre.last_login = None
    User.objects.filter(pk=cast.cadre.pk).update(last_login="2026-10-31T00:00:00Z")
    record(by=cast.cadre, verb="sign_in", object_kind="sign_in", object_id="x")
    assert entries(owner, "accounts_user") == []
    assert [one["after"]["verb"] for one in entries(owner, "accounts_deed")] == ["sign_in"]


def test_deleted_rows_stand_in_it_whole(owner: Any, cast: Cast) -> None:
    User.objects.filter(pk=cast.department.pk).delete()
    entry = entries(owner, "accounts_user")[-1]
    assert (entry["op"], entry["before"]["username"], entry["after"]) == ("D", "minzheng", None)


def test_a_changed_key_ends_one_record_and_begins_another(owner: Any, cast: Cast) -> None:
    """The key of a token begins with its account."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_apitoken (user_id, name, digest, created_at, expires_at, verbs)"
            " VALUES (%s, 'x', '\\x00', now(), now(), '[]')",
            [cast.office.pk],
        )
        cursor.execute("UPDATE accounts_apitoken SET user_id = %s", [cast.department.pk])
    told = entries(owner, "accounts_apitoken")
    assert [one["op"] for one in told] == ["I", "D", "I"] or [one["op"] for one in told] == ["I", "I", "D"]
    assert {one["key"].split("/")[0] for one in told[1:]} == {str(cast.office.pk), str(cast.department.pk)}


def test_many_rows_at_once_are_told_in_chunks_with_a_digest(owner: Any, cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_deed (at, verb, object_kind, object_id, region, reason, detail)"
            " SELECT now(), 'look', 'thing', n::text, '', '', '{}' FROM generate_series(1, %s) n",
            [MANY],
        )
    told = [one for one in entries(owner, "accounts_deed") if one["op"] == "X"]
    assert [one["entries"] for one in told] == [4096, MANY - 4096]
    assert sum(len(one["keys"]) for one in told) == MANY
    owner.execute("SELECT array_agg(id::text ORDER BY id::text COLLATE \"C\") FROM accounts_deed WHERE verb = 'look'")
    assert [key for one in told for key in one["keys"]] == owner.fetchone()[0]
    owner.execute(
        "SELECT sha256(convert_to(string_agg(d::text, E'\\n' ORDER BY id::text COLLATE \"C\"), 'UTF8'))"
        " FROM (SELECT set_config('timezone', 'UTC', false)) s, accounts_deed d WHERE id::text = ANY(%s)",
        [told[0]["keys"]],
    )
    assert bytes(told[0]["digest"]) == bytes(owner.fetchone()[0])


def test_emptying_a_table_is_told_with_what_was_in_it(owner: Any, cast: Cast) -> None:
    owner.execute("TRUNCATE accounts_apitoken, accounts_savedfilter")
    assert entries(owner, "accounts_apitoken") == []
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_apitoken (user_id, name, digest, created_at, expires_at, verbs)"
            " VALUES (%s, 'x', '\\x00', now(), now(), '[]')",
            [cast.office.pk],
        )
    owner.execute("TRUNCATE accounts_apitoken")
    told = entries(owner, "accounts_apitoken")[-1]
    assert (told["op"], told["entries"], told["keys"][0].split("/")[0]) == ("T", 1, str(cast.office.pk))


def test_a_column_added_later_is_traced_without_a_word(owner: Any, cast: Cast) -> None:
    """In the very session that has written before: the trigger's plan must not be the old one."""
    owner.execute("CREATE TABLE trail_try (id int PRIMARY KEY)")
    try:
        owner.execute("SELECT fupin_trace('trail_try', '{id}')")
        owner.execute("INSERT INTO trail_try VALUES (1)")
        owner.execute("ALTER TABLE trail_try ADD COLUMN later text")
        owner.execute("INSERT INTO trail_try VALUES (2, 'x')")
        assert [one["after"] for one in entries(owner, "trail_try")] == [{"id": 1}, {"id": 2, "later": "x"}]
    finally:
        owner.execute("DROP TABLE trail_try")


def test_tracing_by_a_column_that_is_not_there_is_refused(owner: Any) -> None:
    with pytest.raises(ProgrammingError, match="has no column nothing"), transaction.atomic(using="owner"):
        owner.execute("SELECT fupin_trace('accounts_user', '{nothing}')")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 FROM accounts_trail",
        "SELECT 1 FROM accounts_seal",
        "SELECT nextval('accounts_trail_id_seq')",
        "INSERT INTO accounts_trail (at, txid, login, origin, why, source, op, key) SELECT now(),1,'','','','','I',''",
        "UPDATE accounts_trail SET why = 'x'",
        "DELETE FROM accounts_trail",
        "TRUNCATE accounts_trail",
        "LOCK TABLE accounts_trail",
        "ALTER TABLE accounts_user DISABLE TRIGGER trail_update",
        "DROP TRIGGER trail_update ON accounts_user",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION accounts_trail_write() RETURNS trigger LANGUAGE plpgsql AS 'begin end'",
        "SELECT fupin_trace('accounts_user', '{id}', '{}', '{display_name}')",
        "SELECT fupin_close_to_app('accounts_user')",
        "UPDATE accounts_deed SET verb = 'x'",
    ],
)
def test_the_apps_login_can_neither_read_write_nor_silence_it(owner: Any, cast: Cast, statement: str) -> None:
    record(by=cast.office, verb="sign_in", object_kind="sign_in", object_id="x")  # else no row to change
    with pytest.raises((psycopg.Error, Exception)) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege | psycopg.errors.RaiseException)


def test_nobody_but_the_owner_was_let_into_its_tables(owner: Any) -> None:
    owner.execute(
        "SELECT relname FROM pg_class c, aclexplode(relacl) a WHERE a.grantee <> relowner"
        " AND relname LIKE ANY (ARRAY['accounts_trail%', 'accounts_seal%'])"
    )
    assert owner.fetchall() == []
