"""What agreements, subscriptions and messages keep sealed follows the encryption key, row by row."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import Model

from fupin.exchange.agreement_models import Agreement
from fupin.exchange.kept_secret import BODY, FORMER, PSEUDONYMS, SECRET, opened, sealed
from fupin.exchange.push_models import Push, Subscription
from fupin.exchange.sealing import key_id_of_cells

KEPT: tuple[tuple[type[Model], str, str], ...] = (
    (Agreement, "pseudonyms", PSEUDONYMS),
    (Subscription, "secret", SECRET),
    (Subscription, "former_secret", FORMER),
    (Push, "body", BODY),
)


def reseal_kept() -> int:
    """How many were written anew; those that are under the present key already are left."""
    return sum(_reseal(*one) for one in KEPT)


def _reseal(model: type[Model], field: str, bound: str) -> int:
    done = 0
    for key in list(model._default_manager.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            row = model._default_manager.select_for_update().get(pk=key)
            content = bytes(getattr(row, field) or b"")
            if not content or key_id_of_cells(content) == settings.FUPIN_KEYS.now.encryption.id:
                continue
            setattr(row, field, sealed(opened(content, bound.format(key)), bound.format(key)))
            row.save(update_fields=[field])
            done += 1
    return done
