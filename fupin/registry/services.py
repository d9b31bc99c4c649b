"""Reading a full value: the deed first, committed; then the value, against it.

Two steps in two transactions, because the database gives a value out only for a deed that can no longer be taken
back: ``ask_value`` and ``open_value``. ``reveal`` does both for callers that are in no transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.kernel.errors import NotFound, UserError
from fupin.registry.dossiers.helping import helped_by, helper_for
from fupin.registry.models import Kind, Membership, SealedField
from fupin.registry.queries import household_for, person_for
from fupin.registry.sealing import bound_to, unseal

SHORTEST_REASON = 4
LONGEST_REASON = 200


@dataclass(frozen=True)
class Receipt:
    """A deed by number, and what it lets its doer see within a minute."""

    deed: int
    kind: str
    record: str
    field: str


def ask_value(*, by: User, kind: str, record: str, field: str, reason: str) -> Receipt:
    """Write down who wants to see which full value and why; commit before ``open_value``.

    Raises NotFound (absent or out of scope), Forbidden (role), UserError (no reason).
    """
    village = _village(by, kind, record)
    accounts.require(by, "reveal_id")
    if len(reason.strip()) < SHORTEST_REASON:
        raise UserError(
            "查看完整号码须写明理由",
            "seeing a full number needs a reason",
            f"请用至少 {SHORTEST_REASON} 个字说明用途，例如“入户核对”",
            f"say in at least {SHORTEST_REASON} characters what it is for",
        )
    deed = accounts.record(
        by=by,
        verb="reveal_id",
        object_kind=Kind(kind).value,
        object_id=record,
        region=village,
        reason=reason.strip()[:LONGEST_REASON],
        detail={"field": SealedField(field).value},
    )
    return Receipt(deed.pk, kind, record, field)


def open_value(receipt: Receipt) -> str:
    """The value in clear; call it under ``accounts.acting_as`` of the same user, after the transaction of the deed.

    Raises NotFound when no value is known, or the deed is not this user's, not committed or older than a minute.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT fupin_open_value(%s)", [receipt.deed])
        (cipher,) = cursor.fetchone()
    if cipher is None:
        raise NotFound(receipt.record)
    return unseal(settings.FUPIN_KEYS.now, bytes(cipher), bound_to(receipt.record, receipt.field))


def reveal(*, by: User, kind: str, record: str, field: str, reason: str) -> str:
    """Both steps. Raises what they raise, and RuntimeError inside a transaction: the deed would not be committed."""
    with transaction.atomic(durable=True), accounts.acting_as(by):
        receipt = ask_value(by=by, kind=kind, record=record, field=field, reason=reason)
    with transaction.atomic(durable=True), accounts.acting_as(by):
        return open_value(receipt)


def reveal_id(*, by: User, person_id: str, reason: str) -> str:
    """A member's ID number by ``reveal``."""
    return reveal(by=by, kind=Kind.PERSON, record=person_id, field=SealedField.ID_NUMBER, reason=reason)


def _village(by: User, kind: str, record: str) -> str:
    """Where the record's household lives, or one that the helper helps. Raises NotFound."""
    if kind == Kind.PERSON:
        person = person_for(by, record)
        return Membership.objects.get(person=person, valid_to__isnull=True).household.village_code
    if kind == Kind.HOUSEHOLD:
        return household_for(by, record).village_code
    if kind == Kind.HELPER:
        return helped_by(by, helper_for(by, record))[0].household.village_code
    raise NotFound(record)
