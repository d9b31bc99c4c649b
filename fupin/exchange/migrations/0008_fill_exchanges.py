"""Deliveries of before stand in the ledger of exchanges, too: no agreement covered them."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def fill(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    alias = editor.connection.alias
    entry: Any = apps.get_model("exchange", "ExchangeEntry")
    deliveries: Any = apps.get_model("exchange", "Delivery").objects.using(alias)
    entry.objects.using(alias).bulk_create(
        entry(
            at=one.finished_at or one.received_at,
            direction="in",
            way="delivery",
            department=one.department,
            dataset=one.dataset,
            region=one.region,
            rows=one.rows or 0,
            digest=one.sha256,
            object_id=one.pk,
            by_id=one.received_by_id,
        )
        for one in deliveries.filter(state__in=("accepted", "withdrawn")).order_by("received_at")
    )


class Migration(migrations.Migration):
    dependencies = [("exchange", "0007_agreements_guarded")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
