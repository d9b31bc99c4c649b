"""数过留痕: every change of a run leaves an entry; how far it has come is no change."""

from django.db import migrations

TRACE = "SELECT fupin_trace('identify_run', '{id}', '{}', '{progress,step}')"


class Migration(migrations.Migration):
    dependencies = [("identify", "0005_rows_guarded"), ("accounts", "0007_trail")]
    operations = [migrations.RunSQL(TRACE, migrations.RunSQL.noop)]
