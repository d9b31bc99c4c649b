"""数过留痕: every change of a delivery leaves an entry; how far its reading has come is no change."""

from django.db import migrations

TRACE = "SELECT fupin_trace('exchange_delivery', '{id}', '{}', '{progress}')"


class Migration(migrations.Migration):
    dependencies = [("exchange", "0003_fill_regions"), ("accounts", "0007_trail")]
    operations = [migrations.RunSQL(TRACE, migrations.RunSQL.noop)]
