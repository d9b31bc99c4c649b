"""A delivery lies in the lake once for each version of the lake key that it was derived under."""

import django.db.models.deletion
from django.db import migrations, models

TRACE = "SELECT fupin_trace('exchange_lakefile', '{delivery_id,id}')"


class Migration(migrations.Migration):
    dependencies = [("exchange", "0004_traced"), ("registry", "0005_lake_version")]
    operations = [
        migrations.CreateModel(
            name="LakeFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lake_key", models.CharField(max_length=20)),
                ("parquet", models.CharField(max_length=255)),
                ("parquet_sha256", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lake_files",
                        to="exchange.delivery",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("delivery", "lake_key"), name="one_file_a_version")],
            },
        ),
        migrations.RunSQL(TRACE, migrations.RunSQL.noop),
    ]
