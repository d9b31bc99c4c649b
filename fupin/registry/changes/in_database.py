"""What the database must know of the kinds of change to refuse one without its papers."""

from __future__ import annotations

from django.db import transaction

from fupin.catalogue.changes import change_kinds
from fupin.registry.changes.models import ChangeRule


@transaction.atomic(using="owner")
def write_change_rules() -> None:
    """By the owner's login, after migrating: what was written from another catalogue goes."""
    rules = ChangeRule._default_manager.using("owner")
    rules.all().delete()
    rules.bulk_create(
        ChangeRule(kind=one.id, papers=[] if one.by_case else list(one.papers)) for one in change_kinds().values()
    )
