"""What an ID number says of itself, coded, and the view by which a snapshot takes it. Numbers that are there already
are unknown until they are written again: only a key holder could open them."""

from typing import Any

from django.db import migrations, models

from fupin.registry.views import SCREEN, make_screen_view


def make(_apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        make_screen_view(cursor)


def drop(_apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(f"DROP VIEW {SCREEN}")


class Migration(migrations.Migration):
    dependencies = [("registry", "0011_ledgers_guarded")]
    operations = [
        migrations.AddField("person", "id_length", models.SmallIntegerField(null=True)),
        migrations.AddField("person", "id_check_ok", models.BooleanField(null=True)),
        migrations.AddField("person", "id_birth_agrees", models.BooleanField(null=True)),
        migrations.AddField("person", "id_birth_judged", models.DateField(null=True)),
        migrations.AddField("person", "id_sex", models.CharField(max_length=1, null=True)),
        migrations.AddField("person", "id_region_ok", models.BooleanField(null=True)),
        migrations.RunPython(make, drop),
    ]
