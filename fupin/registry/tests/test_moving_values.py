"""Migration 0003 there and back: every number is still the number it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connections

from conftest import write_rules
from fupin.accounts.tests.fixtures import Cast
from fupin.kernel.errors import UserError
from fupin.registry import api as registry
from fupin.registry.tests.fixtures import HEAD_ID, PHONE, Homes, keep

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
BEFORE = "0002_rows_guarded"


def migrate(*target: str) -> None:
    call_command("migrate", *target, database="owner", verbosity=0, interactive=False)


def rows(statement: str) -> list[tuple[object, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)
        return [tuple(bytes(one) if isinstance(one, memoryview) else one for one in row) for row in cursor.fetchall()]


@pytest.fixture
def homes(transactional_db: None, homes: Homes) -> Iterator[Homes]:
    yield homes
    migrate()
    write_rules()
    connections["owner"].close()


def test_numbers_move_there_and_back_without_loss(cast: Cast, homes: Homes) -> None:
    values = "SELECT record, cipher FROM registry_sealedvalue ORDER BY record"
    before = rows(values)
    migrate("registry", BEFORE)
    old = rows(
        "SELECT person_id, id_cipher FROM registry_person WHERE id_cipher IS NOT NULL UNION ALL "
        "SELECT household_id, phone_cipher FROM registry_household WHERE phone_cipher IS NOT NULL ORDER BY 1"
    )
    assert old == before
    migrate()
    assert rows(values) == before
    assert registry.members_of(cast.cadre, "H-own")[0].id_masked == f"450124********{HEAD_ID[-4:]}"
    assert registry.masked_phone(cast.cadre, "H-own") == "138****0001"
    assert registry.reveal_id(by=cast.cadre, person_id="P-own", reason="入户核对") == HEAD_ID
    for text in (HEAD_ID, HEAD_ID[-4:], HEAD_ID[-6:], PHONE, PHONE[-4:], "wds"):
        assert "H-own" in {found.pk for found in registry.search_households(cast.office, text)}, text


def test_what_the_old_tables_have_no_room_for_is_not_thrown_away(homes: Homes) -> None:
    keep("household", "H-own", "bank_account", "6217000000000001")
    with pytest.raises(UserError, match="放不下"):
        migrate("registry", BEFORE)
    assert len(rows("SELECT FROM registry_sealedvalue WHERE field = 'bank_account'")) == 1
