"""Full numbers: closed to the app's login, opened one by one against a committed deed."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import ProgrammingError, connection, transaction

from fupin.accounts import api as accounts
from fupin.accounts.models import Deed, User
from fupin.accounts.tests.fixtures import VILLAGE, Cast
from fupin.kernel.errors import Forbidden, UserError
from fupin.registry import api as registry
from fupin.registry.closed_table import put_cipher
from fupin.registry.models import Person
from fupin.registry.sealing import seal
from fupin.registry.tests.fixtures import HEAD_ID, PHONE, Homes, keep

pytestmark = pytest.mark.django_db(transaction=True)
REASON = "入户核对"
ASKED = {"kind": "person", "record": "P-own", "field": "id_number", "reason": REASON}


@pytest.fixture
def homes(transactional_db: None, homes: Homes) -> Homes:
    return homes


def ask(by: User, person: str = "P-own", reason: str = REASON) -> registry.Receipt:
    with transaction.atomic(), accounts.acting_as(by):
        return registry.ask_value(by=by, kind="person", record=person, field="id_number", reason=reason)


def given_out(by: User, deed: int) -> object:
    with transaction.atomic(), accounts.acting_as(by), connection.cursor() as cursor:
        cursor.execute("SELECT fupin_open_value(%s)", [deed])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT cipher FROM registry_sealedvalue",
        "SELECT count(*) FROM registry_sealedvalue",
        "UPDATE registry_sealedvalue SET key = 'x'",
        "DELETE FROM registry_sealedvalue",
        "INSERT INTO registry_sealedvalue SELECT * FROM registry_sealedvalue",
        "CREATE TEMPORARY TABLE mine (LIKE registry_sealedvalue)",
    ],
)
def test_the_apps_login_cannot_read_or_change_the_closed_table(homes: Homes, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_revealing_a_number_is_recorded_with_the_reason(cast: Cast, homes: Homes) -> None:
    assert registry.reveal_id(by=cast.cadre, person_id="P-own", reason=REASON) == HEAD_ID
    deed = Deed.objects.get(verb="reveal_id")
    assert (deed.by, deed.object_id, deed.region, deed.reason) == (cast.cadre, "P-own", VILLAGE, REASON)
    assert deed.detail == {"field": "id_number"}
    assert HEAD_ID not in str(vars(deed))


def test_a_phone_and_an_account_are_revealed_the_same_way(cast: Cast, homes: Homes) -> None:
    keep("household", "H-own", "bank_account", "6217000000000001")
    for field, value in (("phone", PHONE), ("bank_account", "6217000000000001")):
        assert registry.reveal(by=cast.cadre, kind="household", record="H-own", field=field, reason=REASON) == value


@pytest.mark.parametrize(
    ("who", "person", "reason", "error"),
    [
        ("stranger", "P-own", REASON, registry.NotFound),
        ("department", "P-own", REASON, registry.NotFound),
        ("decision", "P-own", REASON, Forbidden),
        ("cadre", "P-own", "  ", UserError),
        ("cadre", "P-absent", REASON, registry.NotFound),
    ],
)
def test_a_number_is_not_revealed(
    cast: Cast, homes: Homes, who: str, person: str, reason: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        registry.reveal_id(by=getattr(cast, who), person_id=person, reason=reason)
    assert HEAD_ID not in str(caught.value)
    assert not Deed.objects.filter(verb="reveal_id").exists()


def test_a_person_without_a_number_has_none_to_show(cast: Cast, homes: Homes) -> None:
    with pytest.raises(registry.NotFound):
        registry.reveal_id(by=cast.cadre, person_id="P-child", reason=REASON)


def test_a_deed_of_the_same_transaction_opens_nothing(cast: Cast, homes: Homes) -> None:
    with transaction.atomic(), accounts.acting_as(cast.cadre):
        for nested in (False, True):
            with transaction.atomic(savepoint=nested):
                receipt = registry.ask_value(
                    by=cast.cadre, kind="person", record="P-own", field="id_number", reason=REASON
                )
            with pytest.raises(registry.NotFound):
                registry.open_value(receipt)
        with pytest.raises(RuntimeError, match="durable"):
            registry.reveal_id(by=cast.cadre, person_id="P-own", reason=REASON)


def test_a_deed_that_was_taken_back_opens_nothing(cast: Cast, homes: Homes) -> None:
    taken_back: list[registry.Receipt] = []

    def broken_off() -> None:
        with transaction.atomic(), accounts.acting_as(cast.cadre):
            taken_back.append(registry.ask_value(by=cast.cadre, **ASKED))
            raise OSError("the line broke")

    with pytest.raises(OSError, match="the line broke"):
        broken_off()
    (receipt,) = taken_back
    assert given_out(cast.cadre, receipt.deed) is None


def test_a_receipt_is_its_doers_alone_and_only_for_its_record(cast: Cast, homes: Homes) -> None:
    receipt = ask(cast.cadre)
    assert given_out(cast.cadre, receipt.deed) is not None
    assert given_out(cast.office, receipt.deed) is None
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT fupin_open_value(%s)", [receipt.deed])
        assert cursor.fetchone()[0] is None  # nobody's scope is open


@pytest.mark.parametrize(
    "changed",
    [
        {"verb": "export"},
        {"reason": " ab "},
        {"detail": {}},
        {"detail": {"field": "phone"}},
        {"object_id": "P-far"},
        {"object_kind": "household"},
    ],
)
def test_a_deed_that_says_something_else_opens_nothing(cast: Cast, homes: Homes, changed: dict[str, object]) -> None:
    keep("person", "P-far", "id_number", HEAD_ID)
    said: dict[str, object] = {
        "verb": "reveal_id", "object_kind": "person", "object_id": "P-own", "reason": REASON,
        "detail": {"field": "id_number"},
    }  # fmt: skip
    with transaction.atomic(), accounts.acting_as(cast.cadre):
        full = Deed.objects.create(by=cast.cadre, **said)
        other = Deed.objects.create(by=cast.cadre, **(said | changed))
    assert given_out(cast.cadre, full.pk) is not None
    assert given_out(cast.cadre, other.pk) is None


def test_a_receipt_ends_after_a_minute(cast: Cast, homes: Homes) -> None:
    with transaction.atomic(), accounts.acting_as(cast.cadre), connection.cursor() as cursor:
        receipts = []
        for age in ("30 seconds", "61 seconds", "-60 seconds"):
            cursor.execute(
                "INSERT INTO accounts_deed (at, by_id, verb, object_kind, object_id, region, reason, detail) VALUES "
                "(now() - %s::interval, %s, 'reveal_id', 'person', 'P-own', '', %s, '{\"field\": \"id_number\"}') "
                "RETURNING id",
                [age, cast.cadre.pk, REASON],
            )
            receipts.append(cursor.fetchone()[0])
    assert [given_out(cast.cadre, receipt) is not None for receipt in receipts] == [True, False, False]


def test_who_left_the_household_is_out_of_reach(cast: Cast, homes: Homes) -> None:
    receipt = ask(cast.cadre)
    homes.own.memberships.filter(person_id="P-own").update(valid_to="2026-01-01")
    assert given_out(cast.cadre, receipt.deed) is None


def test_a_cipher_bound_to_another_record_does_not_open(cast: Cast, homes: Homes) -> None:
    put_cipher("person", "P-child", "id_number", seal(settings.FUPIN_KEYS.now, HEAD_ID, "P-own"))
    with pytest.raises(UserError, match="改动过"):
        registry.reveal_id(by=cast.cadre, person_id="P-child", reason=REASON)


def test_the_masked_form_needs_no_closed_table(cast: Cast, homes: Homes) -> None:
    head, child = registry.members_of(cast.cadre, "H-own")
    assert (head.id_masked, child.id_masked) == (f"450124********{HEAD_ID[-4:]}", "")
    assert registry.masked_phone(cast.cadre, "H-own") == "138****0001"
    hint = bytes(Person.objects.get(pk="P-own").id_hint or b"")
    assert HEAD_ID[-4:].encode() not in hint
