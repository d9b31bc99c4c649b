"""Each act of a bulk decision asks for its sample: from an index, not from the whole list."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identify", "0013_finding_verdicts")]
    operations = [
        migrations.AddIndex(
            model_name="bulkcase",
            index=models.Index(fields=["bulk"], name="bulk_sampled", condition=models.Q(sampled=True)),
        )
    ]
