"""A house that was there before agreements: its deliveries stand in the ledger, covered by none."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db import connection
from django.utils import timezone

from fupin.accounts.api import User
from fupin.exchange.api import Delivery, ExchangeEntry

MIGRATION: Any = import_module("fupin.exchange.migrations.0008_fill_exchanges")


def before(id_: str, by: User, state: str) -> Delivery:
    counted = {"rows": 3, "good_rows": 2, "bad_rows": 1, "duplicate_rows": 0, "finished_at": timezone.now()}
    return Delivery.objects.create(
        id=id_, dataset="fi_card", department="finance", region="4501", provider="市财政局", batch="1",
        cut_off=date(2019, 12, 31), file_name="a.csv", size=1, sha256=id_ * 8, state=state, received_by=by, **counted,
    )  # fmt: skip


def test_what_was_accepted_before_is_filled_in(office: User) -> None:
    for id_, state in (("a1", "accepted"), ("b2", "withdrawn"), ("c3", "refused")):
        before(id_, office, state)
    with connection.schema_editor(atomic=False) as editor:
        MIGRATION.fill(apps, editor)
    told: list[Any] = list(
        ExchangeEntry.objects.order_by("object_id").values_list("object_id", "agreement", "rows", "by")
    )
    assert told == [("a1", None, 3, office.pk), ("b2", None, 3, office.pk)]
