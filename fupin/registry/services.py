"""Writes to single records."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from fupin.accounts import api as accounts
from fupin.accounts.api import User
from fupin.kernel.errors import NotFound, UserError
from fupin.registry.models import Membership
from fupin.registry.queries import person_for
from fupin.registry.sealing import unseal

SHORTEST_REASON = 4


@transaction.atomic
def reveal_id(*, by: User, person_id: str, reason: str) -> str:
    """The ID number in clear, for a stated reason; the deed stands in the trail before the number is seen.

    Raises NotFound (absent or out of scope, or no number is known), Forbidden (role), UserError (no reason).
    """
    person = person_for(by, person_id)
    accounts.require(by, "reveal_id")
    if len(reason.strip()) < SHORTEST_REASON:
        raise UserError(
            "查看完整证件号须写明理由",
            "seeing an ID number needs a reason",
            f"请用至少 {SHORTEST_REASON} 个字说明用途，例如“入户核对”",
            f"say in at least {SHORTEST_REASON} characters what it is for",
        )
    if person.id_cipher is None:
        raise NotFound(person_id)
    village = Membership.objects.get(person=person, valid_to__isnull=True).household.village_code
    accounts.record(
        by=by, verb="reveal_id", object_kind="person", object_id=person_id, region=village, reason=reason.strip()[:200]
    )
    return unseal(settings.FUPIN_KEYS, bytes(person.id_cipher), person_id)
