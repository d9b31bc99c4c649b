"""A department's account answers for a region: those without one get the widest office's, as they were used."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def fill_regions(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    users: Any = apps.get_model("accounts", "User").objects.using(editor.connection.alias)
    offices = users.filter(role="office").exclude(region="").values_list("region", flat=True)
    widest = min(offices, key=lambda region: (len(region), region), default="")
    users.filter(role="department", region="").update(region=widest)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_saved_filters")]

    operations = [migrations.RunPython(fill_regions, migrations.RunPython.noop, elidable=True)]
