"""Deliveries of before get the region of who delivered them."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def fill_regions(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Where the account has none, the widest office's: it saw them all until now."""
    deliveries: Any = apps.get_model("exchange", "Delivery").objects.using(editor.connection.alias)
    users: Any = apps.get_model("accounts", "User").objects.using(editor.connection.alias)
    for id_, region in users.exclude(region="").values_list("pk", "region"):
        deliveries.filter(received_by_id=id_).update(region=region)
    offices = users.filter(role="office").exclude(region="").values_list("region", flat=True)
    widest = min(offices, key=lambda region: (len(region), region), default="")
    deliveries.filter(region="").update(region=widest)


class Migration(migrations.Migration):
    dependencies = [("exchange", "0002_deliveries_have_a_region"), ("accounts", "0001_initial")]

    operations = [migrations.RunPython(fill_regions, migrations.RunPython.noop, elidable=True)]
