"""A secret that was renewed signs beside the new one for a while."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exchange", "0008_fill_exchanges")]
    operations = [
        migrations.AddField("subscription", "former_secret", models.BinaryField(null=True)),
        migrations.AddField("subscription", "former_until", models.DateTimeField(null=True)),
        migrations.AddConstraint(
            "subscription",
            models.CheckConstraint(
                name="former_secret_until",
                condition=models.Q(former_secret__isnull=True, former_until__isnull=True)
                | models.Q(former_secret__isnull=False, former_until__isnull=False),
            ),
        ),
    ]
