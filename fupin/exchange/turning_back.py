"""One pseudonym of a sharing back to its household, for an officer with the right and a reason. It leaves a trace."""

from __future__ import annotations

import hmac
import re

from django.db import transaction

from fupin.accounts.api import Role, User, may, record, require
from fupin.exchange.agreement_models import Agreement
from fupin.exchange.agreement_queries import SEE
from fupin.exchange.agreements import pseudonym_key
from fupin.exchange.outgoing import OUTGOING, pseudonym
from fupin.kernel.errors import UserError
from fupin.registry import api as registry

VERB = "reveal_id"
LETTERS = re.compile(r"[0-9a-f]{24}")
SHORTEST_REASON = 4
AT_ONCE = 20_000


def may_turn_back(user: User, agreement: Agreement) -> bool:
    """Offices that see the agreement and may see numbers; never a department."""
    return agreement.dataset in OUTGOING and user.role != Role.DEPARTMENT and may(user, VERB) and may(user, SEE)


@transaction.atomic
def turn_back(*, by: User, agreement: Agreement, wanted: str, reason: str) -> str | None:
    """The household's number; None where none of the account's own region stands behind it, which is recorded, too.

    A pseudonym has no way back but trying all households under the agreement's key. Raises UserError, Forbidden.
    """
    require(by, VERB)
    require(by, SEE)
    wanted = wanted.strip().lower()
    if not LETTERS.fullmatch(wanted) or not may_turn_back(by, agreement):
        raise UserError(
            "假名由 24 位数字和字母 a–f 组成", "a pseudonym has 24 digits and letters a–f",
            "请从推送或接口的“household”字段原样复制", "copy it from the field “household” of the message as it is",
        )  # fmt: skip
    if len(reason.strip()) < SHORTEST_REASON:
        raise UserError(
            "请写明为什么要还原", "say why it is turned back",
            f"至少 {SHORTEST_REASON} 个字", f"at least {SHORTEST_REASON} characters",
        )  # fmt: skip
    found = _found(by, agreement, wanted)
    record(
        by=by, verb="turn_back", object_kind="agreement", object_id=str(agreement.pk), region=agreement.region,
        reason=reason.strip()[:200], detail={"pseudonym": wanted, "household": found or ""},
    )  # fmt: skip
    return found


def _found(by: User, agreement: Agreement, wanted: str) -> str | None:
    key = pseudonym_key(agreement)
    low = agreement.region
    homes = registry.households_for(by).filter(village_code__gte=low, village_code__lt=low + ":").order_by()
    for number in homes.values_list("pk", flat=True).iterator(chunk_size=AT_ONCE):
        if hmac.compare_digest(pseudonym(number, key), wanted):
            return str(number)
    return None
